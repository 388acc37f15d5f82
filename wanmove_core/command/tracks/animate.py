"""`wanmove tracks animate`: an animator's helpers on files of tracks."""

import argparse
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ..companions import check_companions
from ..parse import parse_path
from .inputs import add_target, check_target, write_result

if TYPE_CHECKING:
    from ...tracks import Tracks


def add_animate_verb(verbs: Any) -> None:
    """Add the verb to those of `wanmove tracks`. Imports nothing heavy."""
    animate = verbs.add_parser(
        "animate", help="tie tracks to others, hang them on springs, let them fall, ..."
    )
    kinds = animate.add_subparsers(title="kinds", metavar="KIND", required=True)

    parent = _add(kinds, "parent", "carry tracks along with others", _parent)
    parent.add_argument("--to", type=parse_path, required=True, metavar="FILE", help="the parent")
    parent.add_argument("--no-turn", action="store_true", help="shift only")
    parent.add_argument("--scale", action="store_true", help="grow with the parent")

    follow = _add(kinds, "follow", "do what a leader did some frames before", _follow)
    follow.add_argument("--leader", type=parse_path, required=True, metavar="FILE")
    follow.add_argument("--delay", type=float, default=6.0, metavar="FRAMES", help="(default 6)")
    follow.add_argument(
        "--stagger", type=float, default=0.0, metavar="FRAMES", help="more for each next track"
    )

    spring = _add(kinds, "spring", "lag, swing and come to rest", _spring)
    spring.add_argument("--period", type=float, default=12.0, metavar="FRAMES", help="(default 12)")
    spring.add_argument("--damping", type=float, default=1.0, help="1 (default) never swings over")

    fall = _add(kinds, "fall", "let go: fly on, fall, bounce", _fall)
    fall.add_argument("--gravity", type=float, default=0.5, help="px/frame^2 (default 0.5)")
    fall.add_argument("--start", type=int, default=0, metavar="FRAME", help="when (default 0)")
    fall.add_argument("--floor", type=float, metavar="Y", help="the ground, in pixels")
    fall.add_argument("--bounce", type=float, help="speed kept on --floor (default 0.6)")
    fall.add_argument("--apart", action="store_true", help="each track by itself")

    wiggle = _add(kinds, "wiggle", "add smooth shake", _wiggle)
    wiggle.add_argument("--amount", type=float, default=4.0, metavar="PX", help="(default 4)")
    wiggle.add_argument("--period", type=float, default=16.0, metavar="FRAMES", help="(default 16)")
    wiggle.add_argument("--seed", type=int, default=0, help="(default 0)")
    wiggle.add_argument("--apart", action="store_true", help="each track by itself")

    loop = _add(kinds, "loop", "play the motion again and again", _loop)
    loop.add_argument("--frames", type=int, default=81, metavar="N", help="(default 81)")
    loop.add_argument("--mode", default="cycle", help="cycle (default), ping-pong or offset")

    mirror = _add(kinds, "mirror", "add the mirror image", _mirror)
    mirror.add_argument("--at", type=float, required=True, metavar="PX", help="where the mirror is")
    mirror.add_argument("--axis", default="left-right", help="left-right (default) or up-down")
    mirror.add_argument("--alone", action="store_true", help="without the given tracks")


def _add(kinds: Any, name: str, text: str, change: Any) -> Any:
    parser = kinds.add_parser(name, help=text)
    parser.add_argument("source", type=parse_path, metavar="FROM")
    add_target(parser)
    parser.set_defaults(run=run_animate, change=change)
    return parser


def run_animate(args: argparse.Namespace) -> int:
    """Write changed tracks; returns the exit code.

    Raises:
        WanMoveError: what cannot be read, does not fit together, or is out of range.
    """
    from ...formats import read_track_file

    check_target(args.target)
    found = read_track_file(args.source)
    return write_result(args.change(found.tracks, args), args.target, found.size)


def _parent(tracks: "Tracks", args: argparse.Namespace) -> "Tracks":
    from ...formats import read_tracks
    from ...motion.animate import parent_tracks

    parent = read_tracks(args.to, num_frames=tracks.num_frames)
    return parent_tracks(tracks, parent, turn=not args.no_turn, scale=args.scale)


def _follow(tracks: "Tracks", args: argparse.Namespace) -> "Tracks":
    from ...formats import read_tracks
    from ...motion.animate import follow_tracks

    leader = read_tracks(args.leader, num_frames=tracks.num_frames)
    return follow_tracks(tracks, leader, delay=args.delay, stagger=args.stagger)


def _spring(tracks: "Tracks", args: argparse.Namespace) -> "Tracks":
    from ...motion.dynamics import spring_tracks

    return spring_tracks(tracks, period=args.period, damping=args.damping)


def _fall(tracks: "Tracks", args: argparse.Namespace) -> "Tracks":
    from ...motion.dynamics import fall_tracks

    check_companions(args, ("bounce", "floor"))
    return fall_tracks(
        tracks,
        gravity=args.gravity,
        start=args.start,
        floor=args.floor,
        bounce=0.6 if args.bounce is None else args.bounce,
        together=not args.apart,
    )


def _wiggle(tracks: "Tracks", args: argparse.Namespace) -> "Tracks":
    import torch

    from ...motion.dynamics import wiggle_tracks

    if not 0 <= args.seed < 2**64:
        raise OptionError(f"--seed must be 0 to 2^64 - 1; got {args.seed}. Use 0.")
    return wiggle_tracks(
        tracks,
        generator=torch.Generator().manual_seed(args.seed),
        amount=args.amount,
        period=args.period,
        together=not args.apart,
    )


def _loop(tracks: "Tracks", args: argparse.Namespace) -> "Tracks":
    from ...motion.animate import loop_tracks

    return loop_tracks(tracks, args.frames, mode=args.mode)


def _mirror(tracks: "Tracks", args: argparse.Namespace) -> "Tracks":
    from ...motion.animate import mirror_tracks

    return mirror_tracks(tracks, axis=args.axis, at=args.at, keep=not args.alone)
