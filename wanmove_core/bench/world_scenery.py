"""Backgrounds of version 2: a landscape, a floor and a wall, water, or a soft texture."""

import cv2
import numpy as np

from .world_textures import Texture, soften, wave_texture


def make_scenery(
    rng: np.random.Generator, rows: int, cols: int, unit: float, photo: Texture | None
) -> np.ndarray:
    """Draw one background.

    Args:
        rng: of the scene.
        rows, cols: of the picture.
        unit: picture px per 1/128 of the video's height: sizes follow it.
        photo: makes a texture from a photograph, or None.

    Returns:
        float32 [rows, cols, 3] in 0..1, calmer than the objects.
    """
    kind = rng.choice(["hills", "floor", "water", "texture"], p=[0.35, 0.2, 0.15, 0.3])
    if kind == "texture":
        maker = photo if photo is not None and rng.random() < 0.7 else wave_texture
        picture = soften(maker(rng, rows, cols), 3.0 * unit)
    else:
        paint = {"hills": _hills, "floor": _floor, "water": _water}[kind]
        picture = cv2.GaussianBlur(paint(rng, rows, cols, unit), (0, 0), 1.0 * unit)
    mottled = wave_texture(rng, rows, cols) - np.float32(0.5)
    picture = picture + np.float32(0.1) * cv2.GaussianBlur(mottled, (0, 0), 2.0 * unit)
    # Calm: objects stand out, and the latents have room for them.
    return np.clip(0.52 + (picture - 0.52) * np.float32(0.85), 0, 1).astype(np.float32)


def _tint(rng: np.random.Generator, *base: float) -> np.ndarray:
    return (np.array(base) + rng.uniform(-0.1, 0.1, 3)).astype(np.float32)


def _gradient(rows: int, cols: int, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    return np.broadcast_to(top + share * (bottom - top), (rows, cols, 3)).copy()


def _wavy(rng: np.random.Generator, cols: int, level: float, height: float) -> np.ndarray:
    """A wavering horizontal line, y for every column."""
    x = np.linspace(0, 2 * np.pi, cols)
    waves = [rng.uniform(0.3, 1) / k * np.sin(k * x + rng.uniform(0, 2 * np.pi)) for k in (1, 2, 3)]
    return level + height * np.sum(waves, axis=0)


def _hills(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    picture = _gradient(rows, cols, _tint(rng, 0.45, 0.66, 0.86), _tint(rng, 0.86, 0.84, 0.76))
    y = np.arange(rows)[:, None]
    levels = np.sort(rng.uniform(0.42, 0.75, 3)) * rows
    for level, depth in zip(levels, (0.85, 0.7, 0.55), strict=True):
        line = _wavy(rng, cols, level, 9 * unit)
        ground = _tint(rng, 0.42, 0.62, 0.36) * np.float32(depth + 0.25)
        shade = 1 - 0.18 * np.clip((y - line) / (50 * unit), 0, 1)[..., None]
        picture = np.where((y > line)[..., None], ground * shade.astype(np.float32), picture)
    return picture.astype(np.float32)


def _floor(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    wall = _gradient(rows, cols, _tint(rng, 0.72, 0.68, 0.6), _tint(rng, 0.62, 0.6, 0.56))
    light, dark = _tint(rng, 0.7, 0.6, 0.5), _tint(rng, 0.52, 0.44, 0.38)
    side = rng.uniform(20, 32) * unit
    y, x = np.mgrid[:rows, :cols]
    phase = rng.uniform(0, side, 2)
    tiles = ((x + phase[0]) // side + (y + phase[1]) // side) % 2 < 1
    floor = np.where(tiles[..., None], light, dark)
    return np.where((y > rng.uniform(0.35, 0.6) * rows)[..., None], floor, wall).astype(np.float32)


def _water(rng: np.random.Generator, rows: int, cols: int, unit: float) -> np.ndarray:
    picture = _gradient(rows, cols, _tint(rng, 0.5, 0.72, 0.8), _tint(rng, 0.24, 0.42, 0.58))
    y = np.arange(rows)[:, None]
    level = 0.2 * rows
    while level < rows:
        line = _wavy(rng, cols, level, 3.5 * unit)
        crest = np.exp(-(((y - line) / (3.0 * unit)) ** 2))[..., None]
        picture += (0.14 * crest).astype(np.float32)
        level += rng.uniform(14, 24) * unit
    return picture
