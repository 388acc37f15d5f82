"""Blender: markers of its movie clip editor, as CSV or as JSON.

The CSV is that of the export script of 2013 (gist 5663418, copied into many add-ons): one file per
track, `frame,x,y` without a header. The JSON holds the attributes of Blender's classes under their
own names, for all tracks of a clip; the scripts in docs/blender write and read it. In both, frame 1
is the clip's first and y counts from the bottom.

Source: Blender Python API, MovieClip, MovieTrackingTrack, MovieTrackingMarker
    (https://docs.blender.org/api/current/bpy.types.MovieTrackingMarker.html): `co` is the
    position in 0..1 of the clip, `mute` a marker that is disabled.
"""

import json
import re
from typing import Any

import numpy as np

from ..family import Size
from ..tracks import Tracks
from .checks import (
    MAX_FRAMES,
    MAX_TEXT_POINTS,
    check_count,
    check_list,
    check_number,
    check_points,
    check_size,
    refusal,
    shown,
)
from .content import Content, RawTrack, ReadOptions
from .samples import height_of, parse_number, picture_size
from .splines import MAX_DRAWN_TRACKS
from .text import lines_of

_NUMBER = r"[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,3})?"
_BETWEEN = r"(?:\s{0,20},\s{0,20}|[ \t]{1,20})"
_ROW = re.compile(
    rf"\s{{0,20}}(\d{{1,9}}){_BETWEEN}({_NUMBER}|nan){_BETWEEN}({_NUMBER}|nan)\s{{0,20}}"
)
# Pictures away: nothing is tracked so far out.
_FURTHEST = 1e3


def is_blender_csv(text: str) -> bool:
    """Whether the first line is a frame, x and y, and nothing else."""
    line = text.lstrip("\ufeff \t\r\n").partition("\n")[0]
    return len(line) < 200 and _ROW.fullmatch(line) is not None


def is_blender_json(value: Any) -> bool:
    """Whether parsed JSON is a clip's tracks with their markers."""
    tracks = value.get("tracks") if isinstance(value, dict) else None
    return isinstance(tracks, list) and any(
        isinstance(track, dict) and "markers" in track for track in tracks[:1]
    )


def parse_blender_csv(text: str, name: str, options: ReadOptions) -> Content:
    """Read the markers of one track; hidden in every frame without a row.

    Positions are pixels, as the script writes them unless its `relativeCoords` is set: then
    read them with the unit "normalized".

    Raises:
        TrackFormatError: names the line, or asks for the picture's size.
    """
    if text.count("\n") > MAX_FRAMES:
        raise refusal(name, f"have at most {MAX_FRAMES} lines", "more", "Export fewer frames")
    markers: dict[int, tuple[float, float]] = {}
    for number, line in enumerate(lines_of(text), start=1):
        if not line.strip():
            continue
        cells = line.replace(",", " ").split()
        plain = len(cells) == 3 and cells[0].isascii() and cells[0].isdigit()
        if not plain or len(cells[0]) > 9 or line.count(",") > 2:
            raise refusal(
                f"{name}: track 0, line {number}", "be frame,x,y", shown(line), "Export it again"
            )
        frame = int(cells[0])
        at = f"{name}: track 0, frame {frame}"
        x, y = (
            parse_number(cell, f"{at}: {axis}") for cell, axis in zip(cells[1:], "xy", strict=True)
        )
        _add(markers, frame, (x, y), at)
    first = min(1, *markers)
    frames = max(markers) - first + 1
    check_points(name, frames, 1, MAX_TEXT_POINTS)
    normalized = options.unit == "normalized"
    size = None if normalized else picture_size(options, name, "Blender")
    height = height_of(size or (1, 1), options)
    return Content(
        [_track(markers, frames, height, first)], "blender", canvas_size=size, normalized=normalized
    )


def parse_blender_json(value: Any, name: str, _options: ReadOptions) -> Content:
    """Read a clip's tracks; hidden where there is no marker or a muted one.

    Raises:
        TrackFormatError: names the track and marker.
    """
    listed = check_list(value["tracks"], f"{name}: tracks")
    if len(listed) > MAX_DRAWN_TRACKS:
        raise refusal(
            name, f"have at most {MAX_DRAWN_TRACKS} tracks", str(len(listed)), "Export fewer"
        )
    read = [_markers(track, f"{name}: track {i}") for i, track in enumerate(listed)]
    stated = [frame for markers in read for frame in markers]
    first = min([1, *stated])
    frames = max([1, *stated]) - first + 1
    if value.get("frame_duration") is not None:
        duration = value["frame_duration"]
        frames = max(frames, check_count(duration, f"{name}: frame_duration", 1, MAX_FRAMES))
    check_points(name, frames, len(listed), MAX_TEXT_POINTS)
    size = None
    if value.get("size") is not None:
        pair = check_list(value["size"], f"{name}: size")
        size = check_size(pair[0], pair[-1] if len(pair) == 2 else None, f"{name}: size")
    # Blender gives 0 for a sequence of images.
    fps = check_number(value.get("fps") or 0, f"{name}: fps", 0, 1000) or None
    tracks = [
        _track(markers, frames, 1, first, _label(track))
        for markers, track in zip(read, listed, strict=True)
    ]
    return Content(tracks, "blender", canvas_size=size, normalized=True, fps=fps)


def write_blender(tracks: Tracks, size: Size, fps: float) -> str:
    """JSON with a marker for every frame; those of hidden points are muted."""
    scaled = tracks.positions.detach().cpu().double().numpy() / size
    visible = tracks.visibility.cpu().numpy()
    head = {
        "name": "Wan-Move",
        "size": list(size),
        "fps": float(fps),
        "frame_duration": tracks.num_frames,
    }
    listed = []
    for track in range(tracks.num_points):
        rows = zip(scaled[:, track].tolist(), visible[:, track].tolist(), strict=True)
        markers = (
            f'{{"frame": {frame}, "co": [{x}, {1 - y}], "mute": {"false" if seen else "true"}}}'
            for frame, ((x, y), seen) in enumerate(rows, start=1)
        )
        text = ",\n".join(markers)
        listed.append(f'{{"name": "Track.{track:03}", "markers": [\n{text}\n]}}')
    text = ",\n".join(listed)
    return f'{json.dumps(head)[:-1]}, "tracks": [\n{text}\n]}}\n'


def _markers(track: Any, subject: str) -> dict[int, tuple[float, float]]:
    """Positions in 0..1 by frame, without those of muted markers."""
    if not isinstance(track, dict) or not isinstance(track.get("markers"), list):
        raise refusal(subject, "be an object with a list of markers", shown(track), "Add them")
    if len(track["markers"]) > MAX_FRAMES:
        got = str(len(track["markers"]))
        raise refusal(subject, f"have at most {MAX_FRAMES} markers", got, "Export fewer frames")
    found = _plain_markers(track["markers"])
    if found is not None:
        return found
    found = {}
    for number, marker in enumerate(track["markers"]):
        at = f"{subject}, marker {number}"
        if not isinstance(marker, dict):
            raise refusal(at, "be an object with frame and co", shown(marker), "Export it again")
        frame = check_count(marker.get("frame"), f"{at}: frame", -MAX_FRAMES, MAX_FRAMES)
        co = marker.get("co")
        if not isinstance(co, list) or len(co) != 2:
            raise refusal(f"{at}: co", "be [x, y]", shown(co), "Export it again")
        x, y = (
            check_number(part, f"{at}, frame {frame}: co", -_FURTHEST, _FURTHEST) for part in co
        )
        if marker.get("mute") is not True:
            _add(found, frame, (x, y), f"{subject}, frame {frame}")
    return found


def _plain_markers(markers: list[Any]) -> dict[int, tuple[float, float]] | None:
    """The same where every marker is as it should be, fast; None leaves it to find what is not."""
    try:
        rows = [(m["frame"], *m["co"], m.get("mute") is True) for m in markers]
    except (TypeError, KeyError, AttributeError):
        return None
    kinds = {type(part) for row in rows for part in row[1:3]}
    if not (kinds <= {int, float} and all(len(row) == 4 and type(row[0]) is int for row in rows)):
        return None
    if not all(
        abs(frame) <= MAX_FRAMES and abs(x) <= _FURTHEST and abs(y) <= _FURTHEST
        for frame, x, y, _ in rows
    ):
        return None
    found = {frame: (float(x), float(y)) for frame, x, y, mute in rows if not mute}
    return found if len(found) == sum(not row[3] for row in rows) else None


def _add(
    markers: dict[int, tuple[float, float]], frame: int, position: tuple[float, float], subject: str
) -> None:
    if frame in markers:
        raise refusal(subject, "have one marker", "two", "Remove one")
    markers[frame] = position


def _track(
    markers: dict[int, tuple[float, float]], frames: int, height: int, first: int, label: str = ""
) -> RawTrack:
    points = np.full((frames, 2), np.nan)
    if markers:
        place = np.array(list(markers)) - first
        points[place] = np.array(list(markers.values())) * [1, -1] + [0, height]
    return RawTrack(points, ~np.isnan(points[:, 0]), label)


def _label(track: dict[str, Any]) -> str:
    return track["name"] if isinstance(track.get("name"), str) else ""
