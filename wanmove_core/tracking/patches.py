"""Find patches of the first frame again in later frames, shifted, rotated and scaled."""

from dataclasses import dataclass

import numpy as np

from ..opencv import require_opencv
from ..shapes import Float

cv2 = require_opencv("Following points")

_RADIUS = 7
_SIGMA = 4.5
# Pulls turn and scale towards what they were in the frame before: on weak texture a window of
# 15 px does not tell them well.
_DAMPING = 0.02
_OFFSETS = np.stack(
    np.meshgrid(*[np.arange(-_RADIUS, _RADIUS + 1, dtype=np.float32)] * 2), axis=-1
).reshape(-1, 2)
_WEIGHT = np.exp(-np.square(_OFFSETS).sum(1) / (2 * _SIGMA**2))
_WEIGHT = (_WEIGHT / _WEIGHT.sum()).astype(np.float32)
# Grey levels below which a patch has nothing to recognise it by.
_FLAT = 1.5
_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Match:
    """Positions at which patches were found.

    Args:
        position: [points, 2], pixel centres are integers.
        linear: [points, 2, 2], rotation and scale of each patch relative to the first frame.
        likeness: correlation with the first frame's patch, -1..1; 0 for a flat patch.
    """

    position: Float[np.ndarray, "points 2"]
    linear: Float[np.ndarray, "points 2 2"]
    likeness: Float[np.ndarray, " points"]


class Patches:
    """The surroundings of points, cut out of one frame.

    Source: Baker and Matthews 2004, inverse compositional alignment with an affine warp; the
        brightness and contrast of both patches are made equal first.
    """

    def __init__(self, frame: np.ndarray, points: np.ndarray) -> None:
        """Cut the patches out.

        Args:
            frame: grey uint8 [height, width].
            points: [points, 2].
        """
        raw = _sampled(frame, points)
        self._patch, self.contrast = _normalised(raw)
        self.level = raw @ _WEIGHT
        self.slope = _least_slope(frame, points)
        along_x, along_y = (
            _sampled(frame, points + step) - _sampled(frame, points - step)
            for step in (np.array([0.5, 0.0]), np.array([0.0, 0.5]))
        )
        x, y = _OFFSETS.T
        slopes = [along_x, along_y, along_x * x, along_x * y, along_y * x, along_y * y]
        # Offsets in units of the window, so that one damping suits all six.
        scale = np.array([1, 1, *[1 / _SIGMA] * 4], np.float32)
        jacobian = np.stack(slopes, 1) / np.maximum(self.contrast, _FLAT)[:, None, None]
        jacobian *= scale[:, None]
        weighted = jacobian * _WEIGHT
        hessian = weighted @ jacobian.transpose(0, 2, 1)
        mean = np.trace(hessian, axis1=1, axis2=2) / 6
        damping = np.array([1e-4, 1e-4, *[_DAMPING] * 4]) * np.eye(6)
        hessian = hessian + damping * mean[:, None, None] + 1e-6 * np.eye(6)
        solved = np.linalg.solve(hessian.astype(np.float64), weighted.astype(np.float64))
        self._solver = (solved * scale[:, None]).astype(np.float32)

    def find(
        self, frame: np.ndarray, guess: Match, chosen: np.ndarray, *, iterations: int = 4
    ) -> Match:
        """Look for some of the patches near a guess.

        Args:
            frame: grey uint8.
            guess: a guess for the chosen patches; its likeness is not used.
            chosen: which patches, indices.
            iterations: alignment steps.

        Returns:
            One row per chosen patch.
        """
        position = guess.position.astype(np.float64)
        linear = guess.linear.astype(np.float64)
        patch, solver = self._patch[chosen], self._solver[chosen]
        for _ in range(iterations):
            seen, _ = _normalised(_sampled(frame, position, linear))
            step = np.einsum("npk,nk->np", solver, seen - patch).astype(np.float64)
            # A step of several pixels is a guess gone wrong, not a finding.
            step[:, :2] = np.clip(step[:, :2], -2, 2)
            step[:, 2:] = np.clip(step[:, 2:], -0.1, 0.1)
            moved = step[:, 2:].reshape(-1, 2, 2) + np.eye(2)
            linear = linear @ np.linalg.inv(moved)
            position = position - np.einsum("nij,nj->ni", linear, step[:, :2])
        seen, contrast = _normalised(_sampled(frame, position, linear))
        likeness = (seen * patch) @ _WEIGHT
        flat = np.minimum(contrast, self.contrast[chosen]) < _FLAT
        return Match(position, linear, np.where(flat, 0.0, likeness))


def surroundings(
    frame: np.ndarray, points: Float[np.ndarray, "points 2"]
) -> Float[np.ndarray, "points offsets"]:
    """Grey values around points."""
    return _sampled(frame, points)


def levels(around: Float[np.ndarray, "points offsets"]) -> Float[np.ndarray, " points"]:
    """Mean grey level of surroundings."""
    mean: np.ndarray = around @ _WEIGHT
    return mean


def difference(
    one: Float[np.ndarray, "points offsets"], other: Float[np.ndarray, "points offsets"]
) -> Float[np.ndarray, " points"]:
    """Root mean square difference of surroundings, grey levels."""
    gap: np.ndarray = np.sqrt(np.square(one - other) @ _WEIGHT)
    return gap


def _least_slope(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Root mean square slope along the direction where it is least, grey levels per pixel.

    Along an edge it is that of the noise: such a point can slide along.
    """
    # A long step, for noise to weigh less.
    along_x, along_y = (
        (_sampled(frame, points + step) - _sampled(frame, points - step)) / 3
        for step in (np.array([1.5, 0.0]), np.array([0.0, 1.5]))
    )
    xx, yy = np.square(along_x) @ _WEIGHT, np.square(along_y) @ _WEIGHT
    xy = (along_x * along_y) @ _WEIGHT
    least = (xx + yy) / 2 - np.sqrt(np.square((xx - yy) / 2) + np.square(xy))
    return np.sqrt(np.maximum(least, 0.0))


def _sampled(frame: np.ndarray, points: np.ndarray, linear: np.ndarray | None = None) -> np.ndarray:
    """Grey values float32 [points, offsets] around points, turned and scaled if asked for."""
    if len(points) == 0:
        return np.zeros((0, len(_OFFSETS)), np.float32)
    given = points.astype(np.float32)
    places = np.empty((len(points), len(_OFFSETS), 2), np.float32)
    for axis in (0, 1):
        if linear is None:
            np.add(given[:, axis, None], _OFFSETS[:, axis], out=places[..., axis])
        else:
            along = linear[:, axis].astype(np.float32) @ _OFFSETS.T
            np.add(given[:, axis, None], along, out=places[..., axis])
    # OpenCV takes pictures of at most 32767 rows.
    rows = [
        cv2.remap(frame, part, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for part in np.split(places, range(_ROWS, len(places), _ROWS))
    ]
    return np.concatenate(rows).astype(np.float32)


def _normalised(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patches of mean 0 and standard deviation 1, and what that was before."""
    centred = patches - (patches @ _WEIGHT)[:, None]
    contrast = np.sqrt(np.square(centred) @ _WEIGHT)
    return centred / np.maximum(contrast, _FLAT)[:, None], contrast
