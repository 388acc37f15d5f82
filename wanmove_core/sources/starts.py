"""Choose points of a start image: an even grid, or its corners."""

import numpy as np

from ..errors import OptionError, ShapeError
from ..shapes import Bool, Float, UInt8

MAX_POINTS = 65_536
_LEAST_SHARE = 0.002  # of the strongest corner


def grid_points(width: int, height: int, count: int) -> Float[np.ndarray, "points 2"]:
    """Spread about `count` points evenly over a frame, in rows, half a step from its edges.

    Returns:
        (x, y) pixels. Their number is that of a grid with nearly square steps, close to `count`.

    Raises:
        OptionError: a count out of range.
    """
    _check_count(count)
    cols = min(max(1, round((count * width / height) ** 0.5)), count)
    rows = max(1, round(count / cols))
    x = (np.arange(cols) + 0.5) * width / cols
    y = (np.arange(rows) + 0.5) * height / rows
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def feature_points(
    image: UInt8[np.ndarray, "height width 3"],
    count: int,
    *,
    mask: Bool[np.ndarray, "height width"] | None = None,
) -> Float[np.ndarray, "points 2"]:
    """Put points on corners of an image, spaced so that they cover it.

    Args:
        image: RGB.
        count: at most this many; a plain image has fewer corners.
        mask: where they may lie; None is everywhere.

    Returns:
        (x, y) pixels, the strongest corner first.

    Raises:
        OptionError: a count out of range, or an image without any corner.
        ShapeError: a mask of another size.

    Source:
        Shi and Tomasi, "Good features to track" (1994), in the order of steps of OpenCV's
        goodFeaturesToTrack.
    """
    _check_count(count)
    height, width = image.shape[:2]
    if mask is not None and mask.shape != (height, width):
        raise ShapeError(
            f"mask must be of the image's size, {width}x{height} px; got "
            f"{mask.shape[1]}x{mask.shape[0]}. Resize one of them."
        )
    area = height * width if mask is None else int(mask.sum())
    strength = _corner_strength(luma(image))
    if mask is not None:
        strength = np.where(mask, strength, 0.0)
    corners = _apart(strength, count, max(1.0, 0.7 * (area / count) ** 0.5))
    if len(corners) == 0:
        raise OptionError(
            "The image must have corners to put points on; got none. Use a grid instead."
        )
    return corners


def luma(image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "height width"]:
    """Brightness 0..255 of RGB, by BT.601 as OpenCV has it."""
    grey: np.ndarray = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return grey


def _corner_strength(grey: Float[np.ndarray, "height width"]) -> Float[np.ndarray, "..."]:
    """The least eigenvalue of the gradients' covariance over 3x3 pixels."""
    from scipy.ndimage import sobel, uniform_filter

    down, right = sobel(grey, 0, mode="mirror"), sobel(grey, 1, mode="mirror")
    xx, yy, xy = (
        uniform_filter(a * b, 3) for a, b in ((right, right), (down, down), (right, down))
    )
    least: np.ndarray = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
    return least


def _apart(
    strength: Float[np.ndarray, "height width"], count: int, distance: float
) -> Float[np.ndarray, "points 2"]:
    """Middles of the strongest peaks, each at least `distance` px from all stronger ones."""
    from scipy.ndimage import maximum_filter

    peak = (strength == maximum_filter(strength, 3)) & (strength > _LEAST_SHARE * strength.max())
    peak[[0, -1]] = peak[:, [0, -1]] = False  # the gradients there are guesses
    rows, cols = np.nonzero(peak)
    order = np.argsort(-strength[rows, cols], kind="stable")
    taken: list[tuple[int, int]] = []
    cells: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row, col in zip(rows[order].tolist(), cols[order].tolist(), strict=True):
        y, x = int(row / distance), int(col / distance)
        near = (cells.get((y + dy, x + dx), ()) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
        if all(
            (row - other[0]) ** 2 + (col - other[1]) ** 2 >= distance**2
            for cell in near
            for other in cell
        ):
            taken.append((row, col))
            cells.setdefault((y, x), []).append((row, col))
            if len(taken) == count:
                break
    return np.array(taken, np.float64).reshape(-1, 2)[:, ::-1] + 0.5


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_POINTS:
        raise OptionError(f"count must be 1 to {MAX_POINTS}; got {count}. Use 1024.")
