"""The 5B's pipeline: equal to the public four-step loop, and bound to its grid and inputs."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.checkpoints import flashmotion_files as files
from tests.flashmotion_recipe import SHAPE, fill, fill_wan, small_transformer
from wanmove_core import GridError, LatentGrid, OptionError, ShapeError
from wanmove_core.checkpoints.adapter_modules import ResNetAdapter
from wanmove_core.checkpoints.components import Components
from wanmove_core.family import WAN22_TI2V
from wanmove_core.generation.sampling import make_schedule
from wanmove_core.generation.settings import GenerationSettings
from wanmove_core.generation.speed import SpeedOptions
from wanmove_core.generation.ti2v import Ti2vConditions, Ti2vPipeline
from wanmove_core.view.map_objects import OutlinedObject
from wanmove_core.view.trajectory_maps import draw_trajectory_maps, map_boxes

REFERENCE = Path(__file__).parents[1] / "fixtures/reference/turbo_four_steps.safetensors"
FEW = {"solver": "lcm", "sigmas": (1.0, 0.75, 0.5, 0.25), "guidance_scale": 1.0}
SMALL = {"family": WAN22_TI2V, "size": (96, 64), "num_frames": 9, "resize": "stretch"}


def _waves(step: float, *axes: int, wave=torch.sin) -> torch.Tensor:
    count = torch.Size(axes).numel()
    return wave(step * torch.arange(count, dtype=torch.float64)).float().reshape(axes)


def _recipe_model():
    model = small_transformer(heads=2, head_dim=128, ffn=512, text=4096)
    fill_wan(model)
    adapter = ResNetAdapter(channels=16, width=256, blocks=3)
    fill(dict(adapter.named_parameters()))
    text = torch.zeros(1, 512, 4096)
    text[:, :5] = _waves(0.211, 1, 5, 4096)
    return model.requires_grad_(False), adapter.requires_grad_(False), text


def test_four_steps_equal_the_public_loop():
    model, adapter, text = _recipe_model()
    parts = Components(model, files.small_5b()[1], family=WAN22_TI2V)
    pipeline = Ti2vPipeline(parts, adapter=adapter)
    first = _waves(0.571, 1, 48, 1, 4, 6)
    grid = LatentGrid(9, 64, 96, WAN22_TI2V.strides)
    settings = GenerationSettings(**SMALL, **FEW, seed=5)
    for name, expected in load_file(REFERENCE).items():
        maps = _waves(0.377, *SHAPE, wave=torch.cos) if name == "resnet" else None
        found = pipeline.denoise(Ti2vConditions(first, grid, text, text, maps), settings)
        assert (found - expected).abs().max() < 2e-6 * expected.abs().max()
        assert torch.equal(found[:, :, :1], first)


def test_times_are_exact_in_few_steps_and_the_references_otherwise():
    few = make_schedule("lcm", 4, 5.0, sigmas=(1.0, 0.9375, 0.8333333, 0.625))
    assert few.timesteps == pytest.approx((1000, 937.5, 833.3333, 625), abs=1e-4)
    assert make_schedule("unipc", 3, 5.0).timesteps == (999, 908, 713)


def _pipeline(adapter=None, **options):
    transformer, vae = files.small_5b()
    prompts = {"": torch.zeros(1, files.TEXT), "a cat": torch.ones(3, files.TEXT)}
    parts = Components(transformer, vae, prompt_embeds=prompts, family=WAN22_TI2V)
    return Ti2vPipeline(parts, adapter=adapter, **options)


IMAGE = torch.randint(0, 256, (70, 90, 3), generator=torch.Generator().manual_seed(3)).byte()
MAPS = torch.zeros(9, 64, 96, 3, dtype=torch.uint8)
MAPS[0, 10:30, 10:30] = 128


@pytest.mark.parametrize("kind", ["resnet", "controlnet"])
def test_maps_change_the_video_and_the_seed_fixes_it(kind):
    pipeline = _pipeline(files.small_adapter(kind))
    settings = GenerationSettings(**SMALL, **FEW)

    def make(maps, **changes):
        changed = GenerationSettings(**{**SMALL, **FEW, **changes}) if changes else settings
        return pipeline.generate(IMAGE, maps, ("a cat", ""), changed).float()

    guided = make(MAPS)
    assert guided.shape == (9, 64, 96, 3)
    assert torch.equal(make(MAPS), guided)
    plain = make(None)
    assert (guided - plain).abs().max() > 2
    assert torch.equal(make(MAPS, strength=0.0), plain)
    assert not torch.equal(make(MAPS, seed=1), guided)
    later = MAPS.roll(1, 0)
    assert not torch.equal(make(later), guided)


def test_many_steps_with_guidance_of_the_prompt():
    pipeline = _pipeline()
    plain = GenerationSettings(**SMALL, steps=3, guidance_scale=1.0)
    guided = GenerationSettings(**SMALL, steps=3, guidance_scale=5.0)
    frames = [pipeline.generate(IMAGE, None, ("a cat", ""), s) for s in (plain, guided)]
    assert not torch.equal(*frames)


def _settings(**changes):
    return GenerationSettings(**{**SMALL, **FEW, **changes})


class MeanVae(torch.nn.Module):
    """Each latent cell is the mean of its own pixels alone: no receptive field blurs the place."""

    dtype = torch.float32
    config = SimpleNamespace(latents_mean=[0.0] * 48, latents_std=[1.0] * 48)

    def encode(self, video):
        first, later = video[:, :, :1], video[:, :, 1:].unflatten(2, (-1, 4)).mean(3)
        cells = torch.cat([first, later], 2).unflatten(4, (-1, 16)).unflatten(3, (-1, 16))
        latent = cells.mean((4, 6)).repeat(1, 16, 1, 1, 1)
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latent))


def _reaching_the_model(maps):
    """What the adapter adds to each token after block 0, against black maps."""
    transformer = files.small_5b()[0]
    adapter = ResNetAdapter(channels=2, width=files.WIDTH, blocks=files.BLOCKS)
    for name, weight in adapter.named_parameters():
        straight = name.endswith("weight") and not name.startswith("blocks.")
        torch.nn.init.constant_(weight, float(straight))
    prompts = {"": torch.zeros(1, files.TEXT)}
    parts = Components(transformer, MeanVae(), prompt_embeds=prompts, family=WAN22_TI2V)
    pipeline, seen = Ti2vPipeline(parts, adapter=adapter.requires_grad_(False)), []
    hook = transformer.blocks[1].register_forward_pre_hook(lambda _m, args: seen.append(args[0]))
    settings = GenerationSettings(**SMALL, **{**FEW, "sigmas": (1.0,)})
    for given in (maps, torch.zeros_like(maps)):
        pipeline.sample(IMAGE, given, ("", ""), settings)
    hook.remove()
    return (seen[0] - seen[1]).abs().amax(-1).reshape(3, 2, 3).numpy()


@pytest.mark.parametrize("shape", ["box", "mask"])
def test_maps_reach_the_tokens_and_frames_that_the_boxes_are_in(shape):
    """Neither a token nor a frame aside: frame 0, and the four frames of each later latent one."""
    corners = np.array([(-9, -7), (9, -7), (9, 7), (-9, 7)], dtype=np.float64)
    middles = np.array([(16, 16), *[(48, 16)] * 4, *[(80, 48)] * 4], dtype=np.float64)
    box = OutlinedObject(middles[:, None] + corners, np.ones(9, dtype=bool), (96, 64))
    expected = np.zeros((3, 2, 3), dtype=bool)
    for frame, ((x, y, width, height),) in enumerate(map_boxes([box])):
        rows, cols = slice(y // 32, (y + height) // 32 + 1), slice(x // 32, (x + width) // 32 + 1)
        expected[(frame + 3) // 4, rows, cols] = True
    assert expected.sum() == 3
    found = _reaching_the_model(draw_trajectory_maps([box], (96, 64), shape=shape))
    assert np.array_equal(found > 1e-3, expected), found


REFUSALS = {
    "maps of another length": (MAPS[:5], {}, ShapeError, "9 frames of 96x64 px; got 5 of 96x64"),
    "maps of another size": (MAPS[:, :32], {}, ShapeError, "got 9 of 96x32"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_maps_that_do_not_fit_are_refused(name):
    maps, changes, kind, said = REFUSALS[name]
    with pytest.raises(kind, match=said):
        _pipeline(files.small_adapter("resnet")).sample(IMAGE, maps, ("", ""), _settings(**changes))


def test_what_the_family_cannot_is_refused():
    with pytest.raises(ShapeError, match="maps must come with --adapter"):
        _pipeline().sample(IMAGE, MAPS, ("", ""), _settings())
    with pytest.raises(OptionError, match=r"multiples of 32 px; got 96x80. Use 96x64\."):
        _settings(size=(96, 80))
    with pytest.raises(GridError, match="multiple of 4 plus 1"):
        _settings(num_frames=8)
    with pytest.raises(OptionError, match="without --cache"):
        _pipeline(files.small_adapter("resnet"), speed=SpeedOptions(cache="firstblock"))
    assert GenerationSettings(family=WAN22_TI2V, size=(1280, 704)).output_size((1920, 1080)) == (
        1248,
        704,
    )
