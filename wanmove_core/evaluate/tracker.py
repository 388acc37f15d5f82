"""Follow points through a video by optical flow: no model, no download."""

import cv2
import numpy as np
import torch

from ..errors import ShapeError
from ..shapes import Float, Tensor, UInt8
from ..tracks import Tracks

# Frames are enlarged to at least this many pixels on the shorter side: Lucas-Kanade's window is
# a fixed number of pixels, and on a tiny clip it would span whole objects.
_WORKING_SIDE = 240
_MAX_ENLARGEMENT = 4
_WINDOW = (21, 21)
_PYRAMID_LEVELS = 3
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 0.005)
# A window flatter than this tells nothing about motion (OpenCV's default drops calm textures).
_MIN_EIGENVALUE = 1e-5


def track_points(
    frames: UInt8[Tensor, "frames height width 3"],
    points: Float[Tensor, "points 2"],
    *,
    max_round_trip: float = 0.5,
) -> Tracks:
    """Follow points of the first frame through a video.

    Pyramidal Lucas-Kanade from each frame to the next, in colour and below one pixel. On small
    videos it works on enlarged frames.

    Args:
        frames: RGB video.
        points: (x, y) in pixels of frame 0; whole numbers are pixel centres.
        max_round_trip: pixels by which a step there and back may miss its start. A point that
            misses by more, or that leaves the frame, is lost from that frame on.

    Returns:
        Positions float32; visibility is False where the point is lost. Lost points still carry
        the tracker's best guess.

    Raises:
        ShapeError: no frames.
    """
    if len(frames) == 0:
        raise ShapeError("frames must hold at least one frame; got 0. Check the video file.")
    height, width = frames.shape[1:3]
    scale = min(_MAX_ENLARGEMENT, max(1, round(_WORKING_SIDE / min(height, width))))
    here = points.detach().cpu().double().numpy()
    alive = _inside(here, width, height)
    if len(here) == 0:
        return Tracks(torch.zeros(len(frames), 0, 2), torch.zeros(len(frames), 0).bool())

    positions, visible = [here], [alive]
    before = _enlarge(frames[0], scale)
    for frame in frames[1:]:
        after = _enlarge(frame, scale)
        there, found = _flow(before, after, here, scale)
        back, found_back = _flow(after, before, there, scale)
        missed = np.hypot(*(back - here).T)
        alive = alive & found & found_back & (missed <= max_round_trip)
        alive &= _inside(there, width, height)
        positions.append(there)
        visible.append(alive)
        here, before = there, after
    return Tracks(
        torch.from_numpy(np.stack(positions)).float(), torch.from_numpy(np.stack(visible))
    )


def _enlarge(frame: Tensor, scale: int) -> np.ndarray:
    picture = frame.cpu().numpy()
    if scale == 1:
        return np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    return cv2.resize(picture, (width * scale, height * scale), interpolation=cv2.INTER_CUBIC)


def _flow(
    source: np.ndarray, target: np.ndarray, points: np.ndarray, scale: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where points of `source` are in `target`, in unscaled pixels, and whether they were found."""
    # Pixel centres are whole numbers at every scale: x sits at scale * (x + 0.5) - 0.5.
    start = ((points + 0.5) * scale - 0.5).astype(np.float32)[:, None]
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        source,
        target,
        start,
        np.empty_like(start),
        winSize=_WINDOW,
        maxLevel=_PYRAMID_LEVELS,
        criteria=_STOP,
        minEigThreshold=_MIN_EIGENVALUE,
    )
    ended = (moved[:, 0].astype(np.float64) + 0.5) / scale - 0.5
    found = (found[:, 0] > 0) & np.isfinite(ended).all(-1)
    return np.where(found[:, None], ended, points), found


def _inside(points: np.ndarray, width: int, height: int) -> np.ndarray:
    x, y = points.T
    return (x >= 0) & (y >= 0) & (x <= width) & (y <= height)
