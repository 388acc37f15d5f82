"""Parsers of the command line's values, shared by all verbs."""

import argparse

from ..family import Size

_LARGEST_SIDE = 16384  # px


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
