"""A painted picture with a ball to move, for a model without a scene of its own."""

import numpy as np
import torch

from ..shapes import Tensor, UInt8
from ..tracks import Tracks

_BALL = (26.0, 40.0)  # centre, px of a 96x64 picture
_RADIUS = 11.0
_PATH = ((0.0, 0.0), (14.0, -34.0), (34.0, -34.0), (46.0, 2.0))  # a bow, px


def make_scene(
    num_frames: int, *, width: int = 96, height: int = 64
) -> tuple[UInt8[Tensor, "height width 3"], Tracks]:
    """Paint a striped ball in front of hills, and make tracks that throw it along an arc.

    Args:
        num_frames: of the tracks.
        width, height: pixels.

    Returns:
        RGB picture, uint8 [height, width, 3], and tracks in its pixels: some on the ball, the
            others still.
    """
    scale = np.array([width / 96, height / 64])
    picture = _paint(width, height)
    across = np.linspace(-0.6, 0.6, 3) * _RADIUS
    on_ball = np.stack(np.meshgrid(across, across), -1).reshape(-1, 2) + _BALL
    ground = np.array([[8, 8], [48, 8], [88, 8], [88, 36], [8, 60], [48, 60], [88, 60]], float)
    time = np.linspace(0, 1, num_frames)[:, None]
    weights = ((1 - time) ** 3, 3 * time * (1 - time) ** 2, 3 * time**2 * (1 - time), time**3)
    bow = sum(weight * np.array(knot) for weight, knot in zip(weights, _PATH, strict=True))
    moving = on_ball[None] + bow[:, None]
    still = np.broadcast_to(ground, (num_frames, *ground.shape))
    positions = np.concatenate([still, moving], 1) * scale
    return torch.from_numpy(picture), Tracks.from_arrays(positions.astype(np.float32))


def _paint(width: int, height: int) -> np.ndarray:
    """Sky, two rows of hills, meadow, ball: painted at four times the size, then averaged."""
    fine = 4
    y, x = np.mgrid[0 : height * fine, 0 : width * fine]
    x, y = x * 96 / (width * fine), y * 64 / (height * fine)
    picture = _mix((110, 170, 230), (240, 225, 200), y / 44)
    far = 34 + 4 * np.sin(x / 9) + 2 * np.sin(x / 4 + 1)
    near = 44 + 3 * np.sin(x / 13 + 2)
    picture = np.where((y > far)[..., None], _mix((90, 120, 150), (110, 145, 130), y / 64), picture)
    grass = _mix((105, 150, 70), (60, 105, 45), (y - 40) / 24)
    grass = grass * (0.92 + 0.08 * np.sin(x * 1.7) * np.sin(y * 2.3))[..., None]
    picture = np.where((y > near)[..., None], grass, picture)
    dx, dy = x - _BALL[0], y - _BALL[1]
    inside = np.hypot(dx, dy) < _RADIUS
    stripe = np.sin((dx * 0.8 + dy * 0.6) * 0.75) > 0
    ball = np.where(stripe[..., None], (225.0, 60, 50), (250.0, 240, 225))
    light = 1.1 - 0.5 * np.hypot(dx + 4, dy + 4)[..., None] / (2 * _RADIUS)
    picture = np.where(inside[..., None], ball * light, picture)
    averaged = picture.reshape(height, fine, width, fine, 3).mean((1, 3))
    return averaged.clip(0, 255).astype(np.uint8)


def _mix(first: tuple[int, ...], second: tuple[int, ...], share: np.ndarray) -> np.ndarray:
    share = share.clip(0, 1)[..., None]
    return np.array(first, float) * (1 - share) + np.array(second, float) * share
