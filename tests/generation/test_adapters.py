"""FlashMotion's adapters on diffusers' model: equal to the public model's sums."""

import math

import pytest
import torch
from diffusers import WanTransformer3DModel

from tests.flashmotion_recipe import SHAPE, fill, fill_wan, recipe_text, small_transformer
from wanmove_core import ShapeError
from wanmove_core.checkpoints.adapter_modules import ControlNetAdapter, ResNetAdapter
from wanmove_core.generation.adapters import attached

# Sum and sum of absolute values that the public Wan22Model of Wan2.2-TI2V-5B-Turbo @26d5995
# gives for the recipe's weights and inputs, alone and with stand-in adapters.
PUBLIC = {
    "base": (22.62897, 1727.72497),
    "resnet": (27.61746, 2040.62140),
    "controlnet": (28.12761, 2072.80440),
}
TIMES = torch.tensor([0.0, 750.0, 750.0]).repeat_interleave(6)[None]


def _count(values: str, *axes: int) -> torch.Tensor:
    step, wave = {"x": (0.913, torch.sin), "z": (0.377, torch.cos)}[values]
    count = math.prod(axes)
    return wave(step * torch.arange(count, dtype=torch.float64)).float().reshape(axes)


def _adapter(kind: str):
    if kind == "resnet":
        adapter = ResNetAdapter(channels=16, width=96, blocks=3)
        assert sum(p.numel() for p in adapter.parameters()) == 21_904
        fill(dict(adapter.named_parameters()))
        return adapter
    if kind == "controlnet":
        copy = small_transformer(inputs=96)
        fill_wan(copy)
        adapter = ControlNetAdapter(copy, 96)
        fill(dict(adapter.out_projectors.named_parameters()))
        return adapter
    return None


def _run(model: WanTransformer3DModel, adapter, *, strength: float = 1.0) -> torch.Tensor:
    with torch.no_grad(), attached(model, adapter, _count("z", *SHAPE), strength=strength):
        return model(
            hidden_states=_count("x", *SHAPE),
            timestep=TIMES,
            encoder_hidden_states=recipe_text(),
            return_dict=False,
        )[0].double()


@pytest.mark.parametrize("kind", PUBLIC)
def test_the_model_equals_the_public_one(kind):
    model = small_transformer()
    fill_wan(model)
    out = _run(model, _adapter(kind))
    total, absolute = PUBLIC[kind]
    assert abs(out.sum().item() - total) < 1e-6 * absolute
    assert abs(out.abs().sum().item() - absolute) < 1e-6 * absolute
    # Another strength, and none at all afterwards: no hook stays.
    if kind != "base":
        assert (_run(model, _adapter(kind), strength=0.5) - out).abs().max() > 1e-3
    plain = _run(model, None).abs().sum().item()
    assert abs(plain - PUBLIC["base"][1]) < 1e-6 * plain


def test_an_adapter_of_another_size_is_refused():
    adapter = ResNetAdapter(channels=4, width=128, blocks=3)
    with pytest.raises(ShapeError, match="adapter must fit the model's 3 blocks of width 96; got"):
        _run(small_transformer(), adapter)
