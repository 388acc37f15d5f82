"""The one tracker: tracks points of the first frame through a video, without a model."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch

from ..errors import MediaError, ShapeError
from ..opencv import require_opencv
from ..shapes import Float, Tensor, UInt8
from ..tracks import Tracks

MAX_TRACKED = 16_384
# Larger frames are tracked at this many pixels: 832 x 480, what Wan-Move makes.
_WORKING_AREA = 832 * 480
_MIN_SIDE = 32
# What optical flow needs.
_LEAST_SIDE = 12


def track_video(
    frames: Iterable[Any],
    points: Float[np.ndarray, "points 2"],
    *,
    on_frame: Callable[[int], None] | None = None,
) -> Tracks:
    """Follow points of the first frame through a video.

    Args:
        frames: uint8 RGB [height, width, 3], one after the other, all of one size, as from
            `read_frames`. Only one is held at a time.
        points: (x, y) in pixels of the first frame, x right, y down, as in `Tracks`: counted
            from the frame's corner, so that the first pixel's centre is (0.5, 0.5).
        on_frame: called with the number of frames done; may raise to cancel.

    Returns:
        Positions float32 in pixels of the video; visibility False where a point is covered,
        has left the frame, or is lost. Hidden points carry a guess.

    Raises:
        MediaError: no frames, frames too small or of several sizes.
        ShapeError: no points, too many, or some that are not finite.
    """
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
    if min(first.shape[:2]) < _MIN_SIDE:
        raise MediaError(
            f"The video must be at least {_MIN_SIDE} px a side; got "
            f"{first.shape[1]}x{first.shape[0]}. Enlarge it first."
        )
    return _follow(first, rest, points, on_frame)


def track_points(
    frames: UInt8[Tensor, "frames height width 3"],
    points: Float[Tensor, "points 2"],
    *,
    on_frame: Callable[[int], None] | None = None,
) -> Tracks:
    """Follow points of the first frame through a video that is in memory; see `track_video`.

    Args:
        frames: RGB video, at least 12 px a side.
        points: (x, y) in pixels of frame 0, counted from its corner; may be none.
        on_frame: called with the number of frames done; may raise to cancel.

    Raises:
        ShapeError: no frames, or frames too small for optical flow.
    """
    if len(frames) == 0 or min(frames.shape[1:3]) < _LEAST_SIDE:
        raise ShapeError(
            f"frames must hold at least one frame of {_LEAST_SIDE} px a side; "
            f"got {list(frames.shape[:3])}. Check the video file."
        )
    if len(points) == 0:
        return Tracks(torch.zeros(len(frames), 0, 2), torch.zeros(len(frames), 0).bool())
    first, *rest = frames.cpu().numpy()
    return _follow(first, iter(rest), points.detach().cpu().double().numpy(), on_frame)


def _follow(
    first: np.ndarray,
    rest: Iterator[np.ndarray],
    points: np.ndarray,
    on_frame: Callable[[int], None] | None,
) -> Tracks:
    """Tracks of points: those of tiny clips by dense flow, others point by point."""
    from .dense import DenseTracker, enlargement
    from .points import PointTracker

    tracker: Any
    # Measured on the toy world: dense flow errs by 0.1 px where points alone err by 3. From
    # 416x240 on it sees less, and takes 10 times as long.
    if enlargement(first.shape[1], first.shape[0]) > 1:
        tracker, scale = DenseTracker(first, points), np.ones(2)
        view = np.ascontiguousarray
    else:
        size, scale = _working_size(first)
        view = partial(_grey, size=size)
        tracker = PointTracker(view(first), points * scale)
    visibility = [tracker.visible.copy()]
    done = on_frame or (lambda _count: None)
    done(1)
    for index, frame in enumerate(rest, start=1):
        if frame.shape != first.shape:
            raise MediaError(
                f"frame {index} must be of the first one's size, {first.shape[1]}x"
                f"{first.shape[0]}; got {frame.shape[1]}x{frame.shape[0]}. Convert the video."
            )
        visibility.append(tracker.step(view(frame)))
        done(index + 1)
    found = tracker.positions() / scale
    found[0] = points
    return Tracks(
        torch.from_numpy(found.astype(np.float32)), torch.from_numpy(np.stack(visibility))
    )


def _first_of(frames: Iterable[Any]) -> tuple[np.ndarray, Iterator[np.ndarray]]:
    rest = (np.asarray(frame) for frame in frames)
    first = next(rest, None)
    if first is None:
        raise MediaError("The video must have frames; got none. Use another one.")
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
