"""Write a job's video, and the overlay beside it, frame by frame."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from einops import rearrange

from ..media.video_writer import video_writer
from ..motion.fit import fit_tracks
from ..shapes import Tensor, UInt8
from ..tracks import Tracks
from ..view.draw import TrackDrawer

_LEGIBLE = 240  # px of the shorter side that dots and trails need


def write_frames(
    path: Path,
    frames: Iterable[Tensor],
    *,
    fps: int,
    metadata: dict[str, Any],
    drawn: Tracks | None,
) -> Path | None:
    """Write a video and an overlay video with the tracks drawn; return the overlay's path.

    Args:
        path: of the video.
        frames: RGB, some at a time.
        fps: frames per second.
        metadata: of the video.
        drawn: tracks in pixels and frames of the video; None for no overlay.
    """
    overlay = overlay_path(path) if drawn is not None else None
    drawer = None
    with ExitStack() as files:
        video = files.enter_context(video_writer(path, fps=fps, metadata=metadata))
        beside = overlay and files.enter_context(video_writer(overlay, fps=fps))
        for piece in frames:
            video.add(piece)
            if beside and drawn is not None:
                larger, on_larger = enlarge(piece, drawn)
                size = (larger.shape[2], larger.shape[1])
                drawer = drawer or TrackDrawer(on_larger, size)
                beside.add(drawer.draw(larger))
    return overlay


def overlay_path(video: Path) -> Path:
    """Name the overlay of a video."""
    return video.with_name(f"{video.stem}_tracks{video.suffix}")


def enlarge(
    frames: UInt8[Tensor, "frames height width 3"], tracks: Tracks
) -> tuple[UInt8[Tensor, "frames to_height to_width 3"], Tracks]:
    """Enlarge a tiny video, so that tracks can be drawn on it legibly.

    Args:
        frames: RGB.
        tracks: in pixels of the frames.

    Returns:
        The same objects unless the shorter side is below 240 px.
    """
    height, width = frames.shape[1:3]
    factor = -(-_LEGIBLE // min(height, width))
    if factor == 1:
        return frames, tracks
    size = (width * factor, height * factor)
    larger = torch.nn.functional.interpolate(
        rearrange(frames, "frames rows cols rgb -> frames rgb rows cols").float(),
        size=(size[1], size[0]),
        mode="bicubic",
    )
    pixels = rearrange(
        larger.round().clamp(0, 255).byte(), "frames rgb rows cols -> frames rows cols rgb"
    ).contiguous()
    return pixels, fit_tracks(tracks, (width, height), size)
