"""Camera poses of another program, and how they fit the start image.

Axes are those of `CameraPath`: right, down, forward. Poses place the camera in space.
"""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import OptionError
from ...formats.checks import refusal, shown
from ...shapes import Float, Number
from ..depth import Lens
from .path import CameraPath

# Of the distance in the middle of the start image: how far a camera of unknown scale travels.
TRAVEL_SHARE = 0.25
MAX_POSES = 100_000
SEE_FORMATS = "See the list of camera formats in the help of Camera Tracks"
_FLIP = np.diag([1.0, -1.0, -1.0])  # right, up, backward <-> right, down, forward


@dataclass(frozen=True, eq=False)
class CameraPoses:
    """Poses in the file's own units.

    Args:
        rotation: columns are the camera's right, down and forward in space.
        position: of the camera in space.
        focal: focal length over the picture's width, and over its height; None: not known.
        axis: from the picture's middle to the principal point, right and down, over the focal
            length; None: the middle.
    """

    rotation: Float[np.ndarray, "poses 3 3"]
    position: Float[np.ndarray, "poses 3"]
    focal: Float[np.ndarray, "poses 2"] | None = None
    axis: Float[np.ndarray, "poses 2"] | None = None


def checked_poses(
    matrices: np.ndarray,
    name: str,
    *,
    focal: np.ndarray | None = None,
    axis: np.ndarray | None = None,
    inverse: bool = False,
    flip: bool = False,
) -> CameraPoses:
    """Check poses from a file.

    Args:
        matrices: [poses, 3 or 4, 4], camera to world.
        name: of the file, for messages.
        focal, axis: as `CameraPoses` has them.
        inverse: they are world to camera.
        flip: the camera's axes are right, up, backward.

    Raises:
        TrackFormatError: a matrix that is no pose, a focal length that is none. Names the pose.
    """
    rotation, shift = matrices[:, :3, :3], matrices[:, :3, 3]
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is no rotation
        size = np.cbrt(np.linalg.det(rotation))
        regular = np.abs(size) > 1e-9
        rotation = rotation / np.where(regular, size, 1.0)[:, None, None]
        off = np.abs(np.swapaxes(rotation, 1, 2) @ rotation - np.eye(3)).max((1, 2))
    wrong = ~regular | ~(off <= 1e-2)
    if wrong.any():
        raise refusal(
            f"{name}[{int(wrong.argmax())}]",
            "be a rotation and a place",
            "a matrix that shears or is flat",
            SEE_FORMATS,
        )
    u, _, v = np.linalg.svd(rotation)
    rotation = u @ v
    if inverse:
        shift = shift / size[:, None]
        rotation = np.swapaxes(rotation, 1, 2)
        shift = -(rotation @ shift[..., None])[..., 0]
    if flip:
        rotation = rotation @ _FLIP
    if focal is not None and not ((focal > 0) & (focal < 1e4)).all():
        raise refusal(name, "have focal lengths above 0", shown(float(focal.min())), SEE_FORMATS)
    if axis is not None and not (np.abs(axis) < 100).all():
        raise refusal(
            name, "have principal points near the picture", shown(float(np.abs(axis).max())),
            SEE_FORMATS,
        )  # fmt: skip
    return CameraPoses(rotation, shift, focal, axis)


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
    zoom, axis = np.ones(len(position)), np.zeros((len(position), 2))
    if poses.focal is not None:
        # The video is cut from the middle of the picture: the larger of the two fills it.
        focal = (poses.focal * [lens.width, lens.height]).max(1)
        zoom = focal / focal[0]
        fov = 2 * math.degrees(math.atan(lens.width / 2 / focal[0]))
        axis = (np.zeros_like(poses.focal) if poses.axis is None else poses.axis) * focal[:, None]
        lens = Lens(lens.width, lens.height, fov, (float(axis[0, 0]), float(axis[0, 1])))
    if scale is None:
        farthest = np.linalg.norm(position, axis=1).max()
        scale = TRAVEL_SHARE * distance / farthest if farthest > 0 else 1.0
    centre = axis + np.array([lens.width / 2, lens.height / 2])
    return _stretched(CameraPath(lens, rotation, position * scale, zoom, centre), num_frames)


def _stretched(path: CameraPath, num_frames: int) -> CameraPath:
    """The same motion in another number of frames; rotations take the shortest way."""
    from scipy.spatial.transform import Rotation, Slerp

    turns = Rotation.from_matrix(path.rotation)
    if path.num_frames == 1:
        turned = np.repeat(turns.as_matrix(), num_frames, axis=0)
        return CameraPath(path.lens, turned, np.zeros((num_frames, 3)), np.ones(num_frames))
    when, wanted = np.arange(path.num_frames), np.linspace(0, path.num_frames - 1, num_frames)
    moved, centre = (
        np.stack([np.interp(wanted, when, part) for part in parts.T], axis=-1)
        for parts in (path.position, path.centres())
    )
    zoom = np.exp(np.interp(wanted, when, np.log(path.zoom)))
    return CameraPath(path.lens, Slerp(when, turns)(wanted).as_matrix(), moved, zoom, centre)
