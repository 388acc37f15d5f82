"""Occlusion: a z-buffer of the picture's surface in every frame."""

from collections.abc import Callable

import numpy as np
import torch

from ..shapes import Bool, Float, Tensor
from .depth import sample_distance
from .pieces import pieces

# Samples of the surface. More see thinner occluders and cost more time.
_MAX_SAMPLES = 12_000
_LEAST_SPACING = 4  # px
_LARGEST_CELL = 8.0  # times the usual cell, where the camera is close to the surface


def surface_pixels(
    shape: tuple[int, ...], mask: Bool[np.ndarray, "height width"] | None = None
) -> tuple[Float[np.ndarray, "samples 2"], int]:
    """Choose where to sample a depth map: pixel centres on a grid, and their spacing."""
    height, width = shape
    area = height * width if mask is None else int(mask.sum())
    least = _LEAST_SPACING if mask is None else 1
    spacing = max(least, int(np.ceil(np.sqrt(area / _MAX_SAMPLES))))
    row, col = np.mgrid[spacing // 2 : height : spacing, spacing // 2 : width : spacing]
    row, col = row.ravel(), col.ravel()
    if mask is not None:
        inside = mask[row, col]
        row, col = row[inside], col[inside]
    return np.stack([col, row], axis=-1) + 0.5, spacing


def surface_slopes(
    distance: Float[np.ndarray, "height width"], pixels: Float[np.ndarray, "points 2"], spacing: int
) -> Float[np.ndarray, "points 2"]:
    """How fast 1 / distance changes across and down, per pixel, on each point's own surface.

    Of the changes to both sides the smaller one is taken: at an object's edge the other one is
    wrong.
    """
    here = 1 / sample_distance(distance, pixels)
    slopes = []
    for way in ((spacing, 0), (0, spacing)):
        sides = [
            abs(1 / sample_distance(distance, pixels + s * np.array(way)) - here) for s in (1, -1)
        ]
        slopes.append(np.minimum(*sides) / spacing)
    return np.stack(slopes, axis=-1)


def hidden_by_surface(
    points: Float[np.ndarray, "frames points 3"],
    start: Float[np.ndarray, "points 4"],
    surface: Callable[[list[int]], Float[Tensor, "some 3 samples"]],
    slopes: Float[np.ndarray, "samples 2"],
    *,
    size: tuple[int, int],
    spacing: int,
    tolerance: float,
) -> Bool[np.ndarray, "frames points"]:
    """Find the points that a nearer surface covers.

    The nearest sample of each cell is kept with its index. It hides a point where it is nearer
    by more than the tolerance and was no neighbour of the point on one surface in frame 0,
    however steep that surface is: see `surface_slopes`.

    Args:
        points: (x, y, z): pixels and distance, of every point in every frame. Frame 0 is the
            start image, where nothing hides anything.
        start: (x, y) where each point got its distance from in frame 0, and the slopes there.
        surface: gives the same of the samples, by coordinate, in some frames.
        slopes: at the samples in frame 0.
        size: (width, height) of the frame; outside of it nothing is hidden.
        spacing: of the samples in frame 0, pixels.
        tolerance: share of the distance.
    """
    covered = np.zeros(points.shape[:2], dtype=bool)
    for piece in pieces(len(points), 1):
        frames = [0, *range(piece.start, piece.stop)]
        covered[piece] = _hidden(
            points[frames],
            start,
            surface(frames),
            slopes,
            size=size,
            spacing=spacing,
            tolerance=tolerance,
        )[1:]
    return covered


def _hidden(
    points: Float[np.ndarray, "frames points 3"],
    start: Float[np.ndarray, "points 4"],
    surface: Float[Tensor, "frames 3 samples"],
    slopes: Float[np.ndarray, "samples 2"],
    *,
    size: tuple[int, int],
    spacing: int,
    tolerance: float,
) -> Bool[np.ndarray, "frames points"]:
    """The same in a few frames, of which the first is frame 0."""
    width, height = size
    x, y, z = surface.unbind(1)
    frames, samples = x.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (z > 0)
    growth = torch.where(inside, z[:1] / z, 0.0)
    # Where the surface grows on the screen its samples drift apart, and so must the cells' walls.
    nearest = growth.amax(1).clamp_(1.0, _LARGEST_CELL)
    cell = 2.0 * spacing * nearest[:, None]
    rows, cols = height // (2 * spacing) + 1, width // (2 * spacing) + 1
    frame = torch.arange(frames)[:, None] * (rows * cols)
    index = frame + (y / cell).nan_to_num_(0.0).int() * cols + (x / cell).nan_to_num_(0.0).int()
    index = torch.where(inside, index, frames * rows * cols).long()
    # Positive floats sort like their bits, so (distance, sample) fits one integer to minimise.
    key = (z.contiguous().view(torch.int32).long() << 32) | torch.arange(samples)
    buffer = torch.full((frames * rows * cols + 1,), torch.iinfo(torch.int64).max)
    buffer.scatter_reduce_(0, index.flatten(), key.flatten(), reduce="amin")

    at = torch.from_numpy(points).permute(2, 0, 1)
    in_frame = (at[0] >= 0) & (at[0] < width) & (at[1] >= 0) & (at[1] < height) & (at[2] > 0)
    col, row = (torch.where(in_frame, value / cell, 0.0).long() for value in at[:2])
    found = buffer[frame + row * cols + col]
    covered = in_frame & (found < torch.iinfo(torch.int64).max)
    sample = torch.where(covered, found & 0xFFFFFFFF, 0)
    front = (found >> 32).int().view(torch.float32)
    home = surface[0].t().double()[sample]
    begin = torch.from_numpy(start)
    apart = (home[..., :2] - begin[:, :2]).abs()
    step = (1 / home[..., 2] - 1 / at[2, :1]).abs()
    # A plane is linear in 1 / distance, so a neighbour is off by the slope times the way.
    slope = torch.maximum(begin[:, 2:], torch.from_numpy(slopes)[sample])
    own_step = 2 * (apart * slope).sum(-1) + tolerance / at[2, :1]
    shrink = torch.where(in_frame, at[2] / at[2, :1], 1.0).clamp_(min=1.0)
    other = (apart.amax(-1) > 1.5 * cell * shrink) | (step > own_step)
    covered &= other & (front < at[2] * (1 - tolerance))
    return covered.numpy()
