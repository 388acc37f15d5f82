"""Where to put points on a start image: an even grid, or its features."""

from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError
from ..shapes import Bool, Float, UInt8

MAX_POINTS = 65_536


def grid_points(width: int, height: int, count: int) -> Float[np.ndarray, "points 2"]:
    """Spread about `count` points evenly over a frame, in rows, half a step from its edges.

    Returns:
        (x, y) pixels. The number is that of the nearest grid of near-square steps.

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

    Source: Shi and Tomasi, "Good features to track" (1994), by OpenCV.
    """
    _check_count(count)
    height, width = image.shape[:2]
    if mask is not None and mask.shape != (height, width):
        raise ShapeError(
            f"mask must be of the image's size, {width}x{height} px; got "
            f"{mask.shape[1]}x{mask.shape[0]}. Resize one of them."
        )
    area = height * width if mask is None else int(mask.sum())
    cv2 = _import_opencv()
    corners = cv2.goodFeaturesToTrack(
        cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY),
        maxCorners=count,
        qualityLevel=0.002,
        minDistance=max(1.0, 0.7 * (area / count) ** 0.5),
        mask=None if mask is None else mask.astype(np.uint8),
    )
    if corners is None or len(corners) == 0:
        raise OptionError(
            "The image must have corners to put points on; got none. Use a grid instead."
        )
    # OpenCV counts from the centre of the first pixel, tracks from its corner.
    return corners.reshape(-1, 2).astype(np.float64) + 0.5


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_POINTS:
        raise OptionError(f"count must be 1 to {MAX_POINTS}; got {count}. Use 1024.")


def _import_opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            "Features must have OpenCV; got no module cv2. Run: pip install opencv-python-headless"
        ) from error
    return cv2
