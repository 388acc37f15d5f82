"""Track points through a video frame by frame, without a model."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..opencv import require_opencv
from ..shapes import Bool, Float
from .mates import Mates
from .patches import Match, Patches, difference, levels, surroundings

cv2 = require_opencv("Following points")

# Every so many frames the points are checked against their first appearance. In between they are
# followed from one frame, the key frame, so that errors do not add up from frame to frame.
KEY_FRAMES = 6
_WINDOW = (17, 17)
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)
_MIN_EIGENVALUE = 1e-4
# Pixels by which the way back may miss the start.
_ROUND_TRIP = 1.0
# Root mean square difference of the surroundings, grey levels, that noise and blur explain; and
# the share of the point's own contrast that a change of shape explains.
_NOISE, _CHANGE = 8.0, 0.6
# Correlation with the first appearance: below the one it is something else; above the next it
# corrects the position; above the last it shows a point that was hidden.
_OTHER, _SAME, _FOUND = 0.5, 0.8, 0.85
_CORRECTION_PX = 3.0
# Slope, in grey levels per pixel, below which a point cannot be told from its neighbours.
_WEAK = 0.8
# Grey levels by which the brightness of such a point may change.
_DIMMING = 12.0
# Where a hidden point is looked for, in pixels around where its mates say.
_SEARCH = np.array([[x, y] for x in (0, -7, 7) for y in (0, -7, 7)], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Key:
    """The frame that points are followed from."""

    frame: np.ndarray
    position: np.ndarray
    usable: np.ndarray
    around: np.ndarray


class PointTracker:
    """Tracks points from frame to frame; its memory does not grow with the video.

    In each frame, dense flow from the frame before gives a first guess, and Lucas-Kanade from the
    key frame refines it. Tracked backwards, a point must return to its start, and its
    surroundings must look the same. Points without texture, and hidden points, move with the
    neighbours that moved like them. Every `KEY_FRAMES` frames each point with texture is
    aligned with its appearance in the first
    frame, shifted, turned and scaled: that takes out drift, unmasks points
    that slid onto something else, and finds hidden ones again.

    Source: Lucas and Kanade 1981 (Bouguet's pyramid, as OpenCV has it); Kalal et al. 2010,
        "Forward-backward error"; Kroeger et al. 2016 (DIS).
    """

    def __init__(self, frame: np.ndarray, points: Float[np.ndarray, "points 2"]) -> None:
        """Start.

        Args:
            frame: grey uint8 [height, width].
            points: (x, y), counted from the frame's corner. Points outside are hidden.
        """
        # OpenCV's integers are pixel centres; so are all positions in here.
        self.position = points.astype(np.float64) - 0.5
        self._path = [self.position.astype(np.float32)]
        self.visible = _inside(self.position, frame)
        self._linear = np.broadcast_to(np.eye(2), (len(points), 2, 2)).copy()
        self._anchors = Patches(frame, self.position)
        self._weak = self._anchors.slope < _WEAK
        self._mates = Mates(self.position, ~self._weak)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._small = _half(frame)
        self._key = self._new_key(frame)
        self._since_key = 0

    def positions(self) -> np.ndarray:
        """The positions so far, float32 [frames, points, 2], counted from the frame's corner."""
        return np.stack(self._path) + np.float32(0.5)

    def step(self, frame: np.ndarray) -> np.ndarray:
        """Take the next frame. Returns the visibility, bool [points], a new array."""
        guess = self._guess(frame)
        there, good = self._from_key(frame, guess)
        steady = good & ~self._weak & _inside(there, frame)
        there = np.where(self._weak[:, None], guess, there)
        self.position = self._mates.carry(there, steady, self._weak & self.visible)
        self.visible = steady | (self._weak & self._weak_seen(frame, steady))
        self._since_key += 1
        if self._since_key == KEY_FRAMES:
            self._check(frame)
            self._mates.place(self.position)
            self._key = self._new_key(frame)
            self._since_key = 0
        self._path.append(self.position.astype(np.float32))
        return self.visible.copy()

    def _new_key(self, frame: np.ndarray) -> _Key:
        return _Key(frame, self.position, self.visible, surroundings(frame, self.position))

    def _guess(self, frame: np.ndarray) -> np.ndarray:
        """Where the dense flow takes the points; hidden ones stay: it is not their flow."""
        small = _half(frame)
        flow = self._flow.calc(self._small, small, None)
        self._small = small
        places = ((self.position + 0.5) / 2 - 0.5).astype(np.float32)[None]
        moved = cv2.remap(flow, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self.position + np.where(self.visible[:, None], 2.0 * moved[0], 0.0)

    def _from_key(self, frame: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions seen from the key frame, and which of them hold."""
        there, good = self._round_trip(frame, guess, slice(None), levels=0)
        # The dense flow overlooks small things that move fast; the pyramid looks further.
        again = (self.visible & ~self._weak & ~good).nonzero()[0]
        if len(again):
            far, held = self._round_trip(frame, self.position[again], again, levels=3)
            there[again[held]] = far[held]
            good[again[held]] = True
        return there, good

    def _round_trip(
        self, frame: np.ndarray, guess: np.ndarray, chosen: Any, *, levels: int
    ) -> tuple[np.ndarray, np.ndarray]:
        start = self._key.position[chosen]
        there, found = _lucas_kanade(self._key.frame, frame, start, guess, levels=levels)
        back, returned = _lucas_kanade(frame, self._key.frame, there, start)
        followed = found & returned & (np.hypot(*(back - start).T) <= _ROUND_TRIP)
        return there, followed & self._alike(frame, there, chosen)

    def _alike(self, frame: np.ndarray, there: np.ndarray, chosen: Any) -> np.ndarray:
        """Do the surroundings look as in the key frame?"""
        gap = difference(self._key.around[chosen], surroundings(frame, there))
        tolerance = _NOISE + _CHANGE * self._anchors.contrast[chosen]
        return self._key.usable[chosen] & (gap <= tolerance)

    def _weak_seen(self, frame: np.ndarray, steady: np.ndarray) -> np.ndarray:
        """Points without texture are seen if what is around them is."""
        return (
            (np.abs(levels(surroundings(frame, self.position)) - self._anchors.level) <= _DIMMING)
            & _inside(self.position, frame)
            & (self._mates.visible_share(steady) >= 0.5)
        )

    def _check(self, frame: np.ndarray) -> None:
        """Compare with the first appearance: correct, hide, or find again."""
        seen = self.visible.nonzero()[0]
        match = self._anchors.find(frame, self._guess_of(seen), seen)
        moved = np.hypot(*(match.position - self.position[seen]).T)
        textured = ~self._weak[seen]
        same = textured & (match.likeness >= _SAME) & (moved <= _CORRECTION_PX)
        self.position[seen[same]] = match.position[same]
        self._linear[seen[same]] = match.linear[same]
        self.visible[seen[textured & (match.likeness < _OTHER)]] = False
        self._find_hidden(frame, (~self.visible & ~self._weak).nonzero()[0])

    def _find_hidden(self, frame: np.ndarray, hidden: np.ndarray) -> None:
        if len(hidden) == 0:
            return
        around = self._guess_of(hidden)
        best = Match(around.position, around.linear, np.full(len(hidden), -1.0))
        for offset in _SEARCH:
            guess = Match(around.position + offset, around.linear, around.likeness)
            match = self._anchors.find(frame, guess, hidden)
            better = match.likeness > best.likeness
            best = Match(
                np.where(better[:, None], match.position, best.position),
                np.where(better[:, None, None], match.linear, best.linear),
                np.where(better, match.likeness, best.likeness),
            )
        near = np.hypot(*(best.position - around.position).T) <= 12
        found = (best.likeness >= _FOUND) & near & _inside(best.position, frame)
        self.position[hidden[found]] = best.position[found]
        self._linear[hidden[found]] = best.linear[found]
        self.visible[hidden[found]] = True

    def _guess_of(self, chosen: np.ndarray) -> Match:
        return Match(self.position[chosen], self._linear[chosen], np.zeros(len(chosen)))


def _lucas_kanade(
    one: np.ndarray,
    other: np.ndarray,
    points: np.ndarray,
    guess: np.ndarray,
    *,
    levels: int = 0,
) -> tuple[np.ndarray, Bool[np.ndarray, " points"]]:
    """Follow points from one frame to another, starting at a guess that is right to a pixel."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        one,
        other,
        np.ascontiguousarray(points[:, None], np.float32),
        np.array(guess[:, None], np.float32, order="C"),
        winSize=_WINDOW,
        maxLevel=levels,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        minEigThreshold=_MIN_EIGENVALUE,
    )
    return there[:, 0].astype(np.float64), found[:, 0] > 0


def _half(frame: np.ndarray) -> np.ndarray:
    height, width = frame.shape
    size = (max(width // 2, 12), max(height // 2, 12))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def _inside(points: np.ndarray, frame: np.ndarray) -> Bool[np.ndarray, " points"]:
    height, width = frame.shape
    x, y = points.T
    return (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
