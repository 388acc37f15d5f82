"""Multiplying in float8: near to float64 on a CPU, and refused where no GPU can."""

import pytest
import torch
from torch import nn

from tests.generation.small_parts import fresh_components
from wanmove_core import OptionError
from wanmove_core.checkpoints.fp8 import Fp8Linear, multiply_in_fp8, round_to_fp8
from wanmove_core.generation import speed
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.speed import SpeedOptions


def test_the_product_is_near_that_of_float64() -> None:
    rng = torch.Generator().manual_seed(3)
    tokens = torch.randn(2, 320, 512, generator=rng)
    tokens[..., 7] *= 30  # one channel sticks out, as in real activations
    tokens[1] *= 100  # and some tokens do: a scale for each
    weight, bias = torch.randn(768, 512, generator=rng), torch.randn(768, generator=rng)
    weight8, scale = round_to_fp8(weight)
    got = multiply_in_fp8(tokens, weight8, scale, bias)
    exact = tokens.double() @ weight.double().t() + bias
    assert got.shape == (2, 320, 768) and got.dtype == torch.float32
    for part in (0, 1):
        error = (got[part] - exact[part]).norm() / exact[part].norm()
        assert 0.01 < error < 0.04


def test_scales_of_outputs_are_kept_apart() -> None:
    weight = torch.ones(32, 16).to(torch.float8_e4m3fn)
    scale = torch.arange(1.0, 33.0)[:, None]
    got = multiply_in_fp8(torch.ones(3, 16), weight, scale, None)
    assert torch.equal(got, (16 * scale).t().expand(3, -1))


def test_without_such_a_gpu_it_is_refused() -> None:
    with pytest.raises(OptionError, match=r"8\.9 or newer; got cpu"):
        WanMovePipeline(fresh_components(), speed=SpeedOptions(fp8_gemm=True))


@pytest.mark.parametrize("float8", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_weights_in_e5m2_are_refused(float8, monkeypatch) -> None:
    """No GPU multiplies them with a scale a token; as if this machine had one."""
    monkeypatch.setattr(speed, "check_speed", lambda *_: None)
    layer = Fp8Linear(
        torch.ones(16, 16).to(float8), torch.ones(()), None, compute_dtype=torch.float32
    )
    model = nn.Sequential(layer)
    model.set_attention_backend = lambda _name: None
    options = SpeedOptions(fp8_gemm=True)
    if float8 is torch.float8_e5m2:
        with pytest.raises(OptionError, match="must have float8_e4m3fn weights"):
            speed.prepare_transformer(model, options, torch.device("cpu"))
    else:
        speed.prepare_transformer(model, options, torch.device("cpu"))
    assert layer.multiplies_in_fp8 == (float8 is torch.float8_e4m3fn)
