"""Estimate hidden points: they move with the neighbours that moved like them before."""

import numpy as np

from ..shapes import Bool, Float

_MATES = 16
# Neighbours that move apart by more than this, in pixels a frame and as a share of their
# distance, belong to something else. The share leaves room for turning and growing.
_APART_PX, _APART_SHARE = 0.5, 0.02
# How much the frame at hand weighs against those before.
_NEWS = 0.25
# Pixels a frame by which what a hidden point goes with may change its speed.
_SUDDEN_PX = 4.0
# Of its speed, what a point without mates keeps in each frame.
_SLOWING = 0.8
_CHUNK = 2048


class Mates:
    """The neighbours of every point in the first frame, and which of them move like it."""

    def __init__(
        self, points: Float[np.ndarray, "points 2"], leaders: Bool[np.ndarray, " points"]
    ) -> None:
        """Choose the neighbours among `leaders`, the points that can be tracked by themselves."""
        self._neighbours = _nearest(points, leaders.nonzero()[0])
        apart = points[self._neighbours] - points[:, None]
        self._tolerance = _APART_PX + _APART_SHARE * np.hypot(apart[..., 0], apart[..., 1])
        self._apart = np.full(self._neighbours.shape, np.nan)
        self._last = points.copy()
        self._step = np.zeros_like(self._last)

    @property
    def _together(self) -> np.ndarray:
        return ~(self._apart > self._tolerance)

    def carry(
        self,
        position: Float[np.ndarray, "points 2"],
        steady: Bool[np.ndarray, " points"],
        weak: Bool[np.ndarray, " points"],
    ) -> Float[np.ndarray, "points 2"]:
        """Move points that are not known with their mates.

        Args:
            position: of this frame; ignored for points that are neither steady nor weak.
            steady: True where a position is known.
            weak: True where a position is known roughly: enough to choose its mates. A weak point
                without mates keeps its own estimate.

        Returns:
            New positions [points, 2]. Other points without mates slow down and stop.
        """
        mates, last = self._neighbours, self._last
        moved = np.where((steady | weak)[:, None], position - last, 0.0)
        gap = moved[mates] - moved[:, None]
        apart = np.hypot(gap[..., 0], gap[..., 1])
        both = steady[mates] & (steady | weak)[:, None]
        first = both & np.isnan(self._apart)
        self._apart = np.where(first, apart, self._apart)
        self._apart = np.where(both, self._apart + _NEWS * (apart - self._apart), self._apart)
        known = steady[mates] & self._together
        # A neighbour that starts off suddenly has been covered too, and follows what covers it.
        jump = moved[mates] - self._step[:, None]
        known &= (np.hypot(jump[..., 0], jump[..., 1]) <= _SUDDEN_PX) | weak[:, None]
        moved = np.where((steady | weak)[:, None], moved, _SLOWING * self._step)
        led = (~steady & known.any(1)).nonzero()[0]
        if len(led):
            there = last[mates[led]] - last[led, None]
            moved[led] = _led(moved[mates[led]], there, known[led])
        self._last, self._step = last + moved, moved
        return self._last.copy()

    def visible_share(self, visible: Bool[np.ndarray, " points"]) -> np.ndarray:
        """Return the visible share of each point's mates; 1 for a point without mates."""
        together = self._together.sum(1)
        seen = (visible[self._neighbours] & self._together).sum(1)
        return np.where(together > 0, seen / np.maximum(together, 1), 1.0)

    def place(self, position: Float[np.ndarray, "points 2"]) -> None:
        """Replace the positions of the current frame by corrected ones."""
        self._last = position.copy()


def _led(steps: np.ndarray, there: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The step of points whose mates, [points, mates, 2] away, take these steps.

    A plane through the mates' steps, so that a zoom or a turn is followed between them; around
    their median, for some may belong to something else.
    """
    middle = _median(steps, known)
    off = steps - middle[:, None]
    weight = known / (1 + np.square(off).sum(-1) / _APART_PX**2)
    reach = np.sqrt(np.mean(np.square(there), axis=(1, 2))) + 1.0
    design = np.concatenate([np.ones_like(there[..., :1]), there / reach[:, None, None]], axis=2)
    weighted = design * weight[..., None]
    normal = weighted.transpose(0, 2, 1) @ design + np.diag([1e-6, 0.3, 0.3])
    plane = np.linalg.solve(normal, weighted.transpose(0, 2, 1) @ off)
    return middle + plane[:, 0]


def _median(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Of [points, mates, 2], over the known mates; np.nanmedian takes ten times as long."""
    ordered = np.sort(np.where(known[..., None], values, np.inf), axis=1)
    count = known.sum(1)
    rows = np.arange(len(values))
    middle: np.ndarray = (ordered[rows, (count - 1) // 2] + ordered[rows, count // 2]) / 2
    return middle


def _nearest(points: np.ndarray, leaders: np.ndarray) -> np.ndarray:
    """Indices [points, mates] of the leaders nearest to each point, without itself."""
    count = max(0, min(_MATES, len(leaders) - 1))
    if count == 0:
        return np.zeros((len(points), 0), dtype=np.int64)
    rows = []
    for first in range(0, len(points), _CHUNK):
        part = points[first : first + _CHUNK]
        squared = np.square(part[:, None] - points[leaders]).sum(-1)
        itself = np.arange(first, first + len(part))[:, None] == leaders
        squared[itself] = np.inf
        rows.append(np.argpartition(squared, count - 1, axis=1)[:, :count])
    return leaders[np.concatenate(rows)]
