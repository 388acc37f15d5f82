"""`wanmove tracks video`: the motion of another video."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ..parse import parse_path, parse_size
from .inputs import add_target, check_target, read_mask, read_placed, write_result

if TYPE_CHECKING:
    from ...sources.video.retarget import Box
    from ...sources.video.transfer import Follow, Queries


def add_video_verb(verbs: Any) -> None:
    """Add the verb to those of `wanmove tracks`. Imports nothing heavy."""
    video = verbs.add_parser(
        "video",
        help="take the motion of another video",
        description="Follow points of a video's first frame through it, and put their motion onto "
        "a new picture.",
    )
    video.add_argument("video", type=parse_path, help="anything that FFmpeg reads")
    add_target(video)
    points = video.add_argument_group("points")
    points.add_argument("--points", help="features (default) or grid")
    points.add_argument("--count", type=int, help="about how many (default 400)")
    points.add_argument(
        "--mask", type=parse_path, metavar="FILE", help="subject in the first frame"
    )
    points.add_argument(
        "--from", dest="given", type=parse_path, metavar="FILE", help="tracks to start at"
    )
    points.add_argument("--first", type=int, default=0, metavar="N", help="first frame (default 0)")
    points.add_argument(
        "--every", type=int, default=1, metavar="N", help="use every n-th frame only"
    )
    points.add_argument("--use", type=int, metavar="N", help="use this many frames only")
    points.add_argument(
        "--tracker", type=parse_path, metavar="FILE", help="CoTracker, as TorchScript"
    )
    new = video.add_argument_group("new video")
    new.add_argument("--size", type=parse_size, metavar="WxH", help="(default: the old one's)")
    new.add_argument("--frames", type=int, metavar="N", help="(default: the old one's)")
    new.add_argument("--camera", default="keep", help="keep (default), remove or only")
    new.add_argument(
        "--target-mask", type=parse_path, metavar="FILE", help="subject in the start image"
    )
    new.add_argument("--target-box", metavar="L,T,R,B", help="in place of --target-mask")
    new.add_argument("--fit", default="uniform", help="uniform (default), stretch or none")
    new.add_argument("--strength", type=float, default=1.0, help="how far points go (default 1)")
    new.add_argument("--speed", type=float, default=1.0, help="2 is twice as fast (default 1)")
    video.set_defaults(run=run_video)


def run_video(args: argparse.Namespace) -> int:
    """Write the tracks of a video; returns the exit code.

    Raises:
        WanMoveError: what cannot be read, does not fit together, or is out of range.
    """
    from ...media.video import FrameRange, probe_video, read_frames
    from ...sources.video.transfer import Retarget, transfer_motion

    check_target(args.target)
    _check_given(args)
    retarget = Retarget(
        args.size,
        args.frames,
        args.camera,
        _target(args),
        args.fit,
        args.strength,
        args.speed,
    )
    used = FrameRange(args.first, args.use, args.every)
    info = probe_video(args.video)
    times: list[float] = []
    tracks = transfer_motion(
        read_frames(args.video, used, times),
        _queries(args, info.size),
        retarget,
        follow=_tracker(args),
        times=times,
    )
    return write_result(tracks, args.target, args.size or info.size)


def _check_given(args: argparse.Namespace) -> None:
    """Refuse what chooses points beside --from, which gives them."""
    for name in ("points", "count", "mask"):
        if args.given is not None and getattr(args, name) is not None:
            raise OptionError(
                f"one of --from and --{name} may be given; got both. Leave out --{name}."
            )


def _queries(args: argparse.Namespace, size: tuple[int, int]) -> "Queries":
    from ...sources.video.transfer import Queries

    if args.given is not None:
        return Queries(given=read_placed(args.given, size))
    mask = None if args.mask is None else read_mask(args.mask)
    count = 400 if args.count is None else args.count
    return Queries(count, args.points or "features", mask)


def _target(args: argparse.Namespace) -> "Box | None":
    from ...sources.video.retarget import Box, mask_box

    if args.target_mask is not None and args.target_box is not None:
        raise OptionError("one of --target-mask and --target-box may be given; got both. Drop one.")
    if args.target_mask is not None:
        return mask_box(read_mask(args.target_mask), "--target-mask")
    if args.target_box is None:
        return None
    try:
        left, top, right, bottom = map(float, args.target_box.split(","))
    except ValueError as error:
        raise OptionError(
            f"--target-box must be LEFT,TOP,RIGHT,BOTTOM in pixels; got {args.target_box!r}. "
            "Use 100,50,300,250."
        ) from error
    return Box(left, top, right, bottom)


def _tracker(args: argparse.Namespace) -> "Follow":
    if args.tracker is not None:
        from ...tracking.cotracker import load_cotracker, track_with_cotracker

        model = load_cotracker(args.tracker)
        return lambda frames, points: track_with_cotracker(model, frames, points)
    from ...tracking.video import track_video

    show = _counter() if sys.stderr.isatty() and not args.quiet else None
    return lambda frames, points: track_video(frames, points, on_frame=show)


def _counter() -> Callable[[int], None]:
    def show(done: int) -> None:
        sys.stderr.write(f"\r{done} frames")
        sys.stderr.flush()

    return show
