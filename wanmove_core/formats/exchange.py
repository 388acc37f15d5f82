"""Convert between drawings and track files for the editor."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ..document.sampling import sample_document, without_rings
from ..document.schema import MAX_DOCUMENT_BYTES, MAX_FRAMES, MAX_SIDE, parse_document
from ..errors import OptionError, TrackFormatError
from .checks import shown
from .registry import WRITE_FORMATS, WRITTEN
from .text import decode_text
from .to_document import import_noted
from .write import write_tracks

MAX_IMPORT_BYTES = 64_000_000


class TooLargeError(TrackFormatError):
    """A request body that is too large."""


def exchange(body: bytes, query: Mapping[str, str]) -> tuple[str | None, bytes]:
    """Convert the editor's request: a drawing to a file, or a file to a drawing.

    Args:
        body: a document where the query has a `format`, else a track file or SVG.
        query: `format`, a name of WRITE_FORMATS; or `name`, `width`, `height` and `frames` of the
            canvas that the file is brought to.

    Returns:
        For a drawing, the name of a file and its bytes; for a file, None and the JSON of a drawing
        with `notes` for people, and `untimed` where the file states no fps.

    Raises:
        TooLargeError: the body is over the limit.
        WanMoveError: the body cannot be read or written.
    """
    if len(body) > MAX_IMPORT_BYTES:
        raise TooLargeError(
            "The file must be at most 64 MB; got more. Save fewer tracks or frames."
        )
    if "format" in query:
        kind = query["format"]
        if kind not in WRITE_FORMATS:
            raise OptionError(
                f"format must be one of {', '.join(WRITE_FORMATS)}; got {shown(kind)}. Choose one."
            )
        if len(body) > MAX_DOCUMENT_BYTES:
            raise TooLargeError("The drawing is too large. Import dense tracks from a file.")
        return export_document(decode_text(body, "The drawing"), kind)
    size = (_integer(query, "width", 832, MAX_SIDE), _integer(query, "height", 480, MAX_SIDE))
    name = "".join(filter(str.isprintable, query.get("name", "")))[:80] or "tracks"
    frames = _integer(query, "frames", 81, MAX_FRAMES)
    text, notes, timed = import_noted(body, name=name, size=size, num_frames=frames)
    more = ({"notes": notes} if notes else {}) | ({} if timed else {"untimed": True})
    return None, (json.dumps(json.loads(text) | more) if more else text).encode()


def export_document(text: str, kind: str) -> tuple[str, bytes]:
    """Sample a document and write it as a file.

    Args:
        text: the editor's document.
        kind: one of WRITE_FORMATS. "npy" gives a zip of the pair tracks and visibility.

    Returns:
        The file's name and its bytes.

    Raises:
        TrackFormatError: the document cannot be read, or has no visible tracks.
        OptionError: an unknown format.
    """
    document = parse_document(text)
    # The programs that read coordinates take one list for a path.
    tracks = sample_document(without_rings(document) if kind == "json" else document)
    if tracks.num_points == 0:
        raise TrackFormatError("The drawing must have a track to export; got none. Draw one.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"wanmove_tracks{WRITTEN[kind].suffix if kind in WRITTEN else ''}"
        size = (document.width, document.height)
        files = write_tracks(tracks, path, format=kind, size=size, fps=document.fps)
        if len(files) == 1:
            return files[0].name, files[0].read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file in files:
                archive.write(file, file.name)
        return "wanmove_tracks.zip", packed.getvalue()


def _integer(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    plain = text.isascii() and text.isdigit() and len(text) < 10
    if not plain or not 1 <= int(text) <= most:
        raise OptionError(
            f"{name} must be an integer from 1 to {most}; got {shown(text)}. Correct it."
        )
    return int(text)
