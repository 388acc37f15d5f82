"""An encoded start image as the host's LATENT, and guided latents in its CONDITIONING."""

from collections.abc import Mapping, Sequence
from typing import Any

import comfy.model_management
import node_helpers
import torch

from ...wanmove_core import LatentGrid, ShapeError, known_mask
from ...wanmove_core.family import WAN21_I2V
from ...wanmove_core.start_image.encoded import EncodedStart
from .convert import naming

# Rides inside the LATENT dict, next to "samples"; nodes in between copy it along.
_ORIGIN = "wanmove"
# Rides inside CONDITIONING: the conditioning latent before guidance, for the samplers.
UNGUIDED = "wanmove_unguided_latent"


def latent_to_host(encoded: EncodedStart) -> dict[str, Any]:
    """Make the LATENT dict of an encoded start image."""
    origin = {
        "strides": encoded.grid.strides,
        "known_frames": encoded.known_frames,
        "more_known": encoded.more_known,
        "image_size": encoded.image_size,
        "resize": encoded.fit_mode,
    }
    return {"samples": encoded.latent, _ORIGIN: origin}


def latent_from_host(
    latent: Mapping[str, Any], input_name: str = "conditioning_latent"
) -> EncodedStart:
    """Read a LATENT; one that this pack did not encode counts as one start frame at stride 8."""
    samples = latent.get("samples")
    with naming(input_name):
        _check_latent(samples)
        frames, rows, cols = samples.shape[2:]
        origin = latent.get(_ORIGIN) or {}
        strides = origin.get("strides", WAN21_I2V.strides)
        num_frames, height, width = (
            (frames - 1) * strides[0] + 1,
            rows * strides[1],
            cols * strides[2],
        )
        grid = LatentGrid(num_frames, height, width, strides)
    # A node in between may have cut the latent.
    known = min(origin.get("known_frames", 1), num_frames)
    more = tuple(frame for frame in origin.get("more_known", ()) if frame < num_frames)
    image_size = origin.get("image_size", (width, height))
    return EncodedStart(samples, grid, image_size, origin.get("resize", "stretch"), known, more)


def _check_latent(samples: Any) -> None:
    dense = isinstance(samples, torch.Tensor) and not samples.is_nested
    if not dense or samples.ndim != 5 or 0 in samples.shape:
        got = list(samples.shape) if dense else "none" if samples is None else "another kind"
        raise ShapeError(
            f"a video latent must be [batch, channels, frames, rows, cols]; got {got}. "
            "Connect Encode Start Image (Wan-Move)."
        )


def host_mask(encoded: EncodedStart) -> torch.Tensor:
    """The host's concat_mask: 1 = to be generated, one channel where all four agree.

    Inverted and repeated to four channels in comfy/model_base.py:1316-1329.
    """
    mask = 1 - known_mask(encoded.grid, encoded.known_frames, encoded.more_known)[None]
    if torch.equal(mask, mask[:, :1].expand_as(mask)):
        mask = mask[:, :1]
    return mask.to(encoded.latent.device)


def condition(
    conditioning: Sequence[Any],
    latent: torch.Tensor,
    encoded: EncodedStart,
    clip_vision_output: Any = None,
) -> list[Any]:
    """Return new conditioning that carries the latent; the given one stays as it was."""
    values = {"concat_latent_image": latent, "concat_mask": host_mask(encoded)}
    values[UNGUIDED] = encoded.latent
    if clip_vision_output is not None:
        values["clip_vision_output"] = clip_vision_output
    return node_helpers.conditioning_set_values(conditioning, values)


def empty_latent(encoded: EncodedStart, batch_size: int) -> dict[str, torch.Tensor]:
    """The latent to sample on: zeros, which the sampler turns into noise."""
    shape = (batch_size, *encoded.latent.shape[1:])
    return {"samples": torch.zeros(shape, device=comfy.model_management.intermediate_device())}
