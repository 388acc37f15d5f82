"""Tracks of a region of the picture, along a path, by keys or as a puppet, and pins on the rest."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch

from ...document.schema import Ease
from ...errors import OptionError, ShapeError
from ...motion.concat import concat_tracks
from ...shapes import Bool, Float, Number, UInt8
from ...tracks import Tracks
from ..depth import check_map_size
from ..keys import interpolate_keys
from ..pieces import pieces
from ..pins import pinned_points
from .fill import MAX_REGION_POINTS, Fill, check_region, fill_mask
from .puppet import bend_points, handle_positions

Anchor = Literal["centre", "top", "bottom", "left", "right"]
Pivot = str | tuple[Number, Number]


@dataclass(frozen=True)
class RegionKey:
    """The region's transform at one frame, relative to the picture.

    Args:
        frame: when.
        x, y: shift to the right and down, pixels.
        scale: factor about the pivot. Between keys it changes by a constant factor per frame.
        stretch: factor of the height; the width is divided by it. 0.8 makes the region lower and
            wider.
        rotate: degrees about the pivot, clockwise.
        ease: as for `interpolate_keys`.
    """

    frame: Number
    x: Number = 0.0
    y: Number = 0.0
    scale: Number = 1.0
    stretch: Number = 1.0
    rotate: Number = 0.0
    ease: Ease = "in-out"


@dataclass(frozen=True)
class Keyed:
    """The region moves by keys. Frame 0 is always the picture; a key there is ignored.

    Args:
        keys: in ascending order of frames.
        num_frames: frames of the clip.
        pivot: centre of rotation and scale: a part of the box of the outline, or (x, y) in pixels.
    """

    keys: Sequence[RegionKey]
    num_frames: int
    pivot: Pivot = "centre"


@dataclass(frozen=True)
class Following:
    """The region moves as one point does.

    Args:
        path: tracks of one point. The region is hidden in frames in which this point is hidden.
        orient: whether the region also turns with the path.
        pivot: centre of that rotation, as for `Keyed`.
    """

    path: Tracks
    orient: bool = False
    pivot: Pivot = "centre"


@dataclass(frozen=True)
class Puppet:
    """The region bends with tracks on it: see `bend_points` for the stiffness."""

    handles: Tracks
    stiffness: str = "rigid"


RegionMotion = Keyed | Following | Puppet
Place = Callable[[slice], np.ndarray]  # the points in some frames


def region_tracks(
    mask: Bool[np.ndarray, "height width"],
    motion: RegionMotion,
    *,
    fill: Fill | None = None,
    image: UInt8[np.ndarray, "image_height image_width 3"] | None = None,
    front: Bool[np.ndarray, "front_height front_width"] | None = None,
    pins: int = 0,
) -> Tracks:
    """Fill a region with points and move them.

    Args:
        mask: True on the region; of the frame's size. `polygon_mask` makes one.
        motion: how it moves.
        fill: how to place its points; `Fill()` by default.
        image: RGB of the frame's size, for `Fill.detail`.
        front: True on what is in front of the region; points behind it are hidden.
        pins: about how many still points to spread over the rest of the picture, so that it
            stays where it is. They are hidden where the region covers them.

    Returns:
        float64 tracks on the CPU: first the pins, then the region's points, so that these lie on
            top. A point is visible inside the frame where `front` does not cover it.

    Raises:
        ShapeError: an empty mask, sizes that differ, a path of several points, no handles.
        OptionError: keys that are out of order or not finite, an option out of range.
    """
    height, width = mask.shape
    check_region(mask)
    if not 0 <= pins <= MAX_REGION_POINTS:
        raise OptionError(f"pins must be 0 to {MAX_REGION_POINTS}; got {pins}. Use 200.")
    if front is not None:
        check_map_size("front", front, (width, height))
        mask = mask & ~front
        if not mask.any():
            raise ShapeError(
                "front must leave some of the region visible; got one that covers it. Paint front "
                "only over what is in front of the region."
            )
    points = fill_mask(mask, fill or Fill(), image=image)
    positions, seen = move_region(points, motion, mask)
    tracks = in_frame(positions, seen, (width, height), front=front)
    if pins == 0:
        return tracks
    still = pinned_points(
        mask, pins, lambda samples: move_region(samples, motion, mask), front=front
    )
    return concat_tracks([still, tracks])


def move_region(
    points: Float[np.ndarray, "points 2"],
    motion: RegionMotion,
    mask: Bool[np.ndarray, "height width"],
) -> tuple[Float[np.ndarray, "frames points 2"], Bool[np.ndarray, " frames"]]:
    """Place points of a region in every frame, and tell in which frames the region is visible."""
    if isinstance(motion, Puppet):
        handles = handle_positions(motion.handles)
        positions = bend_points(points, handles, stiffness=motion.stiffness, mask=mask)
        return positions, np.ones(len(positions), bool)
    if isinstance(motion, Keyed):
        place, seen = _by_keys(points, motion, mask), np.ones(motion.num_frames, bool)
    else:
        place, seen = _following(points, motion, mask)
    positions = np.empty((len(seen), *points.shape))
    for piece in pieces(len(seen)):
        positions[piece] = place(piece)
    return positions, seen


def in_frame(
    positions: Float[np.ndarray, "frames points 2"],
    seen: Bool[np.ndarray, " frames"],
    size: tuple[int, int],
    *,
    front: Bool[np.ndarray, "height width"] | None = None,
) -> Tracks:
    """Make tracks that are visible inside the frame where `front` does not cover them."""
    width, height = size
    visible = np.empty(positions.shape[:2], bool)
    for piece in pieces(len(positions)):
        x, y = positions[piece, :, 0], positions[piece, :, 1]
        inside = (x >= 0) & (x <= width) & (y >= 0) & (y <= height) & seen[piece, None]
        if front is not None:
            col = np.clip(x, 0, width - 1).astype(np.int64)
            row = np.clip(y, 0, height - 1).astype(np.int64)
            inside &= ~front[row, col]
        visible[piece] = inside
    return Tracks(torch.from_numpy(positions), torch.from_numpy(visible), size)


def _by_keys(
    points: Float[np.ndarray, "points 2"], motion: Keyed, mask: Bool[np.ndarray, "height width"]
) -> Place:
    rows = [[key.x, key.y, key.scale, key.stretch, key.rotate] for key in motion.keys]
    values = np.array(rows, dtype=np.float64).reshape(-1, 5)
    if (values[:, 2:4] <= 0).any():
        raise OptionError(
            f"scale and stretch must be above 0; got {values[:, 2:4].min():g}. 1 keeps the size."
        )
    values[:, 2:4] = np.log(values[:, 2:4])
    when, eases = [key.frame for key in motion.keys], [key.ease for key in motion.keys]
    values = interpolate_keys(when, values, eases, motion.num_frames)
    values -= values[0].copy()
    pivot = _pivot(motion.pivot, mask)
    own = points - pivot

    def place(frames: slice) -> np.ndarray:
        x, y, scale, stretch, rotate = values[frames].T
        size = np.exp(scale)[:, None, None]
        tall = np.exp(stretch)[:, None]
        now = np.stack([own[:, 0] / tall, own[:, 1] * tall], axis=-1) * size
        return _turned(now, np.radians(rotate)) + pivot + np.stack([x, y], axis=-1)[:, None]

    return place


def _following(
    points: Float[np.ndarray, "points 2"], motion: Following, mask: Bool[np.ndarray, "height width"]
) -> tuple[Place, Bool[np.ndarray, " frames"]]:
    if motion.path.num_points != 1:
        raise ShapeError(
            f"path must be one track; got {motion.path.num_points}. Choose one, or move the "
            "region as a puppet with several handles."
        )
    seen = motion.path.visibility[:, 0].cpu().numpy()
    path = handle_positions(motion.path)[:, 0]
    way = (path - path[0])[:, None]
    if not motion.orient:
        return (lambda frames: points + way[frames]), seen
    pivot, heading = _pivot(motion.pivot, mask), _heading(path)
    own = (points - pivot)[None]
    return (lambda frames: _turned(own, heading[frames]) + pivot + way[frames]), seen


def _heading(path: Float[np.ndarray, "frames 2"]) -> Float[np.ndarray, " frames"]:
    """How far the direction of a path has turned since it set out; a stop keeps it."""
    step = np.diff(path, axis=0)
    # At a corner of the path the mean of the directions before and after it.
    step = np.concatenate([step[:1], step[1:] + step[:-1], step[-1:]])
    moving = np.flatnonzero(np.hypot(*step.T) > 1e-9)
    if len(moving) == 0:
        return np.zeros(len(path))
    angle = np.unwrap(np.arctan2(step[moving, 1], step[moving, 0]))
    last = np.searchsorted(moving, np.arange(len(path)), side="right") - 1
    heading: np.ndarray = angle[last.clip(min=0)] - angle[0]
    return heading


def _turned(
    own: Float[np.ndarray, "some points 2"], angle: Float[np.ndarray, " frames"]
) -> Float[np.ndarray, "frames points 2"]:
    """Clockwise on the screen, where y points down."""
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = own[..., 0], own[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)


def _pivot(pivot: Pivot, mask: Bool[np.ndarray, "height width"]) -> Float[np.ndarray, " 2"]:
    if not isinstance(pivot, str):
        if not all(math.isfinite(part) for part in pivot):
            raise OptionError(f"pivot must be finite; got {pivot}. Use centre.")
        return np.array(pivot, dtype=np.float64)
    if pivot not in get_args(Anchor):
        raise OptionError(
            f"pivot must be one of {', '.join(get_args(Anchor))}, or (x, y); got {pivot!r}. "
            "Use centre."
        )
    row, col = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    left, right, top, bottom = col[0], col[-1] + 1, row[0], row[-1] + 1
    x = {"left": left, "right": right}.get(pivot, (left + right) / 2)
    y = {"top": top, "bottom": bottom}.get(pivot, (top + bottom) / 2)
    return np.array([x, y], dtype=np.float64)
