"""Wan's video VAEs at a small width, initialised so that they learn in minutes."""

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import (
    WanAttentionBlock,
    WanCausalConv3d,
    WanResample,
    WanResidualBlock,
    unpatchify,
)
from torch import Tensor, nn

from wanmove_core.checkpoints.autoencoder import options_2_2
from wanmove_core.checkpoints.keymaps import VAE_2_2_KEYS, VAE_KEYS, KeyMap
from wanmove_core.family import WAN21_I2V, WAN22_TI2V, ModelFamily

BASE_DIM = 16
# The posterior's standard deviation, as a share of each channel's own: the decoder learns to live
# with that much error.
LATENT_NOISE = 0.05


def build_vae(
    family: ModelFamily = WAN21_I2V, *, base_dim: int = BASE_DIM, decoder_base_dim: int = BASE_DIM
) -> AutoencoderKLWan:
    """A family's VAE of these widths at full resolution.

    The released ones have 96 in Wan 2.1, and 160 and 256 in Wan 2.2.
    """
    options = {"z_dim": family.channels}
    if family == WAN22_TI2V:
        options = options_2_2(decoder_base_dim=decoder_base_dim)
    return AutoencoderKLWan(base_dim=base_dim, **options)


def vae_keys(family: ModelFamily) -> KeyMap:
    """The names of the family's VAE."""
    return VAE_2_2_KEYS if family == WAN22_TI2V else VAE_KEYS


@torch.no_grad()
def initialise(vae: AutoencoderKLWan, *, seed: int) -> None:
    """Start as a linear, frame-by-frame autoencoder.

    With the library's default the network stays at the mean colour for thousands of steps.
    Here every residual branch starts at zero, causal kernels see only their newest frame, and
    temporal down- and up-sampling start as copies.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in vae.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            _linear_gain(module, generator)
    for module in vae.modules():
        if isinstance(module, WanResidualBlock):
            nn.init.zeros_(module.conv2.weight)
        elif isinstance(module, WanAttentionBlock):
            nn.init.zeros_(module.proj.weight)
        elif isinstance(module, WanResample) and hasattr(module, "time_conv"):
            weight = module.time_conv.weight
            weight.zero_()
            copies = weight.shape[0] // weight.shape[1]
            weight[:, :, -1, 0, 0] = torch.eye(weight.shape[1]).repeat(copies, 1)
    # quant_conv's second half is the log-variance: a constant, which `fold_statistics` sets.
    vae.quant_conv.weight[vae.config.z_dim :].zero_()


def channels_last(vae: AutoencoderKLWan) -> None:
    """Store the kernels channels-last, in place: a quarter faster on a CPU."""
    for module in vae.modules():
        if isinstance(module, nn.Conv3d):
            module.to(memory_format=torch.channels_last_3d)
        elif isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)


def _linear_gain(conv: nn.Conv2d | nn.Conv3d, generator: torch.Generator) -> None:
    nn.init.zeros_(conv.bias)
    weight = torch.zeros_like(conv.weight)
    live = weight[:, :, -1] if isinstance(conv, WanCausalConv3d) else weight
    fan_in = live[0].numel()
    live.copy_(torch.randn(live.shape, generator=generator) / fan_in**0.5)
    conv.weight.copy_(weight)


def reconstruct(
    vae: AutoencoderKLWan,
    video: Tensor,
    *,
    noise: float,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Encode and decode [B, 3, T, H, W] in -1..1 without the final clamp.

    Returns:
        The reconstruction and the latent means [B, channels, T', H', W'].
    """
    mean = vae._encode(video)[:, : vae.config.z_dim].float()
    spread = mean.detach().std((0, 2, 3, 4), keepdim=True)
    latent = mean
    if noise:
        latent = mean + noise * spread * torch.randn(mean.shape, generator=generator)
    vae.clear_cache()
    hidden = vae.post_quant_conv(latent)
    chunks = []
    for frame in range(hidden.shape[2]):
        vae._conv_idx = [0]
        chunk = hidden[:, :, frame : frame + 1]
        chunks.append(
            vae.decoder(
                chunk, feat_cache=vae._feat_map, feat_idx=vae._conv_idx, first_chunk=frame == 0
            )
        )
    vae.clear_cache()
    pixels = torch.cat(chunks, 2).float()
    patch = vae.config.patch_size
    return unpatchify(pixels, patch) if patch else pixels, mean


def to_video(clips: np.ndarray) -> Tensor:
    """uint8 [B, T, H, W, 3] -> float [B, 3, T, H, W] in -1..1."""
    return torch.from_numpy(clips).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def wan_statistics(vae: AutoencoderKLWan) -> tuple[Tensor, Tensor]:
    """Wan's standard latent mean and standard deviation, [1, channels, 1, 1, 1]."""
    mean, std = torch.tensor(vae.config.latents_mean), torch.tensor(vae.config.latents_std)
    return mean.view(1, -1, 1, 1, 1), std.view(1, -1, 1, 1, 1)


@torch.no_grad()
def fold_statistics(vae: AutoencoderKLWan, mean: Tensor, std: Tensor) -> None:
    """Rescale the latents of a VAE in place, so that Wan's statistics describe them.

    The two 1x1x1 convolutions around the latent absorb the change: pixels stay the same.

    Args:
        vae: whose latent channels have this `mean` and `std`, each [channels].
        mean, std: of the latents as they are.
    """
    wan_mean, wan_std = (value.flatten() for value in wan_statistics(vae))
    gain, count = wan_std / std, len(std)
    encoder, decoder = vae.quant_conv, vae.post_quant_conv
    encoder.weight[:count] *= gain.view(-1, 1, 1, 1, 1)
    encoder.bias[:count] = (encoder.bias[:count] - mean) * gain + wan_mean
    encoder.bias[count:] = 2 * torch.log(LATENT_NOISE * wan_std)
    decoder.bias += decoder.weight[:, :, 0, 0, 0] @ (mean - wan_mean / gain)
    decoder.weight /= gain.view(1, -1, 1, 1, 1)


@torch.no_grad()
def encode(vae: AutoencoderKLWan, video: Tensor) -> Tensor:
    """Latent means [B, channels, T', H', W'], not normalised, float32."""
    count = vae.config.z_dim
    with torch.autocast("cpu", torch.bfloat16):
        return torch.cat([vae._encode(part)[:, :count].float() for part in video.split(2)])
