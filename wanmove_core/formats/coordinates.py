"""Coordinate JSON: one position per frame, as in KJNodes, ComfyUI core, ATI and others.

Lists of points, flat for one track or nested for several; a point is {"x", "y"}, [x, y],
[x, y, visible], or null where the track is hidden. "visible" beside "x" and "y" is ours, and so
is "frame": [width, height] in the first point of all, which states the frame of all: others
ignore both. A list of strings holds one JSON text per track.
"""

import json
import logging
from typing import Any

import numpy as np

from ..family import Size
from ..tracks import Tracks
from .checks import check_list, check_number, check_size, refusal, shown
from .content import HIDDEN_PAIRS, Content, RawTrack, ReadOptions, hidden_pairs
from .samples import shortest_of
from .text import parse_json

_log = logging.getLogger("wanmove")

# Keys under which other tools wrap the same lists, the most specific first.
WRAPPER_KEYS = ("track_coords", "coordinates", "tracks_json", "coord_str", "tracks")
_SEEN = '"visible": true'
_SIZE_KEYS = (("width", "height"), ("mask_width", "mask_height"))


def parse_coordinates(value: Any, name: str, _options: ReadOptions) -> Content:
    """Read coordinate lists, or an object that wraps them.

    Raises:
        TrackFormatError: names the track and frame of the first value that is not a point.
    """
    canvas = None
    if isinstance(value, dict):
        canvas = wrapped_size(value, name)
        key = next(key for key in WRAPPER_KEYS if key in value)
        name, value = f"{name}: {key}", value[key]
    lists = track_lists(unwrap_text(value, name), name)
    canvas = canvas or _stated_frame(lists[0], name)
    tracks = [parse_points(points, f"{name}: track {i}") for i, points in enumerate(lists)]
    kept = [track for track in tracks if len(track.points)]
    if len(kept) < len(tracks):
        # KJNodes writes [] for a spline of one point; there is no position to keep.
        _log.warning("%s: %d empty tracks were left out.", name, len(tracks) - len(kept))
    if not kept:
        raise refusal(name, "hold at least one point", "only empty lists", "Draw a track first")
    return Content(kept, "coordinates", canvas_size=canvas)


def wrapped_size(value: dict[str, Any], name: str) -> tuple[int, int] | None:
    """Return the picture size that an object states beside its tracks."""
    for width, height in _SIZE_KEYS:
        if width in value and height in value:
            return check_size(value[width], value[height], f"{name}: picture")
    return None


def _stated_frame(points: Any, name: str) -> Size | None:
    """The frame in the first point, as `write_coordinates` puts it there."""
    first = points[0] if isinstance(points, list) and points else None
    pair = first.get("frame") if isinstance(first, dict) else None
    if not isinstance(pair, list) or len(pair) != 2:
        return None
    return check_size(pair[0], pair[1], f"{name}: frame")


def unwrap_text(value: Any, name: str) -> Any:
    """Parse JSON text in place of the value itself, and lists of such texts."""
    if isinstance(value, str):
        value = parse_json(value, name)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        tracks: list[Any] = []
        for index, item in enumerate(value):
            tracks.extend(track_lists(parse_json(item, f"{name}: text {index}"), name))
        return tracks
    return value


def track_lists(value: Any, name: str) -> list[Any]:
    """Return the lists of points in flat or nested coordinates; one list for flat ones."""
    items = check_list(value, name)
    if is_point(items[0]) or items[0] is None:
        return [items]
    tracks: list[Any] = []
    for index, item in enumerate(items):
        if not isinstance(item, list):
            raise refusal(
                f"{name}: track {index}",
                "be a list of points like the tracks before it",
                shown(item),
                "Give every track its own list",
            )
        if item and isinstance(item[0], list) and not is_point(item[0]):
            tracks.extend(track_lists(item, f"{name}: group {index}"))
        else:
            tracks.append(item)
    return tracks


def is_point(value: Any) -> bool:
    """Tell whether `value` has the form of a point; its coordinates are not checked."""
    if isinstance(value, dict):
        return "x" in value or "y" in value
    return (
        isinstance(value, list)
        and 2 <= len(value) <= 3
        and not any(isinstance(item, (list, dict)) for item in value)
    )


def parse_points(points: Any, subject: str, kind: str = "frame") -> RawTrack:
    """Read the points of one track.

    Args:
        points: an untrusted list.
        subject: file and track, for messages.
        kind: what one entry is: "frame", or "point" of a drawn path.

    Returns:
        A track with NaN where the file says null or NaN.

    Raises:
        TrackFormatError: names the first entry that is not a point.
    """
    if not isinstance(points, list):
        raise refusal(subject, "be a list of points", shown(points), "Export it again")
    rows = _fast_rows(points)
    if rows is None:
        rows = [_point(value, f"{subject}, {kind} {i}") for i, value in enumerate(points)]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    stated = ~np.isnan(table[:, 2])
    visible = None
    if stated.any():
        visible = np.where(stated, table[:, 2] > 0.5, ~hidden_pairs(table[:, :2]))
    return RawTrack(table[:, :2], visible)


def _fast_rows(points: list[Any]) -> list[tuple[Any, Any, float]] | None:
    """Rows when every entry is a plain {"x": number, "y": number} in range; else None."""
    try:
        rows = [(p["x"], p["y"], np.nan) for p in points if len(p) == 2]
    except (TypeError, KeyError):
        return None
    kinds = {type(v) for row in rows for v in row[:2]}
    if len(rows) != len(points) or not kinds <= {int, float}:
        return None
    small = all(-1e300 < x < 1e300 and -1e300 < y < 1e300 for x, y, _ in rows)
    return rows if small else None


def _point(value: Any, subject: str) -> tuple[float, float, float]:
    """x, y and stated visibility (NaN: none) of one point."""
    seen: Any = None
    if value is None:
        return np.nan, np.nan, np.nan
    if isinstance(value, dict) and "x" in value and "y" in value:
        x, y, seen = value["x"], value["y"], value.get("visible")
    elif isinstance(value, list) and is_point(value):
        x, y, *rest = value
        seen = rest[0] if rest else None
    else:
        raise refusal(
            subject, 'be a point like {"x": 12, "y": 34}', shown(value), "Correct or remove it"
        )
    if isinstance(seen, bool) or seen is None:
        flag = np.nan if seen is None else float(seen)
    else:
        flag = check_number(seen, f"{subject}: visible", 0, 1)
    return _coordinate(x, f"{subject}: x"), _coordinate(y, f"{subject}: y"), flag


def _coordinate(value: Any, subject: str) -> float:
    if value is None:
        return np.nan
    # NaN is what trackers write for a lost point; it is not above anything.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not abs(value) > 1e300:
        return float(value)
    raise refusal(
        subject,
        "be a finite number",
        shown(value),
        "Correct it, or use null for a hidden point",
    )


def coordinates_json(tracks: Tracks, size: Size | None = None) -> str:
    """Return the JSON text that `write_tracks` writes, for inputs named `track_coords`."""
    positions = tracks.positions.detach().cpu().numpy().astype(np.float32)
    visible = tracks.visibility.cpu().numpy()
    # A visible point on a pair that stands for hidden has to say so.
    stated = hidden_pairs(positions)
    hidden = json.dumps({"x": HIDDEN_PAIRS[0], "y": HIDDEN_PAIRS[0], "visible": False})
    lists = []
    for track in range(tracks.num_points):
        rows = zip(
            shortest_of(positions[:, track]).tolist(),
            visible[:, track].tolist(),
            stated[:, track].tolist(),
            strict=True,
        )
        points = (
            f'{{"x": {x}, "y": {y}{", " + _SEEN if said else ""}}}' if seen else hidden
            for (x, y), seen, said in rows
        )
        lists.append(f"[{', '.join(points)}]")
    text = f"[{', '.join(lists)}]"
    if size is not None:
        # The first point states the frame.
        end = text.index("}")
        text = f'{text[:end]}, "frame": {json.dumps(list(size))}{text[end:]}'
    return text


def write_coordinates(tracks: Tracks, size: Size | None, _fps: float) -> str:
    """The text of a coordinates file; its first point says the frame where that is known."""
    return coordinates_json(tracks, size)


def is_coordinates(value: Any) -> bool:
    """Whether a value is a list, or wraps one."""
    return isinstance(value, list) or (
        isinstance(value, dict) and any(key in value for key in WRAPPER_KEYS)
    )
