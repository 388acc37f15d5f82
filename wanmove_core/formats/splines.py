"""Editor documents of KJNodes and LTXVideo: knots of splines, sampled here at any length."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..motion.curves import bezier_segments, evaluate_segments, sample_curve
from .checks import MAX_TEXT_POINTS, check_list, check_number, check_points, refusal, shown
from .content import DEFAULT_FRAMES, Content, RawTrack, ReadOptions
from .coordinates import parse_coordinates, parse_points, unwrap_text, wrapped_size

# For a whole document: what can be sampled in about a second. An editor has far fewer.
MAX_KNOTS = 100_000
MAX_DRAWN_TRACKS = 10_000
# The node's own defaults; a bare points_store does not carry its widgets.
_KJ_INTERPOLATION, _KJ_TENSION = "cardinal", 0.5
_KJ_KINDS = {
    "cardinal": "protovis-cardinal",
    "monotone": "monotone",
    "basis": "basis",
    "linear": "linear",
    "step-before": "step-before",
    "step-after": "step-after",
    "bezier": "bezier",
    # Listed by the node but drawn as straight lines since its rewrite of March 2026.
    "polar": "linear",
    "polar-reverse": "linear",
}


def frame_count(options: ReadOptions, declared: int | None = None) -> int:
    """Return the number of frames to sample an editor document at."""
    return options.num_frames or declared or DEFAULT_FRAMES


def check_drawn(name: str, frames: int, drawn: Sequence[Any], tracks: int | None = None) -> None:
    """Refuse a document whose sampling would take too long, before any of it is sampled.

    Args:
        name: of the file.
        frames: that each track will have.
        drawn: the untrusted list of knots of every path.
        tracks: number of tracks, if one path makes several.
    """
    count = len(drawn) if tracks is None else tracks
    check_points(name, frames, count, MAX_TEXT_POINTS)
    knots = sum(len(points) for points in drawn if isinstance(points, list))
    if count > MAX_DRAWN_TRACKS or knots > MAX_KNOTS:
        raise refusal(
            name,
            f"draw at most {MAX_DRAWN_TRACKS} tracks with {MAX_KNOTS} points in all",
            f"{count} tracks with {knots} points",
            "Export sampled tracks as .npy instead",
        )


def parse_knots(points: Any, subject: str) -> np.ndarray:
    """The knots of one drawn path, float64 [knots, 2]; at least one, none hidden."""
    knots = parse_points(check_list(points, f"{subject}: points"), subject, "point").points
    if np.isnan(knots).any():
        index = int(np.isnan(knots).any(axis=1).argmax())
        raise refusal(
            f"{subject}, point {index}", "have a position", "null", "Remove it from the path"
        )
    return knots


def parse_kj_points(value: Any, name: str, options: ReadOptions) -> Content:
    """Read KJNodes' points_store: every spline runs once, at even speed along its length.

    Args:
        value: the list of splines, a bare list of knots (legacy), or an object with the node's
            inputs, which adds interpolation, tension and size; its sampled `coordinates`, when
            it has them, are read instead.

    Raises:
        TrackFormatError: names the spline and knot.

    Source: kijai/ComfyUI-KJNodes web/js/editors/spline_editor_canvas.js @09439ef. Differs:
        always sampled by arc length (its default samples y as a function of x, which fails for
        vertical or looping paths) and never rounded.
    """
    kind, tension, canvas = _KJ_INTERPOLATION, _KJ_TENSION, None
    if isinstance(value, dict):
        if unwrap_text(value.get("coordinates") or [], f"{name}: coordinates"):
            return parse_coordinates(value, name, options)
        canvas = wrapped_size(value, name)
        kind = value.get("interpolation", kind)
        tension = check_number(value.get("tension", tension), f"{name}: tension", -10, 10)
        value, name = unwrap_text(value["points_store"], name), f"{name}: points_store"
    splines = check_list(value, name)
    if isinstance(splines[0], list):
        return parse_ltx_points(splines, name, options)
    if not (isinstance(splines[0], dict) and "points" in splines[0]):
        splines = [{"points": splines}]
    frames = frame_count(options)
    check_drawn(name, frames, [s.get("points") for s in splines if isinstance(s, dict)])
    tracks = [
        _kj_spline(spline, f"{name}: track {i}", (kind, tension), frames)
        for i, spline in enumerate(splines)
    ]
    return Content(tracks, "kj-points", canvas_size=canvas)


def _kj_spline(spline: Any, subject: str, curve: tuple[Any, float], frames: int) -> RawTrack:
    if not isinstance(spline, dict):
        raise refusal(subject, 'be an object with "points"', shown(spline), "Export it again")
    points = check_list(spline.get("points"), f"{subject}: points")
    knots = parse_knots(points, subject)
    if spline.get("isSinglePoint") is True:
        knots = knots[:1]
    interpolation, tension = curve
    handles = _handles(points, knots, subject) if len(knots) > 1 else None
    kind = _KJ_KINDS.get(interpolation) if isinstance(interpolation, str) else None
    if kind is None:
        raise refusal(
            f"{subject}: interpolation", f"be one of {', '.join(_KJ_KINDS)}", shown(interpolation),
            "Pick another in the editor",
        )  # fmt: skip
    # The widget is not stored; handles are there only after its bezier mode was used.
    if handles is not None and interpolation == _KJ_INTERPOLATION:
        kind = "bezier"
    if kind == "bezier" and handles is None and len(knots) > 1:
        handles = _default_handles(knots)
    samples = sample_curve(
        knots, np.linspace(0, 1, frames), kind=kind, tension=tension, handles=handles
    )
    return _labelled(spline, samples)


def _handles(points: Sequence[Any], knots: np.ndarray, subject: str) -> np.ndarray | None:
    """(arriving, leaving) control points where the document has them, else the default."""
    if not any(isinstance(point, dict) and "h1x" in point for point in points):
        return None
    handles = _default_handles(knots)
    for index, point in enumerate(points):
        for side, (x, y) in enumerate((("h1x", "h1y"), ("h2x", "h2y"))):
            if isinstance(point, dict) and x in point and y in point:
                where = f"{subject}, point {index}"
                handles[index, side] = (
                    check_number(point[x], f"{where}: {x}", -1e6, 1e6),
                    check_number(point[y], f"{where}: {y}", -1e6, 1e6),
                )
    return handles


def _default_handles(knots: np.ndarray) -> np.ndarray:
    padded = np.concatenate([knots[:1], knots, knots[-1:]])
    reach = (padded[2:] - padded[:-2]) / 4
    return np.stack([knots - reach, knots + reach], axis=1)


def parse_ltx_points(value: Any, name: str, options: ReadOptions) -> Content:
    """Read LTXVideo's points_store: lists of knots, one Catmull-Rom spline each.

    Samples are even in the spline's parameter, as the node makes them: between knots that lie
    close a point moves slowly.

    Raises:
        TrackFormatError: names the track and knot.

    Source: Lightricks/ComfyUI-LTXVideo sparse_tracks.py `_interpolate_spline`. Differs: not
        rounded to integers.
    """
    splines = check_list(unwrap_text(value, name), name)
    frames = frame_count(options)
    check_drawn(name, frames, splines)
    progress = np.linspace(0, 1, frames)
    tracks = []
    for index, points in enumerate(splines):
        knots = parse_knots(points, f"{name}: track {index}")
        if len(knots) == 1:
            samples = np.repeat(knots, frames, axis=0)
        else:
            samples = evaluate_segments(bezier_segments(knots, "cardinal"), progress)
        tracks.append(RawTrack(samples, np.ones(frames, dtype=bool)))
    return Content(tracks, "ltx-points")


def _labelled(source: Mapping[str, Any], samples: np.ndarray) -> RawTrack:
    return labelled(source, samples, np.ones(len(samples), dtype=bool))


def labelled(source: Mapping[str, Any], samples: np.ndarray, visible: np.ndarray) -> RawTrack:
    """A track with the name and colour that its document gives it, where they are text."""
    name, color = source.get("name"), source.get("color")
    return RawTrack(
        samples,
        visible,
        name=name if isinstance(name, str) else "",
        color=color if isinstance(color, str) else "",
    )


def is_kj_splines(value: Any) -> bool:
    """Tell whether a value is certainly KJNodes' splines."""
    if isinstance(value, dict):
        return "points_store" in value
    return is_list(value) and bool(value) and isinstance(value[0], dict) and "points" in value[0]


def is_kj_points(value: Any) -> bool:
    """Whether a value may be KJNodes' splines: a bare list of knots looks like coordinates."""
    return is_list(value) or is_kj_splines(value)


def is_list(value: Any) -> bool:
    """Whether a value is a list, as that of LTXVideo's knots is."""
    return isinstance(value, list)
