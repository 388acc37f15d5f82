"""`paths_data` of WanMove Path Animator and of its relatives FL and PIXFL Path Animator."""

from typing import Any

import numpy as np

from ..motion.curves import ease_cubic_bezier, sample_polyline
from .checks import check_count, check_list, check_number, check_size, refusal, shown
from .content import Content, RawTrack, ReadOptions
from .splines import check_drawn, frame_count, labelled, parse_knots

_LINEAR = (0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
_DEFAULT_SPREAD = 1.5
_EASINGS = {
    "linear": lambda t: t,
    "ease-in": lambda t: t * t,
    "ease-out": lambda t: t * (2 - t),
    "ease-in-out": lambda t: np.where(t < 0.5, 2 * t * t, -1 + (4 - 2 * t) * t),
}


def parse_path_animator(value: Any, name: str, options: ReadOptions) -> Content:
    """Read a paths_data document: each path has its own time window, easing and parallels.

    Args:
        value: {"paths": [...], "canvas_size": {"width", "height"}}.

    Raises:
        TrackFormatError: names the path and what is wrong with it.

    Source: brbbbq/ComfyUI-WanMove-Path-Animator nodes/WanMove_PathAnimator.py and
        filliptm/ComfyUI_FL-Path-Animator nodes/FL_PathAnimator.py. Differs: positions are not
        rounded; parallels lie across the path, not across the last step, so they do not change
        sides when an easing runs back, nor jump while the point stands still; the spread is
        measured on the editor's canvas.
    """
    paths = check_list(value["paths"], f"{name}: paths")
    canvas = value.get("canvas_size")
    size = None
    if isinstance(canvas, dict):
        size = check_size(canvas.get("width"), canvas.get("height"), f"{name}: canvas_size")
    reference = size or options.canvas_size or options.size
    frames = frame_count(options)
    for index, path in enumerate(paths):
        if not isinstance(path, dict):
            raise refusal(
                f"{name}: track {index}", "be an object with points", shown(path), "Export again"
            )
    copies = [
        1 + check_count(path.get("qty", 0), f"{name}: track {i}: qty", 0, 10**6)
        for i, path in enumerate(paths)
    ]
    check_drawn(name, frames, [path.get("points") for path in paths], sum(copies))
    tracks = []
    for index, (path, count) in enumerate(zip(paths, copies, strict=True)):
        tracks += _parallel_tracks(path, f"{name}: track {index}", frames, count, reference)
    return Content(tracks, "path-animator", canvas_size=size)


def _parallel_tracks(
    path: dict[str, Any],
    subject: str,
    frames: int,
    count: int,
    size: tuple[int, int] | None,
) -> list[RawTrack]:
    """The tracks that one path stands for, `count` of them side by side."""
    knots = parse_knots(path.get("points"), subject)
    if path.get("isSinglePoint") is True:
        knots = knots[:1]
    first, last = _window(path, subject, frames)
    active = last - first + 1
    frame = np.clip(np.arange(frames) - first, 0, active - 1)
    time = frame / max(active - 1, 1)
    progress = _eased(path, subject, time)
    samples = np.repeat(knots, frames, axis=0) if len(knots) == 1 else sample_polyline(
        knots, progress
    )  # fmt: skip
    visible = np.ones(frames, dtype=bool)
    mode = path.get("visibilityMode", "pop")
    if mode not in ("pop", "static"):
        raise refusal(f"{subject}: visibilityMode", "be pop or static", shown(mode), "Change it")
    if mode == "pop":
        visible = (np.arange(frames) >= first) & (np.arange(frames) <= last)
    if count == 1:
        return [labelled(path, samples, visible)]
    if size is None:
        raise refusal(
            f"{subject}: spread", "come with a canvas_size", "none", "Pass size=(width, height)"
        )
    spread = check_number(path.get("spread", _DEFAULT_SPREAD), f"{subject}: spread", -1e4, 1e4)
    gap = spread * 0.01 * sum(size) / 2
    across = _normals(knots, progress, active)
    offsets = (np.arange(count) - (count - 1) / 2) * gap
    return [labelled(path, samples + across * offset, visible) for offset in offsets]


def _window(path: dict[str, Any], subject: str, frames: int) -> tuple[int, int]:
    """First and last frame in which the path's point moves."""
    ends = []
    for key, default in (("startTime", 0.0), ("endTime", 1.0)):
        share = check_number(path.get(key, default), f"{subject}: {key}", -1e3, 1e3)
        ends.append(min(max(round(share * (frames - 1)), 0), frames - 1))
    return min(ends), max(ends)


def _eased(path: dict[str, Any], subject: str, time: np.ndarray) -> np.ndarray:
    points = path.get("bezier_pts")
    if points is None:
        kind = path.get("interpolation", "linear")
        if not isinstance(kind, str) or kind not in _EASINGS:
            raise refusal(
                f"{subject}: interpolation", f"be one of {', '.join(_EASINGS)}", shown(kind),
                "Pick another in the editor",
            )  # fmt: skip
        return np.asarray(_EASINGS[kind](time))
    values = [
        check_number(v, f"{subject}: bezier_pts", -100, 100)
        for v in check_list(points, f"{subject}: bezier_pts")
    ]
    if len(values) == 4:
        values = [0.0, *values, 1.0]
    if len(values) != 6:
        raise refusal(
            f"{subject}: bezier_pts", "be 4 or 6 numbers", f"{len(values)}", "Export it again"
        )
    y0, x1, y1, x2, y2, y3 = values
    if (y0, x1, y1, x2, y2, y3) == _LINEAR:
        return time
    return ease_cubic_bezier(time, (y0, x1, y1, x2, y2, y3))


def _normals(knots: np.ndarray, progress: np.ndarray, active: int) -> np.ndarray:
    """Unit vectors across the path where the point is; (1, 0) for a path without length."""
    if len(knots) == 1 or not (knots != knots[0]).any():
        return np.tile([1.0, 0.0], (len(progress), 1))
    # Half of an evenly timed step to each side: as smooth as the sampled motion itself.
    reach = 0.5 / max(active - 1, 1)
    ahead = sample_polyline(knots, np.minimum(np.clip(progress, 0, 1) + reach, 1))
    behind = sample_polyline(knots, np.maximum(np.clip(progress, 0, 1) - reach, 0))
    along = ahead - behind
    length = np.linalg.norm(along, axis=1, keepdims=True)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.where(length > 0, normal / np.where(length > 0, length, 1), [1.0, 0.0])


def is_path_animator(value: Any) -> bool:
    """Whether a value is of this format."""
    return isinstance(value, dict) and "paths" in value
