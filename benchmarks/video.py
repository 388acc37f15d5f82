"""Point tracking: accuracy on clips with exact tracks, and speed, at 832x480 and 81 frames.

Clips of photographs that move over each other, in pixels as large as a video's: a background
that pans and zooms, two or three objects that travel, turn and grow. The tracks are exact.

    python -m benchmarks.video [--scenes 4 --points 400 --runs 3]
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch

from training.textures import photo_texture
from wanmove_core.bench.world import Layer, Scene, similarity
from wanmove_core.bench.world_textures import recolour, soften
from wanmove_core.media.video import read_frames
from wanmove_core.media.video_writer import write_video
from wanmove_core.sources.starts import feature_points, grid_points
from wanmove_core.tracking.video import track_video
from wanmove_core.tracks import Tracks

WIDTH, HEIGHT, FRAMES, FPS = 832, 480, 81, 16
TARGET_PX, TARGET_F1, TARGET_SPEED = 0.3, 0.9, 5.0


def make_clip(
    seed: int, *, width: int = WIDTH, height: int = HEIGHT, frames: int = FRAMES, noise: float = 2.0
) -> Scene:
    """Draw a clip at video size, with sensor noise of so many grey levels."""
    rng = np.random.default_rng([77, seed])
    layers = [_background(rng, width, height, frames)]
    layers += [_sprite(rng, width, height, frames) for _ in range(int(rng.integers(2, 4)))]
    clip = np.empty((frames, height, width, 3), dtype=np.uint8)
    for frame in range(frames):
        canvas = np.zeros((height, width, 3), np.float32)
        for layer in layers:
            matrix = layer.to_frame[frame][:2]
            colour, alpha = (
                cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR)
                for picture in (layer.colour, layer.alpha)
            )
            canvas += alpha[..., None] * (colour - canvas)
        grain = rng.normal(0, noise, (height, width, 1)).astype(np.float32)
        clip[frame] = np.clip(canvas * 255 + 0.5 + grain, 0, 255)
    return Scene(clip, tuple(layers))


def _background(rng: np.random.Generator, width: int, height: int, frames: int) -> Layer:
    margin = width // 3
    rows, cols = height + 2 * margin, width + 2 * margin
    colour = soften(photo_texture(rng, rows, cols), 1.0)
    step = rng.uniform(0.0, 0.7 * margin / frames)
    heading, zoom = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.15)
    pivot, middle = np.array([cols, rows]) / 2, np.array([width, height]) / 2
    matrices = [
        similarity(
            middle + step * k * np.array([np.cos(heading), np.sin(heading)]),
            0.0,
            1 + zoom * k / frames,
            pivot,
        )
        for k in range(frames)
    ]
    return Layer(colour, np.ones(colour.shape[:2], np.float32), np.stack(matrices))


def _sprite(rng: np.random.Generator, width: int, height: int, frames: int) -> Layer:
    radius = rng.uniform(0.1, 0.2) * height
    size = int(2.2 * radius)
    colour = soften(recolour(rng, photo_texture(rng, size, size)), 1.0)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    waver = 1 + 0.1 * np.cos(3 * np.arctan2(y, x) + rng.uniform(0, 6))
    alpha = (1 / (1 + np.exp((np.hypot(x, y) - 0.95 * radius * waver) / 0.6))).astype(np.float32)
    low, high = np.array([radius, radius]), np.array([width, height]) - radius
    start, end = rng.uniform(low, high), rng.uniform(low, high)
    bend = (start + end) / 2 + rng.uniform(-0.3, 0.3) * (end - start)[::-1] * [1, -1]
    turn, grow = rng.uniform(-0.8, 0.8), rng.uniform(-0.2, 0.3)
    pivot = np.array([(size - 1) / 2] * 2)
    matrices = []
    for t in np.linspace(0, 1, frames):
        centre = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        matrices.append(similarity(centre, turn * t, 1 + grow * t, pivot))
    return Layer(colour, alpha, np.stack(matrices))


def exact(scene: Scene, points: np.ndarray) -> Tracks:
    """True tracks; a point's whole numbers are the corners of pixels, as in `Tracks`."""
    positions, visibility = scene.tracks(points - 0.5)
    return Tracks(torch.from_numpy(positions + 0.5), torch.from_numpy(visibility))


def figures(asked: Tracks, got: Tracks) -> dict[str, float]:
    """Median and mean error where truly visible, and scores of the visibility."""
    true, said = asked.visibility[1:], got.visibility[1:]
    distance = (asked.positions - got.positions).norm(dim=-1)[1:]
    return {
        "median px": float(distance[true].median()),
        "mean px": float(distance[true].mean()),
        "95 % px": float(distance[true].quantile(0.95)),
        "F1 visible": _f1(true, said),
        "F1 hidden": _f1(~true, ~said),
        "accuracy": float((true == said).float().mean()),
    }


def _f1(true: torch.Tensor, said: torch.Tensor) -> float:
    return float(2 * (true & said).sum() / (true.sum() + said.sum()).clamp(min=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--points", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="cores for OpenCV (default 2)")
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    print(f"{FRAMES} frames {WIDTH}x{HEIGHT}, about {options.points} points")
    rows = []
    for seed in range(options.scenes):
        scene = make_clip(seed)
        for name, points in (
            ("grid", grid_points(WIDTH, HEIGHT, options.points)),
            ("features", feature_points(scene.frames[0], options.points)),
        ):
            found = figures(exact(scene, points), track_video(scene.frames, points))
            rows.append(found)
            print(f"  scene {seed} {name:9}" + "".join(f"  {k} {v:.3f}" for k, v in found.items()))
    middle = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    print("  mean            " + "".join(f"  {k} {v:.3f}" for k, v in middle.items()))
    print(f"  target: median below {TARGET_PX} px, F1 of visible at least {TARGET_F1}")
    measure_speed(scene, points, options.runs)


def measure_speed(scene: Scene, points: np.ndarray, runs: int) -> None:
    """Time decoding and tracking of an H.264 file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_video(path, torch.from_numpy(scene.frames), fps=FPS)
        for name, work in (
            ("decoding alone", lambda: sum(1 for _ in read_frames(path))),
            ("decoding and tracking", lambda: track_video(read_frames(path), points)),
        ):
            times, spent = [], []
            for _ in range(runs):
                wall, cpu = time.perf_counter(), time.process_time()
                work()
                times.append(time.perf_counter() - wall)
                spent.append(time.process_time() - cpu)
            fps = FRAMES / min(times)
            print(
                f"  {name:22} {fps:5.0f} frames/s, {fps / FPS:4.1f} times real time at {FPS} fps "
                f"(target {TARGET_SPEED:.0f}); {1000 * min(spent) / FRAMES:.1f} ms CPU a frame"
            )


if __name__ == "__main__":
    main()
