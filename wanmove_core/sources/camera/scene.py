"""Tracks of a still scene, or of moving objects, seen by a moving camera."""

from functools import partial

import numpy as np
import torch

from ...errors import ShapeError
from ...motion.frame import place_in_frame
from ...shapes import Bool, Float, Number, Tensor
from ...tracks import Tracks
from ..depth import check_map_size, sample_distance
from ..depth_buffer import hidden_by_surface, surface_pixels, surface_slopes
from .path import CameraPath

# Nearer than this share of its first distance a point counts as behind the camera.
_NEAR_CLIP = 1e-3
_TOLERANCE = 0.03


def camera_tracks(
    points: Float[np.ndarray, "points 2"],
    camera: CameraPath,
    distance: Float[np.ndarray, "height width"] | Number,
) -> Tracks:
    """Move points of a still scene as the camera's motion makes them move.

    Args:
        points: (x, y) pixels in the start image.
        camera: from `camera_path`, or poses of your own.
        distance: from `distance_map`, of the frame's size; a number is a plane at that distance.

    Returns:
        float64 tracks. A point is visible where it is in front of the camera, inside the frame and
        not covered by a nearer part of the scene; it may become visible again. Behind the camera a
        point keeps its last position. Points that start outside the frame may enter it, but guide
        nothing.

    Raises:
        ShapeError: a distance map of another size, a point that is not finite.
        OptionError: a distance that is not above 0.
    """
    still = np.repeat(points[None].astype(np.float64), camera.num_frames, axis=0)
    return follow_camera(Tracks.from_arrays(still, frame=camera.lens.size), camera, distance)


def follow_camera(
    tracks: Tracks,
    camera: CameraPath,
    distance: Float[np.ndarray, "height width"] | Number,
) -> Tracks:
    """Add a moving camera to tracks that were drawn for a still one.

    Args:
        tracks: in pixels of the start image's camera, as many frames as the camera has poses.
            Each point keeps the distance that it has where it is first visible.
        camera, distance: as for `camera_tracks`.

    Returns:
        float64 tracks on the CPU, also hidden where the given tracks are.

    Raises:
        ShapeError: another number of frames, a distance map of another size.
        OptionError: a distance that is not above 0.
    """
    if tracks.num_frames != camera.num_frames:
        raise ShapeError(
            f"tracks must have the camera's {camera.num_frames} frames; got {tracks.num_frames}. "
            "Use retime_tracks first."
        )
    lens = camera.lens
    tracks = place_in_frame(tracks, lens.size).tracks
    if isinstance(distance, np.ndarray):
        check_map_size("distance", distance, (lens.width, lens.height))
    else:
        distance = np.full((lens.height, lens.width), float(distance))
    _check_distance(distance)
    pixels = tracks.positions.double().cpu().numpy()
    seen = tracks.visibility.cpu().numpy()
    start = pixels[seen.argmax(0), np.arange(tracks.num_points)]
    depth = sample_distance(distance, start)
    space = _to_space(camera, pixels, np.broadcast_to(depth, pixels.shape[:2]))
    projected, before = project_points(camera, space)

    x, y = projected[..., 0], projected[..., 1]
    seen = seen & before & (x >= 0) & (x <= lens.width) & (y >= 0) & (y <= lens.height)
    if camera.has_parallax() and distance.min() < distance.max() and tracks.num_points > 0:
        seen &= ~_covered(camera, distance, projected, start)
    return Tracks(torch.from_numpy(projected[..., :2].copy()), torch.from_numpy(seen), lens.size)


def project_points(
    camera: CameraPath, space: Float[np.ndarray, "frames points 3"]
) -> tuple[Float[np.ndarray, "frames points 3"], Bool[np.ndarray, "frames points"]]:
    """Project points in space into every frame.

    Args:
        camera: of as many frames.
        space: in the units of the camera's position.

    Returns:
        (x, y, distance) in float64, and whether the point is in front of the camera. Behind it a
        point keeps its last x and y (in frame 0: the frame's centre).
    """
    lens = camera.lens
    own = (space - camera.position[:, None]) @ camera.rotation
    z = own[..., 2]
    before = z > _NEAR_CLIP * np.abs(z[:1]).clip(min=1e-9)
    focal = (lens.focal * camera.zoom)[:, None, None]
    pixels = own[..., :2] / np.where(before, z, 1.0)[..., None] * focal + camera.centres()[:, None]
    if not before.all():
        frame = np.where(before, np.arange(len(z))[:, None], -1)
        last = np.maximum.accumulate(frame, axis=0)
        held = np.take_along_axis(pixels, last.clip(min=0)[..., None], axis=0)
        pixels = np.where((last >= 0)[..., None], held, lens.centre)
    return np.concatenate([pixels, z[..., None]], axis=-1), before


def _to_space(
    camera: CameraPath,
    pixels: Float[np.ndarray, "frames points 2"],
    distance: Float[np.ndarray, "frames points"],
) -> Float[np.ndarray, "frames points 3"]:
    """Undo the pose and zoom of frame 0, in which the start image was taken."""
    centre = np.array(camera.lens.centre)
    lifted = camera.lens.lift((pixels - centre) / camera.zoom[0] + centre, distance)
    return lifted @ camera.rotation[0].T + camera.position[0]


def _covered(
    camera: CameraPath,
    distance: Float[np.ndarray, "height width"],
    projected: Float[np.ndarray, "frames points 3"],
    start: Float[np.ndarray, "points 2"],
) -> Bool[np.ndarray, "frames points"]:
    pixels, spacing = surface_pixels(distance.shape)
    space = _to_space(camera, pixels[None], sample_distance(distance, pixels)[None])[0]
    size = (camera.lens.width, camera.lens.height)
    slopes = surface_slopes(distance, pixels, spacing)
    start = np.concatenate([start, surface_slopes(distance, start, spacing)], axis=1)
    return hidden_by_surface(
        projected,
        start,
        partial(project_surface, camera, space),
        slopes,
        size=size,
        spacing=spacing,
        tolerance=_TOLERANCE,
    )


def project_surface(
    camera: CameraPath, space: Float[np.ndarray, "samples 3"], frames: list[int]
) -> Float[Tensor, "some 3 samples"]:
    """Project many points that stand still: float32, by coordinate; for a z-buffer alone."""
    lens = camera.lens
    focal = lens.focal * camera.zoom[frames]
    inverse = np.swapaxes(camera.rotation[frames], 1, 2).copy()
    shift = -(inverse @ camera.position[frames][..., None])[..., 0]
    inverse[:, :2] *= focal[:, None, None]
    shift[:, :2] *= focal[:, None]
    matrix = torch.from_numpy(np.concatenate([inverse, shift[..., None]], -1)).float()
    ones = np.ones((len(space), 1))
    points = torch.from_numpy(np.concatenate([space, ones], axis=1).T.copy()).float()
    out = (matrix.flatten(0, 1) @ points).unflatten(0, (-1, 3))
    z = out[:, 2].clone()
    out[:, :2] /= torch.where(z > 0, z, 1.0)[:, None]
    out[:, :2] += torch.from_numpy(camera.centres()[frames]).float()[..., None]
    return out


def _check_distance(distance: Float[np.ndarray, "height width"]) -> None:
    if not (np.isfinite(distance).all() and distance.min() > 0):
        raise ShapeError(
            "distance must be above 0 and finite; got NaN, infinity, 0 or less. "
            "Make it with distance_map."
        )
