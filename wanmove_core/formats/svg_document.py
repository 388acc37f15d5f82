"""Drawn paths of an SVG picture as editor tracks, with their Bezier handles."""

from typing import Any

import numpy as np

from ..document.schema import MAX_KNOTS, MAX_TRACKS
from ..errors import TrackFormatError
from .svg import SvgPath, SvgPicture

Knot = dict[str, Any]
# A cubic whose handles lie this close to the thirds of its chord is a straight line.
_STRAIGHT = 1e-6


def svg_tracks(picture: SvgPicture, name: str, size: tuple[int, int]) -> list[dict[str, Any]]:
    """Turn the drawn paths of a picture into tracks of an editor document, without ids.

    Args:
        picture: of drawn paths; those that state their frames are not curves to edit.
        name: what messages call it.
        size: (width, height) of the canvas, which a picture with a size is stretched to.

    Returns:
        One for each subpath: a polyline where it has no curves, else a Bezier.

    Raises:
        TrackFormatError: more paths or points than an editor holds.
    """
    if len(picture.paths) > MAX_TRACKS:
        raise TrackFormatError(
            f"{name} must have at most {MAX_TRACKS} paths to be edited; got "
            f"{len(picture.paths)}. Remove what is not motion."
        )
    scale = np.ones(2) if picture.size is None else np.array(size) / picture.size
    return [
        _track(path, f"{name}: track {number}", path.segments * scale, number)
        for number, path in enumerate(picture.paths)
    ]


def _track(path: SvgPath, subject: str, segments: np.ndarray, number: int) -> dict[str, Any]:
    if len(segments) >= MAX_KNOTS:
        raise TrackFormatError(
            f"{subject} must have at most {MAX_KNOTS} points to be edited; got "
            f"{len(segments) + 1}. Simplify the path."
        )
    start, end = segments[:, 0], segments[:, 3]
    leaving, arriving = segments[:, 1] - start, segments[:, 2] - end
    third = (end - start) / 3
    away = max(np.abs(leaving - third).max(), np.abs(arriving + third).max())
    knots: list[Knot] = [{"x": x, "y": y} for x, y in [*start.tolist(), end[-1].tolist()]]
    curved = bool(away > _STRAIGHT * max(np.abs(third).max(), 1.0))
    if curved:
        for knot, handle in zip(knots, leaving.tolist(), strict=False):
            knot["out"] = handle
        for knot, handle in zip(knots[1:], arriving.tolist(), strict=True):
            knot["in"] = handle
    track = {
        "name": path.name or f"Path {number + 1}",
        "curve": "bezier" if curved else "polyline",
        "knots": knots,
    }
    return track | ({"color": path.color} if path.color else {})
