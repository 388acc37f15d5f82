"""Nuke: the camera node of a script or of the clipboard.

Source: Foundry, Nuke Reference Guide, "Camera", and nukescripts/snap3d.py, cameraProjectionMatrix
    (https://learn.foundry.com/nuke/content/reference_guide/3d_nodes/camera.html).

A camera looks along its own -z with y up. win_translate moves the picture's window right and up, in
halves of its width. Between keys a value goes in a straight line.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...formats.checks import refusal, shown
from ...formats.nuke import script_size
from ...formats.nuke_curve import MAX_TOKENS, Curve, parse_braces, parse_curve
from .poses import MAX_POSES, CameraPoses, checked_poses

_NODE = re.compile(r"^[ \t]{0,100}Camera[234]?[ \t]{0,20}\{", re.MULTILINE)
_APERTURE_MM, _FOCAL_MM = 24.576, 50.0
# Knobs that change the picture in a way that is not read, and what they must say.
_PLAIN = {"xform_order": "SRT", "winroll": "0", "skew": "0", "projection_mode": "perspective"}
_READ = {
    *_PLAIN, "read_from_file", "useMatrix", "matrix", "translate", "rotate", "pivot", "rot_order",
    "focal", "haperture", "win_translate", "win_scale",
}  # fmt: skip
_BAKE = "Bake the camera in Nuke, and copy its node"

_Knobs = dict[str, list[Curve]]


def is_nuke_camera(text: str) -> bool:
    """Whether `text` has a camera node in it."""
    return not text.lstrip().startswith(("<", "[", "{")) and _NODE.search(text) is not None


def parse_nuke_camera(text: str, name: str) -> CameraPoses:
    """Read the one camera of a script, a pose a frame from its first key to its last.

    Raises:
        TrackFormatError: several cameras, one that reads a file or has expressions, too many
            frames. Names the knob.
    """
    nodes = list(_NODE.finditer(text))
    if len(nodes) > 1:
        raise refusal(name, "have one camera", str(len(nodes)), "Copy only that camera's node")
    body, _ = parse_braces(text, nodes[0].end() - 1, name, MAX_TOKENS)
    given = {
        key: value for key, value in zip(body[::2], body[1::2], strict=False) if str(key) in _READ
    }
    _check_plain(given, name)
    knobs = {
        "focal": _curves(given, "focal", [_FOCAL_MM], name),
        "haperture": _curves(given, "haperture", [_APERTURE_MM], name),
        "win_translate": _curves(given, "win_translate", [0.0, 0.0], name),
        "win_scale": _curves(given, "win_scale", [1.0, 1.0], name),
    }
    if given.get("useMatrix") == "true":
        rows = given.get("matrix")
        if not (isinstance(rows, list) and len(rows) == 4 and all(map(_is_row, rows))):
            raise refusal(f"{name}: matrix", "be 4x4", shown(rows), _BAKE)
        knobs["matrix"] = [_curve(cell, f"{name}: matrix") for row in rows for cell in row]
    else:
        for knob in ("translate", "rotate", "pivot"):
            knobs[knob] = _curves(given, knob, [0.0] * 3, name)
    frames = _frames(knobs, name)
    at = {
        knob: np.stack([curve.at(frames) for curve in curves], 1) for knob, curves in knobs.items()
    }
    if "matrix" in at:
        matrices = at["matrix"].reshape(-1, 4, 4)
    else:
        turn = _turn(at["rotate"], given.get("rot_order", "ZXY"), name)
        place = at["translate"] + at["pivot"] - (turn @ at["pivot"][..., None])[..., 0]
        matrices = np.concatenate([turn, place[..., None]], axis=2)
    return _with_lens(matrices, at, script_size(text, name), name)


def _with_lens(
    matrices: np.ndarray, at: dict[str, np.ndarray], size: tuple[int, int] | None, name: str
) -> CameraPoses:
    """Poses with the focal length over width and height, and the window's shift."""
    focal, aperture, scale = at["focal"], at["haperture"], at["win_scale"]
    if not ((focal > 0).all() and (aperture > 0).all() and (scale > 0).all()):
        raise refusal(name, "have focal, haperture and win_scale above 0", "0 or less", _BAKE)
    share = focal / aperture / scale
    # Without the script's format only the width's share is known.
    share[:, 1] = share[:, 1] * size[0] / size[1] if size else 1e-6
    axis = at["win_translate"] * [-1.0, 1.0] * aperture / (2 * focal)
    return checked_poses(matrices, name, focal=share, axis=axis, flip=True)


def _check_plain(given: dict[str, Any], name: str) -> None:
    if given.get("read_from_file") == "true":
        raise refusal(f"{name}: read_from_file", "be off", "true", "Switch it off, which bakes it")
    for knob, wanted in _PLAIN.items():
        value = given.get(knob, wanted)
        if value != wanted:
            raise refusal(f"{name}: {knob}", f"be {wanted}", shown(value), _BAKE)


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 4


def _curves(given: dict[str, Any], knob: str, default: list[float], name: str) -> list[Curve]:
    """The values of a knob: one for all of its numbers, or one each."""
    value = given.get(knob, [str(number) for number in default])
    cells = value if isinstance(value, list) else [value]
    if cells and cells[0] == "curve":
        cells = [cells]
    if len(cells) == 1:
        cells = cells * len(default)
    if len(cells) != len(default):
        raise refusal(f"{name}: {knob}", f"hold {len(default)} numbers", shown(value), _BAKE)
    return [_curve(cell, f"{name}: {knob}") for cell in cells]


def _curve(cell: Any, subject: str) -> Curve:
    curve = parse_curve(cell, subject)
    if curve is None:
        raise refusal(subject, "have keys", "none", _BAKE)
    return curve


def _frames(knobs: _Knobs, name: str) -> np.ndarray:
    """Every frame from the first key of any knob to the last; one where nothing is animated."""
    ends = [end for curve in _all(knobs.values()) for end in curve.times[[0, -1]]]
    moving = [end for end in ends if np.isfinite(end)] or [0.0]
    first, last = np.floor(min(moving)), np.ceil(max(moving))
    if last - first >= MAX_POSES:
        raise refusal(name, f"hold at most {MAX_POSES} frames", f"{last - first + 1:g}", "Cut it")
    return np.arange(first, last + 1)


def _all(lists: Iterable[list[Curve]]) -> Iterable[Curve]:
    return (curve for curves in lists for curve in curves)


def _turn(degrees: np.ndarray, order: Any, name: str) -> np.ndarray:
    """Rotations [frames, 3, 3] about the axes in this order, the first letter first."""
    from scipy.spatial.transform import Rotation

    if not (isinstance(order, str) and sorted(order) == ["X", "Y", "Z"]):
        raise refusal(f"{name}: rot_order", "be XYZ in some order", shown(order), _BAKE)
    picked = degrees[:, ["XYZ".index(letter) for letter in order]]
    return Rotation.from_euler(order.lower(), picked, degrees=True).as_matrix()
