"""A few frames at a time: what is made on the way does not grow with the length."""

from collections.abc import Iterator

FRAMES = 80


def pieces(end: int, begin: int = 0) -> Iterator[slice]:
    """Cut the frames from `begin` to before `end` into runs of at most `FRAMES`."""
    for first in range(begin, end, FRAMES):
        yield slice(first, min(first + FRAMES, end))
