"""The synthetic world: clips of known motion with exact point tracks. No data, no network.

The same version and seed give the same scene for good: benchmarks and trained weights rely on it.
A new kind of scene is a new version.
"""

from typing import Literal

import cv2
import numpy as np

from .world_layers import Layer, Scene, apply, render, similarity
from .world_textures import Texture
from .world_v1 import make_layers as _version_1

__all__ = [
    "FRAMES",
    "HEIGHT",
    "HELD_OUT_SEED",
    "WIDTH",
    "Layer",
    "Scene",
    "apply",
    "make_scene",
    "render",
    "similarity",
    "strip",
]

# Of version 1.
HEIGHT, WIDTH, FRAMES = 64, 96, 17
# Scenes from this seed on are never trained on.
HELD_OUT_SEED = 10_000_000


def make_scene(
    seed: int,
    *,
    version: Literal[1] = 1,
    height: int = HEIGHT,
    width: int = WIDTH,
    frames: int = FRAMES,
    photo: Texture | None = None,
) -> Scene:
    """Draw one scene.

    Args:
        seed: any number >= 0; scenes are independent of each other.
        version: 1: textured blobs.
        height, width: px.
        frames: of the clip.
        photo: makes textures from photographs, `(rng, rows, cols) -> [rows, cols, 3]` in 0..1;
            without it all textures are procedural. The two give different scenes.
    """
    del version
    rng = np.random.default_rng([20261, seed])
    layers = _version_1(rng, height, width, frames, photo)
    return Scene(render(layers, height, width), tuple(layers))


def strip(frames: np.ndarray, *, every: int = 4, scale: int = 3) -> np.ndarray:
    """Every `every`-th frame side by side, enlarged, as uint8 [rows, cols, 3]."""
    row = np.concatenate(list(frames[::every]), axis=1)
    return cv2.resize(row, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
