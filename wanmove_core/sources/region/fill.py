"""Points that fill a mask: how many, how far apart, closer on the picture's details.

The editor fills drawn polygons by another method (fillPolygon in web/js/editor/drawing/region.js)
and stores the points in the drawing, where Python reads them.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ...errors import OptionError, ShapeError
from ...shapes import Bool, Float, Number, UInt8
from ..depth import check_map_size
from ..starts import luma

Pattern = Literal["scatter", "grid"]
MAX_REGION_POINTS = 16_384
# Candidates for each point to place. More make the spacing more even and cost more time.
_CANDIDATES = 8
_LEAST_CANDIDATES = 2048
# At full detail, points on a strong edge lie this many times closer than on plain parts.
_DENSEST = 4.0
_EDGE_BLUR = 1.5  # px
_GRID_TRIES = 64


@dataclass(frozen=True)
class Fill:
    """How to fill a region with points.

    Args:
        count: how many points; "scatter" places exactly as many where there are pixels enough,
            "grid" about as many.
        spacing: pixels between neighbours; instead of `count` where it is given.
        pattern: "scatter" is a maximal Poisson-disc set: irregular, no two points closer than the
            spacing, no gap wider than it. "grid" has rows and columns.
        margin: distance of the points from the outline, pixels. A part thinner than that is filled
            along its middle.
        detail: 0 spreads points evenly; 1 puts them up to 4 times closer together on the image's
            edges.
        seed: of the scatter.

    Raises:
        OptionError: a value outside of its range, detail on a grid.
    """

    count: int = 256
    spacing: Number | None = None
    pattern: str = "scatter"
    margin: Number = 1.0
    detail: Number = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_REGION_POINTS:
            raise OptionError(f"count must be 1 to {MAX_REGION_POINTS}; got {self.count}. Use 256.")
        if self.spacing is not None and not 1 <= self.spacing < math.inf:
            raise OptionError(f"spacing must be 1 px or more; got {self.spacing}. Use 12.")
        if self.pattern not in get_args(Pattern):
            raise OptionError(f"pattern must be scatter or grid; got {self.pattern!r}. Pick one.")
        if not 0 <= self.margin < math.inf or not 0 <= self.detail <= 1 or self.seed < 0:
            raise OptionError(
                "margin and seed must be 0 or more and detail 0 to 1; got "
                f"{self.margin}, {self.seed} and {self.detail}. Use 1, 0 and 0."
            )
        if self.detail > 0 and self.pattern == "grid":
            raise OptionError(
                f'detail must be 0 on a grid; got {self.detail}. Use the pattern "scatter".'
            )


def fill_mask(
    mask: Bool[np.ndarray, "height width"],
    fill: Fill,
    *,
    image: UInt8[np.ndarray, "image_height image_width 3"] | None = None,
) -> Float[np.ndarray, "points 2"]:
    """Place points on a mask. Drawn polygons are filled by the editor (fillPolygon), not here.

    Args:
        mask: True on the region.
        fill: how.
        image: RGB of the mask's size, for `Fill.detail`.

    Returns:
        (x, y) pixels. The first point of a scatter lies deepest inside the region.

    Raises:
        ShapeError: an empty mask, an image of another size.
        OptionError: detail without an image, a spacing that asks for too many points.

    Source:
        A scatter is a farthest-point sampling, which is a maximal Poisson-disc set for every
        number of points: Eldar et al., "The farthest point strategy for progressive image
        sampling" (1997); spaced by density as in Kanamori et al. (2011).
    """
    check_region(mask)
    if fill.detail > 0 and image is None:
        raise OptionError(f"detail must have an image; got {fill.detail} and none. Give it, or 0.")
    from scipy.ndimage import distance_transform_edt

    box = _box(mask)
    # A frame of background around the region: its outline counts also along the picture's edge.
    inner = np.pad(mask[box], 1)
    depth = distance_transform_edt(inner).astype(np.float32)
    usable = _inside(inner, depth, fill.margin)[1:-1, 1:-1]
    depth = depth[1:-1, 1:-1]
    if fill.pattern == "grid":
        pixels = _grid(usable, fill)
    else:
        closeness = np.ones_like(depth)
        if image is not None and fill.detail > 0:
            check_map_size("image", image[..., 0], (mask.shape[1], mask.shape[0]))
            closeness += (_DENSEST - 1) * fill.detail * _edges(image[box], usable)
        pixels = _scatter(usable, depth, closeness, fill)
    return pixels + np.array([box[1].start, box[0].start])


def check_region(mask: Bool[np.ndarray, "height width"]) -> None:
    """Refuse an empty region.

    Raises:
        ShapeError: no pixel is marked.
    """
    if not mask.any():
        raise ShapeError("mask must mark a region; got an empty one. Paint over what should move.")


def _box(mask: Bool[np.ndarray, "height width"]) -> tuple[slice, slice]:
    """The rows and columns that hold the region."""
    row, col = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(int(row[0]), int(row[-1]) + 1), slice(int(col[0]), int(col[-1]) + 1)


def _inside(mask: np.ndarray, depth: np.ndarray, margin: Number) -> np.ndarray:
    """The pixels that keep the margin; of a piece that is too thin for it, its inner half."""
    from scipy.ndimage import label as labelled

    label, pieces = labelled(mask, np.ones((3, 3)))
    deepest = np.full(pieces + 1, depth.max())
    if pieces > 1:
        deepest[:] = 0.0
        np.maximum.at(deepest, label[mask], depth[mask])
    # The distance is to the centre of the nearest pixel outside, half a pixel off the outline.
    limit = np.minimum(margin + 0.5, np.maximum(0.5 * deepest, 0.5))
    kept: np.ndarray = mask & (depth >= limit[label])
    return kept


def _grid(usable: Bool[np.ndarray, "rows cols"], fill: Fill) -> Float[np.ndarray, "points 2"]:
    if fill.spacing is not None:
        _check_number(usable, float(fill.spacing))
        return _lattice(usable, float(fill.spacing))
    even = math.sqrt(usable.sum() / fill.count)
    best = _lattice(usable, max(even, 1.0))
    # The outline cuts rows off, so the number follows the spacing in jumps: look for the nearest.
    for step in even * np.geomspace(0.75, 1.25, _GRID_TRIES):
        if len(best) == fill.count:
            break
        found = _lattice(usable, max(float(step), 1.0))
        if abs(len(found) - fill.count) < abs(len(best) - fill.count):
            best = found
    return best


def _lattice(
    usable: Bool[np.ndarray, "rows cols"], spacing: float
) -> Float[np.ndarray, "points 2"]:
    """Rows and columns of points that lie evenly about the middle of the region's box."""
    y, x = (np.arange((size % spacing) / 2, size, spacing) for size in usable.shape)
    row, col = (line.astype(np.int64) for line in (y, x))
    at_row, at_col = np.nonzero(usable[row[:, None], col])
    points = np.stack([x[at_col], y[at_row]], axis=-1)
    if len(points) == 0:
        every = np.argwhere(usable)[:, ::-1]
        points = every[len(every) // 2 :][:1] + 0.5
    return points


def _scatter(
    usable: Bool[np.ndarray, "rows cols"],
    depth: np.ndarray,
    closeness: np.ndarray,
    fill: Fill,
) -> Float[np.ndarray, "points 2"]:
    """Take the candidate that is farthest from all taken before, in units of its own spacing."""
    flat = np.flatnonzero(usable)
    most, least = fill.count, 0.0
    if fill.spacing is not None:
        _check_number(usable, float(fill.spacing))
        most, least = MAX_REGION_POINTS, float(fill.spacing) ** 2
    expected = min(most, 2 * len(flat) / max(least, 1.0)) if least else most
    wanted = max(_LEAST_CANDIDATES, math.ceil(_CANDIDATES * expected))
    rng = np.random.default_rng(fill.seed)
    if len(flat) > wanted:
        deepest = flat[depth.ravel()[flat].argmax()]
        drawn = rng.choice(flat, wanted, replace=False, shuffle=False)
        flat = np.unique(np.append(drawn, deepest))
    # Anywhere within its pixel, or small regions would show the pixels' rows.
    jitter = rng.random((2, len(flat)), np.float32)
    row, col = np.stack(np.divmod(flat, usable.shape[1])).astype(np.float32) + jitter
    weight = closeness.ravel()[flat].astype(np.float32) ** 2
    nearest = np.full(len(flat), np.inf, np.float32)
    away, down = np.empty((2, len(flat)), np.float32)
    taken = [int(depth.ravel()[flat].argmax())]
    while len(taken) < min(most, len(flat)):
        last = taken[-1]
        np.square(np.subtract(col, col[last], out=away), out=away)
        away += np.square(np.subtract(row, row[last], out=down), out=down)
        away *= weight
        np.minimum(nearest, away, out=nearest)
        farthest = int(nearest.argmax())
        if nearest[farthest] < max(least, 1e-6):
            break
        taken.append(farthest)
    return np.stack([col[taken], row[taken]], axis=-1).astype(np.float64)


def _check_number(usable: Bool[np.ndarray, "rows cols"], spacing: float) -> None:
    expected = int(usable.sum() / spacing**2)
    if expected > MAX_REGION_POINTS:
        raise OptionError(
            f"spacing must leave at most {MAX_REGION_POINTS} points; got {spacing:g} px for about "
            f"{expected}. Use {math.ceil(spacing * math.sqrt(expected / MAX_REGION_POINTS))} px."
        )


def _edges(
    image: UInt8[np.ndarray, "rows cols 3"], usable: Bool[np.ndarray, "rows cols"]
) -> Float[np.ndarray, "rows cols"]:
    """How strong the picture's edge is at each pixel, 0 to 1 within the region."""
    from scipy.ndimage import gaussian_filter, sobel

    grey = gaussian_filter(luma(image), _EDGE_BLUR, mode="mirror")
    strength = np.hypot(sobel(grey, 0, mode="mirror"), sobel(grey, 1, mode="mirror"))
    full = float(np.percentile(strength[usable], 98.0))
    return np.clip(strength / max(full, 1e-6), 0.0, 1.0)
