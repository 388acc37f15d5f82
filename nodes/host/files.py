"""Track files inside the host's folders, and nowhere else."""

import os
from dataclasses import replace
from pathlib import Path

import folder_paths

from ...wanmove_core import OptionError, TrackFormatError
from ...wanmove_core.formats import (
    WRITE_FORMATS,
    ReadOptions,
    TrackFile,
    parse_tracks,
    read_track_file,
    write_tracks,
)
from ...wanmove_core.formats.checks import shown
from ...wanmove_core.formats.npy import visibility_path
from ...wanmove_core.formats.registry import READ_SUFFIXES, WRITTEN
from ...wanmove_core.formats.text import decode_text
from ...wanmove_core.media.files import list_files
from ...wanmove_core.motion.frame import same_aspect
from ...wanmove_core.tracks import Tracks

# File systems take 255; a number and the ending are added.
_MAX_NAME_BYTES = 200
_TEXT_SUFFIXES = (".json", ".txt", ".chan", ".nk")
SAVE_FORMATS = list(WRITE_FORMATS)


def listed_files() -> list[str]:
    """Track files of the input folder, as LoadImage names its files."""
    return list_files(folder_paths.get_input_directory(), READ_SUFFIXES)


def find_file(name: str) -> Path:
    """Find a file that lies in the input, output or temp folder, named as the host names files.

    Raises:
        TrackFormatError: the file does not exist, or lies outside these folders.
    """
    if not isinstance(name, str):
        raise TrackFormatError(f"file must be a name; got {shown(name)}. Choose one of the list.")
    path = _path_in_folders(name)
    if path is None:
        raise TrackFormatError(
            f"file must lie in ComfyUI's input, output or temp folder; got {shown(name)}. "
            "Copy it into the input folder."
        )
    if not os.path.isfile(path):  # noqa: PTH113 (the other raises for names that are too long)
        raise TrackFormatError(
            f"file must exist in ComfyUI's input folder; got {shown(name)}. "
            "Copy it there, then refresh the list (key R)."
        )
    return path


def validate_file(name: str) -> bool | str:
    """Answer the host's `validate_inputs`: True, or why a file cannot be found."""
    try:
        find_file(name)
    except TrackFormatError as error:
        return str(error)
    return True


def find_text(given: str, subject: str) -> tuple[str, str]:
    """Return given text, or the text of a file, and its name for messages."""
    name = named_file(given)
    if name is None:
        return given, subject
    path = find_file(name)
    return decode_text(path.read_bytes(), path.name), path.name


def named_file(given: object) -> str | None:
    """Return the name of a text file that given text consists of; None for any other text."""
    name = given.strip() if isinstance(given, str) else ""
    return name if "\n" not in name and name.lower().endswith(_TEXT_SUFFIXES) else None


def _path_in_folders(name: str) -> Path | None:
    """Where the host finds a file; None outside of its folders."""
    try:
        found = folder_paths.get_annotated_filepath(name)
    except ValueError:  # ComfyUI 0.33; up to 0.26 the path came back, wherever it led
        return None
    path = os.path.abspath(found)  # noqa: PTH100
    roots = (
        folder_paths.get_input_directory(),
        folder_paths.get_output_directory(),
        folder_paths.get_temp_directory(),
    )
    inside = any(Path(path).is_relative_to(os.path.abspath(root)) for root in roots)  # noqa: PTH100
    return Path(path) if inside else None


def fingerprint(name: str) -> list[tuple[int, int]] | None:
    """Return a value that changes when the file does; None for a file that cannot be found.

    It raises nothing: the host takes an exception for a change, and runs the node every time.
    """
    try:
        path = find_file(name)
        stats = [part.stat() for part in (path, visibility_path(path)) if part and part.is_file()]
    except (TrackFormatError, OSError):
        return None
    return [(stat.st_mtime_ns, stat.st_size) for stat in stats]


def load_tracks(name: str, text: str | None, options: ReadOptions) -> tuple[Tracks, str]:
    """Read tracks from text if it is given, else from the file; return them and a summary.

    Tracks of another aspect ratio than the asked size stay in the frame that they were made on.
    """
    loaded = _read(name, text, options)
    canvas, size = loaded.canvas, options.size
    stated = canvas == options.canvas_size  # by hand, so that the picture was stretched too
    if canvas and size and not stated and not same_aspect(canvas, size):
        loaded = _read(name, text, replace(options, size=None))
    tracks, frame = loaded.tracks, loaded.tracks.frame
    size = "unknown size" if frame is None else f"{frame[0]}x{frame[1]}"
    told = f"{tracks.num_points} tracks, {tracks.num_frames} frames, {size}, format {loaded.format}"
    told += f", {loaded.fps:g} fps" if loaded.fps is not None else ""
    return tracks, "\n".join([told, *loaded.notes])


def _read(name: str, text: str | None, options: ReadOptions) -> TrackFile:
    if text:
        # Never as a path: the text comes from any workflow.
        return parse_tracks(text, options=options)
    if name:
        return read_track_file(find_file(name), options=options)
    raise OptionError(
        "either text or file must be given; got neither. Connect coordinates, or choose a file."
    )


def new_file(prefix: str, format_: str) -> Path:
    """Name a new file under the output folder; the name is counted up.

    Raises:
        TrackFormatError: the prefix is not a name, or leads out of the folder.
    """
    root = os.path.abspath(folder_paths.get_output_directory())  # noqa: PTH100
    name = Path(prefix).name
    if not name.strip() or not prefix.isprintable() or len(os.fsencode(name)) > _MAX_NAME_BYTES:
        raise TrackFormatError(
            f"filename_prefix must end in a name of at most {_MAX_NAME_BYTES} bytes; got "
            f'{shown(prefix)}. Use a name such as "tracks/ball".'
        )
    wanted = Path(root) / prefix
    inside = Path(os.path.abspath(wanted)).is_relative_to(root)  # noqa: PTH100
    # A link of the output folder may lead elsewhere, one within it may not lead out.
    if not inside or not _real(wanted.parent).is_relative_to(_real(root)):
        raise TrackFormatError(
            f"filename_prefix must stay in ComfyUI's output folder; got {shown(prefix)}. "
            'Use a name such as "tracks/ball".'
        )
    try:
        folder, name, counter, *_ = folder_paths.get_save_image_path(prefix, root)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise TrackFormatError(
            f"filename_prefix must name a folder that can be written; got {shown(prefix)}: "
            f"{reason}. Check the output folder."
        ) from error
    return Path(folder) / f"{name}_{counter:05}_tracks{WRITTEN[format_].suffix}"


def _real(path: Path | str) -> Path:
    """Follow links, also where they end nowhere or in a circle."""
    return Path(os.path.realpath(path))


def save_tracks(
    tracks: Tracks, path: Path, format_: str, *, size: tuple[int, int], fps: float
) -> str:
    """Write tracks to a file under the output folder. Returns its name, relative."""
    write_tracks(tracks, path, format=format_, size=size, fps=fps)
    root = os.path.abspath(folder_paths.get_output_directory())  # noqa: PTH100
    return path.relative_to(root).as_posix()
