"""The synthetic world: clips of known motion with exact point tracks. No data, no network.

The same version and seed always give the same scene: benchmarks and trained weights rely on it. A
new kind of scene is a new version.
"""

from typing import Literal

import cv2
import numpy as np

from .world_layers import Layer, Scene, apply, render, similarity
from .world_textures import Texture
from .world_v1 import make_layers as _version_1
from .world_v2 import make_layers as _version_2

__all__ = [
    "FRAMES",
    "HEIGHT",
    "HELD_OUT_SEED",
    "SIZES",
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
# (height, width) that each version was made for.
SIZES = {1: (HEIGHT, WIDTH), 2: (128, 192)}
# Scenes from this seed on are never trained on.
HELD_OUT_SEED = 10_000_000


def make_scene(
    seed: int,
    *,
    version: Literal[1, 2] = 1,
    height: int | None = None,
    width: int | None = None,
    frames: int = FRAMES,
    photo: Texture | None = None,
) -> Scene:
    """Draw one scene.

    Args:
        seed: any number >= 0; scenes are independent of each other.
        version: 1: textured blobs; 2: recognisable objects, with a camera and a story.
        height, width: px; None: those that the version was made for (`SIZES`).
        frames: of the clip.
        photo: makes textures from photographs, `(rng, rows, cols) -> [rows, cols, 3]` in 0..1;
            without it all textures are procedural. The two give different scenes.
    """
    rng = np.random.default_rng([20260 + version, seed])
    size = (height or SIZES[version][0], width or SIZES[version][1])
    if version == 1:
        layers, story = _version_1(rng, *size, frames, photo), None
    else:
        layers, story = _version_2(rng, *size, frames, photo)
    return Scene(render(layers, *size, whole=version == 1), tuple(layers), story)


def strip(frames: np.ndarray, *, every: int = 4, scale: int = 3) -> np.ndarray:
    """Every `every`-th frame side by side, enlarged, as uint8 [rows, cols, 3]."""
    row = np.concatenate(list(frames[::every]), axis=1)
    return cv2.resize(row, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
