"""The poses of a moving camera, from keys in a film crew's words."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from ...document.schema import Ease
from ...errors import OptionError
from ...motion.retime import check_num_frames
from ...shapes import Float, Number
from ..depth import Lens
from ..keys import interpolate_keys

_SHAKE_WAVES = 7
_MOST_SHAKE = 1000.0
_SHAKE_CHANNELS = 6


@dataclass(frozen=True)
class CameraKey:
    """Where the camera is at one frame, relative to its place in the start image.

    Args:
        frame: when.
        pan: degrees that the camera turns right; the picture moves left.
        tilt: degrees that the camera turns up.
        roll: degrees that the camera turns clockwise.
        truck: distance to the right, in units of the distance map.
        pedestal: distance up, in the same units.
        dolly: distance forward, in the same units.
        orbit: degrees that the camera moves around the pivot to the right, facing it.
        zoom: focal length as a multiple of the start's. Between keys it grows by a constant
            factor a frame, so a zoom looks even.
        ease: of the motion to the next key, as for `interpolate_keys`.
    """

    frame: Number
    pan: Number = 0.0
    tilt: Number = 0.0
    roll: Number = 0.0
    truck: Number = 0.0
    pedestal: Number = 0.0
    dolly: Number = 0.0
    orbit: Number = 0.0
    zoom: Number = 1.0
    ease: Ease = "in-out"


CHANNELS = ("pan", "tilt", "roll", "truck", "pedestal", "dolly", "orbit", "zoom")


@dataclass(frozen=True)
class Handheld:
    """The shake of a camera held by hand; it is 0 in the start image.

    Args:
        degrees: root mean square of pan and tilt; roll gets half of it.
        sway: root mean square of truck and pedestal, in units of the distance map; dolly too.
        pace: frequency of the main swing, Hz; smaller and faster swings are added.
        seed: of the shake.

    Raises:
        OptionError: a value that is negative or not finite.
    """

    degrees: Number = 0.4
    sway: Number = 0.0
    pace: Number = 0.8
    seed: int = 0

    def __post_init__(self) -> None:
        values = (self.degrees, self.sway, self.pace, self.seed)
        if not all(0 <= value <= _MOST_SHAKE for value in values[:3]) or self.seed < 0:
            raise OptionError(
                f"handheld values must be 0 to {_MOST_SHAKE:g}, the seed 0 or more; got {values}. "
                "Use 0.4 degrees, sway 0, pace 0.8 and seed 0."
            )


@dataclass(frozen=True, eq=False)
class CameraPath:
    """A camera's pose in every frame. Checked at construction.

    Args:
        lens: in frame 0 at zoom 1.
        rotation: columns are the camera's right, down and forward in space.
        position: of the camera in space.
        zoom: focal length over the lens's.
        centre: (x, y) pixels of the optical axis; in frame 0 the lens's. None: always that.

    Raises:
        OptionError: no frames, numbers that are not finite, a matrix that is not a rotation, zoom
            not above 0.
    """

    lens: Lens
    rotation: Float[np.ndarray, "frames 3 3"]
    position: Float[np.ndarray, "frames 3"]
    zoom: Float[np.ndarray, " frames"]
    centre: Float[np.ndarray, "frames 2"] | None = None

    def __post_init__(self) -> None:
        if len(self.zoom) == 0:
            raise OptionError("The camera must have at least one pose; got none. Add frame 0.")
        flat = [self.rotation.reshape(-1, 9), self.position, self.zoom[:, None], self.centres()]
        wrong = ~np.isfinite(np.concatenate(flat, axis=1)).all(1)
        if wrong.any():
            raise OptionError(
                f"camera pose {int(wrong.argmax())} must be finite; got NaN or infinity. "
                "Leave out that frame, or repeat the one before."
            )
        error = np.abs(np.swapaxes(self.rotation, 1, 2) @ self.rotation - np.eye(3)).max((1, 2))
        wrong = (error > 1e-4) | (np.linalg.det(self.rotation) < 0)
        if wrong.any():
            frame = int(wrong.argmax())
            raise OptionError(
                f"camera pose {frame} must be a rotation; got a matrix that is "
                f"{error[frame]:.2g} away from one or mirrors. Orthonormalise it."
            )
        if (self.zoom <= 0).any():
            raise OptionError(
                f"zoom must be above 0; got {self.zoom.min():g}. 1 keeps the focal length."
            )

    @property
    def num_frames(self) -> int:
        """Frames of the clip."""
        return len(self.zoom)

    def centres(self) -> Float[np.ndarray, "frames 2"]:
        """(x, y) pixels of the optical axis in each frame."""
        if self.centre is not None:
            return self.centre
        return np.broadcast_to(np.array(self.lens.centre), (self.num_frames, 2))

    def has_parallax(self) -> bool:
        """Whether the camera changes its position, so that near points may hide far ones."""
        return bool((self.position != self.position[0]).any())


def camera_path(
    lens: Lens,
    moves: Sequence[Sequence[CameraKey]],
    num_frames: int,
    *,
    pivot: Number = 1.0,
    handheld: Handheld | None = None,
    fps: Number = 16.0,
) -> CameraPath:
    """Turn keys into poses.

    Args:
        lens: of the start image.
        moves: lists of keys that run at the same time: angles and distances add up, zooms multiply.
            Without moves the camera is still.
        num_frames: frames of the clip.
        pivot: distance of the orbit's centre, straight ahead in the start image.
        handheld: shake on top of the moves.
        fps: frames per second; only the shake needs it.

    Raises:
        OptionError: a key that is not finite, keys out of order, zoom not above 0, fps or
            pivot not above 0.

    Source:
        Rotations apply in the order orbit, pan, tilt, roll, each about the camera's own axes after
        the one before. Distances are along the axes of the camera in the start image.
    """
    check_num_frames(num_frames)
    if not (0 < pivot < math.inf and 0 < fps < math.inf):
        raise OptionError(
            f"pivot and fps must be above 0 and finite; got {pivot} and {fps}. Use 1 and 16."
        )
    total = np.zeros((num_frames, len(CHANNELS)))
    for keys in moves:
        total += _channels(keys, num_frames)
    if handheld is not None:
        total[:, :6] += _shake(handheld, num_frames, fps)
    pan, tilt, roll, truck, pedestal, dolly, orbit, log_zoom = total.T
    around = _turn("y", -orbit)
    rotation = around @ _turn("y", pan) @ _turn("x", tilt) @ _turn("z", roll)
    middle = np.array([0.0, 0.0, pivot])
    own = np.stack([truck, -pedestal, dolly], axis=-1) - middle
    position = (around @ own[..., None])[..., 0] + middle
    return CameraPath(lens, rotation, position, np.exp(log_zoom))


def _channels(keys: Sequence[CameraKey], num_frames: int) -> Float[np.ndarray, "frames 8"]:
    """Every channel in every frame; zoom as its logarithm."""
    rows = np.array([astuple(key)[1:-1] for key in keys], dtype=np.float64)
    rows = rows.reshape(len(keys), len(CHANNELS))
    if (rows[:, -1] <= 0).any():
        raise OptionError(f"zoom must be above 0; got {rows[:, -1].min():g}. 1 keeps it.")
    rows[:, -1] = np.log(rows[:, -1])
    when, eases = [key.frame for key in keys], [key.ease for key in keys]
    return interpolate_keys(when, rows, eases, num_frames)


def _turn(axis: str, degrees: Float[np.ndarray, " frames"]) -> Float[np.ndarray, "frames 3 3"]:
    """Rotations about x (right), y (down) or z (forward), positive by the right-hand rule.

    About y that turns the view right, about x up, about z clockwise.
    """
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    out = np.repeat(np.eye(3)[None], len(degrees), axis=0)
    out[:, first, first] = out[:, second, second] = cos
    out[:, first, second], out[:, second, first] = -sin, sin
    return out


def _shake(hand: Handheld, num_frames: int, fps: Number) -> Float[np.ndarray, "frames 6"]:
    """Smooth noise for pan, tilt, roll, truck, pedestal and dolly: waves of random phase.

    Amplitudes fall with frequency, as a hand's do.
    """
    rng = np.random.default_rng(hand.seed)
    octaves = np.linspace(-1.0, 2.5, _SHAKE_WAVES)
    jitter = rng.uniform(-0.25, 0.25, (_SHAKE_CHANNELS, _SHAKE_WAVES))
    phase = rng.uniform(0.0, 2 * math.pi, (_SHAKE_CHANNELS, _SHAKE_WAVES))
    frequency = hand.pace * 2 ** (octaves + jitter)
    amplitude = 2.0 ** -np.abs(octaves)
    amplitude = amplitude * math.sqrt(2 / (amplitude**2).sum())
    time = np.arange(num_frames)[:, None, None] / fps
    waves = (amplitude * np.sin(2 * math.pi * frequency * time + phase)).sum(-1)
    scale = np.array([1.0, 1.0, 0.5, 0.0, 0.0, 0.0]) * hand.degrees
    scale += np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]) * hand.sway
    return (waves - waves[:1]) * scale


def axis_rotation(
    direction: Float[np.ndarray, " 3"], degrees: Float[np.ndarray, " frames"]
) -> Float[np.ndarray, "frames 3 3"]:
    """Rotations about a unit vector, by the right-hand rule.

    Source: Rodrigues' formula.
    """
    x, y, z = direction
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = np.radians(degrees)[:, None, None]
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
