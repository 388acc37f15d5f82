"""Do boxes move objects? IoU of the small model's objects with the boxes and masks asked for.

The small Wan-Move model is the generator, without a track; `wanmove_toy_boxes_resnet` guides it by
trajectory maps alone. Where an object went is told by following points of its first mask, so the
first row, the true clips, is the best that this ruler can read.

    python -m benchmarks.flashmotion [--scenes 64] [--steps 8 4]
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.toy_scenes import TOY, decode, encode
from training.dit_model import predictor, sample
from training.vae_model import channels_last, to_video
from training.world import make_scene
from wanmove_core import LatentGrid
from wanmove_core.bench.world import HELD_OUT_SEED, Scene
from wanmove_core.checkpoints.adapter_loading import load_adapter
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.choices import MapShape
from wanmove_core.generation.adapters import attached
from wanmove_core.start_image.conditioning import conditioning_input, known_mask
from wanmove_core.tracking.video import track_points
from wanmove_core.view.map_objects import CutObject, SegmentedObject, fit_motion
from wanmove_core.view.trajectory_maps import draw_trajectory_maps, map_boxes

ADAPTER = TOY / "wanmove_toy_boxes_resnet.safetensors"
FIRST_SEED = HELD_OUT_SEED + 20_000  # away from all scenes that anything was chosen by
_LEAST_PIXELS = 60
_POINTS = 24
TOKEN_PX = 16


@dataclass(frozen=True, eq=False)
class BoxScene:
    """A held-out scene and its objects, whose masks are exact.

    Args:
        scene: the true clip.
        objects: masks in every frame.
        start: normalised conditioning latent without tracks.
    """

    scene: Scene
    objects: list[SegmentedObject]
    start: Tensor


def objects_of(scene: Scene) -> list[SegmentedObject]:
    """The exact masks of the objects that are seen in frame 0."""
    frames, height, width = scene.frames.shape[:3]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2)
    owner = np.stack([scene.owner(grid.astype(np.float64), f) for f in range(frames)])
    owner = owner.reshape(frames, height, width)
    masks = [owner == layer for layer in range(1, len(scene.layers))]
    return [SegmentedObject(mask) for mask in masks if mask[0].sum() >= _LEAST_PIXELS]


def make_scenes(vae: Any, count: int, first_seed: int = FIRST_SEED) -> list[BoxScene]:
    """The first `count` scenes with an object in frame 0."""
    found: list[BoxScene] = []
    seed = first_seed
    while len(found) < count:
        scene = make_scene(seed)
        seed += 1
        objects = objects_of(scene)
        if objects:
            start = torch.zeros(1, 3, *scene.frames.shape[:3])
            start[:, :, 0] = to_video(scene.frames[None])[:, :, 0]
            found.append(BoxScene(scene, objects, encode(vae, start)))
    return found


def maps_of(
    vae: Any, given: BoxScene, *, shape: MapShape = "box", frames: int = 0, pixels: int = 0
) -> Tensor:
    """The latent of the scene's maps, late by some frames or to the right by some pixels."""
    height, width = given.scene.frames.shape[1:3]
    maps = draw_trajectory_maps(given.objects, (width, height), shape=shape).numpy()
    order = np.maximum(np.arange(len(maps)) - frames, 0)
    return encode(vae, to_video(np.roll(maps[order], pixels, axis=2)[None]))


@torch.no_grad()
def generate(
    model: Any, scenes: Sequence[BoxScene], maps: Tensor | None, adapter: Any, steps: int
) -> Tensor:
    """Latents of all scenes, from the same noise in every call."""
    frames, height, width = scenes[0].scene.frames.shape[:3]
    known = known_mask(LatentGrid(frames, height, width))
    given = torch.cat([conditioning_input(one.start, known) for one in scenes])
    with attached(model, adapter, maps, strength=1.0):
        return sample(
            predictor(model), given, generator=torch.Generator().manual_seed(3), steps=steps
        )


def overlaps(video: Tensor, given: BoxScene) -> tuple[float, float]:
    """Mean IoU of boxes and of masks, over objects and the frames in which they are seen."""
    rng = np.random.default_rng(7)
    boxes, masks = [], []
    for one in given.objects:
        row, col = np.nonzero(one.masks[0])
        chosen = rng.permutation(len(row))[:_POINTS]
        points = torch.from_numpy(np.stack([col, row], 1)[chosen].astype(np.float32) + 0.5)
        followed = track_points(video, points)
        # Where they went says more than whether the tracker calls them hidden.
        seen = np.ones(followed.visibility.shape, dtype=bool)
        motion = fit_motion(followed.positions.double().numpy(), seen)
        moved = CutObject(one.masks[0], motion, np.ones(len(motion), dtype=bool))
        for frame in range(1, len(motion)):
            asked, got = one.mask_at(frame), moved.mask_at(frame)
            if asked is None or got is None:
                continue
            masks.append((asked & got).sum() / (asked | got).sum())
        asked_boxes, got_boxes = map_boxes([one])[1:, 0], map_boxes([moved])[1:, 0]
        boxes += [box_iou(a, b) for a, b in zip(asked_boxes, got_boxes, strict=True) if a[2]]
    return float(np.mean(boxes)), float(np.mean(masks))


def box_iou(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes x, y, width, height."""
    low = np.maximum(first[:2], second[:2])
    high = np.minimum(first[:2] + first[2:], second[:2] + second[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / (float(first[2] * first[3] + second[2] * second[3]) - shared)


def sharpness(video: Tensor) -> float:
    """Energy of the Laplacian of the frames after the first."""
    grey = video[1:].float().mean(-1)
    inner = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return float((4 * inner - around).square().mean())


def line(name: str, videos: Sequence[Tensor], scenes: Sequence[BoxScene]) -> str:
    """A row of the table: means with their 95 % intervals."""
    found = np.array([overlaps(video, one) for video, one in zip(videos, scenes, strict=True)])
    mean, error = found.mean(0), 1.96 * found.std(0) / math.sqrt(len(found))
    sharp = float(np.mean([sharpness(video) for video in videos]))
    cells = " | ".join(f"{m:.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True))
    return f"| {name} | {cells} | {sharp:.0f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=64)
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 4])
    args = parser.parse_args()
    parts = load_components([TOY], dtype="fp32", needs=("transformer", "vae"))
    channels_last(parts.vae)
    adapter = load_adapter(ADAPTER, compute_dtype=torch.float32)
    scenes = make_scenes(parts.vae, args.scenes)
    maps = torch.cat([maps_of(parts.vae, one) for one in scenes])
    late = torch.cat([maps_of(parts.vae, one, frames=4) for one in scenes])
    aside = torch.cat([maps_of(parts.vae, one, pixels=TOKEN_PX) for one in scenes])
    print(f"{len(scenes)} held-out scenes, mean and 95 % interval")
    print("| guided by | box IoU | mask IoU | sharpness |\n|---|---|---|---|")
    truth = [torch.from_numpy(one.scene.frames) for one in scenes]
    print(line("the true clips", truth, scenes))
    for steps in args.steps:
        ways = {"boxes": maps, "no boxes": None, "boxes one latent frame late": late}
        ways |= {"boxes one token aside": aside, "another scene's boxes": maps.roll(1, 0)}
        for name, latent in ways.items():
            videos = decode(parts.vae, generate(parts.transformer, scenes, latent, adapter, steps))
            print(line(f"{name}, {steps} steps", list(videos), scenes), flush=True)


if __name__ == "__main__":
    main()
