"""Every convention of the host, in one place: its tracks, images, latents, masks and devices.

Line numbers are of ComfyUI 0.18.1.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import comfy.model_management
import comfy.sd
import comfy.utils
import node_helpers
import torch

from ..wanmove_core import (
    LatentGrid,
    ShapeError,
    Tracks,
    WanMoveError,
    fit_image,
    known_mask,
)
from ..wanmove_core.constant_tail import encode_constant_tail
from ..wanmove_core.vae_structure import VaeStructureError

logger = logging.getLogger("wanmove")

CATEGORY = "video/wan-move"
# Rides inside the LATENT dict, next to "samples"; nodes in between copy it along.
_ORIGIN = "wanmove"
# Rides inside CONDITIONING: the conditioning latent before guidance, for the samplers.
UNGUIDED = "wanmove_unguided_latent"


@contextmanager
def naming(input_name: str) -> Iterator[None]:
    """Put the input's name, as the user sees it, in front of what is wrong with it."""
    try:
        yield
    except WanMoveError as error:
        raise type(error)(f"{input_name}: {error}") from error


def check_images(images: torch.Tensor, input_name: str, *, channels: int = 3) -> None:
    """Refuse a batch of nothing, which filters make, and pictures without colours."""
    if len(images) == 0:
        raise ShapeError(
            f"{input_name} must hold an image; got none. Look at what the node before it gives."
        )
    if images.shape[-1] < channels:
        raise ShapeError(
            f"{input_name} must have {channels} channels (RGB); got {images.shape[-1]}. "
            "Convert it to RGB."
        )


def tracks_from_host(tracks: Mapping[str, Any], input_name: str = "tracks") -> Tracks:
    """Read the TRACKS dict of comfy_api/latest/_io.py:821.

    Visibility may be missing or have one column for all points (comfy_extras/nodes_wanmove.py:314
    makes that shape).
    """
    with naming(input_name):
        if not isinstance(tracks, Mapping) or "track_path" not in tracks:
            raise ShapeError(
                f"tracks must be TRACKS with a track_path; got {type(tracks).__name__}. "
                "Connect a node whose output is TRACKS."
            )
        return Tracks.from_arrays(tracks["track_path"], tracks.get("track_visibility"))


def tracks_to_host(tracks: Tracks) -> dict[str, torch.Tensor]:
    """Make the TRACKS dict: float32 and bool on the device that outputs live on."""
    device = comfy.model_management.intermediate_device()
    return {
        "track_path": tracks.positions.to(device, torch.float32),
        "track_visibility": tracks.visibility.to(device),
    }


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


def latent_to_host(encoded: ConditioningLatent) -> dict[str, Any]:
    """Make the LATENT dict of an encoded start image."""
    origin = {
        "strides": encoded.grid.strides,
        "known_frames": encoded.known_frames,
        "image_size": encoded.image_size,
        "resize": encoded.resize,
    }
    return {"samples": encoded.latent, _ORIGIN: origin}


def latent_from_host(
    latent: Mapping[str, Any], input_name: str = "conditioning_latent"
) -> ConditioningLatent:
    """Read a LATENT; one that this pack did not encode counts as one start frame at stride 8."""
    samples = latent.get("samples")
    with naming(input_name):
        _check_latent(samples)
        frames, rows, cols = samples.shape[2:]
        origin = latent.get(_ORIGIN) or {}
        strides = origin.get("strides", (4, 8, 8))
        num_frames, height, width = (
            (frames - 1) * strides[0] + 1,
            rows * strides[1],
            cols * strides[2],
        )
        grid = LatentGrid(num_frames, height, width, strides)
    # A node in between may have cut the latent.
    known = min(origin.get("known_frames", 1), num_frames)
    image_size = origin.get("image_size", (width, height))
    return ConditioningLatent(samples, grid, known, image_size, origin.get("resize", "stretch"))


def _check_latent(samples: Any) -> None:
    dense = isinstance(samples, torch.Tensor) and not samples.is_nested
    if not dense or samples.ndim != 5 or 0 in samples.shape:
        got = list(samples.shape) if dense else "none" if samples is None else "another kind"
        raise ShapeError(
            f"a video latent must be [batch, channels, frames, rows, cols]; got {got}. "
            "Connect Encode Start Image (Wan-Move)."
        )


def host_mask(encoded: ConditioningLatent) -> torch.Tensor:
    """The host's concat_mask: 1 = to be generated, one channel where all four agree.

    Inverted and repeated to four channels in comfy/model_base.py:1316-1329.
    """
    mask = 1 - known_mask(encoded.grid, encoded.known_frames)[None]
    if torch.equal(mask, mask[:, :1].expand_as(mask)):
        mask = mask[:, :1]
    return mask.to(encoded.latent.device)


def condition(
    conditioning: Sequence[Any],
    latent: torch.Tensor,
    encoded: ConditioningLatent,
    clip_vision_output: Any = None,
) -> list[Any]:
    """Return new conditioning that carries the latent; the given one stays as it was."""
    values = {"concat_latent_image": latent, "concat_mask": host_mask(encoded)}
    values[UNGUIDED] = encoded.latent
    if clip_vision_output is not None:
        values["clip_vision_output"] = clip_vision_output
    return node_helpers.conditioning_set_values(conditioning, values)


def empty_latent(encoded: ConditioningLatent, batch_size: int) -> dict[str, torch.Tensor]:
    """The latent to sample on: zeros, which the sampler turns into noise."""
    shape = (batch_size, *encoded.latent.shape[1:])
    return {"samples": torch.zeros(shape, device=comfy.model_management.intermediate_device())}


def ksampler(**inputs: Any) -> dict[str, Any]:
    """Run what KSampler runs (nodes.py:1540), so that whatever it gains is gained here too."""
    from nodes import common_ksampler

    return common_ksampler(**inputs)[0]


def progress(total: int) -> Callable[[int], None]:
    """Make what long loops call with the number of steps done: the node's bar, and the stop."""
    bar = comfy.utils.ProgressBar(total)

    def show(done: int) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        bar.update_absolute(done)

    return show


def to_bytes(images: torch.Tensor) -> torch.Tensor:
    """IMAGE (float 0..1, channels last) -> uint8 RGB on the CPU."""
    # In place from the second step on: a clip is hundreds of megabytes.
    return images[..., :3].mul(255).round_().clamp_(0, 255).to("cpu", torch.uint8)


def to_image(frames: torch.Tensor) -> torch.Tensor:
    """uint8 RGB -> IMAGE on the device that outputs live on."""
    return to_output(frames).float().div_(255)


def to_output(image: torch.Tensor) -> torch.Tensor:
    """A tensor, moved to the device that outputs live on."""
    return image.to(comfy.model_management.intermediate_device())


def fitted_start(image: torch.Tensor, encoded: ConditioningLatent) -> torch.Tensor:
    """The first frame at the video's size, as it was encoded; uint8 RGB."""
    size = (encoded.grid.width, encoded.grid.height)
    fitted = fit_image(image[:1], size, mode=encoded.resize)
    return to_bytes((fitted[0].movedim(0, -1) + 1) / 2)
