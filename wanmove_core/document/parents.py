"""Tracks that carry others along: the links of a drawing, and the motion that they add.

The same mathematics as web/js/editor/drawing/sample.js.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..shapes import Float


@dataclass(frozen=True)
class Placed:
    """A track's own point in every frame, in pixels.

    `turn` is how far its cluster has turned since frame 0, `carried` the part of that which its
    parents did; radians.
    """

    own: Float[np.ndarray, "frames 2"]
    turn: Float[np.ndarray, " frames"]
    carried: Float[np.ndarray, " frames"]


def parent_indices(ids: Sequence[str], parents: Sequence[str]) -> list[int | None]:
    """Give the index of each track's parent; None where no track has that id."""
    first: dict[str, int] = {}
    for index, name in enumerate(ids):
        first.setdefault(name, index)
    return [first.get(name) if name else None for name in parents]


def find_circle(parents: Sequence[int | None]) -> int | None:
    """Give the first track that its own parents lead back to a circle; None where none does."""
    free: set[int] = set()
    for index in range(len(parents)):
        way, at = {index}, parents[index]
        while at is not None and at not in free:
            if at in way:
                return index
            way.add(at)
            at = parents[at]
        free |= way
    return None


def place_tracks(
    parents: Sequence[int | None], rest: Callable[[int], Placed], wanted: Sequence[int]
) -> dict[int, Placed]:
    """Carry tracks along with their parents, on top of their own motion.

    Args:
        parents: from `parent_indices`, without a circle.
        rest: a track as if its parent stood still.
        wanted: indices of the tracks to place; their parents are placed too.
    """
    placed: dict[int, Placed] = {}
    for index in wanted:
        way, at = [], index
        while at not in placed:
            way.append(at)
            above = parents[at]
            if above is None:
                break
            at = above
        for each in reversed(way):
            above = parents[each]
            still = rest(each)
            placed[each] = still if above is None else _carry(still, placed[above])
    return placed


def _carry(still: Placed, by: Placed) -> Placed:
    """Turned about where the parent was, and moved to where it is."""
    x, y = (still.own - by.own[0]).T
    cos, sin = np.cos(by.turn), np.sin(by.turn)
    own = by.own + np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
    return Placed(own, still.turn + by.turn, by.turn)
