"""SVG pictures: every path and shape is a track.

A path has no time. A point runs along it once, at even speed; each subpath is a track of its
own. What `write_svg` writes carries its frames in data- attributes, which other programs keep
or ignore, and comes back as it was (svg_write.py).
"""

import logging
import re
from dataclasses import dataclass, replace
from xml.parsers import expat

import numpy as np

from ..errors import TrackFormatError
from ..family import Size
from ..motion.curves import evaluate_segments, flatten_segments
from .checks import check_number, refusal, shown
from .content import Content, RawTrack, ReadOptions
from .samples import parse_ranges
from .splines import MAX_DRAWN_TRACKS, MAX_KNOTS, check_drawn, frame_count
from .svg_shapes import (
    IDENTITY,
    Attributes,
    Matrix,
    UnknownUnitError,
    apply,
    multiply,
    parse_length,
    parse_transform,
    shape_segments,
    vertices,
)
from .svg_viewport import viewport

_log = logging.getLogger("wanmove")

_MAX_DEPTH = 128
# Lengths of what lies further out cannot be squared; tracks have a nearer limit of their own.
_FURTHEST = 1e12
_MAX_ELEMENTS = 200_000
# A path of MAX_KNOTS knots takes about that; what is longer takes seconds to read.
_MAX_CHARACTERS = 2_000_000
# What is drawn only where something else refers to it, or not at all.
_NOT_DRAWN = (
    "defs",
    "clipPath",
    "mask",
    "marker",
    "pattern",
    "symbol",
    "glyph",
    "font",
    "metadata",
)
_HIDDEN = re.compile(r"(?:^|;)\s{0,20}display\s{0,20}:\s{0,20}none\b")
_STROKE = re.compile(r"(?:^|;)\s{0,20}stroke\s{0,20}:\s{0,20}(#[0-9a-fA-F]{6})\b")
_ROOT = re.compile(r"<(?:!DOCTYPE\s{1,20})?(?:\w{1,40}:)?svg\b")
_TRANSFORM = re.compile(r"(?:^|;)\s{0,20}transform\s{0,20}:\s{0,20}([^;]{0,1000})")
_LONGEST_STYLE = 10_000
_HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


# Where children lie, or why that cannot be said.
Placed = Matrix | TrackFormatError


@dataclass(frozen=True)
class SvgPath:
    """One track's drawing, in pixels of the canvas.

    Args:
        segments: float64 [segments, 4, 2] cubics of one subpath; empty for sampled tracks.
        frames: float64 [frames, 2] where the picture says that vertices are frames, else None.
        visible: bool [frames] beside `frames`.
        name: the element's id, or "".
        color: the stroke as #rrggbb, or "".
    """

    segments: np.ndarray
    frames: np.ndarray | None = None
    visible: np.ndarray | None = None
    name: str = ""
    color: str = ""


@dataclass(frozen=True)
class SvgPicture:
    """The tracks of a picture, its canvas and, where it says so, its frame rate."""

    paths: tuple[SvgPath, ...]
    size: Size | None
    fps: float | None


def is_svg(text: str) -> bool:
    """Whether `text` is XML with an svg element in its first part."""
    start = text.lstrip("\ufeff \t\r\n")
    return start.startswith("<") and _ROOT.search(start[:100_000]) is not None


def parse_svg(text: str, name: str, options: ReadOptions) -> Content:
    """Read the paths of an SVG picture as tracks.

    Raises:
        TrackFormatError: names the element and what is wrong with it.
    """
    picture = read_svg(text, name)
    drawn = [path for path in picture.paths if path.frames is None]
    sampled = [len(path.frames) for path in picture.paths if path.frames is not None]
    frames = frame_count(options, max(sampled, default=None))
    check_drawn(name, frames, drawn, len(picture.paths))
    progress = np.linspace(0, 1, frames)
    tracks = [_track(path, progress) for path in picture.paths]
    return Content(tracks, "svg", canvas_size=picture.size, fps=picture.fps)


def read_svg(text: str, name: str) -> SvgPicture:
    """Read the paths of an SVG picture, with every transform applied.

    The canvas is the picture's width and height in pixels, else its viewBox. Only the XML
    itself is read: no entities, no style sheets, no `use`.

    Raises:
        TrackFormatError: names the element and what is wrong with it.
    """
    reader = _Reader(name)
    reader.read(text)
    paths = reader.paths
    if not paths and reader.unknown:
        raise reader.unknown[0]
    if not paths or len(paths) > MAX_DRAWN_TRACKS:
        raise _too_many(name, str(len(paths)))
    if reader.uses:
        _log.warning("%s: %d use elements are left out; unlink clones.", name, reader.uses)
    if reader.unknown:
        left = len(reader.unknown)
        _log.warning("%s: %d shapes with lengths in %%, em or auto are left out.", name, left)
    return SvgPicture(tuple(paths), reader.size, reader.fps)


class _Reader:
    """Walks the XML once, without a tree of it, and keeps what is drawn."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.paths: list[SvgPath] = []
        self.size: Size | None = None
        self.fps: float | None = None
        self.uses = 0
        self.unknown: list[UnknownUnitError] = []
        self._elements = self._segments = self._characters = 0
        # One for each open element: the matrix for its children; None where nothing is drawn.
        self._open: list[Placed | None] = []

    def read(self, text: str) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda _tag: self._open.pop()
        parser.EntityDeclHandler = self._refuse_entities
        parser.SkippedEntityHandler = self._refuse_entities
        parser.StartDoctypeDeclHandler = self._check_doctype
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, str(error.code))
            raise refusal(
                self.name,
                "be SVG",
                f"broken XML ({reason}) at line {error.lineno}",
                "Export it again",
            ) from error

    def _check_doctype(self, *declared: object) -> None:
        has_internal_subset = declared[3]
        if has_internal_subset:
            self._refuse_entities()

    def _refuse_entities(self, *_declared: object) -> None:
        raise refusal(
            self.name, "be plain SVG", "a document type with entities", "Export plain SVG"
        )

    def _start(self, tag: str, element: Attributes) -> None:
        self._elements += 1
        subject = f"{self.name}: element {self._elements}"
        kind = tag.rpartition(" ")[2]
        if self._elements == 1 and kind != "svg":
            raise refusal(self.name, "be SVG", f"XML of {shown(kind)}", "Export it as SVG")
        if self._elements > _MAX_ELEMENTS or len(self._open) >= _MAX_DEPTH:
            raise refusal(
                self.name,
                f"have at most {_MAX_ELEMENTS} elements, {_MAX_DEPTH} deep",
                "more",
                "Simplify the drawing",
            )
        self._characters += len(element.get("d", "")) + len(element.get("transform", ""))
        longest = max(self._characters, len(element.get("points", "")))
        if longest > _MAX_CHARACTERS:
            raise refusal(
                subject,
                f"have at most {_MAX_CHARACTERS} characters of paths, or of points in one shape",
                str(longest),
                "Simplify the drawing",
            )
        if len(self.paths) > MAX_DRAWN_TRACKS:
            raise _too_many(self.name, "more")
        outer = self._open[-1] if self._open else IDENTITY
        hides = element.get("display") == "none" or _HIDDEN.search(element.get("style", ""))
        if outer is None or hides or kind in _NOT_DRAWN:
            self._open.append(None)
            return
        matrix = self._matrix(outer, element, subject)
        if kind == "svg":
            inner, size = viewport(element, subject, outermost=not self._open)
            if not isinstance(matrix, TrackFormatError):
                matrix = multiply(matrix, inner, subject)
            self.size = size or self.size
            self._read_fps(element)
        self._open.append(matrix)
        self.uses += kind == "use"
        self._draw(kind, element, matrix, f"{subject} ({kind})")

    def _matrix(self, outer: Placed, element: Attributes, subject: str) -> Placed:
        """The matrix for an element; an error where it cannot be read, for what is drawn there."""
        if isinstance(outer, TrackFormatError):
            return outer
        said = _TRANSFORM.search(element.get("style", "")[:_LONGEST_STYLE])
        text = said[1] if said else element.get("transform", "")
        try:
            return multiply(outer, parse_transform(text, f"{subject}: transform"), subject)
        except TrackFormatError as error:
            return error

    def _read_fps(self, element: Attributes) -> None:
        if "data-fps" in element and self.fps is None:
            subject = f"{self.name}: data-fps"
            self.fps = check_number(parse_length(element["data-fps"], subject), subject, 0.01, 1000)

    def _draw(self, kind: str, element: Attributes, matrix: Placed, subject: str) -> None:
        try:
            drawn = shape_segments(kind, element, subject, MAX_KNOTS - self._segments)
        except UnknownUnitError as error:
            self.unknown.append(error)
            return
        sampled = kind == "polyline" and "data-frames" in element
        if not drawn and not sampled:
            return
        if isinstance(matrix, TrackFormatError):
            raise matrix
        color = _STROKE.search(element.get("style", ""))
        stroke = color[1] if color else element.get("stroke", "")
        label = SvgPath(
            np.empty((0, 4, 2)),
            name=element.get("id", ""),
            color=stroke if _HEX_COLOR.fullmatch(stroke) else "",
        )
        if sampled:
            points = vertices(element, subject)
            # A program that added or removed points has made a drawing of it.
            if element["data-frames"] == str(len(points)) and len(points):
                seen = parse_ranges(element.get("data-visible"), len(points), subject)
                self.paths.append(replace(label, frames=apply(matrix, points), visible=seen))
                return
        for segments in drawn:
            self._segments += len(segments)
            placed = apply(matrix, segments)
            # NaN, from an arc of no size, is not within either.
            if not (np.abs(placed) <= _FURTHEST).all():
                raise refusal(
                    subject, f"lie within {_FURTHEST:g} px", "further out", "Move or scale it"
                )
            self.paths.append(replace(label, segments=placed))


def _too_many(name: str, got: str) -> TrackFormatError:
    return refusal(
        name, f"have 1 to {MAX_DRAWN_TRACKS} paths", got, "Draw paths, not text or images"
    )


def _track(path: SvgPath, progress: np.ndarray) -> RawTrack:
    if path.frames is not None:
        return RawTrack(path.frames, path.visible, path.name, path.color)
    polyline = flatten_segments(path.segments)
    reached = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(polyline, axis=0), axis=1))])
    # The parameter at each share of the length; so every sample lies on the curve itself.
    parameter = np.interp(progress * reached[-1], reached, np.linspace(0, 1, len(polyline)))
    points = evaluate_segments(path.segments, parameter)
    return RawTrack(points, np.ones(len(points), dtype=bool), path.name, path.color)
