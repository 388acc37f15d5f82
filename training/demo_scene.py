"""Write models/toy/demo: a held-out start frame and hand-drawn tracks for `wanmove demo`.

The object follows a curve that the world never moved it along; the background is pinned.

    python -m training.demo_scene
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from training.shipped import FOLDER
from training.world import make_scene
from wanmove_core import Tracks
from wanmove_core.bench.world import FRAMES, HEIGHT, HELD_OUT_SEED, WIDTH, Scene
from wanmove_core.formats.write import write_tracks

SEED = HELD_OUT_SEED + 20_073
# Offsets of the object from where it starts, px: knots of the drawn Bezier curve.
CURVE = np.array([[0.0, 0.0], [-6.0, -14.0], [-20.0, -16.0], [-28.0, 4.0]])
# As in training, about half of the tracks speak for the object; they come last, so they lie on top.
_STILL_SPACING, _OBJECT_SPACING = 8.0, 3.0


def drawn_offsets() -> np.ndarray:
    """The cubic Bezier curve through time, [FRAMES, 2] px."""
    t = np.linspace(0, 1, FRAMES)[:, None]
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return sum(weight * knot for weight, knot in zip(weights, CURVE, strict=True))


def _grid(spacing: float) -> np.ndarray:
    """Points [N, 2] on a regular grid over the frame."""
    x, y = np.meshgrid(
        np.arange(spacing / 2, WIDTH, spacing), np.arange(spacing / 2, HEIGHT, spacing)
    )
    return np.stack([x.ravel(), y.ravel()], -1)


def draw(scene: Scene) -> Tracks:
    """Tracks on two grids: those on the object follow the curve, the rest stay."""
    still, moving = (_grid(spacing) for spacing in (_STILL_SPACING, _OBJECT_SPACING))
    still, moving = still[scene.owner(still) == 0], moving[scene.owner(moving) > 0]
    points = np.concatenate([still, moving])
    on_object = np.arange(len(points)) >= len(still)
    offsets = drawn_offsets()
    positions = points + offsets[:, None] * on_object[:, None]
    visible = np.ones(positions.shape[:2], dtype=bool)
    for frame in range(FRAMES):
        # A pinned point is hidden while the object lies over it.
        covered = scene.owner(points - offsets[frame]) > 0
        visible[frame] = np.where(on_object, True, ~covered)
    return Tracks(torch.from_numpy(positions).float(), torch.from_numpy(visible))


def main() -> None:
    """Write picture, tracks and visibility."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, default=FOLDER / "demo")
    args = parser.parse_args()
    scene = make_scene(args.seed)
    args.folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(args.folder / "start.png"), scene.frames[0][..., ::-1])
    for path in write_tracks(draw(scene), args.folder / "curve_tracks.npy"):
        print(path)


if __name__ == "__main__":
    main()
