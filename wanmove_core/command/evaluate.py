"""`wanmove evaluate`: measure how well a video follows its tracks."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, TrackFormatError
from .parse import parse_path, parse_size
from .say import say

if TYPE_CHECKING:
    from ..evaluate.metrics import EndPointError
    from ..shapes import Tensor
    from ..tracks import Tracks

_TABLE_ROWS = 20


def add_evaluate_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the verb `evaluate` to a command line.

    Args:
        subparsers: what `ArgumentParser.add_subparsers` returned.

    Returns:
        The verb's parser; its `run` default is `run_evaluate`.
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "evaluate",
        help="measure how well a video follows its tracks",
        description="Re-track a video from the tracks' start points and compare.",
    )
    parser.add_argument("video", type=parse_path, help="the generated video")
    parser.add_argument(
        "tracks", type=parse_path, help="the requested tracks, in any format we read"
    )
    parser.add_argument("--visibility", type=parse_path, help="visibility .npy of a tracks .npy")
    parser.add_argument(
        "--size",
        type=parse_size,
        metavar="WxH",
        help="size that the tracks were made for, where their file does not say; "
        "default: the video's size",
    )
    parser.add_argument(
        "--true", type=parse_path, metavar="VIDEO", help="true video: PSNR and SSIM"
    )
    parser.add_argument("--json", type=parse_path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument("--overlay", type=parse_path, metavar="MP4", help="draw asked against got")
    parser.set_defaults(run=run_evaluate)
    return parser


def run_evaluate(args: argparse.Namespace) -> int:
    """Run the verb: the table goes to stdout.

    Returns:
        0.

    Raises:
        WanMoveError: a file that cannot be read, or sizes that do not fit.
    """
    # Imported late: torch, PyAV and OpenCV are not needed to print the command line's help.
    from ..evaluate.fidelity import compare_videos
    from ..evaluate.metrics import end_point_error
    from ..evaluate.overlay import draw_comparison
    from ..media.video import read_video
    from ..media.video_writer import write_video
    from ..media.writer import replacing
    from ..motion.retime import uneven_in_time
    from ..tracking.video import track_points

    _check_outputs(args)
    times: list[float] = []
    frames = read_video(args.video, times)
    # Of a variable frame rate: where the points should be at the time of each frame.
    asked = uneven_in_time(_tracks_for(frames, args), times)
    got = track_points(frames, asked.positions[0])
    error = end_point_error(asked, got)
    if not error.counted.any():
        raise TrackFormatError(
            f"{args.tracks} must be visible in the video after its first frame; got nothing to "
            "measure there. Check --size, and that both are of one job."
        )
    figures: dict[str, Any] = {
        "video": str(args.video),
        **error.summary(),
        "per_track": error.worst_first(),
    }
    if args.true is not None:
        figures |= compare_videos(frames, read_video(args.true))
    say(*format_table(figures, error).rstrip("\n").split("\n"))
    if args.json is not None:
        with replacing(args.json) as temporary:
            temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if args.overlay is not None:
        write_video(args.overlay, draw_comparison(frames, asked, got, error))
    return 0


def format_table(figures: dict[str, Any], error: "EndPointError") -> str:
    """Format the figures as text: one line for the clip, then the worst tracks."""
    lines = [
        f"end-point error  mean {figures['mean']:.2f} px, median {figures['median']:.2f} px "
        f"({figures['tracks']} tracks, {figures['lost_share']:.0%} of the points lost)"
    ]
    if "psnr" in figures:
        lines.append(
            f"against the true video  PSNR {figures['psnr']:.2f} dB, SSIM {figures['ssim']:.3f}"
        )
    rows = error.worst_first()
    lines.append("track  mean px  last px   max px  at frame  frames  lost")
    lines += [
        f"{row['track']:5d}  {row['mean']:7.2f}  {row['last']:7.2f}  {row['max']:7.2f}  "
        f"{row['worst_frame']:8d}  {row['frames']:6d}  {row['lost']:4d}"
        for row in rows[:_TABLE_ROWS]
    ]
    if len(rows) > _TABLE_ROWS:
        lines.append(f"... and {len(rows) - _TABLE_ROWS} better ones")
    return "\n".join(lines) + "\n"


def _tracks_for(frames: "Tensor", args: argparse.Namespace) -> "Tracks":
    """The requested tracks in the video's pixels and frames."""
    from ..evaluate.metrics import hide_outside
    from ..formats.read import read_tracks
    from ..motion.fit import fit_tracks
    from ..motion.frame import place_in_frame
    from ..motion.retime import retime_tracks

    height, width = frames.shape[1:3]
    tracks = read_tracks(args.tracks, visibility=args.visibility)
    if tracks.frame is not None:
        tracks, how = place_in_frame(tracks, (width, height))
        say(*([f"frame  {how}"] if how else []))
    elif args.size is not None:
        tracks = fit_tracks(tracks, args.size, (width, height))
    return hide_outside(retime_tracks(tracks, len(frames)), width, height)


def _check_outputs(args: argparse.Namespace) -> None:
    """Refuse, before the work, outputs that cannot be written or would replace an input."""
    from ..media.writer import check_writable

    if args.overlay is not None and args.overlay.suffix.lower() != ".mp4":
        raise OptionError(f"--overlay must end in .mp4; got {args.overlay.name}. Rename it.")
    inputs = [path for path in (args.video, args.tracks, args.visibility, args.true) if path]
    taken = {path.resolve() for path in inputs}
    for name in ("json", "overlay"):
        path = getattr(args, name)
        if path is None:
            continue
        if path.resolve() in taken:
            raise OptionError(f"--{name} must be its own file; got the input {path}. Rename it.")
        check_writable(path)
