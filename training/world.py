"""The synthetic world with textures from photographs, as the small model is trained on it.

python -m training.world --seed 7 --out strip.png
"""

import argparse
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from training.textures import photo_texture
from wanmove_core.bench import world

make_scene = partial(world.make_scene, photo=photo_texture)


def main() -> None:
    """Write strips of some scenes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path("strip.png"))
    args = parser.parse_args()
    rows = [world.strip(make_scene(args.seed + k).frames) for k in range(args.count)]
    cv2.imwrite(str(args.out), np.concatenate(rows)[..., ::-1])


if __name__ == "__main__":
    main()
