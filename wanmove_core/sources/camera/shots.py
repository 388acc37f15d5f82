"""A shot: a camera's path through a scene, and the points of the scene."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...errors import OptionError, ShapeError
from ...motion.concat import concat_tracks
from ...motion.retime import retime_tracks
from ...shapes import Bool, Float, Number, UInt8
from ...tracks import Tracks
from ..depth import Lens, centre_distance, check_map_size
from ..starts import feature_points, grid_points
from .path import CameraKey, CameraPath, Handheld, camera_path
from .poses import CameraPoses, follow_poses
from .presets import preset_keys
from .scene import camera_tracks, follow_camera


class Shot(NamedTuple):
    """A camera and the scene's distance: a map, or a number for a plane."""

    camera: CameraPath
    distance: "np.ndarray | float"


def plan_shot(
    lens: Lens,
    num_frames: int,
    *,
    moves: Sequence[tuple[str, Number]] = (),
    keys: Sequence[CameraKey] = (),
    distance: Float[np.ndarray, "height width"] | None = None,
    handheld: Handheld | None = None,
    poses: CameraPoses | None = None,
    pose_scale: Number | None = None,
) -> Shot:
    """Make a camera path from named moves, keys, shake or poses.

    Args:
        lens: of the start image.
        num_frames: frames of the clip.
        moves: (name, strength) of `CAMERA_PRESETS`; all run at the same time.
        keys: further keys, on top of the moves.
        distance: from `distance_map`. None is a plane at distance 1.
        handheld: shake on top of all moves.
        poses: camera poses of another program, instead of moves, keys and shake.
        pose_scale: of the poses, as `follow_poses` has it.

    Raises:
        OptionError, ShapeError: as `preset_keys`, `camera_path` and `camera_tracks`.

    Distances of the named moves are shares of the depth in the middle of the picture; orbits turn
    about the point there.
    """
    if distance is not None:
        check_map_size("distance", distance, (lens.width, lens.height))
    pivot = 1.0 if distance is None else centre_distance(distance)
    if poses is not None:
        if keys:
            raise OptionError("poses must come without keys; got both. Leave out one of them.")
        camera = follow_poses(poses, lens, num_frames, distance=pivot, scale=pose_scale)
        return Shot(camera, pivot if distance is None else distance)
    tables = [
        preset_keys(name, num_frames, strength=strength, pivot=pivot) for name, strength in moves
    ]
    if keys:
        tables.append(list(keys))
    camera = camera_path(lens, tables, num_frames, pivot=pivot, handheld=handheld)
    return Shot(camera, pivot if distance is None else distance)


def scene_points(
    lens: Lens,
    count: int,
    *,
    image: UInt8[np.ndarray, "height width 3"] | None = None,
    mask: Bool[np.ndarray, "rows cols"] | None = None,
) -> Float[np.ndarray, "points 2"]:
    """Choose points of a scene.

    Args:
        lens: of the start image; its size counts.
        count: about how many.
        image: RGB: points lie on its corners. None puts them on a grid.
        mask: where they may lie. Leave out objects that move by themselves.

    Raises:
        ShapeError: an image or mask of another size, a mask without room for a point.
        OptionError: a count out of range, an image without corners.
    """
    size = lens.width, lens.height
    if mask is not None:
        check_map_size("mask", mask, size)
        if not mask.any():
            raise ShapeError("mask must leave room for points; got an empty one. Invert it.")
    if image is not None:
        check_map_size("image", image[..., 0], size)
        return feature_points(image, count, mask=mask)
    if mask is None:
        return grid_points(*size, count)
    points = grid_points(*size, min(round(count * mask.size / int(mask.sum())), mask.size))
    points = points[mask[tuple(points.astype(np.int64).T[::-1])]]
    if len(points) == 0:
        points = np.argwhere(mask)[:1, ::-1] + 0.5
    return points


def shoot(
    points: Float[np.ndarray, "points 2"], shot: Shot, *, objects: Tracks | None = None
) -> Tracks:
    """Make the tracks of a shot.

    Args:
        points: of the scene.
        shot: from `plan_shot`.
        objects: tracks of any length, drawn as if the camera stood still; the camera's motion is
            added to them, and they lie on top.

    Raises:
        ShapeError, OptionError: as `camera_tracks`.
    """
    scene = camera_tracks(points, *shot)
    if objects is None:
        return scene
    objects = retime_tracks(objects, shot.camera.num_frames)
    return concat_tracks([scene, follow_camera(objects, *shot)])
