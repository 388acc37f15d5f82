"""Helpers of several formats: short numbers, ranges of frames, held positions."""

import re

import numpy as np

from ..family import Size
from .checks import check_size, refusal, shown
from .content import ReadOptions

_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})")
_OWN_SIZE = re.compile(r"^# Wan-Move (\d{1,9})x(\d{1,9})\s*$", re.MULTILINE)
_MOST_DECIMALS = 9  # more have few values: those closest to 0
_NUMBER = re.compile(r"[-+]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][-+]?\d{1,3})?", re.ASCII)


def shortest(value: float | np.floating) -> float:
    """Return the float whose decimal text is the shortest that reads back as this float32."""
    return float(np.format_float_positional(np.float32(value), unique=True, trim="0"))


def shortest_of(values: np.ndarray) -> np.ndarray:
    """`shortest` of an array, as float64: the fewest decimals that give the float32 back."""
    single = values.astype(np.float32)
    exact = single.astype(np.float64)
    found = np.rint(exact)
    missing = np.flatnonzero((found.astype(np.float32) != single).ravel())
    for decimals in range(1, _MOST_DECIMALS):
        tried = np.round(exact.flat[missing], decimals)
        fits = tried.astype(np.float32) == single.flat[missing]
        found.flat[missing[fits]] = tried[fits]
        missing = missing[~fits]
    found.flat[missing] = [shortest(value) for value in single.flat[missing]]
    return found


def decimals_of(values: np.ndarray) -> list[str]:
    """`decimal` of each value of a vector."""
    texts = map(repr, values.tolist())
    return [decimal(float(t)) if "e" in t else t.removesuffix(".0") for t in texts]


def decimal(value: float) -> str:
    """Return a float64 as the shortest text that reads back as it, never with an exponent."""
    return np.format_float_positional(value, unique=True, trim="-")


def frame_ranges(seen: np.ndarray) -> list[tuple[int, int]]:
    """First and last frame of every stretch where bool [frames] `seen` is True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(np.int8), [0]])))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]


def parse_ranges(text: str | None, frames: int, subject: str) -> np.ndarray:
    """bool [frames] from text as "0-12 20-80"; None is all of them.

    Raises:
        TrackFormatError: names the invalid range.
    """
    if text is None:
        return np.ones(frames, dtype=bool)
    seen = np.zeros(frames, dtype=bool)
    for cell in text.split():
        found = _RANGE.fullmatch(cell)
        if found is None or not int(found[1]) <= int(found[2]) < frames:
            raise refusal(
                subject, f"be visible in ranges of its {frames} frames", shown(cell), "Use 0-12"
            )
        seen[int(found[1]) : int(found[2]) + 1] = True
    return seen


def held(positions: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Positions [frames, 2] of one track where hidden frames repeat the last visible one.

    Before the first visible frame they repeat that; a track never visible is at the origin.
    """
    if not seen.any():
        return np.zeros_like(positions)
    source = np.maximum.accumulate(np.where(seen, np.arange(len(seen)), -1))
    return positions[np.where(source >= 0, source, np.flatnonzero(seen)[0])]


def keyed(times: np.ndarray, points: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Positions [frames, 2] on straight lines between keys; held before and after them.

    Args:
        times: float64 [keys], ascending.
        points: float64 [keys, 2].
        frames: float64 [frames], on the same clock.
    """
    return np.stack([np.interp(frames, times, points[:, axis]) for axis in (0, 1)], axis=1)


def parse_number(cell: str, subject: str, limit: float = 1e9) -> float:
    """Parse a number from a cell of text, within -limit..limit.

    Raises:
        TrackFormatError: not a number, NaN, or out of range.
    """
    if _NUMBER.fullmatch(cell):
        value = float(cell)
        if abs(value) <= limit:
            return value
    raise refusal(subject, f"be a number within {limit:g}", shown(cell), "Correct it there")


def size_comment(size: Size) -> str:
    """The line that states the frame of the tracks in formats with comments."""
    return f"# Wan-Move {size[0]}x{size[1]}"


def own_size(text: str, name: str) -> Size | None:
    """The frame that such a line states.

    Raises:
        TrackFormatError: a size that no picture has.
    """
    found = _OWN_SIZE.search(text)
    return None if found is None else check_size(int(found[1]), int(found[2]), f"{name}: frame")


def height_of(size: Size, options: ReadOptions) -> int:
    """The height from which y is counted down: 1 where positions are 0..1 over the picture."""
    return 1 if options.unit == "normalized" else size[1]


def picture_size(options: ReadOptions, name: str, program: str) -> Size:
    """Return the picture's size for a format that counts y from the bottom.

    Raises:
        TrackFormatError: neither the file nor the caller gave a size.
    """
    size = options.canvas_size or options.size
    if size is None:
        raise refusal(
            name,
            f"come with the picture's size, since {program} counts y from its bottom",
            "none",
            "Pass canvas_size=(width, height)",
        )
    return size
