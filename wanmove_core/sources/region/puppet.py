"""Bend a region by a few handles, like a puppet: each part stays as rigid as the handles allow."""

import math
from typing import Any, Literal, get_args

import numpy as np

from ...errors import OptionError, ShapeError
from ...motion.gaps import bridge_gaps
from ...packages import require
from ...shapes import Bool, Float
from ...tracks import Tracks
from ..pieces import pieces

Stiffness = Literal["rigid", "similar"]
# Cells of the grid on which ways through the region are measured. More are finer and slower.
_MAX_CELLS = 4000
# Steps along rows, columns, diagonals and knight's moves are at most this much too long.
_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1))
_OVERLONG = 1.03
_NEAREST = 1e-9  # px; at a handle its weight alone counts


def bend_points(
    points: Float[np.ndarray, "points 2"],
    handles: Float[np.ndarray, "frames handles 2"],
    *,
    stiffness: str = "rigid",
    mask: Bool[np.ndarray, "height width"] | None = None,
) -> Float[np.ndarray, "frames points 2"]:
    """Move points with the handles around them.

    Args:
        points: (x, y) pixels, where they lie in frame 0.
        handles: (x, y) of each handle in every frame; a still handle pins its surroundings.
        stiffness: "rigid" keeps sizes: parts turn and shift. "similar" lets parts grow where
            handles move apart and shrink where they come together.
        mask: the region. Distances are then measured inside the mask, not across gaps, so that a
            hand beside a leg does not drag the leg. None: straight distances.

    Returns:
        Positions in every frame. A point on a handle moves with it. If all handles move as one
        rigid body, so do all points. A single handle shifts all points.

    Raises:
        ShapeError: no handles, positions that are not finite.
        OptionError: an unknown stiffness.

    Source:
        Schaefer, McPhail, Warren, "Image deformation using moving least squares" (2006),
        sections 2.2 and 2.3 with alpha = 1, written in complex numbers: there the best rotation
        is linear in the handles. Differs: distances go through the mask.
    """
    if stiffness not in get_args(Stiffness):
        raise OptionError(f"stiffness must be rigid or similar; got {stiffness!r}. Use rigid.")
    if handles.shape[1] == 0:
        raise ShapeError("handles must number 1 or more; got none. Draw a track on the region.")
    if not (np.isfinite(handles).all() and np.isfinite(points).all()):
        raise ShapeError("handles and points must be finite; got NaN or infinity. Correct them.")
    away = np.linalg.norm(points[:, None] - handles[0], axis=-1)
    if mask is not None and handles.shape[1] > 1:
        away = _ways(mask, points, handles[0], away)
    weight = 1.0 / np.maximum(away, _NEAREST) ** 2
    weight /= weight.sum(1, keepdims=True)

    start, rest = _as_complex(points), _as_complex(handles[0])
    middle = weight @ rest
    apart = weight * np.conj(rest - middle[:, None])
    size = (apart * (rest - middle[:, None])).real.sum(1)
    # Where the handles around a point do not tell how it turns, it does not turn.
    least = 1e-9 * np.maximum(size, _NEAREST**2)
    moved = np.empty((len(handles), *points.shape))
    for piece in pieces(len(handles)):
        now = _as_complex(handles[piece])
        turn = now @ apart.T
        length = np.abs(turn) if stiffness == "rigid" else np.broadcast_to(size, turn.shape)
        known = (np.abs(turn) > least) & (size > _NEAREST**2)
        turn = np.where(known, turn / np.where(known, length, 1.0), 1.0)
        place = now @ weight.T + turn * (start - middle)
        moved[piece, :, 0], moved[piece, :, 1] = place.real, place.imag
    return moved


def handle_positions(handles: Tracks) -> Float[np.ndarray, "frames handles 2"]:
    """Read tracks as handles, with hidden positions interpolated.

    Before its first and after its last visible frame a handle is still. A handle that is never
    visible is left out.

    Raises:
        ShapeError: no handle is ever visible.
    """
    ever = handles.visibility.any(0)
    if not ever.any():
        raise ShapeError(
            "handles must be visible in some frame; got hidden ones only. Draw a track."
        )
    positions: np.ndarray = bridge_gaps(handles)[:, ever].cpu().numpy()
    return positions


def _as_complex(pairs: Float[np.ndarray, "*shape 2"]) -> np.ndarray:
    return pairs[..., 0] + 1j * pairs[..., 1]


def _ways(
    mask: Bool[np.ndarray, "height width"],
    points: Float[np.ndarray, "points 2"],
    handles: Float[np.ndarray, "handles 2"],
    straight: Float[np.ndarray, "points handles"],
) -> Float[np.ndarray, "points handles"]:
    """The length of the way from each point to each handle through the mask.

    Never below the straight one, and equal to it where nothing is in between. A piece of the
    mask without any handle measures straight ways.
    """
    csgraph, sparse = _import_scipy()
    step = max(1, math.ceil(math.sqrt(mask.sum() / _MAX_CELLS)))
    height, width = (-(-size // step) * step for size in mask.shape)
    padded = np.zeros((height, width), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    blocks = padded.reshape(height // step, step, width // step, step)
    coarse = np.logical_or.reduce(blocks, axis=(1, 3))
    index_of = np.full(coarse.shape, -1)
    index_of[coarse] = np.arange(coarse.sum())
    begin, end, length = _steps(index_of)
    size = int(coarse.sum())
    graph = sparse.coo_matrix((length * step, (begin, end)), shape=(size, size)).tocsr()
    cells = np.argwhere(coarse)[:, ::-1]
    from_handle = _cell_index_at(cells, index_of, handles / step)
    around = csgraph.dijkstra(graph, directed=False, indices=from_handle)
    way = _between_cells(around.T, index_of, points / step)
    outside = np.isnan(way).any(1)
    way[outside] = around.T[_cell_index_at(cells, index_of, points[outside] / step)]
    # A way on the grid begins and ends up to a cell away, and is a little too long.
    way = way / _OVERLONG - 2.0 * step
    alone = np.isinf(way).all(axis=1, keepdims=True)
    return np.where(alone, straight, np.maximum(straight, way))


def _steps(
    index_of: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From which to which cell one may step, and how far that is in cells."""
    rows, cols = index_of.shape
    begin, end, length = [], [], []
    for down, right in _STEPS:
        across = slice(max(-right, 0), cols - max(right, 0))
        one = index_of[: rows - down, across]
        other = index_of[down:, slice(max(right, 0), cols - max(-right, 0))]
        both = (one >= 0) & (other >= 0)
        begin.append(one[both])
        end.append(other[both])
        length.append(np.full(both.sum(), math.hypot(down, right)))
    return np.concatenate(begin), np.concatenate(end), np.concatenate(length)


def _between_cells(
    values: np.ndarray, index_of: np.ndarray, places: Float[np.ndarray, "places 2"]
) -> np.ndarray:
    """Interpolate between the centres of the cells around each place; NaN where there are none."""
    padded = np.pad(index_of, 1, constant_values=-1)
    corner = np.floor(places - 0.5)
    share = places - 0.5 - corner
    # One cell beyond the grid on each side is padding, and nothing is farther away than that.
    top = np.array(index_of.shape[::-1])
    col, row = np.clip(corner, -1, top - 1).astype(np.int64).T + 1
    total, weights = np.zeros((len(places), values.shape[1])), np.zeros((len(places), 1))
    for down in (0, 1):
        for right in (0, 1):
            found = padded[row + down, col + right]
            weight = np.where(right, share[:, 0], 1 - share[:, 0])
            weight = weight * np.where(down, share[:, 1], 1 - share[:, 1]) * (found >= 0)
            some = weight > 0
            total[some] += values[found[some]] * weight[some, None]
            weights += weight[:, None]
    return np.where(weights > 0, total / np.where(weights > 0, weights, 1.0), np.nan)


def _cell_index_at(
    cells: np.ndarray, index_of: np.ndarray, places: Float[np.ndarray, "places 2"]
) -> np.ndarray:
    """Index of the cell that each place lies in; outside of the mask, of the nearest one."""
    col, row = (
        np.clip(np.floor(part), 0, size - 1).astype(np.int64)
        for part, size in zip(places.T, index_of.shape[::-1], strict=True)
    )
    found = index_of[row, col]
    for index in np.flatnonzero(found < 0):
        found[index] = ((cells + 0.5 - places[index]) ** 2).sum(1).argmin()
    return found


def _import_scipy() -> tuple[Any, Any]:
    subject = "Puppets within a mask"
    return require("scipy.sparse.csgraph", subject, "scipy"), require(
        "scipy.sparse", subject, "scipy"
    )
