"""Convert the host's tracks and images; errors name the input."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import comfy.model_management
import comfy.utils
import torch

from ...wanmove_core import ShapeError, Tracks, WanMoveError

# (width, height) that the positions are pixels of; core's own nodes drop it.
_FRAME = "track_frame"


@contextmanager
def naming(input_name: str) -> Iterator[None]:
    """Put the input's name before the message of an error that a `with` block raises."""
    try:
        yield
    except WanMoveError as error:
        raise type(error)(f"{input_name}: {error}") from error


def check_images(images: torch.Tensor, input_name: str, *, channels: int = 3) -> None:
    """Refuse an empty batch, which filters make, and pictures with too few channels."""
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
        return Tracks.from_arrays(
            tracks["track_path"], tracks.get("track_visibility"), _frame(tracks.get(_FRAME))
        )


def _frame(given: Any) -> tuple[int, int] | None:
    """The frame that the tracks say they belong to; nodes of others leave it out."""
    if isinstance(given, Sequence) and len(given) == 2 and all(type(v) is int for v in given):
        return (given[0], given[1]) if min(given) > 0 else None
    return None


def tracks_to_host(tracks: Tracks) -> dict[str, Any]:
    """Make the TRACKS dict: float32 and bool on the device that outputs live on."""
    device = comfy.model_management.intermediate_device()
    host: dict[str, Any] = {
        "track_path": tracks.positions.to(device, torch.float32),
        "track_visibility": tracks.visibility.to(device),
    }
    return host if tracks.frame is None else {**host, _FRAME: tracks.frame}


def progress(total: int) -> Callable[[int], None]:
    """Make the callback of long loops: it moves the node's progress bar and may cancel."""
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
