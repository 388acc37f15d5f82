"""Encode the start image by the host's VAE, in the fastest way that the VAE allows."""

import logging
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import comfy.model_management
import comfy.sd
import torch

from ...wanmove_core import LatentGrid, OptionError, ShapeError, fit_image
from ...wanmove_core.choices import FitMode
from ...wanmove_core.start_image.conditioning import KnownImages, with_known
from ...wanmove_core.start_image.constant_tail import encode_padded
from ...wanmove_core.start_image.encoded import EncodedStart
from .convert import check_images, naming, to_bytes

logger = logging.getLogger("wanmove")


def encode_start_image(
    vae: Any,
    image: torch.Tensor,
    grid: LatentGrid,
    resize: FitMode,
    known: KnownImages | None = None,
) -> EncodedStart:
    """Encode start frames and further known ones with grey between, by the host's memory rules."""
    _check_vae(vae)
    check_images(image, "start_image")
    image_size = (image.shape[2], image.shape[1])
    with naming("start_image"):
        pixels = fit_image(image[: grid.num_frames], (grid.width, grid.height), mode=resize)
    start = pixels.movedim(0, 1)[None]
    places, start = with_known(start, known, resize)
    if not torch.isfinite(start).all():
        name = "start_image" if not known else "start_image and known_frames"
        raise ShapeError(
            f"{name} must be finite everywhere; got NaN or infinity. "
            "Decode it again, with the VAE in fp32 or bf16."
        )
    latent = _encode(vae, start, grid.num_frames)
    strides = (grid.strides[0], grid.height // latent.shape[-2], grid.width // latent.shape[-1])
    grid = LatentGrid(grid.num_frames, grid.height, grid.width, strides)
    return EncodedStart(latent, grid, image_size, resize, pixels.shape[0], places)


def parse_known_frames(
    images: torch.Tensor | None, numbers: str, grid: LatentGrid, start_frames: int
) -> KnownImages | None:
    """Known frames by their number; numbers are counted from 0, or from the end if negative."""
    if images is None:
        return None
    check_images(images, "known_frames")
    words = numbers.replace(",", " ").split()[: grid.num_frames + 1]
    if len(words) != len(images):
        raise OptionError(
            f"known_frame_numbers must be {len(images)} numbers, one for each known frame; "
            f"got {numbers[:80]!r}. Separate them by commas; -1 is the last frame."
        )
    known = {}
    for word, image in zip(words, images, strict=True):
        digits = word.removeprefix("-")
        number = int(word) if digits.isascii() and digits.isdigit() and len(digits) < 6 else None
        place = number + grid.num_frames if number is not None and number < 0 else number
        free = place is not None and start_frames <= place < grid.num_frames
        if place is None or not free or place in known:
            raise OptionError(
                f"known_frame_numbers must be frames {start_frames} to {grid.num_frames - 1}, each "
                f"once, or -1 for the last one; got {word[:80]!r}. Change it."
            )
        known[place] = image
    return known


def _check_vae(vae: Any) -> None:
    """Reject VAEs that are not for video; accept one that does not state its dimensions."""
    known = hasattr(vae, "encode") and not isinstance(vae, str)
    if not known or getattr(vae, "latent_dim", 3) != 3:
        kind = "none" if vae is None else type(vae).__name__
        got = "one for pictures or sound" if known else kind
        raise ShapeError(
            f"vae must be the Wan 2.1 VAE; got {got}. Choose wan_2.1_vae.safetensors in the loader."
        )


def _encode(vae: Any, start: torch.Tensor, num_frames: int) -> torch.Tensor:
    """Encode without computing the constant grey frames, if the VAE's structure is known.

    Does the same as `VAE.encode` (comfy/sd.py) around the module.
    """
    whole = partial(_encode_whole, vae, start, num_frames)
    if type(vae) is not comfy.sd.VAE or vae.latent_dim != 3:
        logger.warning("Encoding all %d frames, which is slower: another VAE class.", num_frames)
        return whole()
    with _device_context(vae.device):
        shape = (1, 3, num_frames, *start.shape[-2:])
        comfy.model_management.load_models_gpu(
            [vae.patcher],
            memory_required=vae.memory_used_encode(shape, vae.vae_dtype),
            force_full_load=vae.disable_offload,
        )
        latent = encode_padded(
            vae.first_stage_model,
            start.to(vae.device, vae.vae_dtype),
            num_frames,
            whole=whole,
            is_oom=_is_oom,
        )
    return latent.to(vae.output_device, vae.vae_output_dtype())


def _device_context(device: torch.device) -> AbstractContextManager[Any]:
    """The host's choice of the current GPU; hosts before 0.26 have none."""
    choose = getattr(comfy.model_management, "cuda_device_context", nullcontext)
    return choose(device)


def _is_oom(error: BaseException) -> bool:
    """Tell whether an error means that the device is out of memory, as the host does."""
    tell = getattr(comfy.model_management, "is_oom", None)
    if tell is not None:
        return bool(tell(error))
    return isinstance(error, comfy.model_management.OOM_EXCEPTION)


def _encode_whole(vae: Any, start: torch.Tensor, num_frames: int) -> torch.Tensor:
    clip = torch.full((num_frames, *start.shape[-2:], 3), 0.5)
    clip[: start.shape[2]] = (start[0].permute(1, 2, 3, 0).cpu() + 1) / 2
    return vae.encode(clip)


def fitted_start(image: torch.Tensor, encoded: EncodedStart) -> torch.Tensor:
    """The first frame at the video's size, as it was encoded; uint8 RGB."""
    fitted = fit_image(image[:1], encoded.size, mode=encoded.fit_mode)
    return to_bytes((fitted[0].movedim(0, -1) + 1) / 2)
