"""Choose the points of a video's first frame to track."""

import numpy as np

from ...errors import OptionError, ShapeError
from ...motion.frame import place_in_frame
from ...shapes import Bool, Float, UInt8
from ...tracks import Tracks
from ..starts import MAX_POINTS, feature_points, grid_points

PATTERNS = ("features", "grid")


def query_points(
    frame: UInt8[np.ndarray, "height width 3"],
    count: int,
    *,
    pattern: str = "features",
    mask: Bool[np.ndarray, "height width"] | None = None,
) -> Float[np.ndarray, "points 2"]:
    """Choose points of a frame.

    Args:
        frame: RGB.
        count: about how many.
        pattern: "features": corners, which are tracked best; "grid": an even grid.
        mask: where they may lie, of the frame's size; None is everywhere.

    Returns:
        (x, y) in pixels.

    Raises:
        OptionError: another pattern, a count out of range, a frame without corners.
        ShapeError: a mask of another size, or one that marks nothing.
    """
    height, width = frame.shape[:2]
    if mask is not None:
        check_mask(mask, width, height)
    if pattern == "features":
        return feature_points(frame, count, mask=mask)
    if pattern != "grid":
        raise OptionError(
            f"points must be one of {', '.join(PATTERNS)}; got {pattern!r}. Pick one."
        )
    if mask is None:
        return grid_points(width, height, count)
    points = grid_points(width, height, min(max(1, round(count / mask.mean())), MAX_POINTS))
    inside = points[mask[points[:, 1].astype(int), points[:, 0].astype(int)]]
    if len(inside):
        return inside
    # Smaller than a step of the grid: its middle.
    y, x = mask.nonzero()
    return np.array([[np.median(x) + 0.5, np.median(y) + 0.5]])


def start_points(tracks: Tracks, size: tuple[int, int]) -> Float[np.ndarray, "points 2"]:
    """Return the points where given tracks start.

    Args:
        tracks: of the video's frame, or of a scaled copy of it; without a frame, in its pixels.
        size: width and height of the video.

    Returns:
        (x, y) in pixels of the video.

    Raises:
        ShapeError: tracks of another frame, or no track starts inside of the video.
    """
    tracks = place_in_frame(tracks, size).tracks
    points = tracks.positions[0].cpu().double().numpy()
    inside = (points >= 0).all(1) & (points <= size).all(1) & tracks.visibility[0].cpu().numpy()
    if not inside.any():
        raise ShapeError(
            f"a track must start inside of the video, {size[0]}x{size[1]} px; got none among "
            f"{len(points)}. Scale the tracks to the video."
        )
    return points[inside]


def check_mask(mask: np.ndarray, width: int, height: int) -> None:
    """Raise unless a mask is of a video's size and marks something.

    Raises:
        ShapeError: otherwise.
    """
    if mask.shape != (height, width):
        raise ShapeError(
            f"mask must be of the video's size, {width}x{height} px; got "
            f"{mask.shape[1]}x{mask.shape[0]}. Paint it on the video's first frame."
        )
    if not mask.any():
        raise ShapeError("mask must mark something; got an empty mask. Paint the subject.")
