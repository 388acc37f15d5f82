"""`wanmove tracks region`: a region of the picture that moves."""

import argparse
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ..companions import check_companions
from ..parse import parse_path, parse_size
from .inputs import add_target, check_target, read_keys, read_mask, read_placed, write_result

if TYPE_CHECKING:
    import numpy as np

    from ...sources.region.motion import Pivot, RegionMotion


def add_region_verb(verbs: Any) -> None:
    """Add the verb to those of `wanmove tracks`. Imports nothing heavy."""
    region = verbs.add_parser(
        "region",
        help="make tracks of a part of the picture that moves",
        description="Fill a region with points and move them: along --path, with --handles as a "
        "puppet, or by --keys; --shift, --scale, --stretch and --rotate are short for keys.",
    )
    add_target(region)
    region.add_argument(
        "--mask", type=parse_path, metavar="FILE", help="picture, white on the region"
    )
    region.add_argument("--polygon", metavar="X,Y X,Y ...", help="corners, in place of --mask")
    region.add_argument("--size", type=parse_size, metavar="WxH", help="needed with --polygon")
    region.add_argument("--frames", type=int, default=81, metavar="N", help="(default 81)")
    how = region.add_argument_group("motion")
    how.add_argument(
        "--path", type=parse_path, metavar="FILE", help="one track that the region follows"
    )
    how.add_argument("--orient", action="store_true", help="turn as the path turns")
    how.add_argument(
        "--handles", type=parse_path, metavar="FILE", help="tracks that bend the region"
    )
    how.add_argument("--stiffness", help="rigid (default), or similar: may grow")
    how.add_argument(
        "--keys", type=parse_path, metavar="JSON", help="region keys: a list of objects"
    )
    how.add_argument("--shift", metavar="X,Y", help="shift in the last frame, pixels")
    how.add_argument("--scale", type=float, help="size in the last frame; 1 keeps it")
    how.add_argument(
        "--stretch", type=float, help="height in the last frame; the width is divided by it"
    )
    how.add_argument(
        "--rotate", type=float, metavar="DEGREES", help="degrees in the last frame, clockwise"
    )
    how.add_argument("--ease", help="linear, in, out or in-out (default)")
    how.add_argument("--pivot", help="centre (default), top, bottom, left, right or X,Y in pixels")
    points = region.add_argument_group("points")
    points.add_argument("--count", type=int, help="how many (default 256)")
    points.add_argument("--spacing", type=float, metavar="PX", help="in place of --count")
    points.add_argument("--pattern", default="scatter", help="scatter (default) or grid")
    points.add_argument(
        "--margin", type=float, default=1.0, help="distance from the outline (default 1 px)"
    )
    points.add_argument("--detail", type=float, help="0 to 1: points closer together on edges")
    points.add_argument(
        "--image", type=parse_path, metavar="FILE", help="the picture, for --detail"
    )
    points.add_argument("--seed", type=int, default=0, help="of the scatter (default 0)")
    points.add_argument("--pins", type=int, default=0, help="still points on the rest (default 0)")
    points.add_argument(
        "--front", type=parse_path, metavar="FILE", help="mask of what is in front of the region"
    )
    region.set_defaults(run=run_region)


def run_region(args: argparse.Namespace) -> int:
    """Write the tracks of a region; returns the exit code.

    Raises:
        WanMoveError: what cannot be read, does not fit together, or is out of range.
    """
    from ...media.image import read_image
    from ...sources.region.fill import Fill
    from ...sources.region.motion import region_tracks

    check_target(args.target)
    check_companions(
        args, ("orient", "path"), ("stiffness", "handles"), ("image", "detail"), ("detail", "image")
    )
    if args.count is not None and args.spacing is not None:
        raise OptionError("one of --count and --spacing may be given; got both. Drop one.")
    mask = _mask(args)
    fill = Fill(
        256 if args.count is None else args.count,
        spacing=args.spacing,
        pattern=args.pattern,
        margin=args.margin,
        detail=args.detail or 0.0,
        seed=args.seed,
    )
    tracks = region_tracks(
        mask,
        _motion(args, (mask.shape[1], mask.shape[0])),
        fill=fill,
        image=None if args.image is None else read_image(args.image).numpy(),
        front=None if args.front is None else read_mask(args.front),
        pins=args.pins,
    )
    return write_result(tracks, args.target, (mask.shape[1], mask.shape[0]))


def _mask(args: argparse.Namespace) -> "np.ndarray":
    import numpy as np

    from ...sources.depth import check_map_size
    from ...view.polygons import polygon_mask

    if (args.mask is None) == (args.polygon is None):
        raise OptionError(
            "one of --mask and --polygon must be given; got "
            + ("neither" if args.mask is None else "both")
            + ". Add --mask FILE."
        )
    if args.mask is not None:
        mask = read_mask(args.mask)
        if args.size is not None:
            check_map_size("--mask", mask, args.size)
        return mask
    if args.size is None:
        raise OptionError("--polygon must come with --size; got none. Add --size 832x480.")
    corners = [_pair("--polygon", corner) for corner in args.polygon.split()]
    return polygon_mask(np.array(corners).reshape(-1, 2), *args.size)


def _motion(args: argparse.Namespace, size: tuple[int, int]) -> "RegionMotion":
    from ...sources.region.motion import Following, Keyed, Puppet, RegionKey

    ends = (args.shift, args.scale, args.stretch, args.rotate)
    given = [
        name
        for name, value in (
            ("--path", args.path),
            ("--handles", args.handles),
            ("--keys", args.keys),
            ("--shift, --scale, --stretch or --rotate", any(end is not None for end in ends)),
        )
        if value
    ]
    if len(given) != 1:
        raise OptionError(
            "one of --path, --handles, --keys and --shift (with --scale, --stretch, --rotate) "
            f"must be given; got {' and '.join(given) or 'none'}. Add --shift 100,0."
        )
    if args.ease is not None and not given[0].startswith("--shift"):
        raise OptionError(f"--ease must come with --shift; got it with {given[0]}. Leave it out.")
    if args.pivot is not None and args.handles is not None:
        raise OptionError("--pivot must come without --handles; got both. Leave out --pivot.")
    pivot = _pivot(args.pivot or "centre")
    if args.path is not None:
        return Following(read_placed(args.path, size, args.frames), args.orient, pivot)
    if args.handles is not None:
        return Puppet(read_placed(args.handles, size, args.frames), args.stiffness or "rigid")
    if args.keys is not None:
        keys = read_keys(args.keys, RegionKey)
    else:
        x, y = (0.0, 0.0) if args.shift is None else _pair("--shift", args.shift)
        end = RegionKey(
            max(args.frames - 1, 1),
            x=x,
            y=y,
            scale=1.0 if args.scale is None else args.scale,
            stretch=1.0 if args.stretch is None else args.stretch,
            rotate=args.rotate or 0.0,
        )
        keys = [RegionKey(0, ease=args.ease or "in-out"), end]
    return Keyed(keys, args.frames, pivot)


def _pivot(text: str) -> "Pivot":
    return _pair("--pivot", text) if "," in text else text


def _pair(name: str, text: str) -> tuple[float, float]:
    try:
        x, y = map(float, text.split(","))
    except ValueError as error:
        raise OptionError(f"{name} must be X,Y in pixels; got {text!r}. Use 100,0.") from error
    return x, y
