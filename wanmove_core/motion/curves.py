"""Curves: from knots to positions, by arc length or by parameter, and easing of time.

Every kind of curve becomes cubic Bezier segments first, so one sampler serves them all.
Everything here is float64 numpy: knots are few, and the editor's JavaScript computes the same.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import OptionError
from ..shapes import Float

# A smooth cubic in 64 chords keeps its length to about 1e-4. Curves of very many segments get
# fewer chords each, so that the polyline stays bounded.
_CHORDS_PER_SEGMENT = 64
_MAX_CHORDS = 2**18
_STEEPEST_SLOPE = 1e12


def _chords(knots: np.ndarray) -> np.ndarray:
    """Straight segments, as cubics with their control points at one and two thirds."""
    start, end = knots[:-1], knots[1:]
    return np.stack([start, start + (end - start) / 3, end - (end - start) / 3, end], axis=1)


def _from_offsets(knots: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Cubics whose control points lie `offsets` after the start and before the end knot."""
    start, end = knots[:-1], knots[1:]
    return np.stack([start, start + offsets[:-1], end - offsets[1:], end], axis=1)


def _neighbour_difference(knots: np.ndarray) -> np.ndarray:
    """next - previous knot; the ends count as their own neighbours."""
    padded = np.concatenate([knots[:1], knots, knots[-1:]])
    return padded[2:] - padded[:-2]


def _cardinal(knots: np.ndarray, tension: float) -> np.ndarray:
    return _from_offsets(knots, _neighbour_difference(knots) * (1 - tension) / 6)


def _protovis_cardinal(knots: np.ndarray, tension: float) -> np.ndarray:
    """The cardinal spline of protovis, d3 version 3 and KJNodes: 3 times the usual tangent.

    Its first and last segments are quadratics, raised to cubics here.
    """
    offsets = _neighbour_difference(knots) * (1 - tension) / 2
    segments = _from_offsets(knots, offsets)
    for index, knot, control in ((0, 1, -offsets[1]), (-1, -2, offsets[-2])):
        quadratic = knots[knot] + control * 2 / 3
        start, end = segments[index, 0], segments[index, 3]
        segments[index, 1] = start + (quadratic - start) * 2 / 3
        segments[index, 2] = end + (quadratic - end) * 2 / 3
    return segments


def _centripetal(knots: np.ndarray, _tension: float) -> np.ndarray:
    """Catmull-Rom with knot spacing |p - q| ** 0.5: no cusps or loops within a segment.

    Source: Yuksel, Schaefer, Keyser, "Parameterization and applications of Catmull-Rom
        curves", Computer-Aided Design 43 (2011), section 4; converted to Bezier form.
    """
    padded = np.concatenate([knots[:1], knots, knots[-1:]])
    p0, p1, p2, p3 = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    before, here, after = (
        np.sqrt(np.linalg.norm(q - p, axis=1, keepdims=True))
        for p, q in ((p0, p1), (p1, p2), (p2, p3))
    )

    def control(near: np.ndarray, far: np.ndarray, beyond: np.ndarray, d: np.ndarray) -> np.ndarray:
        weight = 3 * d * (d + here)
        numerator = d**2 * far - here**2 * beyond + (2 * d**2 + 3 * d * here + here**2) * near
        return np.where(weight > 0, numerator / np.where(weight > 0, weight, 1), near)

    return np.stack([p1, control(p1, p2, p0, before), control(p2, p1, p3, after), p2], axis=1)


def _monotone(knots: np.ndarray, _tension: float) -> np.ndarray:
    """Fritsch-Carlson in y over x: no overshoot in y where the knots are monotone.

    Source: Fritsch and Carlson, SIAM J. Numer. Anal. 17 (1980); control points as in protovis.
    """
    step = np.diff(knots, axis=0)
    flat = np.where(step[:, 0] == 0, np.sign(step[:, 1]) / _STEEPEST_SLOPE, step[:, 0])
    rise = np.divide(step[:, 1], flat, out=np.zeros(len(step)), where=step[:, 1] != 0)
    slope = np.concatenate([rise[:1], (rise[:-1] + rise[1:]) / 2, rise[-1:]])
    width = np.concatenate([step[:1, 0], (knots[2:, 0] - knots[:-2, 0]) / 2, step[-1:, 0]])
    for i, secant in enumerate(rise):
        if abs(secant) < 1e-7:
            slope[i] = slope[i + 1] = 0.0
    for i, secant in enumerate(rise):
        if abs(slope[i]) >= 1e-5 and abs(slope[i + 1]) >= 1e-5:
            alpha, beta = slope[i] / secant, slope[i + 1] / secant
            if alpha**2 + beta**2 > 9:
                shrink = 3 / np.hypot(alpha, beta)
                slope[i], slope[i + 1] = shrink * alpha * secant, shrink * beta * secant
    run = width / 3 / (1 + slope**2)
    return _from_offsets(knots, np.stack([run, slope * run], axis=1))


def _basis(knots: np.ndarray, _tension: float) -> np.ndarray:
    """Uniform cubic B-spline that starts and ends on the end knots."""
    padded = np.concatenate([knots[:1], knots[:1], knots, knots[-1:], knots[-1:]])
    p0, p1, p2, p3 = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    start, end = (p0 + 4 * p1 + p2) / 6, (p1 + 4 * p2 + p3) / 6
    return np.stack([start, (2 * p1 + p2) / 3, (p1 + 2 * p2) / 3, end], axis=1)


def _steps(knots: np.ndarray, corners: np.ndarray) -> np.ndarray:
    corner_path = np.empty((2 * len(knots) - 1, 2))
    corner_path[::2], corner_path[1::2] = knots, corners
    return _chords(corner_path)


def _step_before(knots: np.ndarray, _tension: float) -> np.ndarray:
    return _steps(knots, np.stack([knots[:-1, 0], knots[1:, 1]], axis=1))


def _step_after(knots: np.ndarray, _tension: float) -> np.ndarray:
    return _steps(knots, np.stack([knots[1:, 0], knots[:-1, 1]], axis=1))


_KINDS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "linear": lambda knots, _: _chords(knots),
    "cardinal": _cardinal,
    "protovis-cardinal": _protovis_cardinal,
    "centripetal": _centripetal,
    "monotone": _monotone,
    "basis": _basis,
    "step-before": _step_before,
    "step-after": _step_after,
}
CURVE_KINDS = (*_KINDS, "bezier")


def bezier_segments(
    knots: Float[np.ndarray, "knots 2"],
    kind: str = "linear",
    *,
    tension: float = 0.0,
    handles: Float[np.ndarray, "knots 2 2"] | None = None,
) -> Float[np.ndarray, "segments 4 2"]:
    """Turn knots into the cubic Bezier segments of a curve.

    Args:
        knots: (x, y), at least two, finite.
        kind: one of CURVE_KINDS. "cardinal" at tension 0 is the uniform Catmull-Rom spline.
            Two knots always make a straight line, except for steps and "bezier".
        tension: 0 rounds a cardinal curve most, 1 makes it straight.
        handles: for "bezier" only: (arriving, leaving) control point of every knot.

    Returns:
        Segments in order, each (start, control, control, end). "basis" passes near the inner
        knots, not through them, and the steps have two segments for each pair of knots.

    Raises:
        OptionError: an unknown kind, fewer than two knots, or "bezier" without handles.

    Source: protovis via KJNodes web/js/editors/interpolation.js @de5e60a for the kinds that
        it offers. Differs: a vertical step in "monotone" is a steep slope, not a NaN.
    """
    if len(knots) < 2:
        raise OptionError(
            f"knots must number at least 2 to make a curve; got {len(knots)}. "
            "Repeat a single point for every frame instead."
        )
    if kind == "bezier":
        if handles is None:
            raise OptionError("handles must be given for a bezier curve; got None. Pass them.")
        return np.stack([knots[:-1], handles[:-1, 1], handles[1:, 0], knots[1:]], axis=1)
    if kind not in _KINDS:
        raise OptionError(f"kind must be one of {', '.join(CURVE_KINDS)}; got {kind!r}. Pick one.")
    if len(knots) == 2 and not kind.startswith("step"):
        return _chords(knots)
    return _KINDS[kind](knots, tension)


def evaluate_segments(
    segments: Float[np.ndarray, "segments 4 2"], parameter: Float[np.ndarray, " samples"]
) -> Float[np.ndarray, "samples 2"]:
    """Evaluate the curve where each segment takes an equal share of `parameter` 0..1.

    Not by arc length: short segments pass slowly. This is how LTX samples its splines.
    """
    place = np.clip(parameter, 0.0, 1.0) * len(segments)
    index = np.minimum(place.astype(np.int64), len(segments) - 1)
    t = (place - index)[:, None]
    a, b, c, d = segments[index].transpose(1, 0, 2)
    return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d


def flatten_segments(
    segments: Float[np.ndarray, "segments 4 2"], chords: int | None = None
) -> Float[np.ndarray, "vertices 2"]:
    """Turn segments into a polyline of `chords` chords each; segment ends stay exact."""
    if chords is None:
        chords = min(max(_MAX_CHORDS // len(segments), 4), _CHORDS_PER_SEGMENT)
    parameter = np.linspace(0.0, 1.0, len(segments) * chords + 1)
    polyline = evaluate_segments(segments, parameter)
    polyline[::chords] = np.concatenate([segments[:, 0], segments[-1:, 3]])
    return polyline


def sample_polyline(
    polyline: Float[np.ndarray, "vertices 2"], progress: Float[np.ndarray, " samples"]
) -> Float[np.ndarray, "samples 2"]:
    """Walk a polyline by arc length: progress 0 is its start, 1 its end.

    Below 0 and above 1 the first and last chords are continued, so an easing may overshoot. A
    polyline without length stays on its first vertex.
    """
    step = np.diff(polyline, axis=0)
    length = np.linalg.norm(step, axis=1)
    moving = length > 0
    if not moving.any():
        return np.repeat(polyline[:1], len(progress), axis=0)
    # Doubled vertices have no direction; without them every chord has one.
    step, length, start = step[moving], length[moving], polyline[:-1][moving]
    reached = np.concatenate([[0.0], np.cumsum(length)])
    target = progress * reached[-1]
    index = np.clip(np.searchsorted(reached, target, side="right") - 1, 0, len(length) - 1)
    share = (target - reached[index]) / length[index]
    return start[index] + share[:, None] * step[index]


def sample_curve(
    knots: Float[np.ndarray, "knots 2"],
    progress: Float[np.ndarray, " samples"],
    *,
    kind: str = "linear",
    tension: float = 0.0,
    handles: Float[np.ndarray, "knots 2 2"] | None = None,
) -> Float[np.ndarray, "samples 2"]:
    """Sample positions along a curve by shares of its arc length.

    Args:
        knots: (x, y), at least one; a single knot gives a still point.
        progress: share of the arc length, 0..1; beyond it the curve continues straight.
        kind, tension, handles: as for `bezier_segments`.

    Returns:
        (x, y) of every sample, in the unit of the knots.

    Raises:
        OptionError: as `bezier_segments`.
    """
    if len(knots) == 1:
        return np.repeat(knots, len(progress), axis=0)
    if kind == "linear":
        return sample_polyline(knots, progress)
    segments = bezier_segments(knots, kind, tension=tension, handles=handles)
    return sample_polyline(flatten_segments(segments), progress)


def ease_cubic_bezier(
    time: Float[np.ndarray, " samples"], points: tuple[Any, Any, Any, Any, Any, Any]
) -> Float[np.ndarray, " samples"]:
    """Map time 0..1 to progress by a cubic Bezier easing curve, as CSS does.

    Args:
        time: 0..1.
        points: y0, x1, y1, x2, y2, y3: the curve goes from (0, y0) over the control points
            (x1, y1), (x2, y2) to (1, y3). CSS fixes y0 = 0 and y3 = 1; other values reverse,
            bounce or overshoot. x1 and x2 are clamped to 0..1, so time never runs back.
            Numbers, or arrays [samples] of a curve for each sample.

    Returns:
        Progress; may leave 0..1.

    Source: brbbbq/ComfyUI-WanMove-Path-Animator nodes/WanMove_PathAnimator.py @f08bb0a.
        Differs: 60 bisections instead of 20, so that float64 is exact.
    """
    y0, x1, y1, x2, y2, y3 = points
    x1, x2 = np.clip(x1, 0.0, 1.0), np.clip(x2, 0.0, 1.0)
    low, high = np.zeros_like(time), np.ones_like(time)
    for _ in range(60):
        middle = (low + high) / 2
        x = 3 * (1 - middle) ** 2 * middle * x1 + 3 * (1 - middle) * middle**2 * x2 + middle**3
        low, high = np.where(x < time, middle, low), np.where(x < time, high, middle)
    t = (low + high) / 2
    t = np.where(time <= 0, 0.0, np.where(time >= 1, 1.0, t))
    return (1 - t) ** 3 * y0 + 3 * (1 - t) ** 2 * t * y1 + 3 * (1 - t) * t**2 * y2 + t**3 * y3
