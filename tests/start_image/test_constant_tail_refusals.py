"""Constant-tail encoding refuses what it does not know, and falls back to the full encode."""

import logging

import pytest
import torch
from torch import nn

from tests.oracles.original_vae import WanVAE_
from tests.start_image.test_constant_tail import (
    accelerate,
    make_vae,
    padded,
    reference,
    start_frames,
)
from wanmove_core.errors import GridError, ShapeError
from wanmove_core.start_image.constant_tail import encode_constant_tail, encode_padded
from wanmove_core.start_image.vae_structure import VaeStructureError


def hook(vae):
    vae.encoder.mid_block.resnets[1].conv2.register_forward_hook(lambda *_: None)


def pre_hook(vae):
    vae.encoder.down_blocks[0].norm1.register_forward_pre_hook(lambda *_: None)


def replaced_forward(vae):
    vae.encoder.conv_in.forward = lambda *inputs: inputs[0]


def replaced_encode(vae):
    vae.encode = lambda clip: clip


def subclass(vae):
    class Sharper(type(vae.encoder.conv_out)):
        pass

    vae.encoder.conv_out.__class__ = Sharper


def lookalike(vae):
    vae.encoder.norm_out.__class__ = type("WanRMS_norm", (type(vae.encoder.norm_out),), {})


def extra_child(vae):
    vae.encoder.down_blocks[0].add_module("lora", nn.Identity())


def active_dropout(vae):
    block = vae.encoder.mid_block.resnets[0]
    block.dropout.p = 0.1
    block.train()


def other_block(vae):
    vae.encoder.down_blocks[1] = nn.Identity()


def dilation(vae):
    vae.encoder.conv_out.dilation = (2, 1, 1)


def not_causal(vae):
    vae.encoder.conv_out._padding = (1, 1, 1, 1, 1, 1)


def offloaded_layers(vae):
    accelerate.cpu_offload(vae.encoder, execution_device="cpu")


def offloaded_groups(vae):
    vae.enable_group_offload("cpu", offload_type="block_level", num_blocks_per_group=1)


def layerwise_casting(vae):
    vae.enable_layerwise_casting(torch.float16, torch.float32)


def tiling(vae):
    vae.enable_tiling(tile_sample_min_height=8, tile_sample_min_width=8)


DEVIATIONS = [
    hook,
    pre_hook,
    replaced_forward,
    replaced_encode,
    subclass,
    lookalike,
    extra_child,
    active_dropout,
    other_block,
    dilation,
    not_causal,
    offloaded_layers,
    offloaded_groups,
    layerwise_casting,
    tiling,
]


@pytest.mark.parametrize("deviate", DEVIATIONS, ids=lambda deviate: deviate.__name__)
def test_refuses_what_it_does_not_know(deviate):
    vae = make_vae()
    deviate(vae)
    with pytest.raises(VaeStructureError, match=r"must be .*; got .* Use the VAE's own encode"):
        encode_constant_tail(vae, start_frames(1), 5)


@pytest.mark.parametrize(
    "config",
    [
        {"is_residual": True},
        {"patch_size": 2, "in_channels": 12},
        {"temperal_downsample": [False, False, True]},
    ],
)
def test_refuses_other_configurations(config):
    with pytest.raises(VaeStructureError):
        encode_constant_tail(make_vae(**config), start_frames(1), 5)


def test_refuses_a_patched_class(monkeypatch):
    vae = make_vae()
    monkeypatch.setattr(type(vae.encoder.conv_in), "forward", lambda *inputs: inputs[1])
    with pytest.raises(VaeStructureError, match="replaced forward"):
        encode_constant_tail(vae, start_frames(1), 5)


def test_refuses_another_model():
    with pytest.raises(VaeStructureError, match=r"got torch\.nn\.modules\.conv\.Conv3d"):
        encode_constant_tail(nn.Conv3d(3, 5, 3), start_frames(1), 5)


def test_tiling_below_its_threshold_is_fine():
    vae = make_vae()
    vae.enable_tiling()
    assert encode_constant_tail(vae, start_frames(1), 5).shape == (1, 16, 2, 2, 3)


def test_falls_back_with_the_reason_logged(caplog):
    vae, frames = make_vae(), start_frames(2, batch=2)
    hook(vae)
    expected = reference(vae, padded(frames, 9))
    with caplog.at_level(logging.WARNING, "wanmove"):
        latent = encode_padded(vae, frames, 9)
    assert torch.equal(latent, expected)
    assert "mid_block.resnets.1" in caplog.text
    assert "forward hooks" in caplog.text


def test_falls_back_on_the_official_class(caplog):
    vae = WanVAE_().eval()
    vae.conv1.register_forward_hook(lambda *_: None)
    frames = start_frames(1)
    expected = vae.encode(padded(frames, 5), [0.0, 1.0])
    assert torch.equal(encode_padded(vae, frames, 5), expected)
    assert "conv1" in caplog.text


def test_falls_back_on_the_given_way():
    whole = torch.ones(1, 1, 1, 1, 1)
    assert encode_padded(nn.Identity(), start_frames(2), 9, whole=lambda: whole) is whole


def test_only_a_device_without_memory_falls_back(monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("wanmove_core.start_image.constant_tail.encode_constant_tail", fail)
    whole = torch.ones(1, 1, 1, 1, 1)
    given = {"whole": lambda: whole, "is_oom": lambda error: "memory" in str(error)}
    assert encode_padded(make_vae(), start_frames(1), 5, **given) is whole
    assert "out of memory" in caplog.text
    for told in (None, lambda _: False):
        with pytest.raises(RuntimeError, match="out of memory"):
            encode_padded(make_vae(), start_frames(1), 5, whole=lambda: whole, is_oom=told)


def test_no_warning_on_the_fast_path(caplog):
    encode_padded(make_vae(), start_frames(1), 5)
    assert not caplog.records


@pytest.mark.parametrize("num_frames", [0, 2, 4, 80, 83])
def test_length_must_fit_the_time_stride(num_frames):
    with pytest.raises(GridError, match="multiple of 4 plus 1"):
        encode_padded(make_vae(), start_frames(1), num_frames)


@pytest.mark.parametrize("count", [0, 6])
def test_start_frames_must_fit_the_clip(count):
    with pytest.raises(ShapeError, match="1 to num_frames = 5"):
        encode_padded(make_vae(), start_frames(count), 5)
