"""What a Wan 2.1 VAE encoder is made of, read from the modules without importing their classes.

Three programs carry this encoder: diffusers (`AutoencoderKLWan`), ComfyUI
(`comfy.ldm.wan.vae.WanVAE`) and the official code (`wan.modules.vae.WanVAE_`). Each is read into
the same list of layers. Anything else (another class, a hook, a replaced `forward`, an additional
child) is refused, because it could give wrong latents without an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ..errors import WanMoveError


class VaeStructureError(WanMoveError):
    """A VAE that is not the plain Wan 2.1 VAE, so only its own `encode` is known to be right."""


@dataclass(frozen=True)
class PerFrame:
    """A layer that treats every frame alone: norm, activation, attention, spatial resize."""

    apply: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class CausalConv:
    """A convolution over a frame and the two before it, called with those two as its cache."""

    conv: Callable[[Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class TimeStride:
    """A convolution that turns every two frames into one; the very first frame passes as it is."""

    conv: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Residual:
    """`branch(x) + shortcut(x)`; the branch ends in a convolution, the shortcut is per frame."""

    branch: "tuple[Layer, ...]"
    shortcut: Callable[[Tensor], Tensor]


Layer: TypeAlias = PerFrame | CausalConv | TimeStride | Residual


@dataclass(frozen=True)
class EncoderLayers:
    """An encoder as a list of layers.

    Args:
        layers: from pixels to features, in order.
        head: per frame, from features to [mean, log variance] channels.
        chunk: frames that the model's own `encode` feeds at a time after the first frame.
        one_by_one: whether it encodes the clips of a batch one after the other.
    """

    layers: tuple[Layer, ...]
    head: Callable[[Tensor], Tensor]
    chunk: int
    one_by_one: bool = False


def read_encoder(vae: nn.Module, height: int, width: int) -> EncoderLayers:
    """Read the encoder of a Wan 2.1 VAE of diffusers, ComfyUI or the official code.

    Args:
        vae: the VAE module.
        height: of the frames, pixels; a diffusers VAE may encode large frames in tiles.
        width: of the frames, pixels.

    Returns:
        The encoder's layers. They share the weights of the modules, which are not changed.

    Raises:
        VaeStructureError: a part of the VAE is not as expected; the message names the part.
    """
    name, source = type(vae).__name__, type(vae).__module__
    if "encode" in vars(vae) or "_encode" in vars(vae):
        raise _refusal("vae", "encoding as its class defines it", "a replaced encode")
    if name == "AutoencoderKLWan" and _is_known_source(source):
        return _read_diffusers(vae, height, width)
    if name in ("WanVAE", "WanVAE_") and _is_known_source(source):
        return _read_original(vae, chunk=2 if name == "WanVAE" else 4)
    raise VaeStructureError(
        "The VAE must be AutoencoderKLWan, WanVAE or WanVAE_ for constant-tail encoding; "
        f"got {source}.{name}. Use its own encode."
    )


def _read_diffusers(vae: Any, height: int, width: int) -> EncoderLayers:
    if vae.config.is_residual or vae.config.patch_size is not None:
        raise _refusal("vae", "a Wan 2.1 VAE", "the residual or patched VAE of Wan 2.2")
    tiled = width > vae.tile_sample_min_width or height > vae.tile_sample_min_height
    if vae.use_tiling and tiled:
        raise _refusal("vae", "encoding whole frames", f"tiling at {width}x{height}")
    encoder = _expect(vae.encoder, "encoder", "WanEncoder3d")
    _expect_children(
        encoder,
        "encoder",
        {"nonlinearity", "conv_in", "down_blocks", "mid_block", "norm_out", "conv_out"},
    )
    middle = _expect(encoder.mid_block, "encoder.mid_block", "WanMidBlock")
    _expect_children(middle, "encoder.mid_block", {"attentions", "resnets"})
    blocks = [
        *_named(encoder.down_blocks, "encoder.down_blocks"),
        ("encoder.mid_block.resnets.0", middle.resnets[0]),
    ]
    for index, (attention, resnet) in enumerate(
        zip(middle.attentions, list(middle.resnets)[1:], strict=True)
    ):
        blocks.append((f"encoder.mid_block.attentions.{index}", attention))
        blocks.append((f"encoder.mid_block.resnets.{index + 1}", resnet))
    layers = [
        _causal(encoder.conv_in, "encoder.conv_in"),
        *_read_blocks(blocks, prefix="Wan"),
        _simple(encoder.norm_out, "encoder.norm_out"),
        _simple(encoder.nonlinearity, "encoder.nonlinearity"),
        _causal(encoder.conv_out, "encoder.conv_out"),
    ]
    head = _pointwise(vae.quant_conv, "quant_conv")
    return EncoderLayers(tuple(layers), head, chunk=4, one_by_one=vae.use_slicing)


def _read_original(vae: Any, *, chunk: int) -> EncoderLayers:
    encoder = _expect(vae.encoder, "encoder", "Encoder3d")
    _expect_children(encoder, "encoder", {"conv1", "downsamples", "middle", "head"})
    norm, activation, conv = _sequence(encoder.head, "encoder.head", 3)
    blocks = _named(encoder.downsamples, "encoder.downsamples") + _named(
        encoder.middle, "encoder.middle"
    )
    layers = [
        _causal(encoder.conv1, "encoder.conv1"),
        *_read_blocks(blocks, prefix=""),
        _simple(norm, "encoder.head.0"),
        _simple(activation, "encoder.head.1"),
        _causal(conv, "encoder.head.2"),
    ]
    return EncoderLayers(tuple(layers), _pointwise(vae.conv1, "conv1"), chunk=chunk)


def _read_blocks(blocks: list[tuple[str, nn.Module]], *, prefix: str) -> list[Layer]:
    layers: list[Layer] = []
    for path, block in blocks:
        kind = type(block).__name__
        if kind == f"{prefix}ResidualBlock":
            layers.append(_read_residual(block, path))
        elif kind == f"{prefix}AttentionBlock":
            layers.append(_read_attention(block, path))
        elif kind == f"{prefix}Resample":
            layers.extend(_read_resample(block, path))
        else:
            raise _refusal(path, f"a {prefix}ResidualBlock, AttentionBlock or Resample", kind)
    strides = sum(isinstance(layer, TimeStride) for layer in layers)
    if strides != 2:
        raise _refusal("encoder", "two layers that halve the frame rate", str(strides))
    return layers


def _read_residual(block: Any, path: str) -> Residual:
    _expect(block, path, type(block).__name__)
    if hasattr(block, "residual"):
        _expect_children(block, path, {"residual", "shortcut"})
        steps = _sequence(block.residual, f"{path}.residual", 7)
        norm1, activation1, conv1, norm2, activation2, dropout, conv2 = steps
        shortcut = block.shortcut
    else:
        _expect_children(
            block,
            path,
            {"nonlinearity", "norm1", "conv1", "norm2", "dropout", "conv2", "conv_shortcut"},
        )
        norm1, conv1, norm2, conv2 = block.norm1, block.conv1, block.norm2, block.conv2
        activation1 = activation2 = block.nonlinearity
        dropout, shortcut = block.dropout, block.conv_shortcut
    dropout = _expect(dropout, f"{path}.dropout", "Dropout")
    if dropout.training and dropout.p > 0:
        raise _refusal(path, "in eval mode", f"training mode with dropout {dropout.p}")
    if type(shortcut).__name__ == "Identity":
        _simple(shortcut, f"{path}.shortcut")
    else:
        shortcut = _pointwise(shortcut, f"{path}.shortcut")
    branch = (
        _simple(norm1, f"{path}.norm1"),
        _simple(activation1, f"{path}.activation1"),
        _causal(conv1, f"{path}.conv1"),
        _simple(norm2, f"{path}.norm2"),
        _simple(activation2, f"{path}.activation2"),
        _causal(conv2, f"{path}.conv2"),
    )
    return Residual(branch, shortcut)


def _read_attention(block: Any, path: str) -> PerFrame:
    _expect(block, path, type(block).__name__)
    _expect_children(block, path, {"norm", "to_qkv", "proj"})
    for child in ("norm", "to_qkv", "proj"):
        _simple(getattr(block, child), f"{path}.{child}")
    # One frame at a time, as in the encodes themselves: all at once takes their memory many times.
    return PerFrame(lambda frames: torch.cat([block(frame) for frame in frames.split(1, 2)], 2))


def _read_resample(block: Any, path: str) -> list[Layer]:
    _expect(block, path, type(block).__name__)
    for index, child in enumerate(_sequence(block.resample, f"{path}.resample", 2)):
        _simple(child, f"{path}.resample.{index}")
    # Called without a cache, the block does its spatial part alone.
    spatial = PerFrame(block)
    if block.mode == "downsample2d":
        _expect_children(block, path, {"resample"})
        return [spatial]
    if block.mode != "downsample3d":
        raise _refusal(path, "a downsampling block", block.mode)
    _expect_children(block, path, {"resample", "time_conv"})
    conv = _expect_conv(block.time_conv, f"{path}.time_conv", (3, 1, 1), (2, 1, 1))
    return [spatial, TimeStride(conv)]


def _causal(module: Any, path: str) -> CausalConv:
    return CausalConv(_expect_conv(module, path, (3, 3, 3), (1, 1, 1)))


def _pointwise(module: Any, path: str) -> Any:
    return _expect_conv(module, path, (1, 1, 1), (1, 1, 1))


def _simple(module: Any, path: str) -> PerFrame:
    names = ("WanRMS_norm", "RMS_norm", "SiLU", "Identity", "ZeroPad2d", "Conv2d")
    return PerFrame(_expect(module, path, *names))


def _sequence(module: Any, path: str, length: int) -> list[nn.Module]:
    _expect(module, path, "Sequential")
    if len(module) != length:
        raise _refusal(path, f"{length} layers long", str(len(module)))
    return list(module)


def _named(modules: Any, path: str) -> list[tuple[str, nn.Module]]:
    _expect(modules, path, "Sequential", "ModuleList")
    return [(f"{path}.{index}", module) for index, module in enumerate(modules)]


def _expect_conv(
    module: Any, path: str, kernel: tuple[int, int, int], stride: tuple[int, int, int]
) -> Any:
    _expect(module, path, "WanCausalConv3d", "CausalConv3d")
    given = (module.kernel_size, module.stride, module.dilation, module.padding_mode)
    expected = (kernel, stride, (1, 1, 1), "zeros")
    if given != expected:
        raise _refusal(path, f"a convolution with {expected}", str(given))
    # diffusers and the official code keep six pads (time first in the last pair), ComfyUI one.
    before, after = (
        module._padding[4:] if isinstance(module._padding, tuple) else (module._padding, 0)
    )
    if (before, after) != (2 if kernel == (3, 3, 3) else 0, 0):
        raise _refusal(path, "causal in time", f"padding {module._padding}")
    return module


def _expect(module: Any, path: str, *names: str) -> Any:
    kind = type(module)
    if kind.__name__ not in names or not _is_known_source(kind.__module__):
        raise _refusal(path, " or ".join(names), f"{kind.__module__}.{kind.__name__}")
    if "forward" in vars(module) or not _is_known_source(kind.forward.__module__):
        raise _refusal(path, "called as its class defines it", "a replaced forward")
    if module._forward_hooks or module._forward_pre_hooks:
        raise _refusal(path, "free of forward hooks", "some")
    return module


def _expect_children(module: nn.Module, path: str, expected: set[str]) -> None:
    found = {name for name, _ in module.named_children()}
    if found != expected:
        raise _refusal(path, f"made of {sorted(expected)}", str(sorted(found)))


def _is_known_source(module_name: str) -> bool:
    return (
        module_name.startswith(("torch.nn.", "diffusers.models."))
        or module_name.endswith("wan.modules.vae")
        or module_name in ("comfy.ldm.wan.vae", "comfy.ops")
    )


def _refusal(path: str, expected: str, actual: str) -> VaeStructureError:
    return VaeStructureError(
        f"{path} must be {expected} for constant-tail encoding; got {actual}. "
        "Use the VAE's own encode."
    )
