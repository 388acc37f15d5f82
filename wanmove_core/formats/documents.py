"""Smaller documents: starsFriday's strokes and SA-Nodes-QQ's coord_out."""

import logging
from typing import Any

import numpy as np

from ..motion.curves import sample_curve
from .checks import MAX_FRAMES, check_count, check_list, check_size
from .content import Content, RawTrack, ReadOptions, hidden_pairs
from .coordinates import parse_points, track_lists, unwrap_text
from .kling import by_index
from .splines import check_drawn, frame_count, parse_knots

_log = logging.getLogger("wanmove")


def parse_strokes(value: Any, name: str, options: ReadOptions) -> Content:
    """Read path_json of ComfyUI-WanMove-Trajectory: strokes in 0..1 of the picture.

    The embedded reference image is ignored. Points move at even speed along each stroke.

    Raises:
        TrackFormatError: names the stroke and point.

    Source: starsFriday/ComfyUI-WanMove-Trajectory trajectory_node.py. Differs: 1.0 is the
        picture's edge (width), where the node takes width - 1; nothing is clipped or rounded.
    """
    strokes = check_list(value["strokes"], f"{name}: strokes")
    frames = frame_count(options)
    drawn = [s.get("points") if isinstance(s, dict) else s for s in strokes]
    check_drawn(name, frames, drawn)
    size = None
    declared = value.get("reference_size")
    if isinstance(declared, dict):
        size = check_size(declared.get("width"), declared.get("height"), f"{name}: reference_size")
    progress = np.linspace(0, 1, frames)
    tracks = []
    for index, points in enumerate(drawn):
        knots = parse_knots(points, f"{name}: track {index}")
        tracks.append(RawTrack(sample_curve(knots, progress), np.ones(frames, dtype=bool)))
    return Content(tracks, "strokes", canvas_size=size, normalized=True)


def parse_qq(value: Any, name: str, options: ReadOptions) -> Content:
    """Read coord_out of SA-Nodes-QQ: paths with pauses before and after, and still points.

    Points of a path are evenly spaced in time. Offsets, drivers and easings are not applied; if a
    document uses them, a warning is logged.

    Raises:
        TrackFormatError: names the path and point.

    Source: siraxe/ComfyUI-SA-Nodes-QQ, the dict that its Power Spline Editor puts out.
    """
    frames = frame_count(options)
    moving = _lists(value.get("coordinates"), f"{name}: coordinates")
    still = _lists(value.get("p_coordinates"), f"{name}: p_coordinates")
    check_drawn(name, frames, [*moving, *still], len(moving) + sum(len(group) for group in still))
    tracks = []
    for index, points in enumerate(moving):
        subject = f"{name}: track {index}"
        before = _pause(value.get("start_p_frames"), index, f"{subject}: start_p_frames")
        after = _pause(value.get("end_p_frames"), index, f"{subject}: end_p_frames")
        tracks.append(_paused(parse_points(points, subject), before, after, frames))
    for group, points in enumerate(still):
        for index, point in enumerate(points):
            anchor = parse_points([point], f"{name}: p_coordinates {group}, point {index}")
            tracks.append(RawTrack(np.repeat(anchor.points, frames, axis=0)))
    unused = [key for key in ("offsets", "drivers", "easing_functions") if _used(value.get(key))]
    if unused:
        _log.warning("%s: %s are not applied; the points are.", name, " and ".join(unused))
    width, height = value["coord_width"], value["coord_height"]
    if (width, height) == (1, 1):
        return Content(tracks, "qq", normalized=True)
    return Content(tracks, "qq", canvas_size=check_size(width, height, f"{name}: coord"))


def _lists(value: Any, name: str) -> list[Any]:
    value = unwrap_text(value, name)
    return track_lists(value, name) if value else []


def _paused(track: RawTrack, before: int, after: int, frames: int) -> RawTrack:
    """A path over `frames`, its first and last point held for some of them."""
    before = min(before, frames - 1)
    moving = max(frames - before - after, 1)
    points = track.points[~(np.isnan(track.points).any(axis=1) | hidden_pairs(track.points))]
    if not len(points):
        return RawTrack(np.full((frames, 2), np.nan))
    inner = by_index(points, moving)
    place = np.clip(np.arange(frames) - before, 0, moving - 1)
    return RawTrack(inner[place], np.ones(frames, dtype=bool))


def _pause(value: Any, index: int, subject: str) -> int:
    """Frames of pause for one path: a number, a list of one per path, or {"c": that list}."""
    if isinstance(value, dict):
        value = value.get("c", 0)
    if isinstance(value, list):
        value = value[index] if index < len(value) else 0
    return check_count(0 if value is None else value, subject, 0, MAX_FRAMES)


def _used(value: Any) -> bool:
    """Whether a setting says anything other than none, zero or linear."""
    if isinstance(value, dict):
        return any(_used(item) for item in value.values())
    if isinstance(value, list):
        return any(_used(item) for item in value)
    return value not in (None, 0, "", "linear", "none")


def is_strokes(value: Any) -> bool:
    """Whether a value is of this format."""
    return isinstance(value, dict) and "strokes" in value


def is_qq(value: Any) -> bool:
    """Whether a value is of this format."""
    return isinstance(value, dict) and {"coordinates", "coord_width", "coord_height"} <= set(value)
