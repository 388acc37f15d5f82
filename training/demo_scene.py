"""Write models/toy/demo: held-out start frames, hand-drawn tracks and a box for `wanmove demo`.

Things follow curves that the world never moved them along, or the camera moves in; what is left
is pinned. The small one (96x64, of version 1 of the world) is what tests and docs take.

    python -m training.demo_scene
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch

from training.shipped import FOLDER
from training.world import make_scene
from wanmove_core import Tracks
from wanmove_core.bench.world import FRAMES, HELD_OUT_SEED, Scene
from wanmove_core.formats.write import write_tracks

SEED = HELD_OUT_SEED + 20_073
Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Drawn:
    """What is drawn on the first frame of a held-out scene.

    Args:
        folder: below models/toy/demo.
        seed, version: of the scene.
        curves: of the objects, farthest first: four knots of a Bezier curve each, px from where
            the object starts. Objects without one are pinned like the background.
        zoom: what the camera magnifies by until the last frame, about `centre`.
        still, moving: px between the pinned points and between those on an object.
    """

    folder: str
    seed: int
    version: Literal[1, 2] = 2
    curves: Sequence[Curve] = ()
    zoom: float = 1.0
    centre: tuple[float, float] = (0.0, 0.0)
    still: float = 12.0
    moving: float = 5.0


# As in training, about half of the tracks speak for the objects; they come last, lying on top.
SMALL = Drawn(
    "", SEED, 1, [((0, 0), (-6, -14), (-20, -16), (-28, 4))], still=8.0, moving=3.0
)  # fmt: skip
SCENES = (
    SMALL,
    Drawn("fish", HELD_OUT_SEED + 30_043, curves=[((0, 0), (-24, 34), (-44, -34), (-70, 8))]),
    Drawn(
        "launch",
        HELD_OUT_SEED + 30_006,
        curves=[((0, 0), (0, -12), (4, -26), (18, -34)), ((0, 0), (14, -12), (30, 6), (42, 42))],
    ),
    Drawn("camera", HELD_OUT_SEED + 30_032, zoom=1.3, centre=(92.0, 72.0), still=8.0),
)
# Chosen by looking at eight scenes with one object.
BOX_SEED = HELD_OUT_SEED + 40_011
BOX_CURVE: Curve = ((0, 0), (9, 7.2), (21, 2.4), (30, -12))


def along(curve: Curve) -> np.ndarray:
    """A cubic Bezier curve through time, [FRAMES, 2] px."""
    t = np.linspace(0, 1, FRAMES)[:, None]
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return sum(weight * np.array(knot) for weight, knot in zip(weights, curve, strict=True))


def _grid(spacing: float, scene: Scene) -> np.ndarray:
    """Points [N, 2] on a regular grid over the frame."""
    height, width = scene.frames.shape[1:3]
    x, y = np.meshgrid(
        np.arange(spacing / 2, width, spacing), np.arange(spacing / 2, height, spacing)
    )
    return np.stack([x.ravel(), y.ravel()], -1)


def draw(scene: Scene, drawn: Drawn = SMALL) -> Tracks:
    """Tracks on grids: those on objects follow their curves; the rest stays, or all is zoomed."""
    fine, coarse = _grid(drawn.moving, scene), _grid(drawn.still, scene)
    objects = sorted(set(scene.owner(fine).tolist()) - {0})[: len(drawn.curves)]
    owner = scene.owner(coarse)
    groups = [coarse[~np.isin(owner, objects)]]
    offsets = [np.zeros((FRAMES, 2))]
    for index, curve in zip(objects, drawn.curves, strict=True):
        groups.append(fine[scene.owner(fine) == index])
        offsets.append(along(curve))
    positions = np.concatenate(
        [points + moved[:, None] for points, moved in zip(groups, offsets, strict=True)], axis=1
    )
    level = np.repeat([0, *objects], [len(points) for points in groups])
    visible = np.ones(positions.shape[:2], dtype=bool)
    for frame in range(FRAMES):
        for index, moved in zip(objects, offsets[1:], strict=True):
            # A point is hidden while an object that lies nearer is over it.
            covered = scene.owner(positions[frame] - moved[frame]) == index
            visible[frame] &= ~(covered & (level < index))
    centre = np.array(drawn.centre)
    zoom = drawn.zoom ** np.linspace(0, 1, FRAMES)[:, None, None]
    positions = centre + (positions - centre) * zoom
    return Tracks(torch.from_numpy(positions).float(), torch.from_numpy(visible))


def draw_box(scene: Scene, curve: Curve) -> dict[str, Any]:
    """A drawing of the editor: the box around the scene's only object, moved along the curve."""
    height, width = scene.frames.shape[1:3]
    points = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2)
    own = points[scene.owner(points.astype(float)) > 0]
    low, high = own.min(0), own.max(0) + 1
    middle = (low + high) / 2
    corners = [low, (high[0], low[1]), high, (low[0], high[1])]
    region = {
        "shape": "region",
        "polygon": [list(map(float, corner - middle)) for corner in corners],
        "offsets": [[0, 0]],
        "keys": [],
    }
    first, leaving, arriving, last = (np.array(knot, float) for knot in curve)
    knots = [
        {"x": x, "y": y, **handle}
        for (x, y), handle in (
            ((middle + first).tolist(), {"out": (leaving - first).tolist()}),
            ((middle + last).tolist(), {"in": (arriving - last).tolist()}),
        )
    ]
    track = {"name": "box", "curve": "bezier", "knots": knots, "spread": region}
    size = {"width": width, "height": height, "fps": 16, "frames": FRAMES}
    return {"version": 1, **size, "tracks": [track]}


def main() -> None:
    """Write pictures, tracks and visibility, and the drawing of the box."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER / "demo")
    args = parser.parse_args()
    for drawn in SCENES:
        scene = make_scene(drawn.seed, version=drawn.version)
        folder = args.folder / drawn.folder
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "start.png"), scene.frames[0][..., ::-1])
        for path in write_tracks(draw(scene, drawn), folder / "curve_tracks.npy"):
            print(path)
    folder = args.folder / "box"
    folder.mkdir(parents=True, exist_ok=True)
    scene = make_scene(BOX_SEED)
    cv2.imwrite(str(folder / "start.png"), scene.frames[0][..., ::-1])
    drawing = json.dumps(draw_box(scene, BOX_CURVE), indent=1)
    (folder / "drawing.json").write_text(drawing + "\n", "utf-8")
    print(folder / "drawing.json")


if __name__ == "__main__":
    main()
