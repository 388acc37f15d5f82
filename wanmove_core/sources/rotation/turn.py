"""Tracks of an object that turns about its own centre."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from ...document.schema import Ease
from ...errors import OptionError, ShapeError
from ...motion.concat import concat_tracks
from ...shapes import Bool, Float, Number
from ...tracks import Tracks
from ..camera.path import CameraPath, axis_rotation
from ..camera.scene import project_points, project_surface
from ..depth import Lens, check_map_size
from ..depth_buffer import hidden_by_surface, surface_pixels, surface_slopes
from ..keys import interpolate_keys
from ..pins import pinned_points

AXES = {"vertical": (0.0, -1.0, 0.0), "horizontal": (-1.0, 0.0, 0.0), "view": (0.0, 0.0, 1.0)}
# The rim of a round object lies at its centre's depth. Not the very last pixels: maps bleed there.
_RIM = 99.0
_TOLERANCE = 0.25  # of the depth that the object spans; its limb is steep
_MAX_POINTS = 65_536


@dataclass(frozen=True)
class TurnKey:
    """The object's rotation at one frame, degrees; `ease` is that of the motion to the next key."""

    frame: Number
    degrees: Number = 0.0
    ease: Ease = "in-out"


def rotation_tracks(
    mask: Bool[np.ndarray, "height width"],
    distance: Float[np.ndarray, "depth_height depth_width"],
    keys: Sequence[TurnKey],
    num_frames: int,
    *,
    axis: str | tuple[Number, Number, Number] = "vertical",
    fov: Number = 50.0,
    count: int = 512,
    pins: int = 0,
) -> Tracks:
    """Rotate the object under a mask in space, by its depth map.

    Args:
        mask: True on the object.
        distance: from `distance_map`, of the mask's size.
        keys: degrees over time. Frame 0 is always the picture; a key there is ignored. Positive
            angles move the front to the right about "vertical", up about "horizontal", and turn
            clockwise about "view".
        num_frames: frames of the clip.
        axis: a name, or a direction (x right, y down, z forward). It goes through the object's
            centre: the middle of its outline, at the depth of its far rim.
        fov: degrees between the picture's left and right edge.
        count: about how many points to put on the object, evenly.
        pins: about how many still points to spread over the rest of the picture, hidden where
            the object turns over them.

    Returns:
        float64 tracks, the pins first. A point is visible where its surface faces the camera, no
        other part of the object covers it, and it is inside the frame. The back has no points.

    Raises:
        ShapeError: an empty mask, sizes that differ, a distance that is not above 0.
        OptionError: an axis without direction, a count out of range, keys as `interpolate_keys`.
    """
    height, width = mask.shape
    _check_object(mask, distance, count, pins)
    lens = Lens(width, height, fov)
    degrees = interpolate_keys(
        [key.frame for key in keys],
        np.array([[key.degrees] for key in keys], dtype=np.float64).reshape(-1, 1),
        [key.ease for key in keys],
        num_frames,
    )[:, 0]
    turn = axis_rotation(_direction(axis), degrees - degrees[0])
    pixels, spacing = surface_pixels(mask.shape, mask)
    surface = lens.lift(pixels, distance[tuple(pixels.astype(int).T[::-1])])
    centre = _centre(surface)
    start = _object_points(mask, count)
    row_col = tuple(start.astype(int).T[::-1])
    body = lens.lift(start, distance[row_col])

    # Turning the object by R is the same picture as a camera that goes round it by R's inverse.
    back = np.swapaxes(turn, 1, 2)
    around = CameraPath(lens, back, centre - (back @ centre), np.ones(num_frames))
    projected, before = project_points(around, np.repeat(body[None], num_frames, axis=0))
    x, y = projected[..., 0], projected[..., 1]
    seen = before & (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
    seen &= _facing(around, body, _normals(lens, mask, distance)[row_col])
    extent = float(np.ptp(surface[:, 2]))
    seen &= ~hidden_by_surface(
        projected,
        np.concatenate([start, surface_slopes(distance, start, spacing)], axis=1),
        partial(project_surface, around, surface),
        surface_slopes(distance, pixels, spacing),
        size=(width, height),
        spacing=spacing,
        tolerance=max(_TOLERANCE * extent / float(centre[2]), 1e-4),
    )
    tracks = Tracks(torch.from_numpy(projected[..., :2].copy()), torch.from_numpy(seen), lens.size)
    if pins == 0:
        return tracks

    def move(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        col, row = np.minimum(samples, [width - 1, height - 1]).astype(int).T
        # A sample may lie just beside the object.
        depth = np.where(mask[row, col], distance[row, col], centre[2])
        space = np.repeat(lens.lift(samples, depth)[None], num_frames, axis=0)
        return project_points(around, space)[0][..., :2], np.ones(num_frames, bool)

    return concat_tracks([pinned_points(mask, pins, move), tracks])


def _facing(
    camera: CameraPath, body: Float[np.ndarray, "points 3"], normals: Float[np.ndarray, "points 3"]
) -> Bool[np.ndarray, "frames points"]:
    """Whether the camera sees the front of the surface. In frame 0 it sees all of it."""
    toward = (normals * body).sum(-1) - camera.position @ normals.T
    facing = toward < 0
    facing[0] = True
    return facing


def _normals(
    lens: Lens, mask: Bool[np.ndarray, "height width"], distance: Float[np.ndarray, "height width"]
) -> Float[np.ndarray, "height width 3"]:
    """Towards the camera, of any length; at the rim from the inner side alone."""
    # Only the box around the object: the rest of a large picture costs more than the object.
    box = tuple(
        slice(int(at[0]), int(at[-1]) + 1)
        for at in (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    )
    row, col = np.mgrid[box]
    space = lens.lift(np.stack([col, row], axis=-1) + 0.5, distance[box])
    space = np.where(mask[box][..., None], space, np.nan)
    across, down = (_slope(space, axis) for axis in (1, 0))
    normals = np.zeros((*mask.shape, 3))
    # Right x down points away from the camera, along z.
    normals[box] = np.nan_to_num(-np.cross(across, down))
    return normals


def _slope(
    space: Float[np.ndarray, "height width 3"], axis: int
) -> Float[np.ndarray, "height width 3"]:
    """The change per pixel along an axis: the mean of the sides that are on the object."""
    step = np.diff(space, axis=axis)
    none = np.full_like(np.take(space, [0], axis=axis), np.nan)
    sides = np.stack(
        [np.concatenate([step, none], axis=axis), np.concatenate([none, step], axis=axis)]
    )
    known = np.isfinite(sides)
    total = np.where(known, sides, 0.0).sum(0) / known.sum(0).clip(min=1)
    # A lone pixel faces the camera.
    flat = np.zeros(3)
    flat[1 - axis] = 1.0
    return np.where(known.any(0), total, flat)


def _centre(surface: Float[np.ndarray, "samples 3"]) -> Float[np.ndarray, " 3"]:
    z = float(np.percentile(surface[:, 2], _RIM))
    rays = surface[:, :2] / surface[:, 2:]
    middle = (rays.min(0) + rays.max(0)) / 2
    return np.array([*(middle * z), z])


def _object_points(
    mask: Bool[np.ndarray, "height width"], count: int
) -> Float[np.ndarray, "points 2"]:
    """Pixel centres on a grid over the mask, about `count`; the middle pixel of a thin one."""
    step = math.sqrt(mask.sum() / count)
    height, width = mask.shape
    row = np.unique(np.arange(step / 2, height, step).astype(int))
    col = np.unique(np.arange(step / 2, width, step).astype(int))
    row, col = (grid.ravel() for grid in np.meshgrid(row, col, indexing="ij"))
    inside = mask[row, col]
    points = np.stack([col, row], axis=-1)[inside]
    if len(points) == 0:
        every = np.argwhere(mask)[:, ::-1]
        points = every[len(every) // 2 :][:1]
    return points + 0.5


def _direction(axis: str | tuple[Number, Number, Number]) -> Float[np.ndarray, " 3"]:
    if isinstance(axis, str) and axis not in AXES:
        raise OptionError(
            f"axis must be one of {', '.join(AXES)} or a direction; got {axis!r}. Use vertical."
        )
    direction = np.array(AXES[axis] if isinstance(axis, str) else axis, dtype=np.float64)
    length = float(np.linalg.norm(direction))
    if not 0 < length < math.inf:
        raise OptionError(
            f"axis must be a direction with finite numbers, not all 0; got {axis}. Use vertical."
        )
    return direction / length


def _check_object(
    mask: Bool[np.ndarray, "height width"],
    distance: Float[np.ndarray, "depth_height depth_width"],
    count: int,
    pins: int,
) -> None:
    height, width = mask.shape
    check_map_size("distance", distance, (width, height))
    if not mask.any():
        raise ShapeError("mask must mark the object; got an empty one. Paint over the object.")
    on_object = distance[mask]
    if not (np.isfinite(on_object).all() and on_object.min() > 0):
        raise ShapeError(
            "distance must be above 0 and finite on the object; got NaN, infinity, 0 or less. "
            "Make it with distance_map."
        )
    if not 1 <= count <= _MAX_POINTS:
        raise OptionError(f"count must be 1 to {_MAX_POINTS}; got {count}. Use 512.")
    if not 0 <= pins <= _MAX_POINTS:
        raise OptionError(f"pins must be 0 to {_MAX_POINTS}; got {pins}. Use 200.")
