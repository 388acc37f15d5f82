"""Do boxes move objects? IoU of the small model's objects with the boxes and masks asked for.

A small model is the generator, without a track, and adapters guide it by trajectory maps alone.
Slow adapters are run on the model as it is, in many steps and in four; with the few-step LoRA, slow
and fast ones in four steps. Where an object went is told by following points of its first mask, so
the first row, the true clips, is the best that this ruler can read. Sharpness is the energy of the
Laplacian, scene by scene as a share of that of the first adapter in most steps.

    python -m benchmarks.flashmotion [--scenes 64] [--steps 50 4] [--adapters FILE ...]
    python -m benchmarks.flashmotion --model models/toy_5b
"""

import argparse
import itertools
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from benchmarks.toy_scenes import TOY, decode, encode
from training.dit_model import predictor, sample
from training.vae_model import channels_last, to_video
from training.world import make_scene
from wanmove_core import LatentGrid
from wanmove_core.bench.world import HELD_OUT_SEED, Scene
from wanmove_core.checkpoints.adapter_loading import load_adapter, open_adapter
from wanmove_core.checkpoints.components import Components
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.checkpoints.lora import apply_lora
from wanmove_core.choices import MapShape
from wanmove_core.generation.adapters import attached
from wanmove_core.start_image.conditioning import conditioning_input, known_mask
from wanmove_core.tracking.video import track_points
from wanmove_core.train.attention import use_matrix_attention
from wanmove_core.view.map_objects import CutObject, SegmentedObject, fit_motion
from wanmove_core.view.trajectory_maps import draw_trajectory_maps, map_boxes

_ADAPTER = "_boxes_"  # in the names of their files
_FEW = 4
_BATCH = 16
FIRST_SEED = HELD_OUT_SEED + 20_000  # away from all scenes that anything was chosen by
_LEAST_PIXELS = 60
_POINTS = 24


@dataclass(frozen=True, eq=False)
class BoxScene:
    """A held-out scene and its objects, whose masks are exact.

    Args:
        scene: the true clip.
        objects: masks in every frame.
        given: the conditioning channels that the generator takes, without tracks.
    """

    scene: Scene
    objects: list[SegmentedObject]
    given: Tensor


def objects_of(scene: Scene) -> list[SegmentedObject]:
    """The exact masks of the objects that are seen in frame 0."""
    frames, height, width = scene.frames.shape[:3]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2)
    owner = np.stack([scene.owner(grid.astype(np.float64), f) for f in range(frames)])
    owner = owner.reshape(frames, height, width)
    masks = [owner == layer for layer in range(1, len(scene.layers))]
    return [SegmentedObject(mask) for mask in masks if mask[0].sum() >= _LEAST_PIXELS]


def make_scenes(
    parts: Components, count: int, seeds: Iterable[int] | None = None
) -> list[BoxScene]:
    """The first `count` scenes of these seeds with an object in frame 0.

    They are of 96x64, for TI2V of 192x128: the same number of tokens.
    """
    version: Literal[1, 2] = 1 if parts.family.conditioned else 2
    found: list[BoxScene] = []
    for seed in itertools.count(FIRST_SEED) if seeds is None else seeds:
        if len(found) == count:
            break
        scene = make_scene(seed, version=version)
        objects = objects_of(scene)
        if objects:
            found.append(BoxScene(scene, objects, given_of(parts, scene)))
    return found


def given_of(parts: Components, scene: Scene) -> Tensor:
    """The generator's conditioning channels for a scene's first frame, without tracks."""
    first = to_video(scene.frames[None])[:, :, :1]
    grid = LatentGrid(*scene.frames.shape[:3], parts.family.strides)
    if parts.family.conditioned:
        start = torch.nn.functional.pad(first, (0, 0, 0, 0, 0, len(scene.frames) - 1))
        return conditioning_input(encode(parts.vae, start), known_mask(grid))
    later = grid.latent_frames - 1
    return torch.nn.functional.pad(encode(parts.vae, first), (0, 0, 0, 0, 0, later))


def maps_of(
    vae: Any, given: BoxScene, *, shape: MapShape = "box", frames: int = 0, pixels: int = 0
) -> Tensor:
    """The latent of the scene's maps, late by some frames or to the right by some pixels."""
    height, width = given.scene.frames.shape[1:3]
    maps = draw_trajectory_maps(given.objects, (width, height), shape=shape).numpy()
    order = np.clip(np.arange(len(maps)) - frames, 0, len(maps) - 1)
    return encode(vae, to_video(np.roll(maps[order], pixels, axis=2)[None]))


@torch.no_grad()
def generate(
    parts: Components, scenes: Sequence[BoxScene], maps: Tensor | None, adapter: Any, steps: int
) -> Tensor:
    """Latents of all scenes, from the same noise in every call.

    TI2V's four steps are those of its published loop, with fresh noise.
    """
    model = parts.transformer
    with attached(model, adapter, maps, strength=1.0):
        return sample(
            predictor(model, adapter),
            torch.cat([one.given for one in scenes]),
            generator=torch.Generator().manual_seed(3),
            steps=steps,
            shift=parts.family.shifts[0],
            fresh_noise=not parts.family.conditioned and steps == _FEW,
        )


def overlaps(video: Tensor, given: BoxScene) -> tuple[float, float]:
    """Mean IoU of boxes and of masks, over objects and the frames in which they are seen."""
    rng = np.random.default_rng(7)
    starts = []
    for one in given.objects:
        row, col = np.nonzero(one.masks[0])
        chosen = rng.permutation(len(row))[:_POINTS]
        starts.append(np.stack([col, row], 1)[chosen].astype(np.float32) + 0.5)
    followed = track_points(video, torch.from_numpy(np.concatenate(starts))).positions
    boxes, masks = [], []
    for one, own in zip(given.objects, followed.split([len(s) for s in starts], 1), strict=True):
        # Where they went says more than whether the tracker calls them hidden.
        seen = np.ones(own.shape[:2], dtype=bool)
        motion = fit_motion(own.double().numpy(), seen)
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


@dataclass(frozen=True, eq=False)
class Bench:
    """The scenes, their maps, and the rows that were measured.

    Args:
        parts: model and VAE.
        scenes: held out.
        maps: latents by name: "boxes", late, aside, of another scene.
        level: sharpness of each scene that 1 stands for; filled by the first row.
        rows: figures of each scene, [scenes, 3], by name.
    """

    parts: Any
    scenes: list[BoxScene]
    maps: dict[str, Tensor]
    level: list[float]
    rows: dict[str, np.ndarray]

    def row(self, name: str, videos: Sequence[Tensor]) -> None:
        """Measure a row of the table, and print means with their 95 % intervals."""
        both = list(zip(videos, self.scenes, strict=True))
        found = [overlaps(video, one) for video, one in both]
        sharp = [sharpness(video) for video in videos]
        if not self.level:
            self.level.extend(sharp)
        shares = np.array(sharp) / np.array(self.level)
        self.rows[name] = np.concatenate([np.array(found), shares[:, None]], 1)
        print(f"| {name} | {cells(self.rows[name])} |", flush=True)

    def guided(self, adapter: Any, steps: int, maps: str | None = "boxes") -> list[Tensor]:
        """The videos that an adapter guides; without maps it adds nothing."""
        latents = []
        for first in range(0, len(self.scenes), _BATCH):
            part = slice(first, first + _BATCH)
            given = None if maps is None else self.maps[maps][part]
            with torch.autocast("cpu", torch.bfloat16):
                latents.append(generate(self.parts, self.scenes[part], given, adapter, steps))
        return list(decode(self.parts.vae, torch.cat(latents).float()))

    def difference(self, first: str, second: str) -> None:
        """Print how much the first row is above the second, scene by scene."""
        found = self.rows[first] - self.rows[second]
        print(f"| {first}, minus: {second} | {cells(found)} |", flush=True)


def cells(found: np.ndarray) -> str:
    """Means with their 95 % intervals of [scenes, figures]."""
    mean, error = found.mean(0), 1.96 * found.std(0, ddof=1) / math.sqrt(len(found))
    return " | ".join(f"{m:.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True))


def make_bench(folder: Path, count: int) -> Bench:
    """Make the scenes and their maps."""
    parts = load_components([folder], dtype="fp32", needs=("transformer", "vae"))
    use_matrix_attention(parts.transformer)
    channels_last(parts.vae)
    scenes = make_scenes(parts, count)
    boxes = torch.cat([maps_of(parts.vae, one) for one in scenes])
    late = torch.cat([maps_of(parts.vae, one, frames=4) for one in scenes])
    aside = torch.cat([maps_of(parts.vae, one, pixels=parts.family.multiple[0]) for one in scenes])
    maps = {"boxes": boxes, "boxes one latent frame late": late, "boxes one token aside": aside}
    return Bench(parts, scenes, {**maps, "another scene's boxes": boxes.roll(1, 0)}, [], {})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=TOY, help="folder of the small model")
    parser.add_argument("--scenes", type=int, default=64)
    parser.add_argument("--steps", type=int, nargs="+", default=[50, _FEW])
    parser.add_argument("--adapters", type=Path, nargs="+", help="(the model's)")
    parser.add_argument("--few-steps", type=Path, help="the LoRA of four steps (the model's)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    bench = make_bench(args.model, args.scenes)
    print(f"{args.scenes} held-out scenes, mean and 95 % interval")
    print("| guided by | box IoU | mask IoU | sharpness |\n|---|---|---|---|")
    files = args.adapters or shipped_adapters(args.model)
    adapters = {path.stem.rpartition(_ADAPTER)[2]: path for path in files}
    loaded = {n: load_adapter(p, compute_dtype=torch.float32) for n, p in adapters.items()}
    slow = [n for n, path in adapters.items() if open_adapter(path)[1].stage != "fast"]
    for steps in args.steps:
        for name in slow:
            bench.row(f"{name}, {steps} steps", bench.guided(loaded[name], steps))
        bench.row(f"no boxes, {steps} steps", bench.guided(None, steps, None))
    bench.row("the true clips", [torch.from_numpy(one.scene.frames) for one in bench.scenes])
    few_steps = args.few_steps or next(iter(args.model.glob("*four_steps_lora.safetensors")), None)
    if few_steps is not None:
        apply_lora(bench.parts.transformer, few_steps)
        _four_steps(bench, loaded, slow)
    print(f"{(time.monotonic() - began) / args.scenes / len(bench.rows):.2f} s a scene and row")


def _four_steps(bench: Bench, adapters: dict[str, Any], slow: list[str]) -> None:
    """The distilled generator, with every adapter; then maps that are wrong."""
    for name, adapter in adapters.items():
        bench.row(f"{name}, four distilled", bench.guided(adapter, _FEW))
    bench.row("no boxes, four distilled", bench.guided(None, _FEW, None))
    for name in adapters.keys() - set(slow):
        for own in slow:
            if name.split("_")[0] == own.split("_")[0]:
                bench.difference(f"{name}, four distilled", f"{own}, four distilled")
    last = list(adapters)[-1]
    for wrong in list(bench.maps)[1:]:
        videos = bench.guided(adapters[last], _FEW, wrong)
        bench.row(f"{last}, four distilled, {wrong}", videos)


def shipped_adapters(folder: Path = TOY) -> list[Path]:
    """The adapters of a small model, slow ones first."""
    return sorted(folder.glob(f"*{_ADAPTER}*.safetensors"), key=lambda path: "_fast" in path.stem)


if __name__ == "__main__":
    main()
