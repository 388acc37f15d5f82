"""`wanmove inspect`: describe files of weights."""

import argparse
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .parse import parse_path
from .say import say


def add_inspect_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "inspect",
        help="what a checkpoint, LoRA or adapter is, told by its content",
        description="Say what files of weights are: family, part, types, scales, wrappings, kind "
        "of adapter. For an unknown file, list the first 30 names with shapes, to send to us. "
        "Reads no weights and unpickles nothing.",
    )
    parser.add_argument("paths", type=parse_path, nargs="+", metavar="FILE|FOLDER")
    parser.add_argument("--names", action="store_true", help="list names of known files too")
    parser.set_defaults(run=run_inspect)


def run_inspect(args: argparse.Namespace) -> int:
    """Print a block for each file; returns 1 when a file is not known or damaged, else 0.

    Raises:
        CheckpointError: a path that does not exist, or a folder without files of weights.
    """
    from ..checkpoints.checkpoint import group_shards, open_checkpoint
    from ..checkpoints.classify import identify
    from ..checkpoints.describe import describe, is_known

    unknown = 0
    for group in group_shards(_files(args.paths)):
        name = group[0] if len(group) == 1 else f"{group[0]} and {len(group) - 1} more shards"
        say(str(name))
        try:
            checkpoint = open_checkpoint(group)
        except CheckpointError as error:
            say(f"  damaged: {error}")
            unknown += 1
            continue
        unknown += not is_known(identify(checkpoint))
        say(*(f"  {line}" for line in describe(checkpoint, names=args.names)))
    return 1 if unknown else 0


def _files(paths: list[Path]) -> list[Path]:
    from ..checkpoints.layouts import SUFFIXES

    found: list[Path] = []
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        files = [file for file in inside if not path.is_dir() or file.suffix.lower() in SUFFIXES]
        files = [file for file in files if file.is_file()]
        if not files:
            got = "a folder without them" if path.is_dir() else "no such file"
            raise CheckpointError(
                f"{path} must be a file of weights, or hold some; got {got}. Check the path."
            )
        found += files
    return found
