"""Numbers, transforms and basic shapes of SVG elements, all attributes untrusted.

Source: SVG 2, sections 7 "Coordinate systems" and 10 "Basic shapes"; CSS Transforms 1, section 8
    "The SVG transform attribute" (https://www.w3.org/TR/SVG2/, .../css-transforms-1/).
"""

import math
import re
from collections.abc import Callable, Mapping

import numpy as np

from ..errors import TrackFormatError
from .checks import refusal, shown
from .svg_path import Segment, arc_segments, line_segments, parse_path

Attributes = Mapping[str, str]
# Columns a, b, c, d, e, f of SVG's matrix(): x' = a x + c y + e, y' = b x + d y + f.
Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_LARGEST = 1e9
_BETWEEN = " \t\r\n\f,"
# CSS pixels in one unit of length, 96 to the inch.
_UNITS = {
    "": 1.0, "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 9.6 / 2.54, "q": 2.4 / 2.54,
    "pt": 96 / 72, "pc": 16.0,
}  # fmt: skip
_NUMBER = r"[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,3})?"
_LENGTH = re.compile(rf"\s{{0,20}}({_NUMBER})\s{{0,20}}([a-zA-Z%]{{0,8}})\s{{0,20}}")
_BARE_NUMBER = re.compile(_NUMBER, re.ASCII)
_TRANSFORM = re.compile(r"([a-zA-Z]{1,20})\s{0,20}\(([^()]{0,1000})\)")
# What CSS writes behind the numbers of a transform, in SVG's units.
_CSS_UNITS = {"px": 1.0, "deg": 1.0, "rad": 180 / math.pi, "turn": 360.0, "grad": 0.9}
_CALCULATED = ("calc(", "var(", "min(", "max(", "clamp(")
_WORDS = ("auto", "inherit", "initial", "unset", "none")


class UnknownUnitError(TrackFormatError):
    """A length that depends on fonts or on the window: %, em, auto."""


def parse_length(text: str, subject: str) -> float:
    """A length in user units; % and font units have no meaning here."""
    found = _LENGTH.fullmatch(text)
    plain = text.strip().lower()
    foreign = found is not None and found[2].lower() not in _UNITS
    if foreign or plain in _WORDS or plain.startswith(_CALCULATED):
        raise UnknownUnitError(
            f"{subject} must be a length in px; got {shown(text)}. Export it in pixels."
        )
    if found is not None and found[2].lower() in _UNITS:
        value = float(found[1]) * _UNITS[found[2].lower()]
        if abs(value) <= _LARGEST:
            return value
    raise refusal(subject, f"be a length within {_LARGEST:g} px", shown(text), "Export it again")


def parse_numbers(text: str, subject: str) -> list[float]:
    """Numbers separated by spaces and commas, as in `points` and `viewBox`."""
    cells = _cells(text)
    # float() alone would take "1_000", "nan" and digits of other scripts.
    plain = text.isascii() and "_" not in text
    try:
        values = [float(cell) for cell in cells] if plain else [math.nan]
    except ValueError:
        values = [math.nan]
    if any(not abs(value) <= _LARGEST for value in values):
        wrong = next((cell for cell in cells if not _is_number(cell)), text)
        raise refusal(subject, f"hold numbers within {_LARGEST:g}", shown(wrong), "Export it again")
    return values


def parse_transform(text: str, subject: str) -> Matrix:
    """The matrix of a transform list, the first one applied last."""
    text = text.strip(_BETWEEN)
    matrix, place = IDENTITY, 0
    if text == "none":
        return matrix
    while place < len(text):
        found = _TRANSFORM.match(text, place)
        if found is None:
            raise refusal(
                subject, "be a list of SVG transforms", shown(text[place:]), "Export it again"
            )
        name, numbers = found[1], [_css_number(cell, subject) for cell in _cells(found[2])]
        wanted, make = _TRANSFORMS.get(name, ((), None))
        if make is None or len(numbers) not in wanted:
            raise refusal(
                subject, f"be made of {', '.join(_TRANSFORMS)} with their numbers",
                f"{shown(name)} of {len(numbers)}", "Apply the transform in your drawing program",
            )  # fmt: skip
        matrix = multiply(matrix, make(*numbers), subject)
        place = found.end()
        while place < len(text) and text[place] in _BETWEEN:
            place += 1
    return matrix


def _css_number(cell: str, subject: str) -> float:
    """A number of a transform, with or without CSS's unit."""
    found = _LENGTH.fullmatch(cell)
    if found is not None and found[2].lower() in _CSS_UNITS:
        return parse_numbers(found[1], subject)[0] * _CSS_UNITS[found[2].lower()]
    return parse_numbers(cell, subject)[0]


def _cells(text: str) -> list[str]:
    return text.replace(",", " ").split()


def multiply(outer: Matrix, inner: Matrix, subject: str) -> Matrix:
    """The matrix that applies `inner` first, then `outer`; refused where it grows too far."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    product = (
        a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e,
        b * t + d * u + f,
    )  # fmt: skip
    if not all(abs(value) <= _LARGEST**2 for value in product):
        raise refusal(subject, "keep its drawing near the canvas", "a huge scale", "Scale it down")
    return product


def apply(matrix: Matrix, points: np.ndarray) -> np.ndarray:
    """Points [..., 2] through a matrix."""
    a, b, c, d, e, f = matrix
    return points @ np.array([[a, b], [c, d]]) + np.array([e, f])


def shape_segments(kind: str, element: Attributes, subject: str, limit: int) -> list[np.ndarray]:
    """The cubic segments of a shape's subpaths, in its own user units.

    Args:
        kind: name of the element; others than shapes draw nothing.
        element: its attributes.
        subject: file and element, for messages.
        limit: segments at most.

    Raises:
        TrackFormatError: an attribute that is not what it must be.
    """
    if kind == "path":
        data = element.get("d", "")
        return [] if data.strip() == "none" else parse_path(data, subject, limit)
    make = _SHAPES.get(kind)
    segments = [] if make is None else make(element, subject)
    if len(segments) > limit:
        raise refusal(subject, f"have at most {limit} segments", "more", "Simplify the paths")
    if not segments:
        return []
    complex_segments = np.array(segments)
    return [np.stack([complex_segments.real, complex_segments.imag], axis=-1)]


def vertices(element: Attributes, subject: str) -> np.ndarray:
    """The points of a polyline or polygon, float64 [points, 2]."""
    values = parse_numbers(element.get("points", ""), f"{subject}: points")
    if len(values) % 2:
        raise refusal(
            f"{subject}: points", "hold pairs", f"{len(values)} numbers", "Export it again"
        )
    return np.array(values).reshape(-1, 2)


def _is_number(cell: str) -> bool:
    return _BARE_NUMBER.fullmatch(cell) is not None


def _rotate(degrees: float, x: float = 0.0, y: float = 0.0) -> Matrix:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y


_TRANSFORMS: dict[str, tuple[tuple[int, ...], Callable[..., Matrix]]] = {
    "matrix": ((6,), lambda *m: m),
    "translate": ((1, 2), lambda x, y=0.0: (1.0, 0.0, 0.0, 1.0, x, y)),
    "scale": ((1, 2), lambda x, y=None: (x, 0.0, 0.0, x if y is None else y, 0.0, 0.0)),
    "rotate": ((1, 3), _rotate),
    "skewX": ((1,), lambda degrees: (1.0, 0.0, math.tan(math.radians(degrees)), 1.0, 0.0, 0.0)),
    "skewY": ((1,), lambda degrees: (1.0, math.tan(math.radians(degrees)), 0.0, 1.0, 0.0, 0.0)),
}


def _lengths(element: Attributes, subject: str, *names: str) -> list[float]:
    return [parse_length(element.get(name, "0"), f"{subject}: {name}") for name in names]


def _line(element: Attributes, subject: str) -> list[Segment]:
    x1, y1, x2, y2 = _lengths(element, subject, "x1", "y1", "x2", "y2")
    return line_segments([complex(x1, y1), complex(x2, y2)])


def _polyline(element: Attributes, subject: str) -> list[Segment]:
    points = [complex(x, y) for x, y in vertices(element, subject).tolist()]
    return line_segments(points) if len(points) > 1 else []


def _polygon(element: Attributes, subject: str) -> list[Segment]:
    points = [complex(x, y) for x, y in vertices(element, subject).tolist()]
    return line_segments([*points, points[0]]) if len(points) > 1 else []


def _ellipse(element: Attributes, subject: str) -> list[Segment]:
    cx, cy, r = _lengths(element, subject, "cx", "cy", "r")
    rx, ry = (r, r) if "r" in element else _radii(element, subject)
    if rx <= 0 or ry <= 0:
        return []
    right, left = complex(cx + rx, cy), complex(cx - rx, cy)
    return [
        *arc_segments(right, left, (rx, ry), 0.0, (False, True)),
        *arc_segments(left, right, (rx, ry), 0.0, (False, True)),
    ]


def _radii(element: Attributes, subject: str) -> tuple[float, float]:
    """rx and ry; either one alone counts for both."""
    other = {"rx": "ry", "ry": "rx"}
    rx, ry = (_lengths(element, subject, n if n in element else other[n])[0] for n in other)
    return rx, ry


def _rect(element: Attributes, subject: str) -> list[Segment]:
    x, y, width, height = _lengths(element, subject, "x", "y", "width", "height")
    if width <= 0 or height <= 0:
        return []
    rx, ry = _radii(element, subject)
    rx, ry = min(max(rx, 0.0), width / 2), min(max(ry, 0.0), height / 2)
    at, across, down = complex(x, y), complex(width, 0), complex(0, height)
    if rx == 0 or ry == 0:
        return line_segments([at, at + across, at + across + down, at + down, at])
    segments: list[Segment] = []
    # Clockwise from the top left, as SVG 2 section 10.2 draws it: side, then corner.
    corners = [at + across, at + across + down, at + down, at]
    along = [complex(rx, 0), complex(0, ry), complex(-rx, 0), complex(0, -ry)]
    start = at + along[0]
    for index, corner in enumerate(corners):
        side, turned = corner - along[index], corner + along[(index + 1) % 4]
        if side != start:
            segments += line_segments([start, side])
        segments += arc_segments(side, turned, (rx, ry), 0.0, (False, True))
        start = turned
    return segments


_SHAPES: dict[str, Callable[[Attributes, str], list[Segment]]] = {
    "line": _line,
    "polyline": _polyline,
    "polygon": _polygon,
    "circle": _ellipse,
    "ellipse": _ellipse,
    "rect": _rect,
}
