"""The official .npy pair: tracks [1, T, N, 2] or [T, N, 2], visibility [1, T, N] or [T, N].

The header is parsed by a pattern, never evaluated. Nothing is allocated before the shape has been
compared with the size of the data.
"""

import io
import logging
import math
import pathlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..tracks import Tracks
from .checks import MAX_FILE_BYTES, check_points, refusal, shown
from .content import Content, ReadOptions, TrackFile, checked_positions, hidden_pairs, scale_tracks

_log = logging.getLogger("wanmove")

MAGIC = b"\x93NUMPY"
_MAX_HEADER_BYTES = 4096
_DTYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_HEADER = re.compile(
    r"\s*\{\s*'descr':\s*(?P<descr>'[^']*'|\[.*\]),\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>[\d, L]*)\),?\s*\}\s*",
    re.DOTALL,
)
_LARGEST_AXIS = 2**31
_AXES = "[1, frames, tracks, 2] or [frames, tracks, 2]"


def parse_npy(data: bytes, visibility: bytes | None, name: str, options: ReadOptions) -> TrackFile:
    """Read the bytes of a tracks .npy and, if given, of its visibility .npy.

    Without a visibility file, NaN, (-1, -1) and (-100, -100) mean hidden; with one, only it
    and NaN do.

    Raises:
        TrackFormatError: damaged, of another shape or dtype, or a position out of range.
    """
    array = load_array(data, name)
    if array.dtype == np.bool_:
        raise refusal(
            name, "hold positions", "booleans", "Pass the tracks file; this one is visibility"
        )
    seen = None if visibility is None else load_array(visibility, f"{name}: visibility")
    return tracks_from_arrays(array, seen, name, options)


def parse_tracks_dict(value: Mapping[str, Any], name: str, options: ReadOptions) -> TrackFile:
    """Read ComfyUI core's TRACKS dict, of tensors or of lists.

    Raises:
        TrackFormatError: keys missing, or contents as for `parse_npy`.
    """
    seen = value.get("track_visibility")
    return tracks_from_arrays(
        _plain_array(value["track_path"], f"{name}: track_path"),
        None if seen is None else _plain_array(seen, f"{name}: track_visibility"),
        name,
        options,
        format="tracks",
    )


def tracks_from_arrays(
    array: np.ndarray,
    visibility: np.ndarray | None,
    name: str,
    options: ReadOptions,
    *,
    format: str = "npy",
) -> TrackFile:
    """Check arrays as other programs store them and make tracks of them."""
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 3 or array.shape[2] != 2:
        raise refusal(name, f"have the shape {_AXES}", str(list(array.shape)), "Reorder its axes")
    check_points(name, array.shape[0], array.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        positions = array.astype(np.float32)
    seen = ~np.isnan(positions).any(axis=2)
    if visibility is None:
        seen &= ~hidden_pairs(positions)
    else:
        seen &= _matching_visibility(visibility, positions.shape[:2], name)
    positions = checked_positions(positions, seen, name)
    tracks = Tracks(torch.from_numpy(positions), torch.from_numpy(seen))
    return scale_tracks(tracks, Content(format=format), name, options)


def load_array(data: bytes, name: str) -> np.ndarray:
    """The array of a .npy file; a read-only view of its bytes.

    Raises:
        TrackFormatError: not a whole .npy of numbers.
    """
    if len(data) > MAX_FILE_BYTES:
        raise refusal(
            name,
            f"be at most {MAX_FILE_BYTES // 2**20} MiB",
            f"{len(data) / 2**20:.1f} MiB",
            "Split it or use fewer tracks",
        )
    if not data.startswith(MAGIC):
        raise refusal(name, "be an .npy file", shown(data[:6]), "Save it with numpy.save")
    start, header = _header(data, name)
    dtype, shape, fortran = _parse_header(header, name)
    expected = math.prod(shape) * dtype.itemsize
    if expected != len(data) - start:
        raise refusal(
            name,
            f"hold {expected if expected < 10**18 else 'far fewer'} bytes of data "
            f"for {dtype} {_brief_shape(shape)}",
            f"{len(data) - start}",
            "The file is damaged or cut short; export it again",
        )
    if max(shape, default=0) >= _LARGEST_AXIS:  # beside an axis of no length
        raise refusal(name, f"have the shape {_AXES}", _brief_shape(shape), "Reorder its axes")
    flat = np.frombuffer(data, dtype, offset=start)
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(data: bytes, name: str) -> tuple[int, str]:
    """Where the data of a .npy starts, and the header text before it."""
    damaged = "The file is damaged or cut short; export it again"
    version = data[6:8]
    if version not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise refusal(name, "be .npy of version 1 to 3", shown(version), damaged)
    start = 10 if version == b"\x01\x00" else 12
    length = int.from_bytes(data[8:start], "little")
    header = data[start : start + min(length, _MAX_HEADER_BYTES)]
    if length > _MAX_HEADER_BYTES or len(header) < length:
        raise refusal(
            name,
            f"have a whole .npy header of at most {_MAX_HEADER_BYTES} bytes",
            f"{len(header)} of {length} bytes",
            damaged,
        )
    return start + length, header.decode("latin-1")


def _parse_header(header: str, name: str) -> tuple[np.dtype, tuple[int, ...], bool]:
    match = _HEADER.fullmatch(header)
    if match is None:
        raise refusal(
            name, "have an .npy header with descr, fortran_order, shape", shown(header),
            "Save it with numpy.save",
        )  # fmt: skip
    descr = match["descr"].strip("'")
    if descr[descr[:1] in tuple("<>|=") :] not in _DTYPES:
        pickled = descr.endswith("O")
        raise refusal(
            name,
            "hold integers or floats",
            "pickled Python objects, which can run code" if pickled else f"dtype {shown(descr)}",
            "Save it again with array.astype('float32')",
        )
    dims = [part.strip().rstrip("L") for part in match["shape"].split(",") if part.strip()]
    if len(dims) > 8 or any(not dim.isdigit() or len(dim) > 20 for dim in dims):
        raise refusal(name, f"have the shape {_AXES}", shown(match["shape"]), "Reorder its axes")
    return np.dtype(descr), tuple(int(dim) for dim in dims), match["fortran"] == "True"


def _matching_visibility(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    """bool [frames, tracks]: True where a number is above 0.5; one column serves all tracks."""
    frames, tracks = shape
    given = list(array.shape)
    if array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[0] != frames or array.shape[1] not in (1, tracks):
        raise refusal(
            f"{name}: visibility",
            f"have the shape [1, {frames}, {tracks}] or [{frames}, {tracks}] like the tracks",
            str(given),
            "Save both from the same tracker run",
        )
    return np.broadcast_to(array if array.dtype == np.bool_ else array > 0.5, shape)


def _plain_array(value: Any, name: str) -> np.ndarray:
    """A tensor, array or nested list as an array of numbers."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise refusal(name, "be a full array", "rows of unequal length", "Export again") from error
    if array.dtype.kind not in "fiub":
        raise refusal(name, "hold numbers", f"dtype {array.dtype}", "Export it again")
    return array


def _brief_shape(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(str(dim) if dim < 10**12 else "..." for dim in shape) + "]"


def visibility_path(path: pathlib.Path) -> pathlib.Path | None:
    """Name the visibility file of a tracks .npy; None for a visibility file itself."""
    if path.stem.endswith("visibility"):
        return None
    stem = path.stem
    named = stem[: -len("tracks")] + "visibility" if stem.endswith("tracks") else None
    return path.with_name((named or f"{stem}_visibility") + path.suffix)


def npy_bytes(array: np.ndarray) -> bytes:
    """The bytes of a .npy file."""
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()
