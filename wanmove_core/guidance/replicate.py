"""Copy first-frame features of the conditioning latent along cells."""

from dataclasses import dataclass
from typing import get_args

import torch
from einops import rearrange

from ..choices import MAX_STRENGTH, Collision
from ..errors import OptionError, ShapeError
from ..shapes import Bool, Float, Int, Shaped, Tensor


@dataclass(frozen=True, eq=False)
class FeatureSource:
    """Where tracks take their features, if not from the first frame of the latent itself.

    Args:
        latent: known latent frames: the first one of this clip, of the clips before it, ...
        origins: (known frame, row, col) of each track's feature; known frame -1: the track has no
            feature.
    """

    latent: Float[Tensor, "batch channels known_frames rows cols"]
    origins: Int[Tensor, "points 3"]


def replicate_first_frame(
    latent: Float[Tensor, "batch channels latent_frames rows cols"],
    cells: Int[Tensor, "points frames 2"],
    visible: Bool[Tensor, "points frames"],
    *,
    strength: float = 1.0,
    collision: Collision = "last",
    generator: torch.Generator | None = None,
    known_latent_frames: int = 1,
    source: FeatureSource | None = None,
) -> Float[Tensor, "batch channels latent_frames rows cols"]:
    """Copy each track's first-frame feature into the cells it visits later.

    After the start image the conditioning latent encodes only padding; the copied feature is
    what tells the model where that content goes.

    Args:
        latent: conditioning latent, as the VAE returned it. Every sample of a batch gets the
            same guidance.
        cells: (row, col) of every track, from `project_tracks`. Ignored where not visible.
        visible: False where a point is hidden or outside the frame. A track that is not
            visible in latent frame 0 has no source feature and guides nothing:
            `guidance_report` names those.
        strength: 0 leaves the latent as it is, 1 copies bit for bit, between is a blend,
            up to 2 extrapolates beyond the copied feature.
        collision: which track fills a cell that several tracks visit in one latent frame. "last" is
            the track with the highest index (it lies on top), "first" the lowest, "mean" the
            average of their features, "random" a shuffled order, the same in all frames.
        generator: for "random" only, and needed there.
        known_latent_frames: leading latent frames that encode given pixels; never overwritten.
        source: where the features come from; None: latent frame 0, for tracks visible there.

    Returns:
        A new tensor on the device and of the dtype of `latent`, which stays as it was.

    Raises:
        ShapeError: the axes do not fit together, or a visible cell lies outside the latent.
        OptionError: an option outside of its range.

    Source:
        `replace_feature`, Wan-Move wan/modules/trajectory.py:131 @27409be. Differs: it does not
        write into its argument; one batch of cells serves any batch size; shared cells follow
        `collision`, not a shuffle from the global RNG; a track hidden at frame 0 is skipped,
        where the reference reads cell (-1, -1).
    """
    _check_options(strength, collision, generator, known_latent_frames)
    _check_axes(latent, cells, visible)
    cells, visible = cells.to(latent.device), visible.to(latent.device)
    if source is not None:
        _check_source(source, latent, len(cells))
    origin, visible = _origins(source, cells, visible, latent.shape[4])
    # The later entry lies on top, so "first" and "random" are other orders.
    if collision == "first":
        cells, visible, origin = cells.flip(0), visible.flip(0), origin.flip(0)
    elif generator is not None:
        order = torch.randperm(len(cells), generator=generator, device=generator.device)
        order = order.to(cells.device)
        cells, visible, origin = cells[order], visible[order], origin[order]

    out = latent.clone(memory_format=torch.contiguous_format)
    if strength == 0.0 or known_latent_frames >= latent.shape[2]:
        return out
    # Every channel becomes one line of cells. Features come from known frames and go after them,
    # so the order of the copies does not matter.
    lines = _lines(out)
    given = lines if source is None else _lines(source.latent.to(lines))
    target = _targets(cells, visible, latent.shape[2:])[:, known_latent_frames:]
    if collision == "mean":
        target, feature = _mean_features(given, origin, target, lines.shape[1])
    else:
        target, point = _topmost(target, lines.shape[1])
        feature = given.gather(1, origin[point].expand(len(lines), -1))
    if strength != 1.0:
        before = lines.gather(1, target.expand(len(lines), -1))
        wide = _wide(latent.dtype)
        feature = torch.lerp(before.to(wide), feature.to(wide), strength).to(latent.dtype)
    lines.scatter_(1, target.expand(len(lines), -1), feature)
    return out


def _lines(latent: Tensor) -> Shaped[Tensor, "lines cells"]:
    return rearrange(latent, "b channels frames rows cols -> (b channels) (frames rows cols)")


def _origins(
    source: FeatureSource | None,
    cells: Int[Tensor, "points frames 2"],
    visible: Bool[Tensor, "points frames"],
    cols: int,
) -> tuple[Int[Tensor, " points"], Bool[Tensor, "points frames"]]:
    """Where each track's feature lies in a line of cells, and which cells are to have one."""
    if source is None:
        return cells[:, 0, 0].long() * cols + cells[:, 0, 1], visible & visible[:, :1]
    frame, row, col = source.origins.to(cells.device).long().unbind(1)
    index = (frame * source.latent.shape[3] + row) * cols + col
    return torch.where(frame < 0, 0, index), visible & (frame >= 0)[:, None]


def _targets(
    cells: Int[Tensor, "points frames 2"],
    guided: Bool[Tensor, "points frames"],
    size: tuple[int, int, int],
) -> Int[Tensor, "points frames"]:
    """Cells as indices into a line of cells; a target one past the end means: no copy."""
    frames, rows, cols = size
    index = cells[..., 0].long() * cols + cells[..., 1]
    offset = torch.arange(frames, device=cells.device) * (rows * cols)
    return torch.where(guided, index + offset, frames * rows * cols)


def _topmost(
    target: Int[Tensor, "points later_frames"], num_cells: int
) -> tuple[Int[Tensor, " hits"], Int[Tensor, " hits"]]:
    """The cells that are hit, and the last of the points that hit each."""
    point = torch.arange(len(target), device=target.device)[:, None].expand_as(target)
    # Assignment through repeated indices leaves the winner open; amax does not.
    winner = torch.full((num_cells + 1,), -1, device=target.device)
    winner.scatter_reduce_(0, target.flatten(), point.flatten(), reduce="amax")
    hit = (winner[:-1] >= 0).nonzero().squeeze(1)
    return hit, winner[hit]


def _mean_features(
    given: Shaped[Tensor, "lines given_cells"],
    source: Int[Tensor, " points"],
    target: Int[Tensor, "points later_frames"],
    num_cells: int,
) -> tuple[Int[Tensor, " hits"], Shaped[Tensor, "lines hits"]]:
    """The cells that are hit, and the average feature of the points that hit each."""
    point, frame = (target < num_cells).nonzero(as_tuple=True)
    # A sorted segment sum adds in one order on every device; atomic adds do not.
    target, order = target[point, frame].sort(stable=True)
    hit, count = target.unique_consecutive(return_counts=True)
    feature = given[:, source[point[order]]].to(_wide(given.dtype))
    if len(hit) > 0:
        feature = torch.segment_reduce(feature.t().contiguous(), "mean", lengths=count).t()
    return hit, feature.to(given.dtype)


def _wide(dtype: torch.dtype) -> torch.dtype:
    """The dtype to compute in: at least float32."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def _check_options(
    strength: float,
    collision: str,
    generator: torch.Generator | None,
    known_latent_frames: int,
) -> None:
    if not 0.0 <= strength <= MAX_STRENGTH:
        raise OptionError(
            f"strength must be 0 to {MAX_STRENGTH:g}; got {strength}. 1 copies the feature."
        )
    if collision not in get_args(Collision):
        raise OptionError(
            f"collision must be one of {', '.join(get_args(Collision))}; got {collision!r}. "
            'Use "last" to let later tracks lie on top.'
        )
    if (collision == "random") != (generator is not None):
        raise OptionError(
            'generator must be given for collision "random" and only there; '
            f"got {collision!r} with {'a' if generator else 'no'} generator. "
            "Use torch.Generator().manual_seed(seed)."
        )
    if known_latent_frames < 1:
        raise OptionError(
            f"known_latent_frames must be 1 or more; got {known_latent_frames}. "
            "Latent frame 0 is where the features come from."
        )


def _check_axes(latent: Tensor, cells: Tensor, visible: Tensor) -> None:
    frames, rows, cols = latent.shape[2:]
    if cells.shape[1] != frames or visible.shape[1] != frames:
        raise ShapeError(
            f"cells and visible must cover the latent's {frames} frames; got {cells.shape[1]} "
            f"and {visible.shape[1]}. Project the tracks with the grid of the latent."
        )
    row, col = cells.unbind(-1)
    outside = (row < 0) | (col < 0) | (row >= rows) | (col >= cols)
    outside &= visible
    if outside.any():
        point, frame = outside.nonzero()[0].tolist()
        raise ShapeError(
            f"track {point}, latent frame {frame}: the cell must lie on the latent's "
            f"{rows}x{cols} cells; got {cells[point, frame].tolist()}. "
            "Project the tracks with the grid of the latent."
        )


def _check_source(source: FeatureSource, latent: Tensor, points: int) -> None:
    given, origins = source.latent, source.origins
    if (
        len(origins) != points
        or given.shape[:2] + given.shape[3:] != latent.shape[:2] + (latent.shape[3:])
    ):
        raise ShapeError(
            f"source must have the latent's axes {list(latent.shape)} but for time, and an origin "
            f"for each of {points} tracks; got {list(given.shape)} and {len(origins)}. "
            "Encode it at the same size."
        )
    limits = torch.tensor(given.shape[2:], device=origins.device)
    outside = ((origins < 0) | (origins >= limits)).any(1) & (origins[:, 0] >= 0)
    if outside.any():
        point = int(outside.nonzero()[0])
        raise ShapeError(
            f"track {point}: the origin must lie in the source's {list(given.shape[2:])} cells; "
            f"got {origins[point].tolist()}. Project it with the grid of the source."
        )
