"""Options of videos that are longer than a clip, continue another video, or have given frames."""

import argparse
from pathlib import Path
from typing import Any

from ..choices import Blend, options_of
from .parse import parse_path


def add_long_options(parser: Any) -> None:
    """Add these options."""
    group = parser.add_argument_group("long videos and known frames")
    group.add_argument(
        "--window",
        type=int,
        metavar="N",
        help="frames made at once; longer videos are made of several clips (81); 0: all at once",
    )
    group.add_argument(
        "--continue",
        dest="goes_on_from",
        type=parse_path,
        metavar="VIDEO",
        help="go on from a video's last frame, in place of --image; OUT holds both",
    )
    group.add_argument(
        "--tracks-of-whole",
        action="store_true",
        help="with --continue: the tracks span both videos together",
    )
    group.add_argument(
        "--last-image",
        type=parse_path,
        metavar="FILE",
        help="last frame of the video (experimental)",
    )
    group.add_argument(
        "--frame",
        dest="known",
        action="append",
        default=[],
        type=parse_known,
        metavar="K=FILE",
        help="a given frame of the video (experimental); may be repeated",
    )
    group.add_argument(
        "--blend",
        choices=options_of(Blend),
        default="chain",
        help="of several clips: go on from the last frame (chain), or denoise overlapping windows "
        "together",
    )
    group.add_argument(
        "--match-colour",
        action="store_true",
        help="of a chain: keep the colours of the start image in every clip's first frame",
    )


def parse_known(text: str) -> tuple[int, Path]:
    """Parse `K=FILE`."""
    number, equals, file = text.partition("=")
    if not (number.isascii() and number.isdigit() and equals and file):
        raise argparse.ArgumentTypeError(f"must be K=FILE with K the frame; got {text[:80]!r}")
    return int(number), parse_path(file)
