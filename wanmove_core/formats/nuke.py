"""Nuke: the Tracker4 and Tracker3 nodes of a script or of the clipboard.

Source: nodes as Nuke 6 to 13 save them; the columns of Tracker4 as in the scripts that
    3DEqualizer's and Blender's exporters write for it (masahiro teraoka, "tracker2nuke").
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..family import Size
from ..tracks import Tracks
from .checks import MAX_TEXT_POINTS, check_points, check_size, refusal, shown
from .content import Content, RawTrack, ReadOptions
from .nuke_curve import MAX_TOKENS, Curve, parse_braces, parse_curve
from .samples import (
    decimal,
    decimals_of,
    height_of,
    held,
    own_size,
    picture_size,
    shortest_of,
    size_comment,
)

_NODE = re.compile(r"^[ \t]{0,100}(Tracker[34]?)[ \t]{0,20}\{", re.MULTILINE)
_FORMAT = re.compile(r'^[ \t]{0,100}format "?(\d{1,9}) (\d{1,9})\b', re.MULTILINE)
_ROOT = re.compile(r"^[ \t]{0,100}Root[ \t]{0,20}\{", re.MULTILINE)
# Nuke's own first frame.
_FIRST_FRAME = 1
# Column names of Tracker4's table, by the kind, flag and width that Nuke gives them.
_COLUMNS = (
    ("5 1 20", "enable"),
    ("3 1 75", "name"),
    ("2 1 58", "track_x track_y"),
    ("2 1 63", "offset_x offset_y"),
    ("4 1 27", "T R S"),
    ("2 0 45", "error"),
    ("1 1 0", "error_min error_max pattern_x pattern_y pattern_r pattern_t"),
    ("1 1 0", "search_x search_y search_r search_t"),
    ("2 1 0", "key_track key_search_x key_search_y key_search_r key_search_t"),
    ("2 1 0", "key_track_x key_track_y key_track_r key_track_t"),
    ("2 1 0", "key_centre_offset_x key_centre_offset_y"),
)


def is_nuke(text: str) -> bool:
    """Whether `text` has a tracker node in it."""
    return not text.lstrip().startswith(("<", "[", "{")) and _NODE.search(text) is not None


def parse_nuke(text: str, name: str, options: ReadOptions) -> Content:
    """Read every track of every tracker node.

    The first frame is that of the first key. A track is interpolated linearly between its keys. It
    is hidden before the first key, after the last key, and where it is not enabled. Nuke counts y
    from the bottom: the height of the script's Root format is used, else the caller's.

    Raises:
        TrackFormatError: names the track and frame, or asks for the picture's size.
    """
    found = [track for node in _nodes(text, name) for track in node]
    if not found:
        raise refusal(name, "have a track in its tracker nodes", "none", "Add or bake tracks")
    stated = script_size(text, name)
    size = stated or picture_size(options, name, "Nuke")
    times = [t for _, curves in found for c in curves[:2] for t in c.times]
    times = [time for time in times if math.isfinite(time)] or [0.0]
    first, last = math.floor(min(times)), math.ceil(max(times))
    check_points(name, last - first + 1, len(found), MAX_TEXT_POINTS)
    frames = np.arange(first, last + 1, dtype=np.float64)
    height = height_of(size, options)
    tracks = [_sample(label, curves, frames, height) for label, curves in found]
    return Content(tracks, "nuke", canvas_size=size)


def write_nuke(tracks: Tracks, size: Size, _fps: float) -> str:
    """A Tracker4 node to paste into Nuke's node graph; a hidden point is not enabled."""
    positions = tracks.positions.detach().cpu().double().numpy()
    visible = tracks.visibility.cpu().numpy()
    columns = "\n".join(
        f"{{ {kind} {column} {'e' if column == 'enable' else column} 1 }}"
        for kind, names in _COLUMNS
        for column in names.split()
    )
    rows = "\n".join(
        _row(f"track {track + 1}", positions[:, track], visible[:, track], size[1])
        for track in range(tracks.num_points)
    )
    return (
        f"{size_comment(size)}\n"
        "set cut_paste_input [stack 0]\nversion 12.0 v1\npush $cut_paste_input\n"
        f"Tracker4 {{\ntracks {{ {{ 1 31 {tracks.num_points} }}\n{{ {columns}\n}}\n{{\n{rows}\n}}\n"
        f"}}\ncenter {{{decimal(size[0] / 2)} {decimal(size[1] / 2)}}}\nname WanMove_Tracker\n}}\n"
    )


def _row(label: str, positions: np.ndarray, seen: np.ndarray, height: int) -> str:
    own = held(positions, seen)
    x = " ".join(map(str, shortest_of(own[:, 0]).tolist()))
    y = " ".join(decimals_of(height - own[:, 1]))
    at = f"x{_FIRST_FRAME}"
    changes = np.flatnonzero(np.diff(seen.astype(np.int8), prepend=-1))
    enabled = " ".join(f"x{frame + _FIRST_FRAME} {int(seen[frame])}" for frame in changes)
    return (
        f' {{ {{curve K {enabled}}} "{label}" {{curve {at} {x}}} {{curve {at} {y}}}'
        f" {{curve K {at} 0}} {{curve K {at} 0}} 1 0 0 {{curve {at} 0}} 1 0"
        f" -32 -32 32 32 -22 -22 22 22{' {}' * 11} }}"
    )


# x, y, and whether it is enabled: None is always.
_Curves = tuple[Curve, Curve, Curve | None]
_Found = tuple[str, _Curves]


def _nodes(text: str, name: str) -> Iterator[list[_Found]]:
    """The tracks of each node: their names, and curves of x, y and enable."""
    count, words = 0, 0
    for match in _NODE.finditer(text):
        body, read_words = parse_braces(text, match.end() - 1, name, MAX_TOKENS - words)
        words += read_words
        knobs = {key: value for key, value in pairwise(body) if isinstance(key, str)}
        read = _table_tracks if isinstance(knobs.get("tracks"), list) else _knob_tracks
        found = read(knobs, name, count)
        count += len(found)
        yield found


def _table_tracks(knobs: dict[str, Any], name: str, count: int) -> list[_Found]:
    """The rows of Tracker4's table."""
    table = knobs["tracks"]
    if not (len(table) == 3 and all(isinstance(part, list) for part in table)):
        raise refusal(
            f"{name}: tracks", "hold a head, columns and rows", shown(table), "Export it again"
        )
    names = [
        column[3] if isinstance(column, list) and len(column) > 3 else "" for column in table[1]
    ]
    place = {
        column: names.index(column) for column in ("name", "track_x", "track_y") if column in names
    }
    if len(place) < 3:
        raise refusal(
            f"{name}: tracks", "have the columns name, track_x and track_y",
            shown(", ".join(map(str, names))), "Export it again",
        )  # fmt: skip
    found = []
    for number, row in enumerate(table[2], start=count):
        subject = f"{name}: track {number}"
        if not isinstance(row, list) or len(row) <= max(place.values()):
            raise refusal(subject, f"have {len(names)} columns", shown(row), "Export it again")
        label = row[place["name"]]
        x, y = (parse_curve(row[place[f"track_{axis}"]], f"{subject}: {axis}") for axis in "xy")
        enabled = None
        if "enable" in names:
            enabled = parse_curve(row[names.index("enable")], f"{subject}: enable")
        if x is None or y is None:
            raise refusal(subject, "have keys for x and y", "none", "Track it, or remove it")
        found.append((label if isinstance(label, str) else "", (x, y, enabled)))
    return found


def _knob_tracks(knobs: dict[str, Any], name: str, count: int) -> list[_Found]:
    """The up to four tracks that the nodes before Tracker4 have as knobs of their own."""
    found: list[_Found] = []
    for label in ("track1", "track2", "track3", "track4"):
        value = knobs.get(label)
        if not isinstance(value, list) or knobs.get(f"enable{label[-1]}") == "false":
            continue
        subject = f"{name}: track {count + len(found)}"
        if len(value) != 2:
            raise refusal(subject, "have x and y", shown(value), "Export it again")
        x, y = (
            parse_curve(part, f"{subject}: {axis}") for part, axis in zip(value, "xy", strict=True)
        )
        if x is not None and y is not None:
            found.append((label, (x, y, None)))
    return found


def _sample(label: str, curves: _Curves, frames: np.ndarray, height: int) -> RawTrack:
    x, y, enabled = curves
    seen = np.ones(len(frames), dtype=bool) if enabled is None else enabled.at(frames) > 0.5
    for curve in (x, y):
        # A value without animation is one key at minus infinity: it holds throughout.
        moving = np.isfinite(curve.times[0])
        seen &= ~moving | (frames >= curve.times[0]) & (frames <= curve.times[-1])
    return RawTrack(np.stack([x.at(frames), height - y.at(frames)], axis=1), seen, label)


def script_size(text: str, name: str) -> Size | None:
    """Size of the picture that a script states: ours in a comment, else the Root node's format."""
    stated, root = own_size(text, name), _ROOT.search(text)
    if stated is not None or root is None:
        return stated
    found = _FORMAT.search(text[root.end() : root.end() + 20_000].partition("\n}")[0])
    return None if found is None else check_size(int(found[1]), int(found[2]), f"{name}: format")
