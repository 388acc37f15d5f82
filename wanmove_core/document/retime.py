"""Frames of a drawing that is brought to another length.

The same mathematics as web/js/editor/drawing/edit_track.js.
"""

import math
from collections.abc import Iterable
from typing import TypeVar

from .schema import Pair, SpreadKey, TimingKey

_Key = TypeVar("_Key", TimingKey, SpreadKey)


def retimed(frame: float, pace: float) -> float:
    """Return `frame * pace` without its last digits: 21 * (36 / 28) is 27."""
    return round(frame * pace, 9)


def ascending(keys: Iterable[_Key]) -> tuple[_Key, ...]:
    """Return the keys that are later than the one before; a file keeps thousandths of a frame.

    Of keys that come together the first stays.
    """
    kept: list[_Key] = []
    last = -math.inf
    for key in keys:
        now = math.floor(key.frame * 1000 + 0.5)
        if now > last:
            kept.append(key)
            last = now
    return tuple(kept)


def retimed_windows(windows: tuple[Pair, ...], pace: float) -> tuple[Pair, ...]:
    """Return visibility windows at another pace.

    A window that no longer holds a whole frame gets the nearest one: it does not vanish.
    """

    def moved(first: float, last: float) -> Pair:
        start, end = retimed(first, pace), retimed(last, pace)
        if math.ceil(first) > math.floor(last) or math.ceil(start) <= math.floor(end):
            return start, end
        nearest = float(math.floor((start + end) / 2 + 0.5))
        return nearest, nearest

    return tuple(moved(first, last) for first, last in windows)
