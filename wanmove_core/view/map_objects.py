"""Moving objects: a shape in every frame, from masks, tracks, or the editor's regions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from ..choices import FitMode
from ..errors import OptionError, ShapeError
from ..grid import Fit
from ..shapes import Bool, Float, Shaped
from ..tracks import Tracks
from .polygons import polygon_mask

_ITERATIONS = 8
_LEAST_SPREAD = 0.25  # px; points closer together than this tell no turn and no scale
_LEAST_SCALE = 1e-4  # of an object's size; below it nothing is left
_LEAST_MISS = 0.05  # px that a point may miss its object's motion by and count fully


@runtime_checkable
class MapObject(Protocol):
    """An object of a clip.

    Attributes:
        num_frames: of the clip.
    """

    @property
    def num_frames(self) -> int: ...

    def mask_at(self, frame: int) -> Bool[np.ndarray, "height width"] | None:
        """Return the mask of the object in a frame, bool [height, width]; None where hidden."""
        ...


@dataclass(frozen=True, eq=False)
class CutObject:
    """An object cut out of the first frame, carried along by a motion.

    Args:
        mask: True on the object in frame 0.
        motion: matrices that map a position in frame 0 to its position in each frame.
        shown: False in frames in which it is hidden.
    """

    mask: Bool[np.ndarray, "height width"]
    motion: Float[np.ndarray, "frames 2 3"]
    shown: Bool[np.ndarray, " frames"]

    @property
    def num_frames(self) -> int:
        """T, the frames that the motion covers."""
        return len(self.motion)

    def mask_at(self, frame: int) -> Bool[np.ndarray, "height width"] | None:
        """Carry the mask to a frame, by the nearest pixel."""
        if not self.shown[frame]:
            return None
        return _carried(self.mask, self.motion[frame])


def _carried(mask: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Move a mask: each pixel takes the one that its middle comes from."""
    height, width = mask.shape
    if abs(np.linalg.det(matrix[:, :2])) < _LEAST_SCALE**2:
        return np.zeros_like(mask)
    back = np.linalg.inv(matrix[:, :2])
    col, row = np.arange(width) + 0.5 - matrix[0, 2], np.arange(height) + 0.5 - matrix[1, 2]
    x = np.floor(back[0, 0] * col + (back[0, 1] * row)[:, None]).astype(np.int64)
    y = np.floor(back[1, 0] * col + (back[1, 1] * row)[:, None]).astype(np.int64)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    moved = np.zeros_like(mask)
    moved[inside] = mask[y[inside], x[inside]]
    return moved


@dataclass(frozen=True, eq=False)
class OutlinedObject:
    """An object with a polygon for an outline in each frame: exact at any turn and scale.

    Args:
        outline: vertices in pixels.
        shown: False in frames in which it is hidden.
        size: (width, height) of the frame.
    """

    outline: Float[np.ndarray, "frames vertices 2"]
    shown: Bool[np.ndarray, " frames"]
    size: tuple[int, int]

    @property
    def num_frames(self) -> int:
        """T, the frames that the outline covers."""
        return len(self.outline)

    def mask_at(self, frame: int) -> Bool[np.ndarray, "height width"] | None:
        """Fill the outline."""
        return polygon_mask(self.outline[frame], *self.size) if self.shown[frame] else None


@dataclass(frozen=True, eq=False)
class SegmentedObject:
    """An object whose mask is known in every frame, as a segmenter gives it.

    Args:
        masks: True on the object; all False in a frame in which it is hidden.
    """

    masks: Bool[np.ndarray, "frames height width"]

    @property
    def num_frames(self) -> int:
        """T, the frames that there are masks of."""
        return len(self.masks)

    def mask_at(self, frame: int) -> Bool[np.ndarray, "height width"] | None:
        """Look the mask up."""
        mask: np.ndarray = self.masks[frame]
        return mask if mask.any() else None


def objects_from_masks(
    masks: Bool[np.ndarray, "objects height width"], tracks: Tracks
) -> list[CutObject]:
    """Let each mask follow the tracks that start inside it.

    Of overlapping masks the later one lies on top and owns the tracks there. Each object moves by
    one similarity transform per frame, fitted to most of its tracks.

    Args:
        masks: of frame 0, True on the object.
        tracks: in pixels of the masks.

    Raises:
        ShapeError: an empty mask, or one in which no visible track starts.
    """
    positions = tracks.positions.cpu().double().numpy()
    visible = tracks.visibility.cpu().numpy()
    height, width = masks.shape[1:]
    col, row = np.floor(positions[0]).astype(np.int64).T
    inside = (col >= 0) & (col < width) & (row >= 0) & (row < height) & visible[0]
    owner = np.full(tracks.num_points, -1)
    for index, mask in enumerate(masks):
        starts = inside.copy()
        starts[inside] = mask[row[inside], col[inside]]
        owner[starts] = index
    return [
        _cut(index, mask, positions[:, owner == index], visible[:, owner == index])
        for index, mask in enumerate(masks)
    ]


def _cut(index: int, mask: np.ndarray, positions: np.ndarray, visible: np.ndarray) -> CutObject:
    if not mask.any():
        raise ShapeError(
            f"mask {index + 1} must mark an object in frame 0; got none. Paint it, or leave it out."
        )
    if positions.shape[1] == 0:
        raise ShapeError(
            f"mask {index + 1} must have a visible track that starts in it; got none. "
            "Draw a track from inside the mask."
        )
    return CutObject(mask, fit_motion(positions, visible), visible.any(1))


def objects_from_points(
    tracks: Tracks, size: tuple[int, int], box: tuple[int, int]
) -> list[OutlinedObject]:
    """Make a box around each track.

    Args:
        tracks: in pixels of the frame.
        size: (width, height) of the frame.
        box: (width, height) of the boxes, pixels.

    Raises:
        OptionError: a box of no size.
    """
    if min(box) < 1:
        raise OptionError(f"box must be at least 1x1 px; got {box[0]}x{box[1]}. Use 64x64.")
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * np.array(box) / 2
    positions = tracks.positions.cpu().double().numpy()
    visible = tracks.visibility.cpu().numpy()
    return [
        OutlinedObject(positions[:, index, None] + corners, visible[:, index], size)
        for index in range(tracks.num_points)
    ]


def fit_motion(
    positions: Float[np.ndarray, "frames points 2"], visible: Bool[np.ndarray, "frames points"]
) -> Float[np.ndarray, "frames 2 3"]:
    """Fit one similarity transform per frame to points of a rigid object, robust against outliers.

    With a single visible point a frame keeps the rotation and scale of the previous frame; without
    a visible point it keeps the whole motion.

    Args:
        positions: pixels.
        visible: frames in which a point counts; a point that is hidden in frame 0 never counts.

    Returns:
        Matrices that map frame 0 to each frame.

    Source: iteratively reweighted least squares with Cauchy weights (Holland and Welsch 1977).
    """
    # A similarity is one complex factor and one complex shift.
    place = positions[..., 0] + 1j * positions[..., 1]
    factor, shift = 1.0 + 0j, 0j
    motion = np.zeros((len(place), 2, 3))
    for frame, (now, seen) in enumerate(zip(place, visible & visible[0], strict=True)):
        if frame and seen.any():
            factor, shift = _similarity(place[0, seen], now[seen], factor)
        motion[frame] = [
            [factor.real, -factor.imag, shift.real],
            [factor.imag, factor.real, shift.imag],
        ]
    return motion


def _similarity(start: np.ndarray, now: np.ndarray, before: complex) -> tuple[complex, complex]:
    """The factor and shift that most of the points agree on."""
    step = now - start
    middle = np.median(step.real) + 1j * np.median(step.imag)
    missed = np.abs(step - middle)
    factor, shift = before, 0j
    for _ in range(_ITERATIONS):
        typical = max(float(np.median(missed)) * 2.5, _LEAST_MISS)
        weight = 1 / (1 + np.square(missed / typical))
        weight = weight / weight.sum()
        from_here, to_there = (weight * start).sum(), (weight * now).sum()
        around = start - from_here
        spread = float((weight * np.abs(around) ** 2).sum())
        if spread > _LEAST_SPREAD**2:
            factor = complex((weight * around.conj() * (now - to_there)).sum() / spread)
        shift = complex(to_there - factor * from_here)
        missed = np.abs(factor * start + shift - now)
    return factor, shift


def check_same_length(objects: Sequence[MapObject]) -> int:
    """Return the number of frames that all objects have.

    Raises:
        ShapeError: no object, or objects of different lengths.
    """
    lengths = sorted({one.num_frames for one in objects})
    if len(lengths) != 1:
        got = "none" if not lengths else f"objects of {lengths[0]} and {lengths[-1]} frames"
        raise ShapeError(
            f"maps must have objects of one length; got {got}. "
            "Draw a box or region, or connect a mask."
        )
    return lengths[0]


def fit_masks(
    masks: Bool[np.ndarray, "masks height width"], size: tuple[int, int], mode: FitMode
) -> Bool[np.ndarray, "masks to_height to_width"]:
    """Fit masks to another frame as the picture is fitted, by the nearest pixel."""
    fitted: np.ndarray = fit_frames(masks[..., None], size, mode)[..., 0]
    return fitted


def fit_frames(
    frames: Shaped[np.ndarray, "frames height width channels"], size: tuple[int, int], mode: FitMode
) -> Shaped[np.ndarray, "frames to_height to_width channels"]:
    """Fit maps to another frame by the nearest pixel, so that colours are not blended.

    Args:
        frames: of one size.
        size: (width, height) of the frame.
        mode: "stretch", "crop" or "pad", as the start image.
    """
    count, height, width, channels = frames.shape
    fit = Fit.between((width, height), size, mode)
    (x, y, across, down), (to_x, to_y, to_across, to_down) = fit.source, fit.target
    cols = x + ((np.arange(to_across) + 0.5) * across / to_across).astype(np.int64)
    rows = y + ((np.arange(to_down) + 0.5) * down / to_down).astype(np.int64)
    out = np.zeros((count, size[1], size[0], channels), dtype=frames.dtype)
    out[:, to_y : to_y + to_down, to_x : to_x + to_across] = frames[:, rows[:, None], cols]
    return out


def retime_masks(
    masks: Bool[np.ndarray, "frames height width"], num_frames: int
) -> Bool[np.ndarray, "to_frames height width"]:
    """Stretch masks in time to another length: the nearest frame, never a blend."""
    share = np.linspace(0, len(masks) - 1, num_frames)
    picked: np.ndarray = masks[np.round(share).astype(np.int64)]
    return picked
