"""Camera poses of another program, and how they fit the start image.

Axes are those of `CameraPath`: right, down, forward. Poses place the camera in space.
"""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import OptionError
from ...shapes import Float, Number
from ..depth import Lens
from .path import CameraPath

# Of the distance in the middle of the start image: how far a camera of unknown scale travels.
TRAVEL_SHARE = 0.25
MAX_POSES = 100_000


@dataclass(frozen=True, eq=False)
class CameraPoses:
    """Poses in the file's own units.

    Args:
        rotation: columns are the camera's right, down and forward in space.
        position: of the camera in space.
        focal: focal length over the picture's width, and over its height; None: not known.
    """

    rotation: Float[np.ndarray, "poses 3 3"]
    position: Float[np.ndarray, "poses 3"]
    focal: Float[np.ndarray, "poses 2"] | None = None


def follow_poses(
    poses: CameraPoses,
    lens: Lens,
    num_frames: int,
    *,
    distance: Number = 1.0,
    scale: Number | None = None,
) -> CameraPath:
    """Make a camera path that begins at the start image and moves as the poses do.

    Args:
        poses: any number; resampled in time to the clip, with the same first and last pose.
        lens: of the start image; its angle is used only if the poses have no focal length.
        num_frames: frames of the clip.
        distance: to the middle of the start image, in units of the distance map.
        scale: units of the distance map in one unit of the poses. None: the camera's farthest
            distance from its start becomes a quarter of `distance`, because solved cameras have no
            scale.

    Raises:
        OptionError: no poses, a scale that is negative or not finite.
    """
    if scale is not None and not 0 <= scale < math.inf:
        raise OptionError(f"scale must be 0 or more and finite; got {scale}. Leave it out.")
    if len(poses.position) == 0:
        raise OptionError("poses must be one or more; got none. Export the camera's frames.")
    # As seen from the first camera.
    back = poses.rotation[0].T
    rotation = back @ poses.rotation
    position = (poses.position - poses.position[0]) @ back.T
    zoom = np.ones(len(position))
    if poses.focal is not None:
        # The video is cut from the middle of the picture: the larger of the two fills it.
        focal = (poses.focal * [lens.width, lens.height]).max(1)
        zoom = focal / focal[0]
        fov = 2 * math.degrees(math.atan(lens.width / 2 / focal[0]))
        lens = Lens(lens.width, lens.height, fov)
    if scale is None:
        farthest = np.linalg.norm(position, axis=1).max()
        scale = TRAVEL_SHARE * distance / farthest if farthest > 0 else 1.0
    return _stretched(lens, rotation, position * scale, zoom, num_frames)


def _stretched(
    lens: Lens,
    rotation: Float[np.ndarray, "poses 3 3"],
    position: Float[np.ndarray, "poses 3"],
    zoom: Float[np.ndarray, " poses"],
    num_frames: int,
) -> CameraPath:
    """The same motion in another number of frames; rotations take the shortest way."""
    from scipy.spatial.transform import Rotation, Slerp

    turns = Rotation.from_matrix(rotation)
    if len(zoom) == 1:
        turned = np.repeat(turns.as_matrix(), num_frames, axis=0)
        return CameraPath(lens, turned, np.zeros((num_frames, 3)), np.ones(num_frames))
    when, wanted = np.arange(len(zoom)), np.linspace(0, len(zoom) - 1, num_frames)
    moved = np.stack([np.interp(wanted, when, part) for part in position.T], axis=-1)
    zoomed = np.exp(np.interp(wanted, when, np.log(zoom)))
    return CameraPath(lens, Slerp(when, turns)(wanted).as_matrix(), moved, zoomed)
