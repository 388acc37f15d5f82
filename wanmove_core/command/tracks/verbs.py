"""`wanmove tracks`: verbs that show, convert, make, animate or judge tracks."""

import argparse
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ..companions import check_companions
from ..parse import parse_path, parse_size
from ..say import say
from .animate import add_animate_verb
from .files import add_file_verbs
from .inputs import (
    add_target,
    check_target,
    read_keys,
    read_map,
    read_mask,
    read_placed,
    read_poses,
    write_result,
)
from .maps import add_maps_verb
from .region import add_region_verb
from .video import add_video_verb

if TYPE_CHECKING:
    import numpy as np

_WITH_DEPTH = (("depth_kind", "depth"), ("near", "depth"), ("far", "depth"))

_USUAL_SIZE = (832, 480)  # what the model knows


def add_tracks_parser(commands: Any) -> None:
    """Add `tracks` to the commands of `wanmove`. Imports nothing heavy."""
    parser = commands.add_parser(
        "tracks",
        help="show or convert files of tracks",
        description="Read tracks in any format; say what is in them, or write another format.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    add_file_verbs(verbs)
    _add_source_verbs(verbs)


def _add_source_verbs(verbs: Any) -> None:
    camera = verbs.add_parser("camera", help="make tracks of a moving camera")
    add_target(camera)
    camera.add_argument(
        "--move",
        action="append",
        default=[],
        metavar="NAME[:STRENGTH]",
        help="push-in, orbit-left:0.5, ...; several add up. A wrong name lists all",
    )
    camera.add_argument(
        "--keys", type=parse_path, metavar="JSON", help="camera keys: a list of objects"
    )
    _add_poses(camera)
    camera.add_argument("--handheld", type=float, metavar="DEGREES", help="shake of a hand")
    camera.add_argument("--seed", type=int, help="of the shake (default 0)")
    camera.add_argument("--size", type=parse_size, metavar="WxH", help="needed without --depth")
    camera.add_argument(
        "--objects", type=parse_path, metavar="FILE", help="tracks to put in the scene"
    )
    _add_depth(camera, required=False)
    _add_lens(camera)
    camera.add_argument("--count", type=int, default=400, help="about how many (default 400)")
    camera.add_argument(
        "--features",
        type=parse_path,
        metavar="IMAGE",
        help="put the points on corners of this picture instead of on a grid",
    )
    camera.add_argument(
        "--mask", type=parse_path, metavar="FILE", help="white where points may lie"
    )
    camera.set_defaults(run=run_camera)

    rotate = verbs.add_parser("rotate", help="make tracks of an object that turns")
    add_target(rotate)
    rotate.add_argument(
        "--mask", type=parse_path, required=True, help="picture, white on the object"
    )
    rotate.add_argument("--degrees", type=float, default=60.0, help="(default 60)")
    rotate.add_argument("--axis", default="vertical", help="vertical, horizontal or view")
    _add_depth(rotate, required=True)
    _add_lens(rotate)
    rotate.add_argument("--count", type=int, default=512, help="about how many (default 512)")
    rotate.add_argument("--pins", type=int, default=0, help="still points on the rest (default 0)")
    rotate.set_defaults(run=run_rotate)

    add_region_verb(verbs)
    add_maps_verb(verbs)
    add_animate_verb(verbs)
    add_video_verb(verbs)
    _add_lint(verbs)


def _add_lint(verbs: Any) -> None:
    lint = verbs.add_parser("lint", help="say what is likely to go wrong, and what to do")
    lint.add_argument("files", type=parse_path, nargs="+", metavar="FILE")
    lint.add_argument(
        "--size",
        type=parse_size,
        metavar="WxH",
        help="of the video (default: what the file says, else 832x480)",
    )
    lint.add_argument("--frames", type=int, default=81, metavar="N")
    _add_depth(lint, required=False)
    lint.set_defaults(run=run_lint)


def _add_poses(camera: Any) -> None:
    camera.add_argument(
        "--poses",
        type=parse_path,
        metavar="FILE",
        help="camera poses of another program, instead of moves: JSON (K and 4x4; NeRF; Blender), "
        "RealEstate10K, COLMAP images.txt, Nuke .chan or a camera node of a .nk",
    )
    camera.add_argument(
        "--pose-scale",
        type=float,
        metavar="FACTOR",
        help="depth units in one unit of the poses (default: the camera's farthest distance from "
        "its start is a quarter of the depth at the picture's centre)",
    )


def run_camera(args: argparse.Namespace) -> int:
    """Write the tracks of a camera; returns the exit code.

    Raises:
        WanMoveError: what cannot be read, does not fit together, or is out of range.
    """
    from ...media.image import read_image
    from ...sources.camera.path import CameraKey, Handheld
    from ...sources.camera.shots import plan_shot, scene_points, shoot
    from ...sources.depth import Lens

    check_target(args.target)
    check_companions(args, *_WITH_DEPTH, ("seed", "handheld"), ("pose_scale", "poses"))
    if args.poses and (args.move or args.keys or args.handheld is not None):
        raise OptionError("--poses must come without moves; got both. Leave out one of them.")
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
    lens = Lens(*size, args.fov)
    shot = plan_shot(
        lens,
        args.frames,
        moves=[_move(text) for text in args.move],
        keys=read_keys(args.keys, CameraKey) if args.keys else [],
        distance=distance,
        handheld=None if args.handheld is None else Handheld(args.handheld, seed=args.seed or 0),
        poses=read_poses(args.poses) if args.poses else None,
        pose_scale=args.pose_scale,
    )
    points = scene_points(
        lens,
        args.count,
        image=read_image(args.features).numpy() if args.features else None,
        mask=read_mask(args.mask) if args.mask else None,
    )
    objects = read_placed(args.objects, size) if args.objects else None
    return write_result(shoot(points, shot, objects=objects), args.target, size)


def run_rotate(args: argparse.Namespace) -> int:
    """Write the tracks of a turning object; returns the exit code.

    Raises:
        WanMoveError: what cannot be read, does not fit together, or is out of range.
    """
    from ...sources.rotation.turn import TurnKey, rotation_tracks

    check_target(args.target)
    mask = read_mask(args.mask)
    tracks = rotation_tracks(
        mask,
        _distance(args),
        [TurnKey(0, 0.0), TurnKey(max(args.frames - 1, 1), args.degrees)],
        args.frames,
        axis=args.axis,
        fov=args.fov,
        count=args.count,
        pins=args.pins,
    )
    return write_result(tracks, args.target, (mask.shape[1], mask.shape[0]))


def run_lint(args: argparse.Namespace) -> int:
    """Print the findings for each file; returns 1 when there are any, else 0.

    Raises:
        WanMoveError: a file that is not tracks, or is of another frame than --size; a size that
            no latent grid has.
    """
    from ...formats import read_tracks
    from ...grid import LatentGrid
    from ...guidance.lint import lint_tracks
    from ...motion.frame import place_in_frame
    from ...sources.depth import check_map_size, start_distance

    check_companions(args, *_WITH_DEPTH)
    depth = _distance(args) if args.depth else None
    total = 0
    for path in args.files:
        tracks = read_tracks(path)
        width, height = args.size or tracks.frame or _USUAL_SIZE
        grid = LatentGrid(args.frames, height, width)
        if depth is not None:
            check_map_size("--depth", depth, (width, height))
        tracks = place_in_frame(tracks, (width, height)).tracks
        found = lint_tracks(
            tracks, grid, distance=None if depth is None else start_distance(tracks, depth)
        )
        total += len(found)
        say(*(f"{path}: {told}" for told in [str(one) for one in found] or ["nothing to note"]))
    return 1 if total else 0


def _add_depth(parser: Any, *, required: bool) -> None:
    parser.add_argument(
        "--depth",
        type=parse_path,
        required=required,
        metavar="FILE",
        help="grey picture or .npy of the start image's size"
        + ("" if required else "; without it everything is equally far"),
    )
    parser.add_argument(
        "--depth-kind",
        metavar="KIND",
        help="inverse (white is near, the default), relative (white is far) or metric",
    )
    parser.add_argument("--near", type=float, help="nearest distance (default 1)")
    parser.add_argument("--far", type=float, help="farthest distance (default 10)")


def _add_lens(parser: Any) -> None:
    parser.add_argument("--fov", type=float, default=50.0, help="degrees across (default 50)")
    parser.add_argument("--frames", type=int, default=81, metavar="N", help="(default 81)")


def _distance(args: argparse.Namespace) -> "np.ndarray":
    from ...sources.depth import distance_map

    return distance_map(
        read_map(args.depth),
        args.depth_kind or "inverse",
        near=1.0 if args.near is None else args.near,
        far=10.0 if args.far is None else args.far,
    )


def _move(text: str) -> tuple[str, float]:
    name, _, strength = text.partition(":")
    try:
        return name, float(strength) if strength else 1.0
    except ValueError as error:
        raise OptionError(
            f"strength must be a number; got {strength!r}. Use push-in:0.5."
        ) from error
