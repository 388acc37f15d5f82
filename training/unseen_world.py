"""A world that no shipped weights have seen: graphic patterns, turning, swinging and bouncing.

Versions 1 and 2 (`wanmove_core/bench/world*.py`) are soft or drawn, and move along open curves over
a picture that stands, pans or zooms. Here whole pictures turn, rock, shear or spiral, and objects
orbit, swing, bounce and wind inwards, all with flat patterns of few colours. Only
`benchmarks.train_proof` trains on it. Lengths are in 1/128 of the height; objects go about 40 of
them, since the tracker loses what is much faster.

    python -m training.unseen_world --seed 7 --out strip.png
"""

from collections.abc import Callable

import cv2
import numpy as np

from training.world import write_strips
from wanmove_core.bench.world import FRAMES, Layer, Scene, render, similarity
from wanmove_core.bench.world_layers import SUPERSAMPLE
from wanmove_core.bench.world_textures import soften

# (height, width).
SIZE = (128, 192)
_LETTERS = "ABCDEFGHKMNPRSTUVWXYZ23456789"
_COLOURS = 4


def make_scene(
    seed: int, *, height: int = SIZE[0], width: int = SIZE[1], frames: int = FRAMES
) -> Scene:
    """Draw one scene; the same seed always gives the same."""
    rng = np.random.default_rng([20290, seed])
    camera = _camera(rng, height, width, frames)
    layers = [_background(rng, height, width, frames)]
    layers += [_thing(rng, height, width, frames) for _ in range(rng.integers(1, 3))]
    moved = [Layer(one.colour, one.alpha, camera @ one.to_frame) for one in layers]
    return Scene(render(moved, height, width), tuple(moved))


def _pattern(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    """A picture [rows, cols, 3] in 0..1 of a few flat colours; `unit`: px per unit of length."""
    kind = rng.choice(list(PATTERNS))
    numbers = PATTERNS[kind](rng, rows, cols, unit)
    return soften(_palette(rng)[numbers], 2.2 * unit)


def _palette(rng: np.random.Generator) -> np.ndarray:
    """Colours of clearly different brightness, [colours, 3]."""
    grey = np.linspace(0.2, 0.85, _COLOURS)[:, None]
    tint = rng.uniform(-0.22, 0.22, (_COLOURS, 3))
    tint -= tint.mean(1, keepdims=True)
    return rng.permutation(np.clip(grey + tint, 0.05, 0.95)).astype(np.float32)


def _turned(rng: np.random.Generator, rows: int, cols: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along two square axes that lie at a random angle."""
    y, x = np.mgrid[:rows, :cols].astype(np.float32)
    angle = rng.uniform(0, np.pi / 2)
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def _checks(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    side = rng.uniform(18, 28) * unit
    along, across = (np.floor(axis / side).astype(int) for axis in _turned(rng, rows, cols))
    number = rng.integers(0, _COLOURS, (64, 64))
    return number[along % 64, across % 64]


def _hatching(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    """Two families of parallel bars of uneven width that cross."""
    along, across = _turned(rng, rows, cols)
    total = np.zeros((rows, cols), dtype=int)
    for axis in (along, across):
        edges = np.cumsum(rng.uniform(12, 26, 256)) * unit + axis.min()
        total += np.searchsorted(edges, axis.ravel()).reshape(axis.shape) % 2
    return total


def _rings(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    """Rings about a point, each cut into pieces of its own."""
    centre = rng.uniform(0.2, 0.8, 2) * (cols, rows)
    y, x = np.mgrid[:rows, :cols]
    ring = np.hypot(x - centre[0], y - centre[1]) / (rng.uniform(15, 22) * unit)
    angle = np.arctan2(y - centre[1], x - centre[0]) / (2 * np.pi) + 0.5
    number = ring.astype(int)
    piece = (angle * (3 + 4 * number)).astype(int)
    return rng.integers(0, _COLOURS, (64, 256))[number % 64, piece % 256]


def _letters(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    number = np.zeros((rows, cols), dtype=np.uint8)
    step = rng.uniform(38, 48) * unit
    for top in np.arange(0.0, rows, step):
        for left in np.arange(0.0, cols, step):
            letter = str(rng.choice(list(_LETTERS)))
            place = (int(left + 0.15 * step), int(top + 0.85 * step))
            colour = int(rng.integers(1, _COLOURS))
            size = step / 28
            cv2.putText(
                number, letter, place, cv2.FONT_HERSHEY_DUPLEX, size, colour, round(8 * unit)
            )
    return number


def _noise(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    grey = cv2.GaussianBlur(rng.normal(size=(rows, cols)), (0, 0), 9 * unit)
    edges = np.quantile(grey, np.arange(1, _COLOURS) / _COLOURS)
    return np.searchsorted(edges, grey.ravel()).reshape(grey.shape)


PATTERNS: dict[str, Callable[[np.random.Generator, int, int, float], np.ndarray]] = {
    "checks": _checks,
    "hatching": _hatching,
    "rings": _rings,
    "letters": _letters,
    "noise": _noise,
}


def _camera(rng: np.random.Generator, height: int, width: int, frames: int) -> np.ndarray:
    """What happens to the whole picture, [frames, 3, 3]."""
    share = np.linspace(0, 1, frames)
    about = np.array([width, height]) * rng.uniform(0.3, 0.7, 2)
    sign = rng.choice([-1, 1])
    angle, scale, slant = np.zeros(frames), np.ones(frames), np.zeros(frames)
    kind = rng.choice(["stands", "turns", "spirals", "rocks", "shears"])
    wave = np.sin(2 * np.pi * rng.uniform(0.5, 0.9) * share)
    if kind == "turns":
        angle = sign * rng.uniform(0.25, 0.5) * share
    elif kind == "spirals":
        angle = sign * rng.uniform(0.2, 0.4) * share
        scale = np.exp(np.log(rng.uniform(0.85, 1.2)) * share)
    elif kind == "rocks":
        angle = sign * rng.uniform(0.15, 0.3) * wave
    elif kind == "shears":
        slant = sign * rng.uniform(0.2, 0.4) * wave
    matrices = []
    for a, s, k in zip(angle, scale, slant, strict=True):
        shear = np.array([[1, k, -k * about[1]], [0, 1, 0], [0, 0, 1]])
        matrices.append(similarity(about, a, s, about) @ shear)
    return np.stack(matrices)


def _orbit(rng: np.random.Generator, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    radius = rng.uniform(11, 24)
    phase = rng.uniform(0, 2 * np.pi) + rng.choice([-1, 1]) * 38 / radius * share
    return radius * np.stack([np.cos(phase), np.sin(phase)], -1), 0.3 * (phase - phase[0])


def _swing(rng: np.random.Generator, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    length, reach = rng.uniform(40, 80), rng.uniform(12, 18)
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * rng.uniform(0.4, 0.7) * share
    angle = reach / length * np.cos(phase)
    return length * np.stack([np.sin(angle), np.cos(angle) - 1], -1), -angle


def _bounce(rng: np.random.Generator, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, speed = rng.uniform(8, 14), rng.uniform(15, 32) * rng.choice([-1, 1])
    # Parabolas one after the other, from anywhere in the first.
    beat = (rng.uniform(0, 1) + rng.uniform(0.8, 1.2) * share) % 1.0
    y = -height * 4 * beat * (1 - beat)
    return np.stack([speed * (share - 0.5), y], -1), speed / 30 * share


def _spiral(rng: np.random.Generator, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    radius = rng.uniform(18, 28) * (1 - 0.75 * share)
    phase = rng.uniform(0, 2 * np.pi) + rng.choice([-1, 1]) * rng.uniform(1.6, 2.4) * share
    return radius[:, None] * np.stack([np.cos(phase), np.sin(phase)], -1), 0.3 * (phase - phase[0])


MOTIONS = (_orbit, _swing, _bounce, _spiral)


def _background(rng: np.random.Generator, height: int, width: int, frames: int) -> Layer:
    margin = round(0.6 * height)
    rows, cols = (SUPERSAMPLE * (side + 2 * margin) for side in (height, width))
    unit = SUPERSAMPLE * height / 128
    picture = soften(_pattern(rng, rows, cols, unit), 2.0 * unit)
    # Calm: things stand out, and the latents have room for them.
    picture = 0.5 + np.float32(0.6) * (picture - 0.5)
    pivot = (np.array([cols, rows]) - 1) / 2
    middle = (np.array([width, height]) - 1) / 2
    place = similarity(middle, 0.0, 1 / SUPERSAMPLE, pivot)
    return Layer(picture, np.ones((rows, cols), np.float32), np.repeat(place[None], frames, 0))


def _thing(rng: np.random.Generator, height: int, width: int, frames: int) -> Layer:
    unit = height / 128
    radius = rng.uniform(18, 28) * unit
    fine = radius * SUPERSAMPLE
    size = int(2.4 * fine)
    picture = _pattern(rng, size, size, SUPERSAMPLE * unit)
    offset = np.mgrid[:size, :size][::-1] - (size - 1) / 2
    sides = int(rng.choice([3, 4, 6, 64]))
    angle = np.arctan2(offset[1], offset[0]) % (2 * np.pi / sides) - np.pi / sides
    depth = np.hypot(*offset) * np.cos(angle) / np.cos(np.pi / sides) ** 0.5
    inside = (1 / (1 + np.exp((depth - fine) / SUPERSAMPLE * 2))).astype(np.float32)
    rim = (depth > 0.84 * fine)[..., None]
    picture = np.where(rim, np.float32(rng.choice([0.18, 0.86])), picture)
    picture = soften(picture, 1.2 * SUPERSAMPLE * unit)
    way, turn = MOTIONS[rng.integers(len(MOTIONS))](rng, np.linspace(0, 1, frames))
    centres = rng.uniform(0.25, 0.75, 2) * (width, height) + unit * way
    pivot = np.full(2, (size - 1) / 2)
    start = rng.uniform(0, 2 * np.pi)
    return Layer(
        picture,
        inside,
        np.stack(
            [
                similarity(centre, start + t, 1 / SUPERSAMPLE, pivot)
                for centre, t in zip(centres, turn, strict=True)
            ]
        ),
    )


if __name__ == "__main__":
    write_strips(make_scene, scale=2)
