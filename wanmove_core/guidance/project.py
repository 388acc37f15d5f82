"""Tracks in pixels to cells of the latent grid."""

from functools import partial
from typing import get_args

import torch
from einops import rearrange, reduce

from ..choices import Temporal
from ..errors import OptionError, ShapeError
from ..grid import LatentGrid
from ..shapes import Bool, Float, Int, Tensor
from ..tracks import Tracks

# What `project_tracks` returns: cells (row, col) and visibility per latent frame.
Projection = tuple[Tensor, Tensor]


def project_tracks(
    tracks: Tracks, grid: LatentGrid, *, temporal: Temporal = "sample"
) -> tuple[Int[Tensor, "points latent_frames 2"], Bool[Tensor, "points latent_frames"]]:
    """Find the latent cell of every track in every latent frame.

    Args:
        tracks: in pixels of the grid's output frame.
        grid: the latent grid of the video to make.
        temporal: which video frames give the position in latent frame k. "sample" takes frame 4k,
            as the released model does. "mean" averages the frames that the latent covers, 4k-3 ..
            4k (frame 0 alone for k = 0), over those where the point is visible and inside the
            frame; the cell is visible when there is at least one.

    Returns:
        cells, int64 (row, col), 0 where not visible; visible, False where the point is hidden
        or outside the frame. Both new and on the tracks' device.

    Raises:
        ShapeError: the tracks have another number of frames than the grid.
        OptionError: `temporal` is neither of the two.

    Source:
        `create_pos_feature_map`, Wan-Move wan/modules/trajectory.py:63 @27409be. Differs: a
        point at exactly x = width or y = height belongs to the last cell, where the reference
        drops it; absent cells are 0 beside a mask, not -1; the order of the tracks is kept.
        "mean" is the paper's equation 2; the reference's unused "average" branch takes frames
        4k .. 4k+3 and mixes hidden points into the mean.
    """
    if temporal not in get_args(Temporal):
        raise OptionError(f'temporal must be "sample" or "mean"; got {temporal!r}. Use "sample".')
    if tracks.num_frames != grid.num_frames:
        raise ShapeError(
            f"tracks must have the grid's {grid.num_frames} frames; got {tracks.num_frames}. "
            f"Use resample_tracks(tracks, {grid.num_frames})."
        )
    step = grid.strides[0] if temporal == "sample" else 1
    # Planes of x and of y run several times faster than pairs of (x, y).
    planes = rearrange(tracks.positions[::step], "frames points xy -> xy points frames")
    x, y = planes.contiguous().unbind(0)
    visible = tracks.visibility[::step].t().contiguous()
    visible = visible & (x >= 0) & (x <= grid.width) & (y >= 0) & (y <= grid.height)
    if temporal == "mean":
        x, y = (_mean_over_latent_frames(value, visible, grid) for value in (x, y))
        blocks = "points (latent_frames stride) -> points latent_frames"
        later = reduce(visible[:, 1:], blocks, "any", stride=grid.strides[0])
        visible = torch.cat([visible[:, :1], later], dim=1)
    # Positions far outside fit no integer, so they go first.
    row = (torch.where(visible, y, 0.0) / grid.strides[1]).int().clamp_(max=grid.rows - 1)
    col = (torch.where(visible, x, 0.0) / grid.strides[2]).int().clamp_(max=grid.cols - 1)
    return torch.stack([row, col], dim=-1).long(), visible


def _mean_over_latent_frames(
    value: Float[Tensor, "points frames"],
    visible: Bool[Tensor, "points frames"],
    grid: LatentGrid,
) -> Float[Tensor, "points latent_frames"]:
    """Average the visible values over the video frames that each latent frame covers."""
    blocks = partial(
        rearrange,
        pattern="points (latent_frames stride) -> points latent_frames stride",
        stride=grid.strides[0],
    )
    seen = blocks(visible[:, 1:])
    # Values that do not count may be huge, so they are zeroed rather than weighted by 0.
    total = torch.where(seen, blocks(value[:, 1:]), 0.0).sum(2)
    return torch.cat([value[:, :1], total / seen.sum(2).clamp(min=1)], dim=1)
