"""The editor's document: one versioned JSON text that holds a drawing of motion.

The editor (web/js/editor/document.js) writes it, ComfyUI stores it as a widget value, and this
module reads it as untrusted input. The fields are described once, in web/types/editor.d.ts. Fields
that this version does not know are ignored here and kept by the editor. Version 0 is a bare list of
coordinate lists, as other node packs write them.
"""

import json
from dataclasses import dataclass
from typing import Any

from ..errors import TrackFormatError
from .fields import Place
from .parents import find_circle, parent_indices

DOCUMENT_VERSION = 1
MAX_DOCUMENT_BYTES = 8_000_000
MAX_TRACKS = 4096
MAX_KNOTS = 10_000
MAX_SPREAD_POINTS = 4096
MAX_SIDE = 16_384
MAX_FRAMES = 10_000
MAX_TIMES = 1000
CURVES = ("polyline", "catmull-rom", "bezier")
EASES = ("linear", "in", "out", "in-out")
REPEATS = ("once", "loop", "ping-pong")

Ease = str | tuple[float, float, float, float]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Knot:
    """A control point in pixels; `arriving` and `leaving` are Bezier handles relative to it."""

    x: float
    y: float
    arriving: Pair = (0.0, 0.0)
    leaving: Pair = (0.0, 0.0)


@dataclass(frozen=True)
class TimingKey:
    """At `frame` the point is at `at`, counted in knots; `ease` holds until the next key."""

    frame: float
    at: float
    ease: Ease = "linear"


@dataclass(frozen=True)
class Timing:
    """When a point moves along its path; start, end None: the clip's first, last frame."""

    start: float | None = None
    end: float | None = None
    ease: Ease = "linear"
    keys: tuple[TimingKey, ...] = ()
    repeat: str = "once"
    times: int = 1
    reverse: bool = False


@dataclass(frozen=True)
class SpreadKey:
    """Scale and clockwise angle in degrees of a spread at a frame."""

    frame: float
    scale: float
    angle: float


@dataclass(frozen=True)
class Spread:
    """A cluster that moves with the path's point.

    Only the shape "region" has `offsets` and the outline `polygon`, both relative to the path's
    point. `ring`: made by the Draw tool; text for other programs then holds one point per path.
    `pins`: points that hold still, not an object.
    """

    shape: str
    count: int = 1
    size: float = 0.0
    angle: float = 0.0
    offsets: tuple[Pair, ...] = ()
    keys: tuple[SpreadKey, ...] = ()
    polygon: tuple[Pair, ...] = ()
    ring: bool = False
    pins: bool = False


@dataclass(frozen=True)
class EditorTrack:
    """One drawn path. `windows` are inclusive frame ranges in which it guides; None is always.

    `parent`: the `id` of the track that carries it along. The path is drawn as if the parent stayed
    where it is in frame 0. An id that no track has carries nothing.
    """

    name: str
    curve: str
    knots: tuple[Knot, ...]
    timing: Timing = Timing()
    windows: tuple[Pair, ...] | None = None
    spread: Spread | None = None
    hidden: bool = False
    id: str = ""
    parent: str = ""


@dataclass(frozen=True)
class EditorDocument:
    """A drawing of motion on a canvas of `width` x `height` pixels. Later tracks lie on top."""

    width: int = 832
    height: int = 480
    fps: float = 16.0
    num_frames: int = 81
    tracks: tuple[EditorTrack, ...] = ()


def parse_document(text: str) -> EditorDocument:
    """Read an editor document.

    Args:
        text: JSON. Empty or blank text is a document without tracks.

    Returns:
        The document, every number checked.

    Raises:
        TrackFormatError: not JSON, too large, of a newer version, or a field with a wrong value.
            The message names the place, as in `tracks[2].knots[5].x`.
    """
    if len(text) > MAX_DOCUMENT_BYTES:
        raise TrackFormatError(
            f"The document must be at most {MAX_DOCUMENT_BYTES} characters; got {len(text)}. "
            "Import dense tracks from a file instead."
        )
    if not text.strip():
        return EditorDocument()
    try:
        value = json.loads(text, parse_int=_parse_int)
    except (json.JSONDecodeError, RecursionError) as error:
        raise TrackFormatError(
            f"The document must be JSON; got {text.strip()[:40]!r} ({error}). "
            "Undo the last edit of its text, or clear it."
        ) from error
    if isinstance(value, list):
        return _parse_coordinates(Place("", value))
    return _parse_version_1(Place("", value))


def _parse_int(digits: str) -> int | float:
    # Python refuses integers of over 4300 digits; floats are refused where they stand.
    return int(digits) if len(digits) < 20 else float(digits)


def _parse_version_1(place: Place) -> EditorDocument:
    version = place["version"].integer(1, None)
    if version > DOCUMENT_VERSION:
        raise place["version"].error(
            f"at most {DOCUMENT_VERSION}", "It was drawn with a newer version; update this one"
        )
    document = EditorDocument(
        width=place["width"].integer(1, MAX_SIDE),
        height=place["height"].integer(1, MAX_SIDE),
        fps=place["fps"].number(0.01, 1000),
        num_frames=place["frames"].integer(1, MAX_FRAMES),
        tracks=tuple(_parse_track(track) for track in place["tracks"].items(0, MAX_TRACKS)),
    )
    tracks = document.tracks
    links = parent_indices([track.id for track in tracks], [track.parent for track in tracks])
    circle = find_circle(links)
    if circle is not None:
        place = place["tracks"].items(0, MAX_TRACKS)[circle]
        raise place["parent"].error("a track that it does not carry itself")
    return document


def _parse_track(place: Place) -> EditorTrack:
    windows = place["windows"]
    spread = place["spread"]
    knots = tuple(_parse_knot(knot) for knot in place["knots"].items(1, MAX_KNOTS))
    return EditorTrack(
        name=place["name"].text(""),
        curve=place["curve"].choice(CURVES, "catmull-rom"),
        knots=knots,
        timing=_parse_timing(place["timing"], len(knots)),
        windows=None
        if windows.absent
        else tuple(window.pair() for window in windows.items(0, MAX_FRAMES)),
        spread=None if spread.absent else _parse_spread(spread),
        hidden=place["hidden"].flag(False),
        id=place["id"].text(""),
        parent=place["parent"].text(""),
    )


def _parse_knot(place: Place) -> Knot:
    return Knot(
        x=place["x"].number(),
        y=place["y"].number(),
        arriving=(0.0, 0.0) if place["in"].absent else place["in"].pair(),
        leaving=(0.0, 0.0) if place["out"].absent else place["out"].pair(),
    )


def _parse_timing(place: Place, num_knots: int) -> Timing:
    if place.absent:
        return Timing()
    keys = tuple(
        TimingKey(
            frame=key["frame"].number(),
            at=key["at"].number(0, num_knots - 1),
            ease=_parse_ease(key["ease"]),
        )
        for key in place["keys"].keys(MAX_FRAMES)
    )
    start, end = place["start"], place["end"]
    return Timing(
        start=None if start.absent else start.number(),
        end=None if end.absent else end.number(),
        ease=_parse_ease(place["ease"]),
        keys=keys,
        repeat=place["repeat"].choice(REPEATS, "once"),
        times=1 if place["times"].absent else place["times"].integer(1, MAX_TIMES),
        reverse=place["reverse"].flag(False),
    )


def _parse_ease(place: Place) -> Ease:
    if place.absent or isinstance(place.value, str):
        return place.choice(EASES, "linear")
    x1, y1, x2, y2 = (item.number() for item in place.items(4, 4))
    for index, x in ((0, x1), (2, x2)):
        if not 0 <= x <= 1:
            raise place.items(4, 4)[index].error("0 to 1", "Time cannot run backwards")
    return (x1, y1, x2, y2)


def _parse_spread(place: Place) -> Spread:
    keys = tuple(
        SpreadKey(key["frame"].number(), key["scale"].number(), key["angle"].number())
        for key in place["keys"].keys(MAX_FRAMES)
    )
    shape = place["shape"].choice(("line", "disc", "region"))
    if shape == "region":
        offsets = place["offsets"].items(0, MAX_SPREAD_POINTS)
        outline = place["polygon"]
        corners = [] if outline.absent else outline.items(0, MAX_KNOTS)
        return Spread(
            shape,
            offsets=tuple(offset.pair() for offset in offsets),
            keys=keys,
            polygon=tuple(corner.pair() for corner in corners),
            ring=place["ring"].value is True,
            pins=place["pins"].value is True,
        )
    return Spread(
        shape,
        count=place["count"].integer(1, MAX_SPREAD_POINTS),
        size=place["size"].number(0),
        angle=place["angle"].number(default=0.0),
        keys=keys,
        ring=place["ring"].value is True,
    )


def _parse_coordinates(place: Place) -> EditorDocument:
    """Version 0: [{x, y}, ...] or a list of such lists, spaced evenly over the clip."""
    lists = place.items(0, MAX_KNOTS)
    single = bool(lists) and isinstance(lists[0].value, dict)
    lists = [place] if single else place.items(0, MAX_TRACKS)
    document = EditorDocument()
    last = document.num_frames - 1
    tracks = []
    for number, points in enumerate(lists, start=1):
        knots = tuple(_parse_knot(point) for point in points.items(1, MAX_KNOTS))
        inner = range(1, len(knots) - 1)
        keys = tuple(TimingKey(last * at / (len(knots) - 1), float(at)) for at in inner)
        tracks.append(EditorTrack(f"Track {number}", "polyline", knots, Timing(keys=keys)))
    return EditorDocument(tracks=tuple(tracks))


def is_document(value: Any) -> bool:
    """Whether parsed JSON claims to be an editor document, of any version from 1 on."""
    return isinstance(value, dict) and "version" in value and "tracks" in value
