"""After Effects: keyframes as clipboard text, which Mocha and other trackers also export.

Source: Adobe documents the menu commands, not the text. This follows text copied from After
    Effects 5 to CC as programs that exchange it publish it, such as PatchMaker's manual
    (http://www.patchmaker.net/manuals/enu/comm/clipboard.htm).
"""

import logging
import math
import re
from dataclasses import dataclass, field

import numpy as np

from ..family import Size
from ..tracks import Tracks
from .checks import MAX_TEXT_POINTS, check_number, check_points, check_size, refusal
from .content import Content, RawTrack, ReadOptions
from .samples import decimal, held, keyed, parse_number, shortest_of
from .text import lines_of

_log = logging.getLogger("wanmove")

# "Keyframe Data" in the program's own language.
_TITLE = re.compile(r"Adobe After Effects [\d.]{1,12} [^\t\n]{1,80}")
_ENGLISH = "Keyframe Data"
_END = "End of Keyframe Data"
_PERCENT = (
    "percent",
    "prozent",
    "pour cent",
    "por ciento",
    "percento",
    "%",
    "\u30d1\u30fc\u30bb\u30f3\u30c8",
    "\u767e\u5206",
)
# In this order; their names may be in any language.
_HEADER = (
    "Units Per Second", "Source Width", "Source Height", "Source Pixel Aspect Ratio",
    "Comp Pixel Aspect Ratio",
)  # fmt: skip
_MAX_FRAME = 1e7
_MAX_LINES = 400_000
_LONGEST_NAME = 200
# Properties that are a point of the picture, the likelier one of a tracker first.
_POINTS = (
    "Feature Center", "Attach Point", "Position", "Point", "Upper Left", "Upper Right",
    "Lower Left", "Lower Right",
)  # fmt: skip
# The size of every null object: it says nothing about the composition.
_NULL_SIZE = (100, 100)
_INDEX = re.compile(r"\s{0,9}#\d{1,9}$")


@dataclass
class _Property:
    """One animated property: where it is listed, and its rows (frame or None, x, y)."""

    path: tuple[str, ...]
    named: bool = False  # its columns
    is_point: bool = False
    rows: list[tuple[float | None, float, float]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return _INDEX.sub("", self.path[-1][:_LONGEST_NAME])

    @property
    def is_anchor(self) -> bool:
        """Whether it is a point of the layer and not of the picture."""
        return self.kind == "Anchor Point"

    @property
    def is_of_the_picture(self) -> bool:
        """Whether it is a position, a tracker's point, or a point of an effect."""
        # Corner Pin, CC Power Pin and Point Control write their parameters' numbers as names.
        return self.kind in _POINTS or (self.path[0] == "Effects" and not self.is_anchor)


def is_after_effects(text: str) -> bool:
    """Whether `text` begins as keyframes of After Effects do."""
    return _TITLE.match(text.lstrip("\ufeff \t\r\n")[:200]) is not None


def parse_after_effects(text: str, name: str, options: ReadOptions) -> Content:
    """Read positions, trackers' points and corner pins; every other property is left out.

    The first frame is that of the first key. Points are interpolated linearly between keys and
    constant before and after them; the text has no Bezier handles. Positions are scaled to square
    pixels. The frame is that of the source, unless it is the 100x100 of a null object.

    Raises:
        TrackFormatError: names the track and frame.
    """
    header, properties = _read(text, name)
    points = [p for p in properties if p.is_point and p.rows and p.is_of_the_picture]
    # In other languages the names say nothing: then all points count.
    foreign = _ENGLISH not in text[:200]
    points = points or [p for p in properties if foreign and p.is_point and p.rows]
    trackers = {p.path[:-1] for p in points if p.kind == "Feature Center"}
    points = [p for p in points if p.kind != "Attach Point" or p.path[:-1] not in trackers]
    _note_others(properties, points, name)
    if not points:
        raise refusal(
            name,
            f"have keys of one of {', '.join(_POINTS)}",
            f"{len(properties)} other properties",
            "Select Position or a track point, not separated into x and y, and copy again",
        )
    times = [row[0] for p in points for row in p.rows if row[0] is not None] or [0.0]
    first, last = math.floor(min(times)), math.ceil(max(times))
    check_points(name, last - first + 1, len(points), MAX_TEXT_POINTS)
    aspect = header.get("Comp Pixel Aspect Ratio", 1.0)
    check_number(aspect, f"{name}: Comp Pixel Aspect Ratio", 0.1, 10)
    size = _canvas(header, name)
    wide = None if size is None else (max(round(size[0] * aspect), 1), size[1])
    scale = aspect if options.canvas_size is None else 1.0
    if size is not None and wide is not None:
        scale = wide[0] / size[0]
    clock = np.arange(first, last + 1, dtype=np.float64)
    tracks = []
    for number, point in enumerate(points):
        keys = _ascending(point, f"{name}: track {number}", first)
        positions = keyed(keys[:, 0], keys[:, 1:], clock) * [scale, 1]
        seen = np.ones(len(clock), dtype=bool)
        tracks.append(RawTrack(positions, seen, name=" ".join(point.path[1:])))
    fps = header.get("Units Per Second")
    if fps is not None:
        check_number(fps, f"{name}: Units Per Second", 0.01, 1000)
    return Content(tracks, "after-effects", canvas_size=wide, fps=fps)


def write_after_effects(tracks: Tracks, size: Size, fps: float) -> str:
    """Keyframes to paste: Position for one track, point controls for several.

    After Effects keeps no visibility of a point: hidden frames have no key, but the first and
    last frame always do, so that the length stays.
    """
    positions = tracks.positions.detach().cpu().double().numpy()
    visible = tracks.visibility.cpu().numpy()
    if not visible.all():
        _log.warning(
            "After Effects keeps no visibility: %d hidden points lie between keys.",
            int((~visible).sum()),
        )
    lines = [
        "Adobe After Effects 8.0 Keyframe Data",
        "",
        f"\tUnits Per Second\t{decimal(fps)}",
        f"\tSource Width\t{size[0]}",
        f"\tSource Height\t{size[1]}",
        "\tSource Pixel Aspect Ratio\t1",
        "\tComp Pixel Aspect Ratio\t1",
        "",
    ]
    for track in range(tracks.num_points):
        seen = visible[:, track].copy()
        own = held(positions[:, track], seen)
        seen[[0, -1]] = True
        alone = tracks.num_points == 1
        path = "Transform\tPosition" if alone else f"Effects\tPoint Control #{track + 1}\tPoint #2"
        lines += [path, "\tFrame\tX pixels\tY pixels" + ("\tZ pixels\t" if alone else "\t")]
        tail = "\t0\t" if alone else "\t"
        frames, points = np.flatnonzero(seen).tolist(), shortest_of(own[seen]).tolist()
        lines += [f"\t{at}\t{x}\t{y}{tail}" for at, (x, y) in zip(frames, points, strict=True)]
        lines.append("")
    return "\n".join([*lines, "", _END, ""])


def _read(text: str, name: str) -> tuple[dict[str, float], list[_Property]]:
    """The header's numbers and every property, in order."""
    lines = lines_of(text)
    if len(lines) > _MAX_LINES:
        raise refusal(name, f"have at most {_MAX_LINES} lines", str(len(lines)), "Use .npy instead")
    header: dict[str, float] = {}
    properties: list[_Property] = []
    in_header, in_expression = True, False
    end = next((number for number in range(len(lines), 0, -1) if lines[number - 1].strip()), 0)
    closed = _ends(lines, end)
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        said = [cell for cell in cells if cell]
        if in_expression or not said:
            in_expression = in_expression and said != ["End of Expression Data"]
        elif said[0] == "Expression Data":
            in_expression = True
        elif _TITLE.fullmatch(line.strip()) or said[0] == _END or (number == end and closed):
            in_header = True
        elif not line[0].isspace() and said[0] not in _HEADER:
            properties.append(_Property(tuple(said)))
            in_header = False
        elif in_header:
            key = _header_key(said, header)
            if key is not None:
                value = said[1] if len(said) > 1 else ""
                header[key] = parse_cell(value, f"{name}: {key}")
        elif not properties[-1].named:
            properties[-1].named = True
            properties[-1].is_point = _are_pixels(said[1:3])
        elif properties[-1].is_point:
            where = f"{name}: line {number}: {' '.join(properties[-1].path)}"[:160]
            properties[-1].rows.append(_row(line, said, where))
    if not closed:
        raise refusal(name, f'end with "{_END}"', "a part of it", "Copy or export it again")
    return header, properties


def _ends(lines: list[str], end: int) -> bool:
    """Whether the last line is the mark of the end; in other languages, one text of its own."""
    last = lines[end - 1]
    english = _ENGLISH in next(line for line in lines if line.strip())
    return last.strip() == _END or (not english and not last[0].isspace() and "\t" not in last)


def _header_key(said: list[str], header: dict[str, float]) -> str | None:
    """What a line of the header says; where its name is in another language, by its place."""
    if said[0] in _HEADER:
        return said[0]
    place = len(header)
    return _HEADER[place] if len(said) == 2 and place < len(_HEADER) else None


def _are_pixels(columns: list[str]) -> bool:
    """Whether columns are x and y of a point, and not shares of 100."""
    low = [column.lower() for column in columns]
    of_x_and_y = [column[:1] for column in low] == ["x", "y"]
    return of_x_and_y and not any(word in low[0] for word in _PERCENT)


def parse_cell(cell: str, subject: str, limit: float = 1e9) -> float:
    """A number with a decimal point or comma."""
    return parse_number(cell.replace(",", ".", 1), subject, limit)


def _row(line: str, said: list[str], subject: str) -> tuple[float | None, float, float]:
    # A property without keys has one row, and nothing where the frame stands.
    static = line.startswith("\t\t")
    cells = said if static else said[1:]
    if len(cells) < 2:
        raise refusal(subject, "have a frame, x and y", f"{len(said)} cells", "Copy it again")
    frame = None if static else parse_cell(said[0], f"{subject}: frame", _MAX_FRAME)
    at = subject if frame is None else f"{subject}, frame {frame:g}"
    return frame, parse_cell(cells[0], f"{at}: x"), parse_cell(cells[1], f"{at}: y")


def _ascending(point: _Property, subject: str, first: int) -> np.ndarray:
    """Keys as rows of time, x and y; refused where they do not follow each other."""
    rows = [(first if time is None else time, x, y) for time, x, y in point.rows]
    keys = np.array(rows, dtype=np.float64)
    later = np.diff(keys[:, 0]) > 0
    if not later.all():
        frame = keys[int((~later).argmax()) + 1, 0]
        raise refusal(
            f"{subject}, frame {frame:g}", "come after the key before it",
            "an earlier or equal one", "Copy it again",
        )  # fmt: skip
    return keys


def _canvas(header: dict[str, float], name: str) -> Size | None:
    width, height = header.get("Source Width"), header.get("Source Height")
    # Some exporters write 0 for what they do not know.
    if not width or not height:
        return None
    size = check_size(width, height, f"{name}: source")
    return None if size == _NULL_SIZE else size


def _note_others(properties: list[_Property], points: list[_Property], name: str) -> None:
    used = {id(point) for point in points}
    others = {p.kind for p in properties if id(p) not in used}
    if others and points:
        _log.info("%s: left out %s.", name, ", ".join(sorted(others)[:8]))
