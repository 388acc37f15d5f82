"""Tracks of points in another video, for its motion to be used again."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from ..errors import MediaError, ShapeError
from ..opencv import require_opencv
from ..shapes import Float
from ..tracks import Tracks

MAX_TRACKED = 16_384
# Larger frames are tracked at this many pixels: 832 x 480, what Wan-Move makes.
_WORKING_AREA = 832 * 480
_MIN_SIDE = 32


def track_video(
    frames: Iterable[Any],
    points: Float[np.ndarray, "points 2"],
    *,
    on_frame: Callable[[int], None] | None = None,
) -> Tracks:
    """Follow points of the first frame through a video.

    Args:
        frames: uint8 RGB [height, width, 3], one after the other, all of one size, such as
            `read_frames` gives. Only one is held at a time.
        points: (x, y) in pixels of the first frame, x right, y down, as in `Tracks`.
        on_frame: called with the number of frames done; may raise to cancel.

    Returns:
        Positions float32 in pixels of the video; visibility False where a point is covered,
        has left the frame, or is lost. Hidden points carry a guess.

    Raises:
        MediaError: no frames, frames too small or of several sizes.
        ShapeError: no points, too many, or some that are not finite.
    """
    from .points import PointTracker

    if not 1 <= len(points) <= MAX_TRACKED:
        raise ShapeError(
            f"points must be 1 to {MAX_TRACKED}; got {len(points)}. Ask for another number."
        )
    if not np.isfinite(points).all():
        bad = int((~np.isfinite(points)).any(1).nonzero()[0][0])
        raise ShapeError(
            f"point {bad}: x and y must be finite; got {points[bad].tolist()}. Remove the point."
        )
    first, rest = _first_of(frames)
    size, scale = _working_size(first)
    tracker = PointTracker(_grey(first, size), points * scale - 0.5)
    positions, visibility = [tracker.position.copy()], [tracker.visible.copy()]
    if on_frame is not None:
        on_frame(1)
    for index, frame in enumerate(rest, start=1):
        if frame.shape != first.shape:
            raise MediaError(
                f"frame {index} must be of the first one's size, {first.shape[1]}x"
                f"{first.shape[0]}; got {frame.shape[1]}x{frame.shape[0]}. Convert the video."
            )
        position, visible = tracker.step(_grey(frame, size))
        positions.append(position.astype(np.float32))
        visibility.append(visible)
        if on_frame is not None:
            on_frame(index + 1)
    found = (np.stack(positions) + 0.5) / scale
    found[0] = points
    return Tracks(
        torch.from_numpy(found.astype(np.float32)), torch.from_numpy(np.stack(visibility))
    )


def _first_of(frames: Iterable[Any]) -> tuple[np.ndarray, Iterator[np.ndarray]]:
    rest = (np.asarray(frame) for frame in frames)
    first = next(rest, None)
    if first is None:
        raise MediaError("The video must have frames; got none. Use another one.")
    if min(first.shape[:2]) < _MIN_SIDE:
        raise MediaError(
            f"The video must be at least {_MIN_SIDE} px a side; got "
            f"{first.shape[1]}x{first.shape[0]}. Enlarge it first."
        )
    return first, rest


def _working_size(frame: np.ndarray) -> tuple[tuple[int, int], np.ndarray]:
    """Size to track at, and what it is along x and y in units of the video's."""
    height, width = frame.shape[:2]
    shrink = min(1.0, (_WORKING_AREA / (width * height)) ** 0.5)
    size = round(width * shrink), round(height * shrink)
    return size, np.array([size[0] / width, size[1] / height])


def _grey(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    cv2 = require_opencv("Following points")

    grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    if grey.shape == size[::-1]:
        return grey
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
