"""From a video to tracks of a new picture: choose points, track them, retarget their motion."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch

from ...choices import FitMode
from ...errors import MediaError, OptionError
from ...motion.fit import fit_tracks
from ...motion.retime import even_in_time
from ...shapes import Bool, Float
from ...tracking.video import track_video
from ...tracks import Tracks
from ..starts import grid_points
from .queries import check_mask, query_points, start_points
from .retarget import (
    CAMERAS,
    FITS,
    Box,
    camera_motion,
    change_speed,
    mask_box,
    place_tracks,
    scale_motion,
    split_camera,
)

Follow = Callable[[Iterable[Any], np.ndarray], Tracks]
# Points all over the picture that tell how the camera moves, beside those that are asked for.
_CAMERA_POINTS = 240
# How a whole picture is fitted where there is no subject to fit.
_WHOLE: dict[str, FitMode] = {"uniform": "crop", "stretch": "stretch", "none": "pad"}


@dataclass(frozen=True)
class Queries:
    """Which points to track.

    Args:
        count, pattern: as for `query_points`.
        mask: the subject in the video's first frame; None is the whole picture.
        given: tracks whose first positions are used instead of `count`, `pattern` and `mask`.
    """

    count: int = 400
    pattern: str = "features"
    mask: Bool[np.ndarray, "height width"] | None = None
    given: Tracks | None = None


@dataclass(frozen=True)
class Retarget:
    """Options for a video's motion in a new picture.

    Args:
        size: width and height of the new video, px; None keeps the old one's.
        num_frames: of the new video; None keeps the number.
        camera: "keep", "remove" or "only", as for `split_camera`.
        target: the new subject's box, px of the new video; None keeps the motion in its place.
        fit: how the subject's motion is scaled to the target, as for `place_tracks`. Without a
            target, how the picture is fitted: "uniform" crops, "stretch" stretches, "none" pads.
        strength: factor of the displacement from the start; 1 keeps it.
        speed: 2 plays twice as fast.

    Raises:
        OptionError: a number or name out of range.
    """

    size: tuple[int, int] | None = None
    num_frames: int | None = None
    camera: str = "keep"
    target: Box | None = None
    fit: str = "uniform"
    strength: float = 1.0
    speed: float = 1.0

    def __post_init__(self) -> None:
        for name, value, allowed in (("camera", self.camera, CAMERAS), ("fit", self.fit, FITS)):
            if value not in allowed:
                raise OptionError(
                    f"{name} must be one of {', '.join(allowed)}; got {value!r}. Pick one."
                )


def transfer_motion(
    frames: Iterable[Any],
    queries: Queries,
    retarget: Retarget,
    *,
    follow: Follow = track_video,
    times: Sequence[float] = (),
) -> Tracks:
    """Track points through a video and retarget their motion to a new picture.

    Args:
        frames: of the video, uint8 RGB, one after the other.
        queries: which points.
        retarget: what to make of their motion.
        follow: the tracker.
        times: time stamp of each frame, seconds; may be filled while frames are read. If they are
            uneven, the motion is resampled to even times.

    Returns:
        Tracks in pixels of the new video.

    Raises:
        WanMoveError: inputs that do not fit together.
    """
    first, rest = _peek(frames)
    height, width = first.shape[:2]
    if queries.mask is not None:
        check_mask(queries.mask, width, height)
    if queries.given is not None:
        points = start_points(queries.given, (width, height))
    else:
        points = query_points(first, queries.count, pattern=queries.pattern, mask=queries.mask)
    asked = len(points)
    if retarget.camera != "keep":
        points = np.concatenate([points, grid_points(width, height, _CAMERA_POINTS)])
    tracks = even_in_time(follow(chain([first], rest), points), times)
    source = _source_box(queries.mask, points[:asked])
    if retarget.camera != "keep":
        camera = camera_motion(tracks, _background(points, queries.mask))
        tracks = split_camera(tracks, camera, retarget.camera)
    kept = Tracks(tracks.positions[:, :asked], tracks.visibility[:, :asked], (width, height))
    return _retargeted(kept, source, (width, height), retarget)


def _retargeted(
    tracks: Tracks, source: Box, video_size: tuple[int, int], retarget: Retarget
) -> Tracks:
    size = retarget.size or video_size
    if retarget.target is not None:
        tracks = place_tracks(tracks, source, retarget.target, fit=retarget.fit)
    else:
        tracks = fit_tracks(tracks, video_size, size, mode=_WHOLE[retarget.fit])
    tracks = scale_motion(tracks, retarget.strength)
    tracks = change_speed(tracks, retarget.speed, retarget.num_frames)
    x, y = tracks.positions.unbind(-1)
    inside = (x >= 0) & (y >= 0) & (x <= size[0]) & (y <= size[1])
    return Tracks(tracks.positions.float(), tracks.visibility & inside, size)


def _background(
    points: Float[np.ndarray, "points 2"], mask: np.ndarray | None
) -> Bool[np.ndarray, " points"]:
    if mask is None:
        return np.ones(len(points), dtype=bool)
    height, width = mask.shape
    x, y = points.T
    return ~mask[np.clip(y, 0, height - 1).astype(int), np.clip(x, 0, width - 1).astype(int)]


def _source_box(mask: np.ndarray | None, points: np.ndarray) -> Box:
    if mask is not None:
        return mask_box(mask)
    low, high = points.min(0), points.max(0)
    # One point, or a row of them, has no extent of its own.
    return Box(*map(float, (*(low - 0.5), *(high + 0.5))))


def _peek(frames: Iterable[Any]) -> tuple[np.ndarray, Iterator[Any]]:
    rest = iter(frames)
    first = next(rest, None)
    if first is None:
        raise MediaError("The video must have frames; got none. Use another one.")
    picture: np.ndarray = first.numpy() if isinstance(first, torch.Tensor) else first
    return picture, rest
