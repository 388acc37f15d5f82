"""Smaller documents: starsFriday's strokes, SA-Nodes-QQ's coord_out, Kling's dynamic_masks."""

import logging
from typing import Any

import numpy as np

from ..curves import sample_curve
from .checks import MAX_FRAMES, check_count, check_list, check_size, refusal, shown
from .coordinates import parse_points, track_lists, unwrap_text
from .model import Content, RawTrack, ReadOptions, hidden_pairs
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

    Points of a path are evenly spaced in time. Its offsets, drivers and easings are not applied;
    a log line says so where a document uses them.

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


def parse_kling(value: Any, name: str, options: ReadOptions) -> Content:
    """Read the motion brush of Kling's API: dynamic_masks with their trajectories.

    Points are evenly spaced in time. Kling counts y from the bottom of the input image, so that
    image's size is needed; masks are not read.

    Raises:
        TrackFormatError: no size given, or names the mask and point.
    """
    size = options.canvas_size or options.size
    if size is None:
        raise refusal(
            name,
            "come with the input image's size, since Kling counts y from its bottom",
            "none",
            "Pass canvas_size=(width, height)",
        )
    masks = check_list(value["dynamic_masks"], f"{name}: dynamic_masks")
    frames = frame_count(options)
    check_drawn(name, frames, [m.get("trajectories") for m in masks if isinstance(m, dict)])
    tracks = []
    for index, mask in enumerate(masks):
        subject = f"{name}: track {index}"
        if not isinstance(mask, dict) or "trajectories" not in mask:
            raise refusal(subject, "be an object with trajectories", shown(mask), "Add them")
        knots = parse_knots(mask["trajectories"], subject) * [1, -1] + [0, size[1]]
        tracks.append(RawTrack(_by_index(knots, frames), np.ones(frames, dtype=bool)))
    return Content(tracks, "kling", canvas_size=size)


def _lists(value: Any, name: str) -> list[Any]:
    value = unwrap_text(value, name)
    return track_lists(value, name) if value else []


def _by_index(points: np.ndarray, frames: int) -> np.ndarray:
    """Points spread evenly over time, straight lines between them."""
    place = np.linspace(0, len(points) - 1, frames)
    known = np.arange(len(points))
    return np.stack([np.interp(place, known, points[:, axis]) for axis in (0, 1)], axis=1)


def _paused(track: RawTrack, before: int, after: int, frames: int) -> RawTrack:
    """A path over `frames`, its first and last point held for some of them."""
    before = min(before, frames - 1)
    moving = max(frames - before - after, 1)
    points = track.points[~(np.isnan(track.points).any(axis=1) | hidden_pairs(track.points))]
    if not len(points):
        return RawTrack(np.full((frames, 2), np.nan))
    inner = _by_index(points, moving)
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
