"""Smooth noisy tracks by their neighbourhood: points that move alike move rigidly."""

import numpy as np

from ..shapes import Float

# Reach of a neighbourhood, px: that of a small object in a clip of 64x96.
_REACH = 12.0
_ITERATIONS = 4
# Neighbours that miss by this many times the typical miss belong to something else. On clean
# clips the typical miss is small, so that the edges of objects stay sharp; on blurred and
# flickering ones more must be forgiven.
_TOLERANCE, _LEAST, _MOST = 2.5, 0.25, 2.0
# Pulls turn and scale towards none, as a share of the reach squared.
_DAMPING = 0.01


def steady_tracks(
    positions: Float[np.ndarray, "frames points 2"],
    neighbours: Float[np.ndarray, "frames others 2"],
) -> Float[np.ndarray, "frames points 2"]:
    """Move each point by the similarity transform that fits the neighbours that move like it.

    Flicker disturbs the optical flow of one small window; the errors of the neighbours are
    independent. A neighbour is weighted by its distance in the first frame, by the fit of its whole
    track, and by its fit in the current frame, so that points of another object nearby do not
    count.

    Args:
        positions: pixels; frame 0 stays as it is.
        neighbours: tracks of points spread over the frame.

    Returns:
        New positions, [frames, points, 2].

    Source: iteratively reweighted least squares with Cauchy weights (Holland and Welsch 1977).
    """
    out = positions.copy()
    for point in range(positions.shape[1]):
        start = positions[0, point]
        apart = neighbours[0] - start
        squared = np.square(apart).sum(1)
        near = squared < (2.2 * _REACH) ** 2
        own = positions[:, point] - start
        # The point itself counts like a neighbour: it may have no other.
        travelled = np.concatenate([neighbours[:, near] - neighbours[0, near], own[:, None]], 1)
        apart = np.concatenate([apart[near], np.zeros((1, 2))])
        out[1:, point] = start + _fit(travelled, apart, own)[1:]
    return out


def _fit(travelled: np.ndarray, apart: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Where the neighbours' similarity takes the point, [frames, 2] from its start."""
    x, y = apart.T
    squared = x * x + y * y
    one, none = np.ones_like(x), np.zeros_like(x)
    design_x = np.stack([one, none, x, -y], axis=1)
    design_y = np.stack([none, one, y, x], axis=1)
    products = _outer(design_x) + _outer(design_y)
    damping = np.diag([0, 0, _DAMPING * _REACH**2, _DAMPING * _REACH**2])
    close = np.exp(-squared / (2 * _REACH**2))
    beside = squared < (_REACH / 2) ** 2
    fit = np.zeros((len(own), 4))
    fit[:, :2] = own
    for _ in range(_ITERATIONS):
        missed_x = travelled[..., 0] - fit @ design_x.T
        missed_y = travelled[..., 1] - fit @ design_y.T
        missed = np.square(missed_x) + np.square(missed_y)
        whole = missed.mean(0)
        spread = np.clip(_TOLERANCE * _typical(np.sqrt(whole[beside])), _LEAST, _MOST) ** 2
        weight = close / np.square(1 + whole / spread) / (1 + missed / spread)
        normal = (weight @ products).reshape(-1, 4, 4)
        normal += damping * weight.sum(1)[:, None, None] + 1e-9 * np.eye(4)
        target = (weight * travelled[..., 0]) @ design_x + (weight * travelled[..., 1]) @ design_y
        fit = np.linalg.solve(normal, target[..., None])[..., 0]
    return fit[:, :2]


def _outer(design: np.ndarray) -> np.ndarray:
    return (design[:, :, None] * design[:, None]).reshape(-1, 16)


def _typical(missed: np.ndarray) -> float:
    """The median of the better half: the rest may belong to something else."""
    if len(missed) == 0:
        return 0.0
    return float(np.median(np.sort(missed)[: len(missed) // 2 + 1]))
