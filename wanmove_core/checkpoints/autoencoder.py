"""Load the VAE."""

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import AutoencoderKLWan

from ..family import WAN22_TI2V
from .assembly import build_empty, check_names, fill
from .checkpoint import Checkpoint, Weight, axis_length
from .classify import identify
from .keymaps import VAE_2_2_KEYS, VAE_KEYS


def load_vae(checkpoint: Checkpoint, *, device: torch.device | str = "cpu") -> AutoencoderKLWan:
    """Build the Wan 2.1 or 2.2 VAE of the widths that the checkpoint has, in float32.

    Args:
        checkpoint: identified as a VAE.
        device: where the weights go.

    Raises:
        CheckpointError: weights that are missing, surplus or misshapen.
    """
    is_2_2 = identify(checkpoint).family == WAN22_TI2V
    weights = checkpoint.in_library_names(VAE_2_2_KEYS if is_2_2 else VAE_KEYS)
    base_dim = axis_length(checkpoint.path, weights, "encoder.conv_in.weight", 0)
    options = _sizes_2_2(checkpoint, weights) if is_2_2 else {}
    vae = build_empty(lambda: AutoencoderKLWan(base_dim=base_dim, **options))
    check_names(vae, weights, checkpoint.path)
    fill(vae, weights, {}, dtype_of=lambda _name: torch.float32, device=device)
    return vae


def options_2_2(
    *, decoder_base_dim: int, channels: int = WAN22_TI2V.channels, pixels: int = 12
) -> dict[str, Any]:
    """What sets the Wan 2.2 VAE apart: 16 px a cell, residual stages, patches of 2x2 pixels.

    Args:
        decoder_base_dim: width of the decoder at full resolution.
        channels: of a latent.
        pixels: channels of a patch: 3 for each of its pixels.
    """
    return {
        "decoder_base_dim": decoder_base_dim,
        "z_dim": channels,
        "is_residual": True,
        "in_channels": pixels,
        "out_channels": pixels,
        "patch_size": 2,
        "scale_factor_spatial": 16,
        "latents_mean": _MEAN_2_2,
        "latents_std": _STD_2_2,
    }


def _sizes_2_2(checkpoint: Checkpoint, weights: Mapping[str, Weight]) -> dict[str, Any]:
    def size(name: str, axis: int) -> int:
        return axis_length(checkpoint.path, weights, name, axis)

    return options_2_2(
        # The last stage has the narrowest layers, and the first four times as wide ones.
        decoder_base_dim=size("decoder.conv_in.weight", 0) // _WIDEST,
        channels=size("post_quant_conv.weight", 0),
        pixels=size("encoder.conv_in.weight", 1),
    )


_WIDEST = 4
# Source: Wan2.2 wan/modules/vae2_2.py @42bf4cf (Apache-2.0).
_MEAN_2_2_TEXT = """
    -0.2289 -0.0052 -0.1323 -0.2339 -0.2799 0.0174 0.1838 0.1557 -0.1382 0.0542 0.2813 0.0891
    0.1570 -0.0098 0.0375 -0.1825 -0.2246 -0.1207 -0.0698 0.5109 0.2665 -0.2108 -0.2158 0.2502
    -0.2055 -0.0322 0.1109 0.1567 -0.0729 0.0899 -0.2799 -0.1230 -0.0313 -0.1649 0.0117 0.0723
    -0.2839 -0.2083 -0.0520 0.3748 0.0152 0.1957 0.1433 -0.2944 0.3573 -0.0548 -0.1681 -0.0667
"""
_STD_2_2_TEXT = """
    0.4765 1.0364 0.4514 1.1677 0.5313 0.4990 0.4818 0.5013 0.8158 1.0344 0.5894 1.0901
    0.6885 0.6165 0.8454 0.4978 0.5759 0.3523 0.7135 0.6804 0.5833 1.4146 0.8986 0.5659
    0.7069 0.5338 0.4889 0.4917 0.4069 0.4999 0.6866 0.4093 0.5709 0.6065 0.6415 0.4944
    0.5726 1.2042 0.5458 1.6887 0.3971 1.0600 0.3943 0.5537 0.5444 0.4089 0.7468 0.7744
"""
_MEAN_2_2 = [float(number) for number in _MEAN_2_2_TEXT.split()]
_STD_2_2 = [float(number) for number in _STD_2_2_TEXT.split()]
