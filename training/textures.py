"""Textures for the synthetic world from public-domain photographs.

The photographs ship inside the scikit-image wheel. Licences, as its `data/_fetchers.py` states
them: astronaut, hubble_deep_field (NASA) and rocket (SpaceX) are in the public domain; brick,
grass, gravel, camera, chelsea, coffee, moon, retina and cell are CC0.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import skimage

from wanmove_core.bench.world_textures import recolour

PHOTOGRAPHS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "rocket.jpg",
    "retina.jpg",
    "moon.png",
    "camera.png",
    "brick.png",
    "grass.png",
    "gravel.png",
    "cell.png",
)


@cache
def photographs() -> tuple[np.ndarray, ...]:
    """Every photograph as float32 RGB in 0..1, at most 512 px on its longer side."""
    folder = Path(skimage.__file__).parent / "data"
    pictures = []
    for name in PHOTOGRAPHS:
        picture = cv2.cvtColor(cv2.imread(str(folder / name)), cv2.COLOR_BGR2RGB)
        scale = 512 / max(picture.shape[:2])
        if scale < 1:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pictures.append(picture.astype(np.float32) / 255)
    return tuple(pictures)


def photo_texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random crop of a random photograph, [height, width, 3] in 0..1, with altered colours."""
    picture = photographs()[rng.integers(len(PHOTOGRAPHS))]
    rows, cols = picture.shape[:2]
    # How much of the picture the crop spans; the output resolution stays the same.
    span = rng.uniform(0.45, 1.0) * min(rows / height, cols / width)
    crop_h, crop_w = int(span * height), int(span * width)
    top, left = rng.integers(rows - crop_h + 1), rng.integers(cols - crop_w + 1)
    crop = picture[top : top + crop_h, left : left + crop_w]
    crop = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return recolour(rng, crop)
