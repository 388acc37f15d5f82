"""Version 1 of the world: textured blobs over a calm background, 96x64 and 17 frames."""

import numpy as np

from .world_layers import SUPERSAMPLE, Layer, similarity
from .world_textures import Texture, recolour, soften, wave_texture


def make_layers(
    rng: np.random.Generator, height: int, width: int, frames: int, photo: Texture | None
) -> list[Layer]:
    """Background and one to three sprites; `photo` takes the place of most procedural textures."""
    layers = [_background(rng, height, width, frames, photo or wave_texture)]
    for _ in range(int(rng.choice([1, 2, 3], p=[0.45, 0.4, 0.15]))):
        layers.append(_sprite(rng, height, width, frames, photo or wave_texture))
    return layers


def _background(
    rng: np.random.Generator, height: int, width: int, frames: int, photo: Texture
) -> Layer:
    margin = 24
    rows, cols = height + 2 * margin, width + 2 * margin
    maker = photo if rng.random() < 0.8 else wave_texture
    colour = soften(maker(rng, rows * SUPERSAMPLE, cols * SUPERSAMPLE), SUPERSAMPLE * 3.5)
    # Calm: less contrast than the sprites, so that these stand out.
    colour = 0.5 + (colour - 0.5) * np.float32(0.75)
    still = rng.random() < 0.4
    speed = 0.0 if still else rng.uniform(0.2, 0.9)
    heading, turn = rng.uniform(0, 2 * np.pi), rng.uniform(-0.6, 0.6)
    zoom = 0.0 if still else rng.uniform(-0.08, 0.08)
    pivot = (np.array([cols, rows]) * SUPERSAMPLE - 1) / 2
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    matrices = []
    for frame in range(frames):
        matrices.append(similarity(centre, 0.0, (1 + zoom * frame / frames) / SUPERSAMPLE, pivot))
        angle = heading + turn * frame / frames
        centre = centre + speed * np.array([np.cos(angle), np.sin(angle)])
    alpha = np.ones(colour.shape[:2], dtype=np.float32)
    return Layer(colour, alpha, np.stack(matrices))


def _sprite(
    rng: np.random.Generator, height: int, width: int, frames: int, photo: Texture
) -> Layer:
    radius = rng.uniform(11.0, 18.0)
    size = int(np.ceil(radius * 2.6 * SUPERSAMPLE))
    maker = wave_texture if rng.random() < 0.6 else photo
    colour = soften(recolour(rng, maker(rng, size, size)), SUPERSAMPLE * 1.8)
    alpha = _outline(rng, size, radius * SUPERSAMPLE)
    pivot = np.array([(size - 1) / 2, (size - 1) / 2])
    centres = _path(rng, height, width, frames)
    eased = np.linspace(0, 1, frames)
    turn = rng.uniform(-0.8, 0.8) if rng.random() < 0.6 else 0.0
    grow = rng.uniform(-0.2, 0.25) if rng.random() < 0.5 else 0.0
    start = rng.uniform(0, 2 * np.pi)
    matrices = [
        similarity(centres[k], start + turn * eased[k], (1 + grow * eased[k]) / SUPERSAMPLE, pivot)
        for k in range(frames)
    ]
    return Layer(colour, alpha, np.stack(matrices))


def _outline(rng: np.random.Generator, size: int, radius: float) -> np.ndarray:
    """A soft-edged blob: an ellipse whose radius wavers with the angle."""
    y, x = np.mgrid[:size, :size].astype(np.float32) - np.float32((size - 1) / 2)
    angle = np.arctan2(y, x)
    aspect = rng.uniform(0.8, 1.25)
    distance = np.hypot(x / aspect**0.5, y * aspect**0.5)
    edge = 0.88 + sum(
        rng.uniform(0, 0.09) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 4)
    )
    softness = 0.7 * SUPERSAMPLE
    return (1 / (1 + np.exp((distance - radius * edge) / (softness / 2)))).astype(np.float32)


def _path(rng: np.random.Generator, height: int, width: int, frames: int) -> np.ndarray:
    """Sprite centres [frames, 2]: a straight or curved path that mostly stays in view."""
    margin = 10
    low, high = np.array([margin, margin]), np.array([width - margin, height - margin])
    start = rng.uniform(low, high)
    if rng.random() < 0.12:
        return np.repeat(start[None], frames, axis=0)
    # A quadratic Bezier curve of limited length: at most about 2.3 px per frame.
    reach = rng.uniform(12.0, 36.0)
    for _ in range(20):
        heading = rng.uniform(0, 2 * np.pi)
        end = start + reach * np.array([np.cos(heading), np.sin(heading)])
        if ((end >= low - 4) & (end <= high + 4)).all():
            break
    normal = np.array([-(end - start)[1], (end - start)[0]])
    bend = (start + end) / 2 + normal * rng.uniform(-0.45, 0.45)
    t = np.linspace(0, 1, frames)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
