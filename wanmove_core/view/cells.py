"""Show what guidance does to a conditioning latent, as pictures, before anything is sampled."""

from typing import Any

import torch
from einops import rearrange

from ..choices import Temporal
from ..errors import ShapeError
from ..grid import LatentGrid
from ..guidance.project import project_tracks
from ..guidance.replicate import replicate_first_frame
from ..shapes import Bool, Float, Int, Tensor, UInt8
from ..tracks import Tracks

_DIM = 0.3  # how much of the start image shines through where nothing is copied
_GREY = 0.5
_TINTS = {  # RGB and opacity
    "source": ((0.10, 0.75, 1.00), 0.45),
    "shared": ((1.00, 0.15, 0.10), 0.55),
    "unused": ((0.75, 0.25, 1.00), 0.60),
}


def draw_guidance(
    image: UInt8[Tensor, "height width 3"],
    tracks: Tracks,
    grid: LatentGrid,
    *,
    temporal: Temporal = "sample",
    known_latent_frames: int = 1,
    **replicate: Any,
) -> UInt8[Tensor, "latent_frames height width 3"]:
    """Paint the cells that hold a copied feature, one picture per latent frame.

    Args:
        image: the start image at the grid's size.
        tracks: of the grid's length, in its pixels.
        grid: of the conditioning latent.
        temporal: as for `project_tracks`.
        known_latent_frames: as for `replicate_first_frame`.
        replicate: `strength`, `collision`, `generator` of `replicate_first_frame`.

    Returns:
        One picture per latent frame: each cell that guidance edits shows the piece of the start
        image whose feature is copied there, in front of the image dimmed to grey. Tinted cyan:
        cells of frame 0 that features come from. Red: several tracks share the cell. Violet: a
        track passes but guides nothing, since it is hidden or outside at the start.

    Raises:
        ShapeError: the image has another size than the grid; or as `project_tracks`.
        OptionError: as `replicate_first_frame`.
    """
    if tuple(image.shape[:2]) != (grid.height, grid.width):
        raise ShapeError(
            f"image must have the grid's size {grid.width}x{grid.height}; "
            f"got {image.shape[1]}x{image.shape[0]}. Use fit_image."
        )
    cells, visible = project_tracks(tracks, grid, temporal=temporal)
    given = _to_cells(image.float() / 255, grid)
    still = (_DIM * given + (1 - _DIM) * _GREY).expand(-1, -1, grid.latent_frames, -1, -1).clone()
    still[:, :, :known_latent_frames] = given
    seen = replicate_first_frame(
        still, cells, visible, known_latent_frames=known_latent_frames, **replicate
    )
    starts = visible[:, :1]
    moving = torch.arange(grid.latent_frames, device=visible.device) >= known_latent_frames
    counts = _count(cells, visible & starts & moving, grid)
    seen = _tint(seen, _first_frame_only(_count(cells, visible & starts, grid) > 0), "source")
    seen = _tint(seen, counts > 1, "shared")
    seen = _tint(seen, (_count(cells, visible & ~starts, grid) > 0) & (counts == 0), "unused")
    return _to_pixels(seen, grid).mul(255).round().clamp(0, 255).to(torch.uint8)


def _to_cells(
    image: Float[Tensor, "height width 3"], grid: LatentGrid
) -> Float[Tensor, "1 block 1 rows cols"]:
    """Make each cell's pixels its channels, so that guidance can copy them like features."""
    _, high, wide = grid.strides
    return rearrange(
        image, "(rows high) (cols wide) rgb -> 1 (high wide rgb) 1 rows cols", high=high, wide=wide
    )


def _to_pixels(
    latent: Float[Tensor, "1 block frames rows cols"], grid: LatentGrid
) -> Float[Tensor, "frames height width 3"]:
    _, high, wide = grid.strides
    return rearrange(
        latent,
        "1 (high wide rgb) frames rows cols -> frames (rows high) (cols wide) rgb",
        high=high,
        wide=wide,
    )


def _count(
    cells: Int[Tensor, "points frames 2"], visible: Bool[Tensor, "points frames"], grid: LatentGrid
) -> Int[Tensor, "frames rows cols"]:
    """Count the tracks in every cell of every latent frame."""
    point, frame = visible.nonzero(as_tuple=True)
    row, col = cells[point, frame].unbind(-1)
    index = (frame * grid.rows + row) * grid.cols + col
    size = grid.latent_frames * grid.rows * grid.cols
    return index.bincount(minlength=size).view(grid.latent_frames, grid.rows, grid.cols)


def _first_frame_only(mask: Bool[Tensor, "frames rows cols"]) -> Bool[Tensor, "frames rows cols"]:
    first = torch.zeros_like(mask)
    first[0] = mask[0]
    return first


def _tint(
    latent: Float[Tensor, "1 block frames rows cols"],
    mask: Bool[Tensor, "frames rows cols"],
    name: str,
) -> Float[Tensor, "1 block frames rows cols"]:
    colour, opacity = _TINTS[name]
    channel = latent.new_tensor(colour).repeat(latent.shape[1] // 3)[None, :, None, None, None]
    return torch.where(mask, latent + (channel - latent) * opacity, latent)
