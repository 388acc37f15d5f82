"""The start image through the host's VAE, by the shortest way that it allows."""

import logging
from dataclasses import dataclass
from typing import Any

import comfy.model_management
import comfy.sd
import torch

from ...wanmove_core import LatentGrid, ShapeError, fit_image
from ...wanmove_core.start_image.constant_tail import encode_constant_tail
from ...wanmove_core.start_image.vae_structure import VaeStructureError
from .convert import check_images, naming, to_bytes

logger = logging.getLogger("wanmove")


@dataclass(frozen=True)
class ConditioningLatent:
    """An encoded start image, with what guidance must know about how it came about."""

    latent: torch.Tensor
    grid: LatentGrid
    known_frames: int
    image_size: tuple[int, int]
    resize: str

    @property
    def known_latent_frames(self) -> int:
        """Leading latent frames that encode given pixels."""
        return self.grid.latent_frame_of(self.known_frames - 1) + 1


def encode_start_image(
    vae: Any, image: torch.Tensor, grid: LatentGrid, resize: str
) -> ConditioningLatent:
    """Encode start frames followed by grey, through the host's memory management."""
    _check_vae(vae)
    check_images(image, "start_image")
    image_size = (image.shape[2], image.shape[1])
    with naming("start_image"):
        pixels = fit_image(image[: grid.num_frames], (grid.width, grid.height), mode=resize)
    if not torch.isfinite(pixels).all():
        raise ShapeError(
            "start_image must be finite everywhere; got NaN or infinity. "
            "Decode it again, with the VAE in fp32 or bf16."
        )
    latent = _encode_constant_tail(vae, pixels, grid.num_frames)
    if latent is None:
        latent = _encode_whole(vae, pixels, grid.num_frames)
    strides = (4, grid.height // latent.shape[-2], grid.width // latent.shape[-1])
    grid = LatentGrid(grid.num_frames, grid.height, grid.width, strides)
    return ConditioningLatent(latent, grid, pixels.shape[0], image_size, resize)


def _check_vae(vae: Any) -> None:
    """Refuse what is for no video before it runs; a class that says nothing is believed."""
    known = hasattr(vae, "encode") and not isinstance(vae, str)
    if not known or getattr(vae, "latent_dim", 3) != 3:
        kind = "none" if vae is None else type(vae).__name__
        got = "one for pictures or sound" if known else kind
        raise ShapeError(
            f"vae must be the Wan 2.1 VAE; got {got}. Choose wan_2.1_vae.safetensors in the loader."
        )


def _encode_constant_tail(vae: Any, pixels: torch.Tensor, num_frames: int) -> torch.Tensor | None:
    """Encode without computing the grey that stands still; None where only the VAE knows how.

    Does what `VAE.encode` (comfy/sd.py:1019) does around the module.
    """
    if type(vae) is not comfy.sd.VAE or vae.latent_dim != 3:
        logger.warning("Encoding all %d frames, which is slower: another VAE class.", num_frames)
        return None
    start = pixels.movedim(0, 1)[None]
    if start.shape[2] < num_frames:
        start = torch.cat([start, torch.zeros_like(start[:, :, :1])], 2)
    try:
        shape = (1, 3, num_frames, *pixels.shape[-2:])
        comfy.model_management.load_models_gpu(
            [vae.patcher],
            memory_required=vae.memory_used_encode(shape, vae.vae_dtype),
            force_full_load=vae.disable_offload,
        )
        start = start.to(vae.device, vae.vae_dtype)
        latent = encode_constant_tail(vae.first_stage_model, start, num_frames)
    except (VaeStructureError, comfy.model_management.OOM_EXCEPTION) as reason:
        logger.warning("Encoding all %d frames, which is slower: %s", num_frames, reason)
        return None
    return latent.to(vae.output_device, vae.vae_output_dtype())


def _encode_whole(vae: Any, pixels: torch.Tensor, num_frames: int) -> torch.Tensor:
    clip = torch.full((num_frames, *pixels.shape[-2:], 3), 0.5)
    clip[: pixels.shape[0]] = (pixels.movedim(1, -1).cpu() + 1) / 2
    return vae.encode(clip)


def fitted_start(image: torch.Tensor, encoded: ConditioningLatent) -> torch.Tensor:
    """The first frame at the video's size, as it was encoded; uint8 RGB."""
    size = (encoded.grid.width, encoded.grid.height)
    fitted = fit_image(image[:1], size, mode=encoded.resize)
    return to_bytes((fitted[0].movedim(0, -1) + 1) / 2)
