"""The small model's shipped box adapters: they act where and when their maps say."""

import functools
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.flashmotion import make_scenes, maps_of, shipped_adapters
from benchmarks.toy_scenes import encode
from training import boxes
from training.boxes import flow_loss
from training.dit_model import predictor
from training.shipped import FOLDER
from training.vae_model import to_video
from wanmove_core.bench.world import HELD_OUT_SEED
from wanmove_core.checkpoints.adapter_loading import load_adapter
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.train.attention import use_matrix_attention

SCENES = 6
FOLDERS = [FOLDER, FOLDER.parent / "toy_5b"]
LATER = {"a latent frame late": 4, "a latent frame early": -4}
ELSEWHERE = {"a token to the right": 1, "a token to the left": -1}


@functools.cache
def held_out(folder: Path):
    """The model, and what it is given of some scenes, with right and with wrong maps."""
    parts = load_components([folder], dtype="fp32", needs=("transformer", "vae"))
    use_matrix_attention(parts.transformer)
    scenes = make_scenes(parts, SCENES, itertools.count(HELD_OUT_SEED + 7000))
    clips = [encode(parts.vae, to_video(one.scene.frames[None])) for one in scenes]
    given = torch.cat([one.given for one in scenes])
    token = parts.family.multiple[0]
    shifts = {"right": {}, **{name: {"frames": by} for name, by in LATER.items()}}
    shifts |= {name: {"pixels": by * token} for name, by in ELSEWHERE.items()}
    maps = {
        name: torch.cat([maps_of(parts.vae, one, **shift) for one in scenes])
        for name, shift in shifts.items()
    }
    return parts.transformer, {"clean": torch.cat(clips), "given": given}, maps


@pytest.mark.parametrize(
    ("folder", "path"),
    [(folder, path) for folder in FOLDERS for path in shipped_adapters(folder)],
    ids=lambda path: path.stem,
)
def test_maps_elsewhere_or_at_another_time_explain_the_clips_less(folder, path):
    """If maps were shifted anywhere on the way, one of the shifted ones would explain more."""
    model, scenes, maps = held_out(folder)
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


def test_a_cache_of_scenes_is_made_once(tmp_path, monkeypatch):
    parts = load_components([FOLDER], dtype="fp32", needs=("transformer", "vae"))
    monkeypatch.setattr(boxes, "_SHARD", 1)
    made = boxes.make_caches(tmp_path, parts, 2)
    assert len(boxes.captions_of(tmp_path)) == len(made[0]["clean"]) == 2
    monkeypatch.setattr(boxes, "_write_shard", None)
    for old, new in zip(made, boxes.make_caches(tmp_path, parts, 2), strict=True):
        assert old.keys() == {"clean", "given", "box", "mask"}
        assert all(torch.equal(old[name], new[name]) for name in old)


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")
def test_a_new_controlnet_begins_as_the_model_also_where_that_keeps_float8():
    model, scenes, maps = held_out(FOLDERS[1])
    adapter = boxes.new_adapter("controlnet", model)
    tokens, hooks = {}, []
    for name, module in (("model", model), ("copy", adapter.copy)):
        keep = functools.partial(lambda name, *seen: tokens.setdefault(name, seen[-1]), name)
        hooks.append(module.blocks[-1].register_forward_hook(keep))
    batch, draw = {**scenes, "maps": maps["right"]}, torch.Generator().manual_seed(0)
    predict, times = predictor(model, adapter), torch.full((SCENES,), 0.6)
    with torch.no_grad():
        flow_loss(model, predict, adapter, batch, times=times, draw=draw)
    for hook in hooks:
        hook.remove()
    torch.testing.assert_close(tokens["copy"], tokens["model"], atol=1e-3, rtol=1e-3)
