"""`wanmove tracks show` and `convert`: look at files of tracks, and write other formats."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...choices import FitMode, Unit, options_of
from ...errors import OptionError
from ...formats.registry import WRITE_FORMATS, WRITTEN, written_suffixes
from ..parse import parse_path, parse_size
from ..say import say

if TYPE_CHECKING:
    from ...formats import TrackFile
    from ...tracks import Tracks

_FPS = 16.0  # what Wan renders


def add_file_verbs(verbs: Any) -> None:
    """Add the verbs to those of `wanmove tracks`. Imports nothing heavy."""
    show = verbs.add_parser("show", help="say what is in the files")
    show.add_argument("files", type=parse_path, nargs="+", metavar="FILE")
    show.set_defaults(run=run_show)
    convert = verbs.add_parser("convert", help="write tracks in another format")
    convert.add_argument("source", type=parse_path, metavar="FROM")
    convert.add_argument(
        "target",
        type=parse_path,
        metavar="TO",
        help=f"ends in {written_suffixes()}",
    )
    convert.add_argument("--to", metavar="FORMAT", help=", ".join(WRITE_FORMATS))
    convert.add_argument("--fps", type=float, help="frames per second to write, if any are")
    convert.add_argument(
        "--visibility", type=parse_path, metavar="FILE", help=".npy of a tracks .npy"
    )
    convert.add_argument("--frames", type=int, metavar="N", help="stretch to N frames")
    convert.add_argument(
        "--from-size", type=parse_size, metavar="WxH", help="picture that they were drawn on"
    )
    convert.add_argument(
        "--to-size", type=parse_size, metavar="WxH", help="video that they are for"
    )
    convert.add_argument(
        "--resize",
        choices=options_of(FitMode),
        help="how the picture came to a --to-size of another aspect ratio",
    )
    convert.add_argument(
        "--unit", choices=options_of(Unit), help="normalized: 0..1 over the picture (auto)"
    )
    convert.set_defaults(run=run_convert)


def run_show(args: argparse.Namespace) -> int:
    """Print one line for each file; returns the exit code.

    Raises:
        TrackFormatError: a file that is not tracks.
    """
    from ...formats import read_track_file

    for path in args.files:
        found = read_track_file(path)
        tracks = found.tracks
        seen = tracks.visibility.float().mean().item() if tracks.visibility.numel() else 0.0
        parts = [
            f"{path}: {found.format}",
            _counted(tracks.num_points, "track"),
            _counted(tracks.num_frames, "frame"),
            f"{seen:.0%} visible",
        ]
        if found.fps is not None:
            parts.append(f"{found.fps:g} fps")
        if found.size is not None:
            parts.append(f"drawn on {found.size[0]}x{found.size[1]}")
        if seen:
            places = tracks.positions[tracks.visibility]
            low, high = places.amin(0), places.amax(0)
            parts.append(f"x {low[0]:.1f} to {high[0]:.1f}, y {low[1]:.1f} to {high[1]:.1f}")
        say(", ".join(parts))
    return 0


def _check_sizes(args: argparse.Namespace, found: "TrackFile") -> None:
    """Refuse a --to-size without effect: neither file nor options give the size to scale from."""
    from ...formats import ReadOptions, read_track_file
    from ...formats.write import check_path

    if args.to_size is None or args.from_size is not None:
        return
    if WRITTEN[check_path(args.target, args.to)].needs_canvas:
        return
    width, height = args.to_size
    options = ReadOptions((2 * width, 2 * height), None, args.frames, _unit(args, found))
    doubled = read_track_file(args.source, visibility=args.visibility, options=options)
    if doubled.tracks.positions.equal(found.tracks.positions):
        raise OptionError(
            f"--to-size must come with --from-size where the file does not say its own; got "
            f"{args.source}, which does not. Add --from-size 832x480."
        )


def _unit(args: argparse.Namespace, found: "TrackFile") -> Unit:
    """What to read a file in again, without saying twice what was noticed."""
    unit: Unit = args.unit or ("pixels" if found.notes else "auto")
    return unit


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def run_convert(args: argparse.Namespace) -> int:
    """Write tracks in another format; returns the exit code.

    Raises:
        WanMoveError: what cannot be read or written, or belongs to another frame.
    """
    from ...formats import ReadOptions, read_track_file, write_tracks
    from ...formats.write import check_path

    check_path(args.target, args.to)
    options = ReadOptions(args.to_size, args.from_size, args.frames, args.unit or "auto")
    found = read_track_file(args.source, visibility=args.visibility, options=options)
    _check_sizes(args, found)
    tracks = found.tracks
    if args.to_size is not None and found.canvas not in (None, args.to_size):
        made = replace(options, size=None, unit=_unit(args, found))
        given = read_track_file(args.source, visibility=args.visibility, options=made).tracks
        tracks = _placed(args, given)
    fps = (found.fps or _FPS) if args.fps is None else args.fps
    paths = write_tracks(tracks, args.target, format=args.to, size=found.size, fps=fps)
    say(*map(str, paths))
    return 0


def _placed(args: argparse.Namespace, tracks: "Tracks") -> "Tracks":
    """The tracks in the frame of --to-size, by the rule of every consumer."""
    from ...motion.frame import place_in_frame, same_aspect

    frame = tracks.frame
    if args.resize is None and frame is not None and not same_aspect(frame, args.to_size):
        raise OptionError(
            f"--to-size must have the aspect ratio of the tracks' frame, {frame[0]}x{frame[1]}; "
            f"got {args.to_size[0]}x{args.to_size[1]}. Say how the picture came to that size: "
            "--resize crop, stretch or pad."
        )
    fit_mode: FitMode = args.resize or "stretch"
    tracks, how = place_in_frame(tracks, args.to_size, image_size=frame, fit_mode=fit_mode)
    say(f"{args.source}: {how}", aside=True)
    return tracks
