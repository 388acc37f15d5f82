"""Tracks and pictures of paths as editor documents, so that they can be changed by hand."""

import json
from typing import Any, NamedTuple

import numpy as np

from ..document.schema import (
    DOCUMENT_VERSION,
    MAX_DOCUMENT_BYTES,
    MAX_TRACKS,
    is_document,
    parse_document,
)
from ..errors import TrackFormatError
from ..shapes import Float
from .content import ReadOptions, TrackFile
from .read import parse_tracks
from .samples import frame_ranges, held
from .svg import is_svg, read_svg
from .svg_document import svg_tracks
from .text import decode_text, parse_json

_DEEPEST = 40  # splits within each other that go by the worst frame
_FEWEST_CHARACTERS = 20  # of a knot in a document
_TOLERANCE = 0.25  # px; what is left out of a track never moves it further than this


class Imported(NamedTuple):
    """The JSON of a document; `timed`: its frames and fps are the file's own."""

    text: str
    notes: tuple[str, ...] = ()
    timed: bool = True


def import_document(
    data: bytes, *, name: str = "tracks", size: tuple[int, int] = (832, 480), num_frames: int = 81
) -> str:
    """Turn a file with tracks into an editor document.

    Args:
        data: the bytes of any track file that `parse_tracks` reads, or of an editor document,
            which stays as it is. Paths drawn in an SVG picture stay curves.
        name: what messages call it.
        size: (width, height) of the canvas to draw on; tracks that say their own are stretched.
        num_frames: frames of the canvas; tracks of a file that states no fps are retimed to it.
            Others keep their frames, and the document gets the file's length and fps.

    Returns:
        JSON text for `parse_document`.

    Raises:
        TrackFormatError: not readable; the message names the place.
    """
    return import_noted(data, name=name, size=size, num_frames=num_frames).text


def import_noted(data: bytes, *, name: str, size: tuple[int, int], num_frames: int) -> Imported:
    """As `import_document`, with what a person should know of how it was read."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and is_svg(text := decode_text(data, name)):
        picture = read_svg(text, name)
        if all(path.frames is None for path in picture.paths):
            tracks = svg_tracks(picture, name, size)
            text = _document(tracks, size, num_frames, picture.fps or 16.0, name)
            return Imported(text, (), False)
    if data.lstrip()[:1] == b"{":
        value = _json_or_none(data, name)
        if is_document(value):
            text = decode_text(data, name)
            parse_document(text)
            return Imported(text)
    options = ReadOptions(size=size, num_frames=num_frames)
    loaded = parse_tracks(data, name=name, options=options)
    if timed := loaded.fps is not None:
        loaded = parse_tracks(data, name=name, options=ReadOptions(size=size))
        num_frames = loaded.tracks.num_frames
    if loaded.tracks.num_points > MAX_TRACKS:
        raise TrackFormatError(
            f"{name} must have at most {MAX_TRACKS} tracks to be edited; got "
            f"{loaded.tracks.num_points}. Connect Load Tracks instead of drawing."
        )
    text = _document(_tracks(loaded, name), size, num_frames, loaded.fps or 16.0, name)
    return Imported(text, loaded.notes, timed)


def _json_or_none(data: bytes, name: str) -> Any:
    try:
        return parse_json(decode_text(data, name), name)
    except TrackFormatError:  # parse_tracks says what is wrong
        return None


def _document(
    tracks: list[dict[str, Any]], size: tuple[int, int], num_frames: int, fps: float, name: str
) -> str:
    numbered = [{"id": f"t{number}", **track} for number, track in enumerate(tracks, start=1)]
    text = json.dumps(
        {
            "version": DOCUMENT_VERSION,
            "width": size[0],
            "height": size[1],
            "fps": fps,
            "frames": num_frames,
            "tracks": numbered,
        }
    )
    if len(text) > MAX_DOCUMENT_BYTES:
        raise _too_detailed(name)
    return text


def _too_detailed(name: str) -> TrackFormatError:
    return TrackFormatError(
        f"{name} must make a drawing of at most {MAX_DOCUMENT_BYTES // 10**6} MB to be edited; got "
        "more detail than that. Connect Load Tracks instead of drawing."
    )


def _tracks(loaded: TrackFile, name: str) -> list[dict[str, Any]]:
    positions = loaded.tracks.positions.numpy().astype(np.float64)
    visibility = loaded.tracks.visibility.numpy()
    tracks, knots_left = [], MAX_DOCUMENT_BYTES // _FEWEST_CHARACTERS
    for index in range(positions.shape[1]):
        own, seen = positions[:, index], visibility[:, index]
        own = held(own, seen) if seen.any() else own
        frames = _needed_frames(own)
        knots_left -= len(frames)
        if knots_left < 0:
            raise _too_detailed(name)
        knots = [{"x": round(x, 3), "y": round(y, 3)} for x, y in own[frames].tolist()]
        inner = enumerate(frames[1:-1].tolist(), start=1)
        keys = [{"frame": frame, "at": at} for at, frame in inner]
        title = loaded.names[index] if index < len(loaded.names) else f"Track {index + 1}"
        track: dict[str, Any] = {"name": title, "curve": "polyline", "knots": knots}
        track |= {"timing": {"keys": keys}} if keys else {}
        track |= {} if seen.all() else {"windows": frame_ranges(seen)}
        color = loaded.colors[index] if index < len(loaded.colors) else ""
        tracks.append(track | ({"color": color} if _is_hex_color(color) else {}))
    return tracks


def _is_hex_color(color: str) -> bool:
    return (
        len(color) == 7
        and color[0] == "#"
        and all(c in "0123456789abcdef" for c in color[1:].lower())
    )


def _needed_frames(positions: Float[np.ndarray, "frames 2"]) -> np.ndarray:
    """Frames between which a straight, even move stays within the tolerance.

    Source: Douglas and Peucker, Cartographica 10 (1973), over time instead of over distance.
    """
    last = len(positions) - 1
    if np.abs(positions - positions[0]).max() <= _TOLERANCE:
        return np.array([0])
    kept, open_ = {0, last}, [(0, last, _DEEPEST)]
    while open_:
        low, high, depth = open_.pop()
        if high - low < 2:
            continue
        share = np.arange(1, high - low)[:, None] / (high - low)
        straight = positions[low] + share * (positions[high] - positions[low])
        away = np.linalg.norm(positions[low + 1 : high] - straight, axis=1)
        worst = int(away.argmax())
        if away[worst] > _TOLERANCE:
            # Halves where the worst is ever beside an end, which would take frames x frames steps.
            middle = low + 1 + worst if depth > 0 else (low + high) // 2
            kept.add(middle)
            open_ += [(low, middle, depth - 1), (middle, high, depth - 1)]
    return np.array(sorted(kept))
