"""Parsers of the command line's values, shared by all verbs."""

import argparse
import errno
from pathlib import Path

from ..errors import OptionError
from ..family import Size
from ..media.files import reason

_LARGEST_SIDE = 16384  # px
_FASTEST = 1000  # frames per second


def parse_size(text: str) -> Size:
    """Parse `832x480`; the reference's `832*480` means the same."""
    parts = text.lower().replace("*", "x").replace(",", "x").split("x")
    try:
        width, height = (int(part) for part in parts)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be WIDTHxHEIGHT; got {text!r}") from error
    if min(width, height) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1x1; got {text!r}")
    if max(width, height) > _LARGEST_SIDE:
        raise argparse.ArgumentTypeError(
            f"must be at most {_LARGEST_SIDE} px a side; got {text[:40]!r}"
        )
    return width, height


def parse_numbers(text: str) -> tuple[float, ...]:
    """Parse numbers with commas between them."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"must be numbers with commas between; got {text!r}"
        ) from error


def parse_path(text: str) -> Path:
    """Parse the name of a file or folder, there or not: one that the file system could hold."""
    path = Path(text)
    try:
        path.lstat()
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
            raise argparse.ArgumentTypeError(
                f"must be a name that a file can have; got {text[:80]!r}: {reason(error).lower()}"
            ) from error
    return path


def check_fps(fps: int) -> None:
    """Check the frames per second of a video to write.

    Raises:
        OptionError: out of range.
    """
    if not 1 <= fps <= _FASTEST:
        asked = "1 or more" if fps < 1 else f"at most {_FASTEST}"
        raise OptionError(f"--fps must be {asked}; got {fps}. Use 16.")
