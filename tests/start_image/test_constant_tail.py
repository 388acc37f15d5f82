"""Constant-tail encoding equals the VAE's own encode, and does less work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tests.oracles.original_vae import WanVAE, WanVAE_
from wanmove_core.start_image.constant_tail import encode_constant_tail, encode_padded

accelerate = pytest.importorskip("accelerate", reason="the standalone extra is not installed")
diffusers = pytest.importorskip("diffusers", reason="the standalone extra is not installed")

HEIGHT, WIDTH = 16, 24
TOLERANCE = {torch.float64: 1e-14, torch.float32: 2e-6, torch.bfloat16: 0.02}


def make_vae(seed: int = 0, **config) -> nn.Module:
    config = {"base_dim": 8, "num_res_blocks": 1, **config}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = diffusers.AutoencoderKLWan(**config)
        for norm in (m for m in vae.modules() if type(m).__name__ == "WanRMS_norm"):
            nn.init.uniform_(norm.gamma, 0.5, 1.5)
    return vae.eval()


def start_frames(count: int, *, batch: int = 1, dtype=torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.rand(batch, 3, count, HEIGHT, WIDTH, generator=generator).to(dtype) * 2 - 1


def padded(frames: torch.Tensor, num_frames: int) -> torch.Tensor:
    clip = torch.zeros(*frames.shape[:2], num_frames, *frames.shape[3:], dtype=frames.dtype)
    clip[:, :, : frames.shape[2]] = frames
    return clip


def reference(vae: nn.Module, clip: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return vae.encode(clip).latent_dist.mode()


def as_drawn(_vae: nn.Module) -> None:
    pass


def remember_the_past(vae: nn.Module) -> None:
    """Weights on past frames alone: what happened at the start stays visible the longest."""
    for conv in (m for m in vae.modules() if isinstance(m, nn.Conv3d) and m.kernel_size[0] == 3):
        conv.weight.data[:, :, 2] = 0
        conv.weight.data[:, :, 0] *= 3


@pytest.mark.parametrize("num_frames", [1, 5, 17, 33, 81, 129])
@pytest.mark.parametrize("starts", [1, 5])
def test_equals_the_full_encode(num_frames, starts):
    vae, frames = make_vae(), start_frames(min(starts, num_frames), batch=2)
    expected = reference(vae, padded(frames, num_frames))

    latent = encode_padded(vae, frames, num_frames)

    assert latent.shape == expected.shape
    assert (latent - expected).abs().max() <= TOLERANCE[torch.float32]


@pytest.mark.parametrize("starts", [2, 3, 4, 6, 9, 12])
def test_any_number_of_start_frames(starts):
    vae, frames = make_vae(), start_frames(starts)
    expected = reference(vae, padded(frames, 33))
    assert (encode_padded(vae, frames, 33) - expected).abs().max() <= TOLERANCE[torch.float32]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("init", [as_drawn, remember_the_past])
def test_every_dtype_and_slow_decay(dtype, init):
    vae = make_vae(seed=1, num_res_blocks=2)
    init(vae)
    vae, frames = vae.to(dtype), start_frames(1, dtype=dtype)
    expected = reference(vae, padded(frames, 81))
    assert (expected[:, :, 10] - expected[:, :, -1]).abs().max() > 1e-6  # not settled by itself

    latent = encode_padded(vae, frames, 81)

    assert latent.dtype == dtype
    assert (latent - expected).abs().max() <= TOLERANCE[dtype] * expected.abs().max()


def test_holds_the_last_of_the_given_frames():
    vae, frames = make_vae(), start_frames(3)
    clip = torch.cat([frames, frames[:, :, -1:].expand(-1, -1, 30, -1, -1)], 2)
    latent = encode_constant_tail(vae, frames, 33)
    assert (latent - reference(vae, clip)).abs().max() <= TOLERANCE[torch.float32]


@pytest.mark.parametrize("vae_class", [WanVAE, WanVAE_])
@pytest.mark.parametrize("num_frames", [1, 5, 9, 33])
@pytest.mark.parametrize("starts", [1, 3, 6])
def test_original_layout(vae_class, num_frames, starts):
    with torch.random.fork_rng():
        torch.manual_seed(2)
        vae = vae_class().double().eval()
    frames = start_frames(min(starts, num_frames), batch=2, dtype=torch.float64)
    scale = ([0.0, 1.0],) if vae_class is WanVAE_ else ()
    expected = vae.encode(padded(frames, num_frames), *scale)

    start = padded(frames, min(frames.shape[2] + 1, num_frames))
    latent = encode_constant_tail(vae, start, num_frames)

    assert latent.shape == expected.shape
    assert (latent - expected).abs().max() <= TOLERANCE[torch.float64]


def test_time_halving_at_other_places():
    vae = make_vae(temperal_downsample=[True, True, False])
    frames = start_frames(1)
    expected = reference(vae, padded(frames, 33))
    assert (encode_constant_tail(vae, padded(frames, 2), 33) - expected).abs().max() <= 2e-6


@pytest.mark.parametrize(("num_frames", "ratio"), [(17, 1.2), (81, 3.9)])
def test_counted_work_at_real_width(num_frames, ratio):
    with torch.device("meta"):
        vae = diffusers.AutoencoderKLWan().eval()
        frames = torch.empty(1, 3, 1, 480, 832)
        clip = torch.empty(1, 3, num_frames, 480, 832)
    with FlopCounterMode(display=False) as whole:
        reference(vae, clip)
    with FlopCounterMode(display=False) as held:
        encode_padded(vae, frames, num_frames)
    assert whole.get_total_flops() / held.get_total_flops() > ratio


def test_leaves_everything_as_it_was():
    vae, frames = make_vae(), start_frames(2)
    before, state = frames.clone(), torch.get_rng_state()
    latent = encode_padded(vae, frames, 17)
    assert torch.equal(frames, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert not latent.requires_grad


def test_slicing_encodes_the_batch_one_by_one():
    vae, frames = make_vae(), start_frames(1, batch=3)
    vae.enable_slicing()
    expected = reference(vae, padded(frames, 17))
    assert (encode_constant_tail(vae, padded(frames, 2), 17) - expected).abs().max() <= 2e-6


def test_loads_an_offloaded_vae(monkeypatch):
    vae, loaded = make_vae(), []
    accelerate.cpu_offload_with_hook(vae, execution_device="cpu")
    monkeypatch.setattr(vae._hf_hook, "pre_forward", loaded.append)
    encode_constant_tail(vae, start_frames(1), 5)
    assert loaded == [vae]


COMFY_CHECK = """
import sys, torch
sys.argv = ["check", "--cpu"]
try:
    import comfy.options
    comfy.options.enable_args_parsing()
    from comfy.ldm.wan.vae import WanVAE
except ImportError as error:
    print(f"cannot import: {error}")
    raise SystemExit(77)
from wanmove_core.start_image.constant_tail import encode_constant_tail
torch.manual_seed(0)
vae = WanVAE(dim=8, z_dim=16, temperal_downsample=[False, True, True]).eval()
for parameter in vae.parameters():
    torch.nn.init.normal_(parameter, std=0.1)
image = torch.rand(2, 3, 1, 16, 24) * 2 - 1
for num_frames in (1, 5, 33, 81):
    clip = torch.cat([image, torch.zeros(2, 3, num_frames - 1, 16, 24)], 2)
    with torch.no_grad():
        expected = vae.encode(clip)
    latent = encode_constant_tail(vae, clip[:, :, :2], num_frames)
    assert latent.shape == expected.shape
    assert (latent - expected).abs().max() <= 2e-6 * expected.abs().max(), num_frames
"""


def test_equals_comfyui():
    """In a process of its own, since importing ComfyUI changes global state."""
    root = Path(os.environ.get("COMFYUI_PATH", Path.home() / "ComfyUI"))
    if not root.is_dir():
        pytest.skip(f"no ComfyUI at {root}; set COMFYUI_PATH")
    paths = [str(root), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", COMFY_CHECK],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(f"ComfyUI's requirements are not installed: {done.stdout.strip()}")
    assert done.returncode == 0, done.stderr
