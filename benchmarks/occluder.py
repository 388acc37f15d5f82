"""An object that passes behind a wall just where two clips of a long video meet: does it come back?

    python -m benchmarks.occluder [--scenes 8]

The small model makes 33 frames in two clips. In frame 16, the last of the first clip, the object is
wholly hidden. A plain chain from the last frame has no features of it any more; ours takes those of
the first frame. The object is looked for in the last 9 frames by its true picture (normalised
correlation): the median distance from where its track ends, px, and PSNR within its outline, dB.
"""

import argparse
from dataclasses import replace

import cv2
import numpy as np
import torch

from benchmarks.long_video import CLIP, chain, last_frame_chain, toy_pipeline
from benchmarks.toy_scenes import FIRST_SEED, exact_tracks
from wanmove_core import Tracks
from wanmove_core.bench.world import HEIGHT, WIDTH, make_scene
from wanmove_core.bench.world_layers import Layer, Scene, apply, render
from wanmove_core.generation.settings import GenerationSettings

FRAMES = 2 * CLIP - 1
_LAST = 9
_MARGIN = 2  # px, of the wall beyond the object


def behind_wall(seed: int) -> Scene | None:
    """A scene of the world with one object on a straight way, and a wall across its middle."""
    plain = make_scene(seed, frames=FRAMES)
    if len(plain.layers) < 2:
        return None
    background, thing = plain.layers[:2]
    still = np.repeat(thing.to_frame[:1], FRAMES, axis=0)
    row, col = np.nonzero(thing.alpha > 0.5)
    spread = apply(still[0], np.stack([col, row], axis=1).astype(float))
    middle, half = (spread.max(0) + spread.min(0)) / 2, (spread.max(0) - spread.min(0)) / 2
    if half[0] > 12 or half[1] > 24:
        return None
    begin = np.array([half[0] + 1, HEIGHT / 2])
    end = np.array([WIDTH - 2 - half[0], HEIGHT / 2])
    way = begin + np.linspace(0, 1, FRAMES)[:, None] * (end - begin) - middle
    still[:, :2, 2] += way
    wide = int(2 * half[0]) + 2 * _MARGIN
    place = np.eye(3)
    place[0, 2] = (WIDTH - wide) // 2
    grain = np.random.default_rng([7, seed]).random((HEIGHT, wide, 1), dtype=np.float32)
    stone = np.float32([0.55, 0.5, 0.45]) * (0.8 + 0.2 * cv2.blur(grain, (5, 5))[..., None])
    # A little beyond the picture, where its rim would be soft.
    wall = Layer(stone, np.ones((HEIGHT, wide), np.float32), np.repeat(place[None], FRAMES, axis=0))
    layers = [replace(background, to_frame=background.to_frame[:1].repeat(FRAMES, axis=0))]
    layers += [replace(thing, to_frame=still), wall]
    scene = Scene(render(layers, HEIGHT, WIDTH), tuple(layers))
    hidden = scene.tracks(way_points(scene, 1))[1][CLIP - 1]
    return None if hidden.any() else scene


def way_points(scene: Scene, layer: int, count: int = 80) -> np.ndarray:
    """Points of frame 0 on a layer."""
    points = np.random.default_rng(3).uniform([0, 0], [WIDTH - 1, HEIGHT - 1], (4000, 2))
    return points[scene.owner(points) == layer][:count]


def measure(video: torch.Tensor, scene: Scene) -> tuple[float, float]:
    """Distance of the object from where it should be, and PSNR within its outline."""
    away, square = [], []
    for frame in range(FRAMES - _LAST, FRAMES):
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        points = np.stack([x.ravel(), y.ravel()], axis=1).astype(float)
        inside = (scene.owner(points, frame) == 1).reshape(HEIGHT, WIDTH)
        rows, cols = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        box = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
        true, made = scene.frames[frame], video[frame].numpy()
        mask = np.repeat(inside[box][..., None], 3, axis=2).astype(np.float32)
        scores = cv2.matchTemplate(
            made.astype(np.float32), true[box].astype(np.float32), cv2.TM_CCOEFF_NORMED, mask=mask
        )
        found = np.unravel_index(np.nan_to_num(scores, posinf=-1).argmax(), scores.shape)
        away.append(np.hypot(found[0] - rows[0], found[1] - cols[0]))
        square.append(((made.astype(float) - true)[inside] ** 2).mean())
    return float(np.median(away)), float(10 * np.log10(255**2 / np.mean(square)))


def main() -> None:
    """Print one row a way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("--steps", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(1)
    pipeline = toy_pipeline()
    settings = GenerationSettings(
        (WIDTH, HEIGHT), FRAMES, args.steps, 1.0, 1.0, "euler", resize="stretch", window=CLIP
    )
    ways = {"chain from the last frame": last_frame_chain, "chain, first frame's features": chain}
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    seed, done = FIRST_SEED, 0
    while done < args.scenes:
        scene, seed = behind_wall(seed), seed + 1
        if scene is None:
            continue
        done += 1
        points = np.concatenate([way_points(scene, layer) for layer in (1, 0, 2)])
        tracks: Tracks = exact_tracks(scene, points)
        for name, way in ways.items():
            with torch.autocast("cpu", torch.bfloat16):
                video = way(pipeline, torch.from_numpy(scene.frames[0]), tracks, settings)
            rows[name].append(measure(video, scene))
    print(f"{args.scenes} scenes, {FRAMES} frames in two clips, {args.steps} steps\n")
    print("| way | distance, px | PSNR on the object, dB |\n|---|---|---|")
    for name, values in rows.items():
        table = np.array(values)
        wide = 1.96 * table.std(0, ddof=min(1, len(table) - 1)) / len(table) ** 0.5
        mean = table.mean(0)
        print(f"| {name} | {mean[0]:.1f} ± {wide[0]:.1f} | {mean[1]:.1f} ± {wide[1]:.1f} |")


if __name__ == "__main__":
    main()
