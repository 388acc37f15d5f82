"""Camera poses of other programs: JSON, RealEstate10K, COLMAP, Nuke's .chan and .nk, Blender.

Axes right, down, forward:
    JSON `w2c` or `extrinsics`, `c2w` or `poses`: 4x4 or 3x4; `K` in pixels,
        or fx, fy, width, height.
    RealEstate10K text: time, fx fy cx cy over the size, two zeros, world to camera 3x4.
    COLMAP images.txt: world to camera as a quaternion w x y z and a shift; ordered by name.
Axes right, up, backward, camera to world:
    JSON `transform_matrix` (NeRF), `matrix_world` (Blender, with `lens` and `sensor_width` in mm,
        `shift_x` and `shift_y` in widths).
    Nuke .chan: frame, place, degrees about x y z (z first, then x, then y), vertical angle.
    Nuke .nk: a camera node, see `nuke_camera`.

The principal point is cx and cy of K, NeRF and RealEstate10K, counted from the picture's corner,
Blender's shift, and Nuke's win_translate; without them the middle of the picture.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import TrackFormatError
from ...formats.checks import check_list, refusal, shown
from ...formats.text import lines_of, parse_json
from .nuke_camera import is_nuke_camera, parse_nuke_camera
from .poses import MAX_POSES, SEE_FORMATS, CameraPoses, checked_poses


def parse_poses(text: str, name: str = "poses") -> CameraPoses:
    """Read camera poses; the content of the text tells the format.

    Raises:
        TrackFormatError: an unknown format, too many poses, or a matrix that is not a pose; names
            the pose.
    """
    if is_nuke_camera(text):
        return parse_nuke_camera(text, name)
    stripped = text.lstrip()
    if stripped.startswith(("{", "[")):
        return _from_json(parse_json(stripped, name), name)
    rows = _rows(text, name)
    readers = {19: _from_realestate, 10: _from_colmap, 8: _from_chan, 7: _from_chan}
    reader = readers.get(len(rows[0])) if rows else None
    if reader is None:
        got = f"lines of {len(rows[0])} values" if rows else "no line of numbers"
        raise refusal(
            name, "be JSON, RealEstate10K, COLMAP images.txt, Nuke .chan or .nk", got, SEE_FORMATS
        )
    return reader(rows, name)


def _rows(text: str, name: str) -> list[list[str]]:
    """The words of each line of data: not of comments, addresses, or COLMAP's lists of points."""
    lines = [line.strip() for line in lines_of(text)]
    rows = [line.split() for line in lines if line and not line.startswith(("#", "http"))]
    if rows and len(rows[0]) == 10 and not _is_number(rows[0][9]):
        # COLMAP: every second line holds the points that the image sees, and may be empty.
        rows = [row for row in rows if len(row) == 10 and not _is_number(row[9])]
    if len(rows) > MAX_POSES:
        raise refusal(name, f"hold at most {MAX_POSES} poses", str(len(rows)), "Cut it")
    return rows


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _numbers(rows: Sequence[Any], name: str) -> np.ndarray:
    """Finite numbers [rows, columns]."""
    try:
        values = np.array(rows, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise refusal(
            name, "hold numbers, as many in each line", shown(rows[0]), SEE_FORMATS
        ) from error
    if not np.isfinite(values).all():
        index = int(np.argwhere(~np.isfinite(values))[0][0])
        raise refusal(f"{name}[{index}]", "be finite", "NaN or infinity", "Leave that pose out")
    return values


def _from_realestate(rows: list[list[str]], name: str) -> CameraPoses:
    values = _numbers(rows, name)
    focal = values[:, 1:3]
    axis = (values[:, 3:5] - 0.5) / np.where(focal == 0, 1.0, focal)
    matrices = values[:, 7:].reshape(-1, 3, 4)
    return checked_poses(matrices, name, focal=focal, axis=axis, inverse=True)


def _from_colmap(rows: list[list[str]], name: str) -> CameraPoses:
    # Images are solved in any order; their names count the frames.
    rows = sorted(rows, key=lambda row: row[9])
    values = _numbers([row[1:8] for row in rows], name)
    length = np.linalg.norm(values[:, :4], axis=1)
    if (length < 1e-6).any():
        where = f"{name}[{int(length.argmin())}]"
        raise refusal(where, "be a rotation", "a quaternion of length 0", "Leave that pose out")
    w, x, y, z = values[:, :4].T / length
    turn = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    matrices = np.concatenate([np.moveaxis(np.array(turn), 2, 0), values[:, 4:, None]], axis=2)
    return checked_poses(matrices, name, inverse=True)


def _from_chan(rows: list[list[str]], name: str) -> CameraPoses:
    values = _numbers(rows, name)
    (sx, sy, sz), (cx, cy, cz) = (part(np.radians(values[:, 4:7])).T for part in (np.sin, np.cos))
    # Ry Rx Rz: about z first, Nuke's order for cameras.
    turn = [
        [cy * cz + sy * sx * sz, sy * sx * cz - cy * sz, sy * cx],
        [cx * sz, cx * cz, -sx],
        [cy * sx * sz - sy * cz, sy * sz + cy * sx * cz, cy * cx],
    ]
    rotation = np.moveaxis(np.array(turn), 2, 0)
    matrices = np.concatenate([rotation, values[:, 1:4, None]], axis=2)
    focal = None
    if values.shape[1] == 8:  # the vertical angle; the width's share is not known
        high = 0.5 / np.tan(np.radians(values[:, 7:]) / 2)
        focal = np.concatenate([np.full_like(high, 1e-6), high], axis=1)
    return checked_poses(matrices, name, focal=focal, flip=True)


def _from_json(content: Any, name: str) -> CameraPoses:
    shared = content if isinstance(content, Mapping) else {}
    for key in ("frames", "w2c", "extrinsics", "c2w", "poses", "cameras"):
        if key in shared:
            entries, kind = check_list(shared[key], f"{name}.{key}"), key
            break
    else:
        entries, kind = check_list(content, name), "frames"
    if not 0 < len(entries) <= MAX_POSES:
        raise refusal(name, f"hold 1 to {MAX_POSES} poses", str(len(entries)), SEE_FORMATS)
    if not isinstance(entries[0], Mapping):
        entries = [{kind: entry} for entry in entries]
    lenses = [
        _lens({**shared, **_object(entry, f"{name}[{i}]")}) for i, entry in enumerate(entries)
    ]
    for keys, inverse, flip in (
        (("w2c", "extrinsics", "extrinsic"), True, False),
        (("c2w", "poses", "pose"), False, False),
        (("transform_matrix", "matrix_world"), False, True),
    ):
        found = next((key for key in keys if key in entries[0]), None)
        if found:
            flat = [_rectangle(e.get(found), f"{name}[{i}].{found}") for i, e in enumerate(entries)]
            matrices = _numbers(flat, name)
            known = [lens for lens in lenses if lens is not None]
            focal = axis = None
            if len(known) == len(lenses):
                focal, axis = np.split(_numbers(known, name), 2, axis=1)
            matrices = matrices.reshape(len(entries), -1, 4)
            return checked_poses(matrices, name, focal=focal, axis=axis, inverse=inverse, flip=flip)
    raise refusal(
        f"{name}[0]",
        "have w2c, c2w, transform_matrix or matrix_world",
        shown(list(entries[0])),
        SEE_FORMATS,
    )


def _object(entry: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise refusal(name, "be an object, as the first is", shown(entry), SEE_FORMATS)
    return entry


def _rectangle(value: Any, name: str) -> Any:
    """A 4x4 or 3x4 matrix, as lists of lists or as one list of numbers."""
    rows = check_list(value, name)
    flat = [item for row in rows for item in (row if isinstance(row, list) else [row])]
    if len(flat) not in (12, 16):
        raise refusal(name, "be a 4x4 or 3x4 matrix", f"{len(flat)} numbers", SEE_FORMATS)
    return flat


def _lens(entry: Mapping[str, Any]) -> tuple[Any, Any, Any, Any] | None:
    """Focal lengths over width and height, and the axis, as far as the entry tells."""
    try:
        width, height = (entry.get(k, entry.get(k[0])) for k in ("width", "height"))
        if "K" in entry:
            (fx, _, cx), (_, fy, cy) = (row[:3] for row in entry["K"][:2])
            return _of_pixels((fx, fy), (cx, cy), (width or 2 * cx, height or 2 * cy))
        fx = entry.get("fl_x", entry.get("fx"))
        if fx is None or not width or not height:
            return _of_angle(entry, width, height)
        cx, cy = entry.get("cx", width / 2), entry.get("cy", height / 2)
        fy = entry.get("fl_y", entry.get("fy", fx))
        return _of_pixels((fx, fy), (cx, cy), (width, height))
    except (TypeError, ValueError, ZeroDivisionError, IndexError, KeyError) as error:
        raise TrackFormatError(
            f"the intrinsics of a pose must be K, or fx, fy, width and height; got "
            f"{shown(entry.get('K', list(entry)))}. {SEE_FORMATS}."
        ) from error


def _of_pixels(focal: tuple, centre: tuple, size: tuple) -> tuple:
    (fx, fy), (cx, cy), (width, height) = focal, centre, size
    return fx / width, fy / height, (cx - width / 2) / fx, (cy - height / 2) / fy


def _of_angle(entry: Mapping[str, Any], width: Any, height: Any) -> tuple | None:
    """Of NeRF's angle, or Blender's lens in mm: the sensor's width fits the picture's."""
    if "camera_angle_x" in entry:
        share = 0.5 / math.tan(entry["camera_angle_x"] / 2)
    elif "lens" in entry:
        share = entry["lens"] / entry.get("sensor_width", 36.0)
    else:
        return None
    # A positive shift moves the picture's frame right and up, in widths.
    x, y = -entry.get("shift_x", 0.0) / share, entry.get("shift_y", 0.0) / share
    return share, share * width / height if width and height else 1e-6, x, y
