"""The small model's shipped box adapters: they act where and when their maps say."""

import numpy as np
import pytest
import torch

from benchmarks.flashmotion import TOKEN_PX, make_scenes, maps_of, shipped_adapters
from benchmarks.toy_scenes import encode
from training.boxes import flow_loss
from training.dit_model import predictor
from training.shipped import FOLDER
from training.vae_model import to_video
from wanmove_core import LatentGrid
from wanmove_core.bench.world import HELD_OUT_SEED
from wanmove_core.checkpoints.adapter_loading import load_adapter
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.start_image.conditioning import conditioning_input, known_mask
from wanmove_core.train.attention import use_matrix_attention

SCENES = 6
LATER = {"right": {}, "a latent frame late": {"frames": 4}, "a latent frame early": {"frames": -4}}
ELSEWHERE = {"a token to the right": {"pixels": TOKEN_PX}, "to the left": {"pixels": -TOKEN_PX}}


@pytest.fixture(scope="module")
def held_out():
    """The model, and what it is given of some scenes, with right and with wrong maps."""
    parts = load_components([FOLDER], dtype="fp32", needs=("transformer", "vae"))
    model = parts.transformer.requires_grad_(False)
    use_matrix_attention(model)
    scenes = make_scenes(parts.vae, SCENES, HELD_OUT_SEED + 7000)
    known = known_mask(LatentGrid(*scenes[0].scene.frames.shape[:3]))
    clips = [encode(parts.vae, to_video(one.scene.frames[None])) for one in scenes]
    given = [conditioning_input(one.start, known) for one in scenes]
    maps = {
        name: torch.cat([maps_of(parts.vae, one, **wrong) for one in scenes])
        for name, wrong in {**LATER, **ELSEWHERE}.items()
    }
    return model, {"clean": torch.cat(clips), "given": torch.cat(given)}, maps


@pytest.mark.parametrize("path", shipped_adapters(), ids=lambda path: path.stem)
def test_maps_elsewhere_or_at_another_time_explain_the_clips_less(held_out, path):
    """If maps were shifted anywhere on the way, one of the shifted ones would explain more."""
    model, scenes, maps = held_out
    adapter = load_adapter(path, compute_dtype=torch.float32)
    predict = predictor(model, adapter)
    found = {}
    for name, latent in maps.items():
        noise = torch.Generator().manual_seed(0)
        losses = [
            flow_loss(
                model,
                predict,
                adapter,
                {**scenes, "maps": latent},
                times=torch.full((SCENES,), level),
                draw=noise,
            )
            for level in (0.95, 0.8, 0.6)
        ]
        found[name] = float(np.mean(losses))
    right = found.pop("right")
    assert right < 0.97 * min(found.values()), (right, found)
