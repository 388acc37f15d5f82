"""Latent to frames, a few at a time, so that memory does not grow with the video's length."""

from collections.abc import Iterator
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from einops import rearrange

from ..shapes import Float, Tensor, UInt8


def latent_statistics(vae: Any, like: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each latent channel, [1, channels, 1, 1, 1]."""
    mean, std = (
        torch.tensor(values, device=like.device, dtype=like.dtype).view(1, -1, 1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    return mean, std


def match_statistics(
    latent: Float[Tensor, "1 channels 1 rows cols"], like: Float[Tensor, "1 channels 1 rows cols"]
) -> Float[Tensor, "1 channels 1 rows cols"]:
    """Give each channel of a latent frame the mean and deviation that it has in another frame."""
    over = (-1, -2)
    mean, std = latent.mean(over, keepdim=True), latent.std(over, keepdim=True)
    to_mean, to_std = like.mean(over, keepdim=True), like.std(over, keepdim=True)
    return (latent - mean) / std.clamp(min=1e-6) * to_std + to_mean


@torch.no_grad()
def decode_stream(
    vae: Any, latent: Float[Tensor, "1 channels latent_frames rows cols"], *, tiled: bool = False
) -> Iterator[Float[Tensor, "1 3 frames height width"]]:
    """Decode a latent, one latent frame at a time.

    Args:
        vae: diffusers `AutoencoderKLWan` on its device. It caches earlier frames: do not use it for
            anything else until the last frame was read.
        latent: normalised.
        tiled: decode in overlapping tiles if the picture is larger than one tile. Tiles need all
            frames at once, so all frames come as one piece.

    Yields:
        1 frame, then 4 for each later latent frame, -1..1, in the VAE's dtype. Concatenated they
        equal the result of `vae.decode` bit for bit.

    Source:
        `AutoencoderKLWan._decode`, diffusers 0.42. Differs: yields instead of joining.
    """
    mean, std = latent_statistics(vae, latent)
    denormalised = (latent * std + mean).to(vae.dtype)
    if tiled:
        vae.use_tiling = True
        try:
            yield vae.decode(denormalised, return_dict=False)[0]
        finally:
            vae.use_tiling = False
        return
    vae.clear_cache()
    try:
        features = vae.post_quant_conv(denormalised)
        for index, feature in enumerate(features.split(1, dim=2)):
            vae._conv_idx = [0]
            first = {"first_chunk": True} if index == 0 else {}
            frames = vae.decoder(feature, feat_cache=vae._feat_map, feat_idx=vae._conv_idx, **first)
            if vae.config.patch_size is not None:
                frames = unpatchify(frames, patch_size=vae.config.patch_size)
            yield frames.clamp(-1, 1)
    finally:
        vae.clear_cache()


def to_pixels(
    frames: Float[Tensor, "1 3 frames height width"],
) -> UInt8[Tensor, "frames height width 3"]:
    """Convert frames in -1..1 to uint8 RGB on the CPU."""
    # Rounded on its device: a quarter of the bytes to move.
    pixels = ((frames[0].float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return rearrange(pixels, "rgb frames rows cols -> frames rows cols rgb").contiguous().cpu()
