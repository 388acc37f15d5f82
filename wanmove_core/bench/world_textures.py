"""Procedural textures of the synthetic world: smooth patterns that a small VAE holds."""

from collections.abc import Callable

import cv2
import numpy as np

# (rng, rows, cols) -> float32 [rows, cols, 3] in 0..1.
Texture = Callable[[np.random.Generator, int, int], np.ndarray]

# Of procedural colours: full saturation everywhere is more than the small VAE's latents hold.
_SATURATION = np.float32(0.65)


def wave_texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Smooth blobs and waves of random colours, [height, width, 3] in 0..1."""
    cells = int(rng.integers(3, 5))
    coarse = rng.uniform(0, 1, (cells, max(2, round(cells * width / height)), 3)).astype(np.float32)
    grey = coarse.mean(axis=2, keepdims=True)
    coarse = grey + _SATURATION * (coarse - grey)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def recolour(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Random channel order, contrast, brightness and tint."""
    picture = picture[..., rng.permutation(3)]
    tint = rng.uniform(-0.18, 0.18, 3).astype(np.float32)
    mean = picture.mean(axis=(0, 1), keepdims=True)
    contrast = np.float32(rng.uniform(0.8, 1.3))
    return np.clip((picture - mean) * contrast + np.clip(mean + tint, 0.15, 0.85), 0, 1)


def soften(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur: the small VAE cannot hold fine detail."""
    return cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
