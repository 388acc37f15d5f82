"""Track points through a tiny clip by dense flow: videos of small models are soft and flicker."""

from typing import Any

import numpy as np

from ..opencv import require_opencv
from .steady import steady_tracks

cv2 = require_opencv("Measuring motion")

# Frames are enlarged to at least this many pixels on the shorter side: the flow's patches are a
# fixed number of pixels, and on a tiny clip they would span whole objects.
_WORKING_SIDE = 240
_MAX_ENLARGEMENT = 4
# Between the points that are followed beside those asked for, px.
_NEIGHBOUR_STEP = 3.0
# Flow is always taken from a key frame, so errors do not add up from frame to frame; after this
# many frames the point's surroundings may have turned too far to be recognised.
_KEY_FRAMES = 8
_WINDOW = (21, 21)
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 0.005)
# A window flatter than this tells nothing about motion (OpenCV's default drops calm textures).
_MIN_EIGENVALUE = 1e-5
# How far the way back may miss the start, as a share of the frame's longer side.
_ROUND_TRIP = 1 / 48


def enlargement(width: int, height: int) -> int:
    """Return the factor by which frames of this size are enlarged; above 1: a tiny clip."""
    return min(_MAX_ENLARGEMENT, max(1, round(_WORKING_SIDE / min(height, width))))


class DenseTracker:
    """Tracks points by dense inverse search flow from a key frame to every frame.

    The flow is initialised with that of the frame before; the median of the three colour channels
    is used. Lucas-Kanade is only a check: from the found place it must return to the start. A point
    that fails is hidden in that frame alone; one that leaves the frame is lost for good.

    Points all over the frame are tracked too, and `positions` moves each query point with its
    neighbourhood: this removes a third of the errors that a small VAE's flicker causes.

    Source:
        Kroeger et al. 2016 (DIS), Lucas and Kanade 1981, both as OpenCV has them.
    """

    def __init__(self, frame: np.ndarray, points: np.ndarray) -> None:
        """Start.

        Args:
            frame: RGB uint8 [height, width, 3].
            points: (x, y), counted from the frame's corner.
        """
        height, width = frame.shape[:2]
        self._size, self._scale = (width, height), enlargement(width, height)
        self._asked = len(points)
        start = np.concatenate([points.astype(np.float64), _spread(width, height)])
        self._path = [start]
        self._key, self._key_points = self._enlarge(frame), start
        self._flow: list[Any] = [None] * 3  # of each colour; the last is where the next starts
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._within = self._inside(start)
        self.visible = self._within[: self._asked].copy()

    def step(self, frame: np.ndarray) -> np.ndarray:
        """Take the next frame. Returns the visibility, bool [points]."""
        picture = self._enlarge(frame)
        self._flow = [
            self._search.calc(*(np.ascontiguousarray(p[..., c]) for p in (self._key, picture)), f)
            for c, f in enumerate(self._flow)
        ]
        there = self._key_points + self._flow_at(self._key_points)
        self._within &= self._inside(there)
        visible = self._within & (self._round_trip(picture, there) <= _ROUND_TRIP * max(self._size))
        self._path.append(there)
        if (len(self._path) - 1) % _KEY_FRAMES == 0:
            self._key, self._key_points, self._flow = picture, there, [None] * 3
        return visible[: self._asked]

    def positions(self) -> np.ndarray:
        """The positions of all frames, float64 [frames, points, 2]."""
        positions = np.stack(self._path)
        return steady_tracks(positions[:, : self._asked], positions[:, self._asked :])

    def _enlarge(self, frame: np.ndarray) -> np.ndarray:
        if self._scale == 1:
            return np.ascontiguousarray(frame)
        size = (self._size[0] * self._scale, self._size[1] * self._scale)
        return cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        """Positions in the enlarged picture, where integers are pixel centres, as in OpenCV."""
        return (points * self._scale - 0.5).astype(np.float32)

    def _flow_at(self, points: np.ndarray) -> np.ndarray:
        """Sample the channels' flows and take the median, in pixels of the frame."""
        places = self._pixels(points)[None]
        sampled = [
            cv2.remap(channel, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
            for channel in self._flow
        ]
        return np.median(sampled, axis=0).astype(np.float64) / self._scale

    def _round_trip(self, picture: np.ndarray, there: np.ndarray) -> np.ndarray:
        """How far the way back from `there` misses the start, px; infinite if there is none."""
        goal = self._pixels(self._key_points)[:, None]
        back, found, _ = cv2.calcOpticalFlowPyrLK(
            picture,
            self._key,
            self._pixels(there)[:, None],
            goal.copy(),
            winSize=_WINDOW,
            maxLevel=0,
            criteria=_STOP,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
            minEigThreshold=_MIN_EIGENVALUE,
        )
        missed = np.hypot(*(back - goal)[:, 0].T.astype(np.float64)) / self._scale
        return np.where(found[:, 0] > 0, missed, np.inf)

    def _inside(self, points: np.ndarray) -> np.ndarray:
        width, height = self._size
        x, y = points.T
        return (x >= 0) & (y >= 0) & (x <= width) & (y <= height)


def _spread(width: int, height: int) -> np.ndarray:
    """Points all over a frame."""
    x = np.arange(_NEIGHBOUR_STEP / 2, width - 1, _NEIGHBOUR_STEP) + 0.5
    y = np.arange(_NEIGHBOUR_STEP / 2, height - 1, _NEIGHBOUR_STEP) + 0.5
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
