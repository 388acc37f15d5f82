"""Follow points through a video by optical flow: no model, no download."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..errors import ShapeError
from ..opencv import require_opencv
from ..shapes import Float, Tensor, UInt8
from ..tracks import Tracks
from .steady import steady_tracks

cv2 = require_opencv("Measuring motion")

# Frames are enlarged to at least this many pixels on the shorter side: the flow's patches are a
# fixed number of pixels, and on a tiny clip they would span whole objects.
_WORKING_SIDE = 240
_MAX_ENLARGEMENT = 4
# Between the points that are followed beside those asked for on a tiny clip, px.
_NEIGHBOUR_STEP = 3.0
# Flow is always taken from a key frame, so errors do not add up from frame to frame; after this
# many frames the point's surroundings may have turned too far to be recognised.
_KEY_FRAMES = 8
_WINDOW = (21, 21)
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 0.005)
# A window flatter than this tells nothing about motion (OpenCV's default drops calm textures).
_MIN_EIGENVALUE = 1e-5


def track_points(
    frames: UInt8[Tensor, "frames height width 3"],
    points: Float[Tensor, "points 2"],
    *,
    max_round_trip: float = 1.0,
    on_frame: Callable[[int], None] | None = None,
) -> Tracks:
    """Follow points of the first frame through a video.

    Dense inverse search flow from a key frame to every frame, started from the flow to the frame
    before; the median of the three colour channels. Soft and flickering videos, as small models
    make them, lead sparse Lucas-Kanade astray within a few frames. It only checks here: started
    from the found place, it must find the way back.

    On tiny clips, whose frames are enlarged, points all over the frame are followed too, and each
    asked point then moves as its neighbourhood does: that takes out a third of what optical flow
    misreads in a small VAE's flicker.

    Args:
        frames: RGB video, at least 12 px a side.
        points: (x, y) in pixels of frame 0; integers are pixel centres.
        max_round_trip: pixels by which the way back may miss the start. A point that misses by
            more, or that leaves the frame, is lost from that frame on.
        on_frame: called with each frame's index after it is done; may raise to stop.

    Returns:
        Positions float32; visibility is False where the point is lost. Lost points still carry
        the tracker's best guess.

    Raises:
        ShapeError: no frames, or frames too small for optical flow.

    Source:
        Kroeger et al. 2016 (DIS), Lucas and Kanade 1981, both as OpenCV has them.
    """
    if len(frames) == 0 or min(frames.shape[1:3]) < 12:
        raise ShapeError(
            "frames must hold at least one frame of 12 px a side; "
            f"got {list(frames.shape[:3])}. Check the video file."
        )
    if len(points) == 0:
        return Tracks(torch.zeros(len(frames), 0, 2), torch.zeros(len(frames), 0).bool())
    start = points.detach().cpu().double().numpy()
    height, width = frames.shape[1:3]
    scale = min(_MAX_ENLARGEMENT, max(1, round(_WORKING_SIDE / min(height, width))))
    asked = len(start)
    if scale > 1:
        start = np.concatenate([start, _spread(width, height)])
    positions, visible = _follow(frames, start, scale, max_round_trip, on_frame)
    found = positions[:, :asked]
    if scale > 1:
        found = steady_tracks(found, positions[:, asked:])
    return Tracks(torch.from_numpy(found).float(), torch.from_numpy(visible[:, :asked].copy()))


def _follow(
    frames: Tensor,
    start: np.ndarray,
    scale: int,
    max_round_trip: float,
    on_frame: Callable[[int], None] | None,
) -> tuple[np.ndarray, np.ndarray]:
    height, width = frames.shape[1:3]
    positions, visible = [start], [_inside(start, width, height)]
    key, key_points = _enlarge(frames[0], scale), start
    flow: list[Any] = [None] * 3  # of each colour; the last one is where the next starts
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for index, picture in enumerate(frames[1:], start=1):
        frame = _enlarge(picture, scale)
        flow = [
            search.calc(
                np.ascontiguousarray(key[..., c]), np.ascontiguousarray(frame[..., c]), flow[c]
            )
            for c in range(3)
        ]
        there = key_points + _flow_at(flow, key_points, scale)
        alive = visible[-1] & _inside(there, width, height)
        alive &= _round_trip(key, frame, key_points, there, scale) <= max_round_trip
        positions.append(there)
        visible.append(alive)
        if index % _KEY_FRAMES == 0:
            key, key_points, flow = frame, there, [None] * 3
        if on_frame is not None:
            on_frame(index)
    return np.stack(positions), np.stack(visible)


def _spread(width: int, height: int) -> np.ndarray:
    """Points all over a frame."""
    x = np.arange(_NEIGHBOUR_STEP / 2, width - 1, _NEIGHBOUR_STEP)
    y = np.arange(_NEIGHBOUR_STEP / 2, height - 1, _NEIGHBOUR_STEP)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _enlarge(frame: Tensor, scale: int) -> np.ndarray:
    picture = frame.cpu().numpy()
    if scale == 1:
        return np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    return cv2.resize(picture, (width * scale, height * scale), interpolation=cv2.INTER_CUBIC)


def _to_enlarged(points: np.ndarray, scale: int) -> np.ndarray:
    """Pixel centres are integers at every scale: x sits at scale * (x + 0.5) - 0.5."""
    return ((points + 0.5) * scale - 0.5).astype(np.float32)


def _flow_at(flow: list[np.ndarray], points: np.ndarray, scale: int) -> np.ndarray:
    """Sample the channels' flows at points [N, 2] and take the median, in unscaled pixels."""
    places = _to_enlarged(points, scale)[None]
    sampled = [
        cv2.remap(channel, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
        for channel in flow
    ]
    return np.median(sampled, axis=0).astype(np.float64) / scale


def _round_trip(
    key: np.ndarray, frame: np.ndarray, start: np.ndarray, there: np.ndarray, scale: int
) -> np.ndarray:
    """How far the way back from `there` misses `start`, pixels [N]; infinite if there is none."""
    goal = _to_enlarged(start, scale)[:, None]
    back, found, _ = cv2.calcOpticalFlowPyrLK(
        frame,
        key,
        _to_enlarged(there, scale)[:, None],
        goal.copy(),
        winSize=_WINDOW,
        maxLevel=0,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        minEigThreshold=_MIN_EIGENVALUE,
    )
    missed = np.hypot(*(back - goal)[:, 0].T.astype(np.float64)) / scale
    return np.where(found[:, 0] > 0, missed, np.inf)


def _inside(points: np.ndarray, width: int, height: int) -> np.ndarray:
    x, y = points.T
    return (x >= 0) & (y >= 0) & (x <= width) & (y <= height)
