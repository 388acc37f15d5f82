"""SVG path data as cubic Bezier segments: every command, relative and absolute, arcs included.

Source: SVG 2, section 9.3 "Path data" and appendix B.2.4 "Conversion from endpoint to center
    parameterization" (https://www.w3.org/TR/SVG2/paths.html, .../implnote.html). Differs: data
    with an error in it is refused, where a viewer draws what comes before the error.
"""

import itertools
import math
import re
from collections.abc import Iterator

import numpy as np

from ..errors import TrackFormatError
from .checks import refusal, shown

# A cubic over this angle leaves its arc by 4e-6 radii.
_ARC_STEP = math.pi / 4
_LARGEST = 1e9
_FLAT = 1e-12  # of a circle, which double precision cannot tell from a line
_SEPARATOR = re.compile(r"[\s,]*")
_LETTER = re.compile(r"[MmLlHhVvCcSsQqTtAaZz]")
_NUMBER = re.compile(r"[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,9})?")
_FLAG = re.compile(r"[01]")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_ARC_FLAGS = (3, 4)

Point = complex
Segment = tuple[Point, Point, Point, Point]


def parse_path(data: str, subject: str, limit: int) -> list[np.ndarray]:
    """Turn path data into the cubic segments of its subpaths.

    Args:
        data: the `d` attribute, untrusted.
        subject: file and path, for messages.
        limit: commands that will be followed at most, in all subpaths; an arc counts for several.

    Returns:
        float64 [segments, 4, 2] for every subpath that draws something, in user units.

    Raises:
        TrackFormatError: names the place in the data.
    """
    pen = _Pen()
    for command, numbers in _commands(data, subject):
        pen.draw(command, numbers)
        if pen.count > limit:
            raise refusal(
                subject, f"have at most {limit} commands left", "more", "Simplify the paths"
            )
    kept = [np.array(segments) for segments in pen.subpaths if segments]
    return [np.stack([part.real, part.imag], axis=-1) for part in kept]


def line_segments(points: list[Point]) -> list[Segment]:
    """Straight segments through points, as cubics."""
    pen = _Pen()
    pen.start(points[0])
    for point in points[1:]:
        pen.line(point)
    return pen.subpaths[0]


def arc_segments(
    start: Point, end: Point, radii: tuple[float, float], degrees: float, flags: tuple[bool, bool]
) -> list[Segment]:
    """The elliptical arc from `start` to `end`, as cubics.

    Args:
        start: where the pen is.
        end: where it goes.
        radii: of the ellipse; enlarged where it cannot reach, as SVG asks.
        degrees: of the ellipse's x axis against the user's, clockwise on the screen.
        flags: whether to take the longer arc, and whether to go clockwise on the screen.
    """
    rx, ry = abs(radii[0]), abs(radii[1])
    if start == end:
        return []
    if rx == 0 or ry == 0:
        return [_straight(start, end)]
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    # Scaled by the radii, the ellipse is a unit circle.
    half = (start - end) / 2 * turn.conjugate()
    half = complex(half.real / rx, half.imag / ry)
    reach = math.hypot(half.real, half.imag)
    if reach < _FLAT:
        return [_straight(start, end)]
    if not math.isfinite(reach):  # refused, as all that lies so far out
        return [(start, complex(math.nan, math.nan), end, end)]
    if reach > 1:
        rx, ry, half = rx * reach, ry * reach, half / reach
    offset = math.sqrt(max(0.0, 1 / abs(half) ** 2 - 1)) if abs(half) < 1 else 0.0
    center = half * 1j * offset * (1 if flags[0] == flags[1] else -1)
    first, last = half - center, -half - center
    angle = math.atan2(first.imag, first.real)
    sweep = (math.atan2(last.imag, last.real) - angle) % (2 * math.pi)
    sweep -= 0 if flags[1] else 2 * math.pi
    middle = (start + end) / 2
    count = max(1, math.ceil(abs(sweep) / _ARC_STEP - 1e-9))
    handle = 4 / 3 * math.tan(sweep / count / 4) * 1j
    angles = [angle + sweep * i / count for i in range(count + 1)]
    units = [complex(math.cos(a), math.sin(a)) for a in angles]

    def place(unit: complex) -> Point:
        on_ellipse = unit + center
        return middle + complex(on_ellipse.real * rx, on_ellipse.imag * ry) * turn

    ends = [start, *(place(unit) for unit in units[1:-1]), end]
    return [
        (ends[i], place(a + a * handle), place(b - b * handle), ends[i + 1])
        for i, (a, b) in enumerate(itertools.pairwise(units))
    ]


class _Pen:
    """Follows path commands and leaves cubic segments."""

    def __init__(self) -> None:
        self.subpaths: list[list[Segment]] = []
        self.count = 0
        self._at = self._first = 0j
        # The last control point, and of which kind of curve: S and T mirror it.
        self._family, self._control = "", 0j

    def start(self, point: Point) -> None:
        self.subpaths.append([])
        self._at = self._first = point

    def line(self, point: Point) -> None:
        self._add([_straight(self._at, point)])

    def draw(self, command: str, numbers: list[float]) -> None:
        """Follow one command with its numbers."""
        self.count += 1
        kind, base = command.upper(), self._at if command.islower() else 0j
        points = [base + complex(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=False)]
        if kind == "M":
            self.start(points[0])
        elif kind == "Z":
            if self._at != self._first:
                self.line(self._first)
            # What follows without a move begins a subpath where this one did.
            self.start(self._first)
        elif kind == "A":
            end = base + complex(*numbers[5:])
            flags = (numbers[3] == 1, numbers[4] == 1)
            self._add(arc_segments(self._at, end, (numbers[0], numbers[1]), numbers[2], flags))
            self._at = end
        elif kind in "LHV":
            x = base.real + numbers[0] if kind != "V" else self._at.real
            y = base.imag + numbers[-1] if kind != "H" else self._at.imag
            self.line(complex(x, y))
        else:
            self._curve(kind, points)
            return
        self._family = ""

    def _curve(self, kind: str, points: list[Point]) -> None:
        family = "C" if kind in "CS" else "Q"
        if kind in "ST":
            mirrored = 2 * self._at - self._control if self._family == family else self._at
            points = [mirrored, *points]
        self._family, self._control = family, points[-2]
        end = points[-1]
        if family == "Q":
            # A quadratic's control point, raised to a cubic's two.
            points = [p + (points[0] - p) * 2 / 3 for p in (self._at, end)] + [end]
        self._add([(self._at, points[0], points[1], end)])

    def _add(self, segments: list[Segment]) -> None:
        if not self.subpaths:
            self.start(self._at)
        self.subpaths[-1] += segments
        self.count += max(len(segments) - 1, 0)
        if segments:
            self._at = segments[-1][3]


def _straight(start: Point, end: Point) -> Segment:
    third = (end - start) / 3
    return start, start + third, end - third, end


def _commands(data: str, subject: str) -> Iterator[tuple[str, list[float]]]:
    """Each command with its numbers, one step at a time."""
    place, command = 0, ""
    while (place := _end(_SEPARATOR, data, place)) < len(data):
        letter = _LETTER.match(data, place)
        if letter is not None:
            command, place = letter[0], letter.end()
        elif command in ("", "Z", "z"):
            raise _unreadable(data, place, subject, "a command")
        count = _ARGUMENTS[command.upper()]
        numbers: list[float] = []
        for index in range(count):
            place = _end(_SEPARATOR, data, place)
            flag = command in "Aa" and index in _ARC_FLAGS
            found = (_FLAG if flag else _NUMBER).match(data, place)
            if found is None:
                raise _unreadable(data, place, subject, "0 or 1" if flag else "a number")
            number = float(found[0])
            if abs(number) > _LARGEST:
                raise _unreadable(data, place, subject, f"a number within {_LARGEST:g}")
            numbers.append(number)
            place = found.end()
        yield command, numbers
        # Pairs after a move are lines.
        command = {"M": "L", "m": "l"}.get(command, command)


def _end(pattern: re.Pattern[str], data: str, place: int) -> int:
    found = pattern.match(data, place)
    return place if found is None else found.end()


def _unreadable(data: str, place: int, subject: str, wanted: str) -> TrackFormatError:
    got = shown(data[place : place + 12]) if place < len(data) else "the end of the path"
    return refusal(f"{subject}, character {place}", f"be {wanted}", got, "Export it again")
