"""Paths of an SVG picture as editor tracks. Reads `path`, `polyline`, `polygon` and `line`."""

import re
from typing import Any
from xml.etree import ElementTree as xml

from .errors import TrackFormatError

_TOKEN = re.compile(r"([MmLlHhVvCcSsQqTtZzAa])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}
_MAX_PATHS = 4096

Point = tuple[float, float]
Knot = dict[str, Any]


def svg_paths(data: bytes, name: str = "picture") -> list[dict[str, Any]]:
    """Read the paths of an SVG picture; its transforms are not applied.

    Args:
        data: the file.
        name: what messages call it.

    Returns:
        Tracks of an editor document, without ids: one for each subpath with two knots or more.

    Raises:
        TrackFormatError: not SVG, no paths, or elliptical arcs, which editors turn into curves
            on request.
    """
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        raise TrackFormatError(f"{name} must be plain SVG; got a document type. Export plain SVG.")
    try:
        root = xml.fromstring(data)
    except (xml.ParseError, ValueError) as error:
        raise TrackFormatError(
            f"{name} must be SVG; got broken XML ({error}). Export it again."
        ) from error
    tracks: list[dict[str, Any]] = []
    for element in root.iter():
        kind = element.tag.rpartition("}")[2]
        for knots in _SHAPES.get(kind, lambda _element, _name: [])(element, name):
            curve = "bezier" if kind == "path" else "polyline"
            label = element.get("id") or f"Path {len(tracks) + 1}"
            tracks.append({"name": label, "curve": curve, "knots": knots})
    if not tracks or len(tracks) > _MAX_PATHS:
        raise TrackFormatError(
            f"{name} must have 1 to {_MAX_PATHS} paths; got {len(tracks)}. "
            "Draw paths, not shapes or text."
        )
    return tracks


def _line(element: xml.Element, name: str) -> list[list[Knot]]:
    values = [_number(element.get(key, "0"), name) for key in ("x1", "y1", "x2", "y2")]
    return [[{"x": values[0], "y": values[1]}, {"x": values[2], "y": values[3]}]]


def _polyline(element: xml.Element, name: str) -> list[list[Knot]]:
    values = [
        _number(text, name)
        for text in re.split(r"[\s,]+", element.get("points", "").strip())
        if text
    ]
    knots = [{"x": x, "y": y} for x, y in zip(values[::2], values[1::2], strict=False)]
    if element.tag.endswith("polygon"):
        knots += knots[:1]
    return [knots] if len(knots) > 1 else []


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise TrackFormatError(
            f"{name} must have numbers as coordinates; got {text[:20]!r}. Export it again."
        ) from error


def _path(element: xml.Element, name: str) -> list[list[Knot]]:
    pen = _Pen()
    command = ""
    numbers: list[float] = []
    for letter, number in _TOKEN.findall(element.get("d", "")):
        if letter:
            command, numbers = letter, []
            if letter in "Aa":
                raise TrackFormatError(
                    f"{name} must not have elliptical arcs; got one. "
                    "Convert shapes to paths with curves."
                )
        elif command:
            numbers.append(float(number))
        count = _ARGUMENTS.get(command.upper(), 2)
        if command and len(numbers) == count and (letter == "" or count == 0):
            pen.move(command, numbers)
            # Pairs after a move are lines.
            command = {"M": "L", "m": "l"}.get(command, command)
            numbers = []
    return [knots for knots in pen.subpaths if len(knots) > 1]


class _Pen:
    """Follows path commands and leaves Bezier knots."""

    def __init__(self) -> None:
        self.subpaths: list[list[Knot]] = []
        self._x, self._y = 0.0, 0.0
        # The last control point, and of which kind of curve: S and T continue it.
        self._control: tuple[str, Point] = ("", (0.0, 0.0))

    def move(self, command: str, numbers: list[float]) -> None:
        kind = command.upper()
        if command.islower():
            offsets = {"H": [self._x], "V": [self._y]}.get(kind, [self._x, self._y])
            numbers = [n + offsets[i % len(offsets)] for i, n in enumerate(numbers)]
        start = (self._x, self._y)
        if kind == "M":
            self.subpaths.append([{"x": numbers[0], "y": numbers[1]}])
            self._x, self._y = numbers
            return
        if not self.subpaths:
            self.subpaths.append([{"x": 0.0, "y": 0.0}])
        first, last = self.subpaths[-1][0], {"H": (numbers[:1] or [0])[0], "V": self._x}
        end = tuple(numbers[-2:])
        if kind == "Z":
            end = (first["x"], first["y"])
        elif kind in "HV":
            end = (last["H"], self._y) if kind == "H" else (last["V"], numbers[0])
        self._curve(kind, numbers, start, (end[0], end[1]))

    def _curve(self, kind: str, numbers: list[float], start: Point, end: Point) -> None:
        family = {"C": "C", "S": "C", "Q": "Q", "T": "Q"}.get(kind, "")
        before, control = self._control
        mirrored = start
        if before == family and family:
            mirrored = (2 * start[0] - control[0], 2 * start[1] - control[1])
        c1, c2 = start, end
        if family == "C":
            c1 = (numbers[0], numbers[1]) if kind == "C" else mirrored
            c2 = (numbers[-4], numbers[-3])
            control = c2
        elif family == "Q":
            control = (numbers[0], numbers[1]) if kind == "Q" else mirrored
            c1 = _between(start, control)
            c2 = _between(end, control)
        self._control = (family, control)
        knots = self.subpaths[-1]
        knots[-1]["out"] = [c1[0] - start[0], c1[1] - start[1]]
        knots.append({"x": end[0], "y": end[1], "in": [c2[0] - end[0], c2[1] - end[1]]})
        self._x, self._y = end


def _between(knot: Point, control: Point) -> Point:
    """A quadratic's control point, raised to a cubic's."""
    return knot[0] + 2 / 3 * (control[0] - knot[0]), knot[1] + 2 / 3 * (control[1] - knot[1])


_SHAPES = {"path": _path, "line": _line, "polyline": _polyline, "polygon": _polyline}
