"""The synthetic world with textures from photographs, as the small model is trained on it.

python -m training.world --seed 7 --out strip.png
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from training.textures import photo_texture
from wanmove_core.bench import world

make_scene = partial(world.make_scene, photo=photo_texture)


def write_strips(make: Callable[[int], world.Scene], *, scale: int) -> None:
    """Write strips of the scenes that the command line names."""
    parser = argparse.ArgumentParser(description="Write strips of some scenes.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path("strip.png"))
    args = parser.parse_args()
    rows = [world.strip(make(args.seed + k).frames, scale=scale) for k in range(args.count)]
    cv2.imwrite(str(args.out), np.concatenate(rows)[..., ::-1])


if __name__ == "__main__":
    write_strips(make_scene, scale=3)
