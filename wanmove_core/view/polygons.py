"""Polygons as masks."""

import numpy as np

from ..errors import ShapeError
from ..shapes import Bool, Float


def polygon_mask(
    polygon: Float[np.ndarray, "vertices 2"], width: int, height: int
) -> Bool[np.ndarray, "height width"]:
    """Mark the pixels whose centres lie inside a polygon, by the even-odd rule.

    Args:
        polygon: (x, y) corners in pixels, in order; it closes by itself and may cross itself.
        width, height: of the picture.

    Raises:
        ShapeError: fewer than 3 corners, or a corner that is not finite.
    """
    if len(polygon) < 3 or not np.isfinite(polygon).all():
        raise ShapeError(
            f"polygon must have 3 or more corners, all finite; got {len(polygon)} corners. "
            "Draw around the region."
        )
    start, end = polygon, np.roll(polygon, -1, axis=0)
    row = np.arange(height)[:, None] + 0.5
    crosses = (start[:, 1] <= row) != (end[:, 1] <= row)
    line, edge = np.nonzero(crosses)
    rise = end[edge, 1] - start[edge, 1]
    share = (line + 0.5 - start[edge, 1]) / rise
    x = start[edge, 0] + share * (end[edge, 0] - start[edge, 0])
    # Each crossing turns all pixels to its right over.
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
    turns = np.zeros((height, width + 1), np.int64)
    np.add.at(turns, (line, column), 1)
    inside: np.ndarray = np.cumsum(turns, axis=1)[:, :width] % 2 == 1
    return inside
