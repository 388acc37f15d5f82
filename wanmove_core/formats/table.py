"""CSV of tracks: columns frame, track, x, y and, if wanted, visible; one row per point.

A comment before them, `# Wan-Move 832x480`, states the frame.
"""

import csv
import math
from collections.abc import Iterator

import numpy as np

from ..family import Size
from ..tracks import Tracks
from .checks import MAX_FRAMES, MAX_TEXT_POINTS, check_points, refusal, shown
from .content import Content, RawTrack, ReadOptions, hidden_pairs
from .samples import own_size, shortest_of, size_comment
from .text import lines_of

MAX_ROWS = 1_000_000
MAX_LINE_CHARACTERS = 100_000
# Where other programs begin to count; a track that begins at another frame is a late one.
_FIRST_FRAMES = (1, 1001)
COLUMNS = ("frame", "track", "x", "y", "visible")
_ALIASES = {
    "frame": "frame", "frames": "frame", "t": "frame",
    "track": "track", "track_id": "track", "id": "track", "point": "track", "name": "track",
    "x": "x", "y": "y",
    "visible": "visible", "visibility": "visible",
}  # fmt: skip
_NOT_A_NUMBER = ("", "nan", "null", "none")
_PLAIN_FLAGS = {"1": 1.0, "0": 0.0, "": math.nan}
_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

Row = tuple[int, str, float, float, float]


def parse_csv(text: str, name: str, _options: ReadOptions) -> Content:
    """Read CSV separated by commas, semicolons or tabs.

    With a header the columns may come in any order; without one they are frame, track, x, y
    and visible. Frames are counted from 0, or from 1 or 1001 if the first frame is that. A track is
    hidden in a frame without a row. Track names may be numbers or words, and keep the order in
    which numbers or first rows give them.

    Raises:
        TrackFormatError: names the line, track and frame.
    """
    if text.count("\n") > MAX_ROWS:
        raise refusal(
            name, f"have at most {MAX_ROWS} lines", str(text.count("\n")), "Use .npy instead"
        )
    rows = list(_rows(text, name))
    if not rows:
        raise refusal(name, "have at least one row of numbers", "none", "Add frame,track,x,y rows")
    first = min(row[0] for row in rows)
    if first in _FIRST_FRAMES:
        rows = [(row[0] - first, *row[1:]) for row in rows]
    labels = list(dict.fromkeys(row[1] for row in rows))
    numbered = all(label.isascii() and label.isdigit() and len(label) < 19 for label in labels)
    if numbered:
        labels.sort(key=int)
    frames = max(row[0] for row in rows) + 1
    check_points(name, frames, len(labels), MAX_TEXT_POINTS)
    column = {label: index for index, label in enumerate(labels)}
    table = np.full((len(labels), frames, 3), np.nan)
    filled = np.zeros((len(labels), frames), dtype=bool)
    for frame, label, x, y, seen in rows:
        at = column[label], frame
        if filled[at]:
            raise refusal(
                f"{name}: track {shown(label)}, frame {frame}", "have one row", "two", "Remove one"
            )
        filled[at] = True
        table[at] = x, y, seen
    tracks = [
        RawTrack(row[:, :2], _visible(row), name="" if numbered else label)
        for row, label in zip(table, labels, strict=True)
    ]
    return Content(tracks, "csv", canvas_size=own_size(text, name))


def _visible(row: np.ndarray) -> np.ndarray | None:
    stated = ~np.isnan(row[:, 2])
    if not stated.any():
        return None
    return np.where(stated, row[:, 2] > 0.5, ~hidden_pairs(row[:, :2]))


def _rows(text: str, name: str) -> Iterator[Row]:
    """The rows of numbers, checked one by one."""
    lines = lines_of(text)
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    separator = max(",;\t", key=first.count)
    longest = max(map(len, lines), default=0)
    if longest > MAX_LINE_CHARACTERS:
        raise refusal(
            name,
            f"have at most {MAX_LINE_CHARACTERS} characters in a line",
            str(longest),
            "Put each point on its own line: frame, track, x, y",
        )
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    # float() alone would take "1_000" and digits of other scripts.
    ordinary = text.isascii() and "_" not in text
    order: list[int] | None = None
    try:
        for found in reader:
            cells = found if separator == "," else [_with_point(cell) for cell in found]
            if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
                continue
            if order is None:
                order = _column_order(cells, f"{name}: line {reader.line_num}")
                if not _is_number(cells[order[0]]):
                    continue
            plain = _plain_row(cells, order) if ordinary else None
            yield plain or _row(cells, order, f"{name}: line {reader.line_num}")
    except csv.Error as error:
        raise refusal(
            f"{name}: line {reader.line_num}", "be CSV", f"a row with {error}", "Export it again"
        ) from error


def _with_point(cell: str) -> str:
    """A cell; a decimal comma, as spreadsheets write it beside other separators, as a point."""
    point = cell.strip().replace(",", ".", 1)
    return point if "," in cell and _is_number(point) else cell


def _column_order(cells: list[str], line: str) -> list[int]:
    """Where frame, track, x, y (and visible) stand, from the header or from the first row."""
    if len(cells) in (4, 5) and all(_is_number(cells[i]) for i in (0, 2, 3)):
        return list(range(len(cells)))
    found = {_ALIASES.get(cell.strip().lower()): i for i, cell in enumerate(cells)}
    if not all(column in found for column in COLUMNS[:4]):
        raise refusal(
            line,
            "be a header or row of frame, track, x, y and perhaps visible",
            shown(", ".join(cells)),
            "Use .npy, .json, or CSV with these columns",
        )
    return [found[column] for column in COLUMNS if column in found]


def _plain_row(cells: list[str], order: list[int]) -> Row | None:
    """The common kind of row, fast; None leaves it to `_row`, which finds what is wrong."""
    try:
        frame, x, y = int(cells[order[0]]), float(cells[order[2]]), float(cells[order[3]])
        flag = _PLAIN_FLAGS[cells[order[4]]] if len(order) == 5 else math.nan
    except (ValueError, IndexError, KeyError):
        return None
    if not (0 <= frame < MAX_FRAMES and math.isfinite(x) and math.isfinite(y)):
        return None
    return frame, cells[order[1]].strip(), x, y, flag


def _row(cells: list[str], order: list[int], line: str) -> Row:
    if len(cells) <= max(order):
        raise refusal(line, f"have {max(order) + 1} columns", str(len(cells)), "Complete the row")
    values = [cells[i].strip() for i in order]
    frame = _number(values[0], f"{line}: frame")
    if not (0 <= frame < MAX_FRAMES and frame == math.floor(frame)):
        raise refusal(
            f"{line}: frame", f"be an integer from 0 to {MAX_FRAMES - 1}", shown(values[0]),
            "Frames count from 0",
        )  # fmt: skip
    where = f"{line}: track {values[1][:40]}, frame {int(frame)}"
    x, y = (_number(values[i], f"{where}: {'xy'[i - 2]}", missing=np.nan) for i in (2, 3))
    seen = np.nan
    if len(values) == 5 and values[4].lower() not in _NOT_A_NUMBER:
        flag = _FLAGS.get(values[4].lower())
        seen = float(flag) if flag is not None else _number(values[4], f"{where}: visible")
    return int(frame), values[1], x, y, seen


def _number(cell: str, subject: str, missing: float | None = None) -> float:
    if missing is not None and cell.lower() in _NOT_A_NUMBER:
        return missing
    if _is_number(cell) and math.isfinite(float(cell)):
        return float(cell)
    raise refusal(subject, "be a finite number", shown(cell), "Correct the cell")


def _is_number(cell: str) -> bool:
    if not cell.isascii() or "_" in cell or len(cell) > 64:
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True


def write_csv(tracks: Tracks, size: Size | None, _fps: float) -> str:
    """The text of a CSV file; its first line is a comment where the frame is known."""
    positions, visible = tracks.positions.numpy(), tracks.visibility.numpy()
    lines = [] if size is None else [size_comment(size)]
    lines.append(",".join(COLUMNS))
    for track in range(tracks.num_points):
        rows = zip(
            shortest_of(positions[:, track]).tolist(), visible[:, track].tolist(), strict=True
        )
        lines += [f"{at},{track},{x},{y},{seen:d}" for at, ((x, y), seen) in enumerate(rows)]
    return "\n".join(lines) + "\n"
