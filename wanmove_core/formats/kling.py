"""Kling: the motion brush of its API, `dynamic_masks` with their trajectories.

Source: Kling AI API, "Image to Video", dynamic_masks; as ComfyUI has it from Kling's OpenAPI
    file: comfy_api_nodes/apis/__init__.py:1161 and :5028 @ComfyUI 0.18.1: integers, "Based on
    bottom-left corner of image as origin (0,0)", up to 6 masks, 77 coordinates for 5 seconds.
"""

import json
import logging
from typing import Any

import numpy as np

from ..errors import OptionError
from ..family import Size
from ..motion.retime import resample_tracks
from ..tracks import Tracks
from .checks import check_list, refusal, shown
from .content import Content, RawTrack, ReadOptions
from .samples import height_of, keyed, picture_size
from .splines import check_drawn, frame_count, parse_knots

_log = logging.getLogger("wanmove")

_MAX_MASKS = 6
_MAX_POINTS = 77


def parse_kling(value: Any, name: str, options: ReadOptions) -> Content:
    """Read the trajectories of dynamic_masks; masks are not read.

    Points are evenly spaced in time, whatever their number. The input image's size is needed,
    because y counts from its bottom.

    Raises:
        TrackFormatError: no size given, or names the mask and point.
    """
    size = picture_size(options, name, "Kling")
    height = height_of(size, options)
    masks = check_list(value["dynamic_masks"], f"{name}: dynamic_masks")
    frames = frame_count(options)
    check_drawn(name, frames, [m.get("trajectories") for m in masks if isinstance(m, dict)])
    tracks = []
    for index, mask in enumerate(masks):
        subject = f"{name}: track {index}"
        if not isinstance(mask, dict) or "trajectories" not in mask:
            raise refusal(subject, "be an object with trajectories", shown(mask), "Add them")
        knots = parse_knots(mask["trajectories"], subject) * [1, -1] + [0, height]
        tracks.append(RawTrack(by_index(knots, frames), np.ones(frames, dtype=bool)))
    return Content(tracks, "kling", canvas_size=size)


def write_kling(tracks: Tracks, size: Size, _fps: float) -> str:
    """Write `dynamic_masks` of a request: integer pixels, at most 77 points per track.

    `mask` is left empty: it is a picture of what moves, which tracks do not have. A trajectory
    spans the whole clip: hidden points are interpolated linearly between visible ones.

    Raises:
        OptionError: more than 6 tracks, one that is never visible, or a single frame.
    """
    if tracks.num_points > _MAX_MASKS:
        raise OptionError(
            f"tracks must be at most {_MAX_MASKS} for Kling; got {tracks.num_points}. "
            "Keep one for each thing that moves."
        )
    if tracks.num_frames > _MAX_POINTS:
        tracks = resample_tracks(tracks, _MAX_POINTS)
    positions = tracks.positions.detach().cpu().double().numpy()
    visible = tracks.visibility.cpu().numpy()
    if not visible.all():
        _log.warning("Kling has no visibility: %d hidden points are filled in.", (~visible).sum())
    frames = np.arange(tracks.num_frames, dtype=np.float64)
    masks = []
    for track in range(tracks.num_points):
        seen = visible[:, track]
        if not seen.any() or len(frames) < 2:
            raise OptionError(
                f"track {track} must have 2 frames and be visible for Kling; got "
                f"{len(frames)}, visible in {int(seen.sum())}. Leave it out."
            )
        points = keyed(frames[seen], positions[seen, track], frames)
        whole = np.rint(points * [1, -1] + [0, size[1]]).astype(int).tolist()
        masks.append({"mask": "", "trajectories": [{"x": x, "y": y} for x, y in whole]})
    return json.dumps({"dynamic_masks": masks}, indent=1) + "\n"


def by_index(points: np.ndarray, frames: int) -> np.ndarray:
    """Spread points evenly over time, with linear interpolation."""
    place = np.linspace(0, len(points) - 1, frames)
    known = np.arange(len(points))
    return np.stack([np.interp(place, known, points[:, axis]) for axis in (0, 1)], axis=1)


def is_kling(value: Any) -> bool:
    """Whether a value is of this format."""
    return isinstance(value, dict) and "dynamic_masks" in value
