"""Read tracks from any supported format; the content tells the format, never the name."""

import os
import pathlib
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from ..choices import Unit
from ..document.schema import is_document
from ..errors import OptionError, TrackFormatError
from ..family import Size
from ..tracks import Tracks
from .checks import MAX_FILE_BYTES, refusal, shown
from .content import ReadOptions, TrackFile, finish
from .coordinates import unwrap_text
from .editor import parse_editor_document
from .npy import MAGIC, parse_npy, parse_tracks_dict, visibility_path
from .npy_zip import SIGNATURE, unpack_pair
from .registry import FORMATS, READ_SUFFIXES, find_parser
from .text import check_depth, clean_text, decode_text, parse_json

_SIGNATURES = (
    (SIGNATURE, "another zip archive (.npz, .pt)", "Save tracks and visibility as two .npy files"),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first"),
    (b"\x80", "a Python pickle, which can run code", "Save the tracks with numpy.save"),
    (b"\x89PNG", "a PNG image", "Pass the tracks, not the picture"),
    (b"\xff\xd8\xff", "a JPEG image", "Pass the tracks, not the picture"),
    (b"\x89HDF", "an HDF5 file", "Save the tracks with numpy.save"),
)
# Node inputs that hold a document as text or object.
_NESTED_KEYS = ("paths_data", "path_json", "inputs")


def read_tracks(
    source: str | pathlib.Path | list[Any] | dict[str, Any],
    *,
    visibility: str | pathlib.Path | None = None,
    size: Size | None = None,
    canvas_size: Size | None = None,
    num_frames: int | None = None,
    unit: Unit = "auto",
) -> Tracks:
    """Read tracks from a file, or from text, in any format of FORMATS.

    Args:
        source: a path, the text of a file, or its parsed JSON.
        visibility: the visibility .npy of a tracks .npy. None takes `NAME_visibility.npy`
            beside `NAME_tracks.npy` (or beside `NAME.npy`) when it is there.
        size: (width, height) of the output frame in pixels. Tracks drawn on a picture of
            another size are stretched to it.
        canvas_size: (width, height) that the tracks were drawn on, where the file does not say.
        num_frames: frames of the result; None keeps the file's own, or 81 for drawn curves.
        unit: "pixels", "normalized" (0..1 over the picture), or "auto": what the format says,
            else pixels.

    Returns:
        Tracks in float32 pixels. NaN, null, (-1, -1) and (-100, -100) are hidden points, the
        last two only where nothing else states visibility. Tracks of unequal length are
        stretched in time to the longest.

    Raises:
        TrackFormatError: not readable as tracks; names the file, track and frame.
        OptionError: an option outside its range.
    """
    options = ReadOptions(size, canvas_size, num_frames, unit)
    return read_track_file(source, visibility=visibility, options=options).tracks


def read_track_file(
    source: str | pathlib.Path | list[Any] | dict[str, Any],
    *,
    visibility: str | pathlib.Path | None = None,
    options: ReadOptions | None = None,
) -> TrackFile:
    """Read as `read_tracks`; also return what the file states: size, fps, names, colours.

    Raises:
        TrackFormatError, OptionError: as `read_tracks`.
    """
    options = options or ReadOptions()
    if isinstance(source, (list, dict)) or (isinstance(source, str) and _is_text(source)):
        if visibility is not None:
            raise _needless_visibility()
        return parse_tracks(source, options=options)
    path = pathlib.Path(source)
    data = _read_bytes(path)
    if visibility is None and data.startswith(MAGIC):
        beside = visibility_path(path)
        visibility = beside if beside is not None and os.path.lexists(beside) else None
    seen = None if visibility is None else _read_bytes(pathlib.Path(visibility))
    return parse_tracks(data, name=path.name, visibility=seen, options=options)


def _is_text(source: str) -> bool:
    """Whether a string is tracks themselves, and not the name of a file."""
    if "\n" in source:
        return True
    begins = source.lstrip("\ufeff \t")[:1] in ("[", "{", "<")
    # Names may begin so too: "[v1] tracks.npy".
    return begins and not (len(source) < 4096 and source.lower().endswith(READ_SUFFIXES))


def parse_tracks(
    data: bytes | str | Sequence[Any] | Mapping[str, Any],
    *,
    name: str = "tracks",
    visibility: bytes | None = None,
    options: ReadOptions | None = None,
) -> TrackFile:
    """Read tracks from memory; never opens a file. For nodes and web requests.

    Args:
        data: the bytes of a file, text, parsed JSON, a list of JSON texts (one per track), or
            ComfyUI core's TRACKS dict.
        name: of the source, for messages.
        visibility: the bytes of a visibility .npy, for the bytes of a tracks .npy.
        options: see ReadOptions.

    Raises:
        TrackFormatError, OptionError: as `read_tracks`.
    """
    options = options or ReadOptions()
    if options.format != "auto" and options.format not in FORMATS:
        raise OptionError(
            f"format must be auto or one of {', '.join(FORMATS)}; got {options.format!r}. Use auto."
        )
    if isinstance(data, bytes):
        if data.startswith(MAGIC) or options.format == "npy":
            return parse_npy(data, visibility, name, options)
        if data.startswith(SIGNATURE) and (pair := unpack_pair(data)) is not None:
            return parse_npy(*pair, name, options)
        _refuse_other_files(data, name)
        data = decode_text(data, name)
    if visibility is not None:
        raise _needless_visibility()
    if isinstance(data, str):
        data = clean_text(data, name)
        if not data.strip():
            raise refusal(name, "hold tracks", "nothing", "Draw or export some tracks first")
        parse = find_parser("text", data, options.format)
        if parse is not None:
            return finish(parse(data, name, options), name, options)
        data = parse_json(data, name)
    elif isinstance(data, (list, dict)):
        check_depth(data, name)
    return _parse_value(data, name, options)


def _parse_value(value: Any, name: str, options: ReadOptions) -> TrackFile:
    """Parsed JSON, or a structure from memory, to tracks."""
    if isinstance(value, (list, tuple, str)):
        value = unwrap_text(list(value) if isinstance(value, tuple) else value, name)
    for key in _NESTED_KEYS:
        if isinstance(value, dict) and isinstance(value.get(key), (str, dict)):
            value, name = unwrap_text(value[key], f"{name}: {key}"), f"{name}: {key}"
    wanted = options.format
    if isinstance(value, Mapping) and "track_path" in value and wanted in ("auto", "tracks"):
        return parse_tracks_dict(value, name, options)
    if is_document(value) and wanted in ("auto", "wan-move"):
        return parse_editor_document(value, name, options)
    found = find_parser("value", value, wanted)
    if found is None:
        raise refusal(
            name,
            "be tracks in a known format" if wanted == "auto" else f"be tracks as {wanted}",
            shown(value),
            f"Known are {', '.join(FORMATS)}",
        )
    return finish(found(value, name, options), name, options)


def _read_bytes(path: pathlib.Path) -> bytes:
    """The bytes of a regular file; never of a pipe or device, which could go on for ever."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or pipe"
        raise refusal(str(path), "be a file", kind, "Check the path")
    if status.st_size > MAX_FILE_BYTES:
        raise refusal(
            path.name,
            f"be at most {MAX_FILE_BYTES // 2**20} MiB",
            f"{status.st_size / 2**20:.1f} MiB",
            "Split it or use fewer tracks",
        )
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: pathlib.Path, error: OSError | ValueError) -> TrackFormatError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return refusal(str(path)[-200:], "be a readable file", reason.lower(), "Check the path")


def _refuse_other_files(data: bytes, name: str) -> None:
    if not data:
        raise refusal(name, "hold tracks", "an empty file", "Export it again")
    for signature, kind, step in _SIGNATURES:
        if data.startswith(signature):
            raise refusal(name, "be tracks as .npy, JSON or CSV", kind, step)
    if data[4:8] == b"ftyp":
        raise refusal(
            name, "be tracks as .npy, JSON or CSV", "a video", "Pass the tracks, not the video"
        )


def _needless_visibility() -> OptionError:
    return OptionError(
        "visibility must come with tracks as .npy; got tracks as text. "
        "State visibility within the text instead."
    )
