"""Still points that hold the rest of the picture, hidden where a region covers them."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..family import WAN21_I2V
from ..shapes import Bool, Float
from ..tracks import Tracks
from .pieces import pieces
from .starts import grid_points

# Samples of the region that show where it is. More see finer shapes and cost more time.
_SAMPLES = 2000
# Pixels of a latent cell: nearer to the region, a pin would hold some of the region too.
_LEAST_CLEARANCE = float(WAN21_I2V.strides[2])

Move = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def pinned_points(
    mask: Bool[np.ndarray, "height width"],
    count: int,
    move: Move,
    *,
    front: Bool[np.ndarray, "height width"] | None = None,
) -> Tracks:
    """Spread still points over the picture outside a region.

    Args:
        mask: True on the moving region.
        count: about how many, evenly over the rest of the picture. A region that fills the
            picture leaves room for none.
        move: (points of the region [points, 2]) -> (positions [frames, points, 2], whether the
            region is there [frames]).
        front: True on what is in front of the region; there the region covers no pins.

    Returns:
        float64 tracks. A pin is hidden in the frames in which the region lies over it.
    """
    height, width = mask.shape
    samples, spacing = _region_samples(mask)
    positions, present = move(samples)
    free = ~_near(mask, max(_LEAST_CLEARANCE, 2 * spacing))
    every = free.sum()
    if every == 0:
        pins = np.zeros((0, 2))
    else:
        pins = grid_points(width, height, min(max(round(count * mask.size / every), 1), mask.size))
        pins = pins[free[tuple(pins.astype(np.int64).T[::-1])]]
    still = np.repeat(pins[None], len(positions), axis=0)
    visible = np.empty(still.shape[:2], bool)
    for piece in pieces(len(still)):
        visible[piece] = ~_covered(pins, samples, positions[piece], spacing, (width, height))
    visible |= ~present[:, None]
    if front is not None:
        visible |= front[tuple(pins.astype(np.int64).T[::-1])]
    return Tracks(torch.from_numpy(still), torch.from_numpy(visible), (width, height))


def _region_samples(
    mask: Bool[np.ndarray, "height width"],
) -> tuple[Float[np.ndarray, "samples 2"], int]:
    """Pixel centres of the mask on a grid, and their spacing."""
    spacing = max(1, math.ceil(math.sqrt(mask.sum() / _SAMPLES)))
    # Any pixel of a cell marks it, so that thin parts are not missed.
    rows, cols = (-(-size // spacing) for size in mask.shape)
    padded = np.zeros((rows * spacing, cols * spacing), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    cells = padded.reshape(rows, spacing, cols, spacing).any((1, 3))
    return (np.argwhere(cells)[:, ::-1] + 0.5) * spacing, spacing


def _near(mask: Bool[np.ndarray, "height width"], clearance: float) -> Bool[np.ndarray, "..."]:
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return np.zeros(mask.shape, bool)
    away = distance_transform_edt(~mask)
    near: np.ndarray = away < clearance
    return near


def _covered(
    pins: Float[np.ndarray, "pins 2"],
    samples: Float[np.ndarray, "samples 2"],
    positions: Float[np.ndarray, "frames samples 2"],
    spacing: int,
    size: tuple[int, int],
) -> Bool[np.ndarray, "frames pins"]:
    """Whether a sample of the region is in the pin's cell of a grid.

    A square with the diagonal of the samples' grid as its side holds a sample wherever the
    region is; two spacings off, as pins lie at the start, none of its own.
    """
    cell = math.sqrt(2.0) * spacing * _growth(samples, positions)[:, None]
    cols, rows = (int(side / (math.sqrt(2.0) * spacing)) + 1 for side in size)
    frame = np.arange(len(positions))[:, None] * (rows * cols)

    def index(at: Any) -> tuple[np.ndarray, np.ndarray]:
        x, y = at[..., 0], at[..., 1]
        inside = (x >= 0) & (x <= size[0]) & (y >= 0) & (y <= size[1])
        col, row = (np.where(inside, part / cell, 0).astype(np.int64) for part in (x, y))
        return frame + row * cols + col, inside

    where, inside = index(positions)
    filled = np.zeros(len(positions) * rows * cols, bool)
    filled[where[inside]] = True
    covered: np.ndarray = filled[index(pins[None])[0]]
    return covered


def _growth(
    samples: Float[np.ndarray, "samples 2"], positions: Float[np.ndarray, "frames samples 2"]
) -> Float[np.ndarray, " frames"]:
    """By how much the region has grown at most, in the direction in which it grew most."""
    rest = samples - samples.mean(0)
    if np.linalg.matrix_rank(rest) < 2:
        return np.ones(len(positions))
    # The affine map that fits best.
    fit = np.einsum("as,fsb->fab", np.linalg.pinv(rest), positions - positions.mean(1)[:, None])
    return np.maximum(np.linalg.norm(fit, ord=2, axis=(1, 2)), 1.0)
