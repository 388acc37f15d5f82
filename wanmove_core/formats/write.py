"""Write tracks: .npy pair, JSON, CSV or a format of another program."""

import pathlib

import numpy as np

from ..errors import MediaError, OptionError, TrackFormatError
from ..family import Size
from ..media.writer import check_writable, write_files
from ..tracks import Tracks
from .checks import MAX_COORDINATE, MAX_POINTS, MAX_TEXT_POINTS, check_points, refusal
from .npy import npy_bytes, visibility_path
from .registry import WRITE_FORMATS, WRITTEN, format_of, function, written_suffixes


def write_tracks(
    tracks: Tracks,
    path: str | pathlib.Path,
    *,
    format: str | None = None,
    size: Size | None = None,
    fps: float = 16.0,
) -> list[pathlib.Path]:
    """Write tracks to a file; it appears complete under its name, or not at all.

    Args:
        tracks: at least one track.
        path: where to; an existing file is replaced.
        format: a name of WRITE_FORMATS; None takes the path's suffix.
            npy: float32 [1, T, N, 2], and beside it bool [1, T, N] under the name that
            `read_tracks` looks for (`NAME_tracks.npy`, `NAME_visibility.npy`). What the
            released model reads. Exact.
            json: coordinates as KJNodes and ComfyUI core read them, one list per track, not
            rounded. A hidden point is {"x": -1, "y": -1, "visible": false}: off the frame for
            other programs, so it guides nothing there; its own position is not kept.
            csv: frame, track, x, y, visible. Exact.
            svg: a polyline for each track, for vector programs. Exact where visible.
            after-effects (.ae.txt): keyframes to paste. Without visibility.
            nuke (.nk): a Tracker4 node to paste. Exact where visible.
            blender (.blender.json): for docs/blender/import_tracks.py. Exact where visible.
            kling (.kling.json): dynamic_masks for its API, integer pixels. Without visibility.
        size: (width, height) of the frame that the positions are pixels of, where the tracks
            themselves do not know it; only the five formats of other programs need it. JSON
            and CSV state it too.
        fps: frames per second, for those that keep it.

    Returns:
        The files written.

    Raises:
        TrackFormatError: nothing to write, a position too far out to be read back, or the file
            cannot be written.
        OptionError: an unknown format, no size for one that needs it, or more tracks than it
            can hold.
    """
    path = pathlib.Path(path)
    kind = check_path(path, format)
    most = MAX_POINTS if kind == "npy" else MAX_TEXT_POINTS
    check_points(path.name, tracks.num_frames, tracks.num_points, most)
    if not 0.01 <= fps <= 1000:
        raise OptionError(f"fps must be from 0.01 to 1000; got {fps!r}. Use 16.")
    positions = tracks.positions.detach().cpu().numpy()
    visible = tracks.visibility.cpu().numpy()
    if (np.abs(positions[visible]) > MAX_COORDINATE).any():
        raise refusal(
            path.name,
            f"have positions within {MAX_COORDINATE:.0f} px of the frame",
            f"{np.abs(positions[visible]).max():g} px",
            "Hide points that far out",
        )
    # Hidden ones may be anywhere, and would not be read back from farther out either.
    positions = positions.clip(-MAX_COORDINATE, MAX_COORDINATE).astype(np.float32)
    size = tracks.frame or size
    if WRITTEN[kind].needs_canvas and size is None:
        raise OptionError(
            f"size must be given to write {kind}; got None. Pass the frame's size=(width, "
            "height), or give --from-size WxH to `wanmove tracks convert`."
        )
    if kind == "npy":
        # The visibility goes first, so that whoever sees the new tracks finds it.
        files = {_beside(path): npy_bytes(visible[None]), path: npy_bytes(positions[None])}
    else:
        whole = Tracks.from_arrays(positions, visible)
        files = {path: function(WRITTEN[kind].write)(whole, size, fps).encode()}
    try:
        write_files(files)
    except MediaError as error:
        raise _unwritable(path, error) from error
    return list(files)


def check_path(path: pathlib.Path, format: str | None = None) -> str:
    """Return the format to write, a name of WRITE_FORMATS; check that the path is writable.

    Raises:
        OptionError: neither `format` nor the file's name gives a format.
        TrackFormatError: the file cannot be written.
    """
    _check_writable(path)
    kind = (format or format_of(path.name)).lower()
    if kind not in WRITE_FORMATS:
        raise OptionError(
            f"format must be one of {', '.join(WRITE_FORMATS)}; got {kind!r}. End the file name "
            f"in {written_suffixes()}, or name the format."
        )
    if kind == "npy":
        _check_writable(_beside(path))
    return kind


def _check_writable(path: pathlib.Path) -> None:
    try:
        check_writable(path)
    except MediaError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: pathlib.Path, error: MediaError) -> TrackFormatError:
    if isinstance(error.__cause__, OSError):
        cause = error.__cause__
        reason = (cause.strerror or type(cause).__name__).lower()
        return refusal(str(path), "be a file that can be written", reason, "Check it")
    return TrackFormatError(str(error))


def _beside(path: pathlib.Path) -> pathlib.Path:
    beside = visibility_path(path)
    if beside is None:
        raise OptionError(
            f"path must name the tracks file; got {path.name!r}. "
            "Use NAME_tracks.npy; NAME_visibility.npy is written beside it."
        )
    return beside
