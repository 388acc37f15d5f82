"""The synthetic world: textured sprites over a calm photograph, with exact point tracks.

A scene is a stack of layers, each a picture that moves by a similarity transform per frame.
Because every transform is known, the track of any pixel of frame 0, and whether a nearer layer
hides it, is exact. The same seed gives the same scene.

    python -m training.world --seed 7 --out strip.png
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.textures import photo_texture, recolour, soften, wave_texture

HEIGHT, WIDTH, FRAMES = 64, 96, 17
# Layers are drawn at twice the resolution and averaged down, so that edges are anti-aliased.
SUPERSAMPLE = 2
# Pixel centres are whole numbers, as in OpenCV: output x lies at 2x + 0.5 of the fine picture.
_TO_FINE = np.array([[SUPERSAMPLE, 0, 0.5], [0, SUPERSAMPLE, 0.5], [0, 0, 1]], dtype=np.float64)


@dataclass(frozen=True)
class Layer:
    """One picture and where it is in every frame.

    Args:
        colour: float32 [rows, cols, 3] in 0..1.
        alpha: float32 [rows, cols] in 0..1; above 0.5 the layer owns the pixel.
        to_frame: float64 [frames, 3, 3], picture (x, y, 1) -> output pixel (x, y, 1).
    """

    colour: np.ndarray
    alpha: np.ndarray
    to_frame: np.ndarray

    def covers(self, points: np.ndarray, frame: int) -> np.ndarray:
        """Bool [N]: does this layer own these output pixels [N, 2] in this frame?"""
        local = apply(np.linalg.inv(self.to_frame[frame]), points)
        maps = local.astype(np.float32)[None]
        sampled = cv2.remap(self.alpha, maps, None, cv2.INTER_LINEAR, borderValue=0)
        return sampled[0] > 0.5


@dataclass(frozen=True)
class Scene:
    """A rendered clip with its layers, farthest first.

    Args:
        frames: uint8 [frames, height, width, 3].
        layers: layer 0 is the background and covers everything.
    """

    frames: np.ndarray
    layers: tuple[Layer, ...]

    def owner(self, points: np.ndarray, frame: int = 0) -> np.ndarray:
        """Int [N]: the nearest layer at each point [N, 2]; 0 is the background."""
        owner = np.zeros(len(points), dtype=np.int64)
        for index, layer in enumerate(self.layers[1:], start=1):
            owner[layer.covers(points, frame)] = index
        return owner

    def tracks(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Follow frame-0 points exactly.

        Args:
            points: [N, 2] (x, y) in frame 0.

        Returns:
            positions float32 [frames, N, 2] and visibility bool [frames, N]; hidden where a
            nearer layer covers the point or it has left the frame.
        """
        count, height, width = self.frames.shape[:3]
        owner = self.owner(points)
        positions = np.empty((count, len(points), 2))
        visible = np.empty((count, len(points)), dtype=bool)
        for index, layer in enumerate(self.layers):
            mine = owner == index
            local = apply(np.linalg.inv(layer.to_frame[0]), points[mine])
            for frame in range(count):
                positions[frame, mine] = apply(layer.to_frame[frame], local)
        for frame in range(count):
            x, y = positions[frame].T
            inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
            visible[frame] = inside & (self.owner(positions[frame], frame) <= owner)
        return positions.astype(np.float32), visible


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Transform [N, 2] points by a 3x3 affine matrix."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def similarity(centre: np.ndarray, angle: float, scale: float, pivot: np.ndarray) -> np.ndarray:
    """3x3 matrix that puts the picture point `pivot` at `centre`, turned and scaled."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = centre - linear @ pivot
    return matrix


def make_scene(
    seed: int, *, height: int = HEIGHT, width: int = WIDTH, frames: int = FRAMES
) -> Scene:
    """Draw one scene. Seeds are independent of each other; any seed >= 0 works."""
    rng = np.random.default_rng([20261, seed])
    layers = [_background(rng, height, width, frames)]
    for _ in range(int(rng.choice([1, 2, 3], p=[0.45, 0.4, 0.15]))):
        layers.append(_sprite(rng, height, width, frames))
    return Scene(render(layers, height, width), tuple(layers))


def render(layers: list[Layer], height: int, width: int) -> np.ndarray:
    """Composite the layers to uint8 [frames, height, width, 3]."""
    fine = (width * SUPERSAMPLE, height * SUPERSAMPLE)
    clip = np.empty((len(layers[0].to_frame), height, width, 3), dtype=np.uint8)
    for frame in range(len(clip)):
        canvas = None
        for layer in layers:
            matrix = (_TO_FINE @ layer.to_frame[frame])[:2]
            colour = cv2.warpAffine(
                layer.colour, matrix, fine, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
            if canvas is None:
                canvas = colour
                continue
            alpha = cv2.warpAffine(layer.alpha, matrix, fine, flags=cv2.INTER_LINEAR)[..., None]
            canvas += alpha * (colour - canvas)
        small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
        clip[frame] = np.clip(small * 255 + 0.5, 0, 255).astype(np.uint8)
    return clip


def _background(rng: np.random.Generator, height: int, width: int, frames: int) -> Layer:
    margin = 24
    rows, cols = height + 2 * margin, width + 2 * margin
    maker = photo_texture if rng.random() < 0.8 else wave_texture
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


def _sprite(rng: np.random.Generator, height: int, width: int, frames: int) -> Layer:
    radius = rng.uniform(11.0, 18.0)
    size = int(np.ceil(radius * 2.6 * SUPERSAMPLE))
    maker = wave_texture if rng.random() < 0.6 else photo_texture
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


def strip(frames: np.ndarray, *, every: int = 4, scale: int = 3) -> np.ndarray:
    """Every `every`-th frame side by side, enlarged, as uint8 [rows, cols, 3]."""
    row = np.concatenate(list(frames[::every]), axis=1)
    return cv2.resize(row, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def main() -> None:
    """Write a strip of one scene."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path("strip.png"))
    args = parser.parse_args()
    rows = [strip(make_scene(args.seed + k).frames) for k in range(args.count)]
    cv2.imwrite(str(args.out), np.concatenate(rows)[..., ::-1])


if __name__ == "__main__":
    main()
