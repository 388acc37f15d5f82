"""`wanmove tracks show` and `convert`: look at files of tracks, and write other formats."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ...formats.registry import WRITE_FORMATS, WRITTEN, written_suffixes
from ..parse import parse_size

if TYPE_CHECKING:
    from ...formats import TrackFile

_FPS = 16.0  # what Wan renders


def add_file_verbs(verbs: Any) -> None:
    """Add the verbs to those of `wanmove tracks`. Imports nothing heavy."""
    show = verbs.add_parser("show", help="say what is in the files")
    show.add_argument("files", type=Path, nargs="+", metavar="FILE")
    show.set_defaults(run=run_show)
    convert = verbs.add_parser("convert", help="write tracks in another format")
    convert.add_argument("source", type=Path, metavar="FROM")
    convert.add_argument(
        "target",
        type=Path,
        metavar="TO",
        help=f"ends in {written_suffixes()}",
    )
    convert.add_argument("--to", metavar="FORMAT", help=", ".join(WRITE_FORMATS))
    convert.add_argument("--fps", type=float, help="frames per second to write, if any are")
    convert.add_argument("--visibility", type=Path, metavar="FILE", help=".npy of a tracks .npy")
    convert.add_argument("--frames", type=int, metavar="N", help="stretch to N frames")
    convert.add_argument(
        "--from-size", type=parse_size, metavar="WxH", help="picture that they were drawn on"
    )
    convert.add_argument(
        "--to-size", type=parse_size, metavar="WxH", help="picture that they are for"
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
        sys.stdout.write(", ".join(parts) + "\n")
    return 0


def _check_sizes(args: argparse.Namespace, found: "TrackFile") -> None:
    """Refuse a --to-size that has no effect, since nothing says what to scale from."""
    from ...formats import ReadOptions, read_track_file
    from ...formats.write import check_path

    if args.to_size is None or args.from_size is not None:
        return
    if WRITTEN[check_path(args.target, args.to)].needs_canvas:
        return
    width, height = args.to_size
    options = ReadOptions(size=(2 * width, 2 * height), num_frames=args.frames)
    doubled = read_track_file(args.source, visibility=args.visibility, options=options)
    if doubled.tracks.positions.equal(found.tracks.positions):
        raise OptionError(
            f"--to-size must come with --from-size where the file does not say its own; got "
            f"{args.source}, which does not. Add --from-size 832x480."
        )


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def run_convert(args: argparse.Namespace) -> int:
    """Write tracks in another format; returns the exit code.

    Raises:
        TrackFormatError, OptionError: what cannot be read or written.
    """
    from ...formats import ReadOptions, read_track_file, write_tracks
    from ...formats.write import check_path
    from ...motion.frame import same_aspect

    check_path(args.target, args.to)
    options = ReadOptions(size=args.to_size, canvas_size=args.from_size, num_frames=args.frames)
    found = read_track_file(args.source, visibility=args.visibility, options=options)
    _check_sizes(args, found)
    if found.canvas and found.size and found.canvas != found.size:
        told = "scaled" if same_aspect(found.canvas, found.size) else "stretched"
        (old_width, old_height), (width, height) = found.canvas, found.size
        sys.stderr.write(
            f"{args.source}: tracks of {old_width}x{old_height} {told} to {width}x{height}\n"
        )
    fps = (found.fps or _FPS) if args.fps is None else args.fps
    for path in write_tracks(found.tracks, args.target, format=args.to, size=found.size, fps=fps):
        sys.stdout.write(f"{path}\n")
    return 0
