"""`wanmove doctor`: describe this machine and its models, to paste into a report."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import OptionError, WanMoveError
from .parse import parse_path
from .say import say

_MOST_FILES = 200


def add_doctor_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "doctor",
        help="versions, card, OpenCV and models: one block to paste into a report",
        description="Shows what this Python has and what each model file is. Reads headers alone.",
    )
    parser.add_argument(
        "--models",
        type=parse_path,
        help="a folder of models: ComfyUI's, the official one, diffusers'",
    )
    parser.set_defaults(run=run_doctor)


def run_doctor(args: argparse.Namespace) -> int:
    """Print the block."""
    from ..environment import describe_environment

    if args.models is not None and not args.models.is_dir():
        raise OptionError(
            f"--models must be a folder; got {args.models}. Give the one that holds the files."
        )
    lines = describe_environment()
    if args.models is not None:
        lines += describe_models(args.models)
    say(*lines)
    return 0


def describe_models(folder: Path) -> list[str]:
    """Describe each model file below a folder in one line: its size and its kind."""
    found = sorted(_model_files(folder))
    lines = [f"models in {folder.resolve()}: {len(found)} files"]
    lines += [f"  {_describe(path, folder)}" for path in found[:_MOST_FILES]]
    if len(found) > _MOST_FILES:
        lines.append(f"  ... and {len(found) - _MOST_FILES} more")
    return lines


def _model_files(folder: Path) -> Iterator[Path]:
    """Files of the folders that Wan-Move takes models from, or of all where there are none."""
    from ..checkpoints.layouts import COMFYUI_FOLDERS, SUFFIXES

    names = (*COMFYUI_FOLDERS, "loras", "model_patches")
    known = [folder / name for name in names if (folder / name).is_dir()]
    for top in known or [folder]:
        for root, _, files in os.walk(top):
            yield from (
                Path(root) / file for file in files if file.lower().endswith(tuple(SUFFIXES))
            )


def _describe(path: Path, folder: Path) -> str:
    from ..checkpoints.checkpoint import open_checkpoint
    from ..checkpoints.classify import identify

    size = f"{path.stat().st_size / 1e9:.2f} GB"
    try:
        what = identify(open_checkpoint([path])).description
    except WanMoveError as error:
        what = f"not readable: {error}"
    return f"{path.relative_to(folder)}, {size}: {what}"
