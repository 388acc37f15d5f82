"""Verbs of `wanmove tracks` that make tracks or judge them: camera, rotate, lint."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MediaError, OptionError
from ..standalone.options import parse_size

if TYPE_CHECKING:
    import numpy as np

    from ..tracks import Tracks
    from .camera_path import CameraKey


def add_source_verbs(verbs: Any) -> None:
    """Add the verbs to those of `wanmove tracks`. Imports nothing heavy."""
    camera = verbs.add_parser("camera", help="make tracks of a moving camera")
    camera.add_argument("target", type=Path, metavar="TO", help=".npy, .json or .csv")
    camera.add_argument(
        "--move",
        action="append",
        default=[],
        metavar="NAME[:STRENGTH]",
        help="push-in, orbit-left:0.5, ...; several add up. A wrong name lists all",
    )
    camera.add_argument("--keys", type=Path, metavar="JSON", help="camera keys: a list of objects")
    camera.add_argument("--handheld", type=float, metavar="DEGREES", help="unrest of a hand")
    camera.add_argument("--seed", type=int, default=0, help="of the unrest (default 0)")
    camera.add_argument("--size", type=parse_size, metavar="WxH", help="needed without --depth")
    camera.add_argument("--objects", type=Path, metavar="FILE", help="tracks to put in the scene")
    _add_depth(camera, required=False)
    camera.add_argument("--count", type=int, default=400, help="about how many (default 400)")
    camera.set_defaults(run=run_camera)

    rotate = verbs.add_parser("rotate", help="make tracks of an object that turns")
    rotate.add_argument("target", type=Path, metavar="TO", help=".npy, .json or .csv")
    rotate.add_argument("--mask", type=Path, required=True, help="picture, white on the object")
    rotate.add_argument("--degrees", type=float, default=60.0, help="(default 60)")
    rotate.add_argument("--axis", default="vertical", help="vertical, horizontal or view")
    _add_depth(rotate, required=True)
    rotate.add_argument("--count", type=int, default=512, help="about how many (default 512)")
    rotate.set_defaults(run=run_rotate)

    lint = verbs.add_parser("lint", help="say what is likely to go wrong, and what to do")
    lint.add_argument("files", type=Path, nargs="+", metavar="FILE")
    lint.add_argument("--size", type=parse_size, default=(832, 480), metavar="WxH")
    lint.add_argument("--frames", type=int, default=81, metavar="N")
    lint.set_defaults(run=run_lint)


def run_camera(args: argparse.Namespace) -> int:
    """Write the tracks of a camera; returns the exit code.

    Raises:
        WanMoveError: what cannot be read, does not fit together, or is out of range.
    """
    from ..formats import read_tracks
    from ..motion import concat_tracks
    from .camera import camera_tracks, follow_camera
    from .camera_path import Handheld, camera_path
    from .camera_presets import preset_keys
    from .depth import Lens, centre_distance
    from .points import grid_points

    distance = _distance(args) if args.depth else None
    if distance is not None:
        size = distance.shape[1], distance.shape[0]
        if args.size not in (None, size):
            raise OptionError(
                f"--size must be that of the depth picture, {size[0]}x{size[1]}; got "
                f"{args.size[0]}x{args.size[1]}. Leave out --size, or resize the picture."
            )
    elif args.size is None:
        raise OptionError("--size or --depth must be given; got neither. Add --size 832x480.")
    else:
        size = args.size
    pivot = 1.0 if distance is None else centre_distance(distance)
    scene = pivot if distance is None else distance
    moves = []
    for given in args.move:
        name, _, strength = given.partition(":")
        moves.append(preset_keys(name, args.frames, strength=_strength(strength), pivot=pivot))
    if args.keys:
        moves.append(_read_keys(args.keys))
    hand = None if args.handheld is None else Handheld(args.handheld, seed=args.seed)
    camera = camera_path(Lens(*size, args.fov), moves, args.frames, pivot=pivot, handheld=hand)
    tracks = camera_tracks(grid_points(*size, args.count), camera, scene)
    if args.objects:
        objects = read_tracks(args.objects, size=size, num_frames=args.frames)
        tracks = concat_tracks([tracks, follow_camera(objects, camera, scene)])
    return _write(tracks, args.target)


def run_rotate(args: argparse.Namespace) -> int:
    """Write the tracks of a turning object; returns the exit code.

    Raises:
        WanMoveError: what cannot be read, does not fit together, or is out of range.
    """
    from .rotation import TurnKey, rotation_tracks

    mask = _read_grey(args.mask)
    tracks = rotation_tracks(
        mask > mask.dtype.type(mask.max() // 2),
        _distance(args),
        [TurnKey(0, 0.0), TurnKey(max(args.frames - 1, 1), args.degrees)],
        args.frames,
        axis=args.axis,
        fov=args.fov,
        count=args.count,
    )
    return _write(tracks, args.target)


def run_lint(args: argparse.Namespace) -> int:
    """Print the findings for each file; returns 1 when there are any, else 0.

    Raises:
        WanMoveError: a file that is not tracks, a size that no latent grid has.
    """
    from ..formats import read_tracks
    from ..lint import lint_tracks

    width, height = args.size
    total = 0
    for path in args.files:
        found = lint_tracks(read_tracks(path), width=width, height=height, num_frames=args.frames)
        total += len(found)
        for finding in found:
            sys.stdout.write(f"{path}: {finding}\n")
        if not found:
            sys.stdout.write(f"{path}: nothing to note\n")
    return 1 if total else 0


def _add_depth(parser: Any, *, required: bool) -> None:
    parser.add_argument(
        "--depth",
        type=Path,
        required=required,
        metavar="FILE",
        help="grey picture or .npy of the start image's size"
        + ("" if required else "; without it the scene is a plane at distance 1"),
    )
    parser.add_argument(
        "--depth-kind",
        default="inverse",
        metavar="KIND",
        help="inverse (white is near, the default), relative (white is far) or metric",
    )
    parser.add_argument("--near", type=float, default=1.0, help="nearest distance (default 1)")
    parser.add_argument("--far", type=float, default=10.0, help="farthest distance (default 10)")
    parser.add_argument("--fov", type=float, default=50.0, help="degrees across (default 50)")
    parser.add_argument("--frames", type=int, default=81, metavar="N", help="(default 81)")


def _distance(args: argparse.Namespace) -> "np.ndarray":
    from .depth import distance_map

    depth = _read_grey(args.depth)
    return distance_map(depth, args.depth_kind, near=args.near, far=args.far)


def _read_grey(path: Path) -> "np.ndarray":
    """A picture's grey values, 8 or 16 bits, or a .npy."""
    import cv2
    import numpy as np

    try:
        if path.suffix.lower() == ".npy":
            # Mapped, so that a header which promises more than the file holds allocates nothing.
            return np.array(np.load(path, mmap_mode="r", allow_pickle=False)).squeeze()
        data = path.read_bytes()
    except (OSError, ValueError, EOFError) as error:
        raise MediaError(
            f"{path} must be a readable picture or .npy; got {type(error).__name__}. Check it."
        ) from error
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:  # a size beyond OpenCV's limit
        picture = None
    if picture is None:
        raise MediaError(f"{path} must be a picture; got another kind of file. Convert it to PNG.")
    return picture


def _read_keys(path: Path) -> "list[CameraKey]":
    from ..errors import TrackFormatError
    from .camera_path import CameraKey

    try:
        keys = [CameraKey(**key) for key in json.loads(path.read_text(encoding="utf-8"))]
        for index, key in enumerate(keys):
            _check_key(index, key)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise TrackFormatError(
            f"{path} must be a list of camera keys; got {str(error)[:80]!r}. "
            'Write [{"frame": 0}, {"frame": 80, "pan": 20}].'
        ) from error
    return keys


def _check_key(index: int, key: "CameraKey") -> None:
    for name, value in vars(key).items():
        if name == "ease" and isinstance(value, str):
            continue
        numbers = (
            value if name == "ease" and isinstance(value, list) and len(value) == 4 else [value]
        )
        if not all(_is_number(number) for number in numbers):
            raise ValueError(f"key {index}: {name} {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _strength(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError as error:
        raise OptionError(f"strength must be a number; got {text!r}. Use push-in:0.5.") from error


def _write(tracks: "Tracks", target: Path) -> int:
    from ..formats import write_tracks

    for path in write_tracks(tracks, target):
        sys.stdout.write(f"{path}\n")
    return 0
