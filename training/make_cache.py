"""Encode scenes of the synthetic world into a cache for `wanmove train run`.

Tracks are exact: no tracker is needed. Goes on where it stopped; several processes can share the
work, each into a cache of its own.

    python -m training.make_cache training/runs/large --version 2 --scenes 600
"""

import argparse
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.prompts import embed
from training.shipped import FOLDER as SHIPPED
from training.vae_model import channels_last, encode, to_video, wan_statistics
from training.world import make_scene
from wanmove_core.bench.world import FRAMES, HELD_OUT_SEED, SIZES, Scene
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.start_image.constant_tail import encode_padded
from wanmove_core.train.cache import CacheWriter, Facts, Sample

SHARD = 16
POINTS = 384
# Scenes to learn from; those of the VAE lie elsewhere below HELD_OUT_SEED.
FIRST_SEED = 1_000_000


def candidate_points(scene: Scene, rng: np.random.Generator, count: int) -> np.ndarray:
    """Frame-0 points [count, 2]: half anywhere, half on objects where there are enough."""
    height, width = scene.frames.shape[1:3]
    anywhere = rng.uniform([0, 0], [width - 1, height - 1], (count * 6, 2))
    on_object = scene.owner(anywhere) > 0
    objects = anywhere[on_object][: count // 2]
    points = np.concatenate([objects, anywhere[~on_object]])[:count]
    return points[rng.permutation(len(points))]


@torch.no_grad()
def make_sample(vae: Any, scene: Scene, rng: np.random.Generator) -> tuple[str, Sample]:
    """A scene's caption, and the scene as the transformer sees it."""
    video = to_video(scene.frames[None])
    mean, std = wan_statistics(vae)
    latent = encode(vae, video)
    with torch.autocast("cpu", torch.bfloat16):
        start = encode_padded(vae, video[:, :, :1], len(scene.frames)).float()
    positions, visibility = scene.tracks(candidate_points(scene, rng, POINTS))
    caption = ", ".join(scene.story.clauses()) if scene.story else ""
    return caption, Sample(
        ((latent - mean) / std)[0],
        ((start - mean) / std)[0],
        torch.from_numpy(positions),
        torch.from_numpy(visibility),
        embed(caption),
        torch.zeros(0, 1280),
    )


def main() -> None:
    """Write the scenes that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--version", type=int, choices=(1, 2), default=2)
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--held-out", action="store_true", help="scenes that nothing trains on")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="folder with the VAE")
    args = parser.parse_args()
    torch.set_num_threads(1)
    first = HELD_OUT_SEED if args.held_out else args.first_seed
    height, width = SIZES[args.version]
    facts = Facts(width, height, FRAMES, {"world": args.version})
    make = partial(make_scene, version=args.version)
    fill(args.out, args.model, facts=facts, make=make, seeds=range(first, first + args.scenes))


def fill(
    out: Path, model: Path, *, facts: Facts, make: Callable[[int], Scene], seeds: Iterable[int]
) -> None:
    """Write those of the scenes that the cache does not hold yet.

    Args:
        out: folder of the cache.
        model: file or folder with the VAE.
        facts: of the cache, without clips.
        make: draws the scene of a seed.
        seeds: of the scenes; may end when time is over.
    """
    vae = load_components([model], needs=("vae",)).vae
    channels_last(vae)
    writer = CacheWriter(out, facts)
    shard: dict[str, tuple[str, Sample]] = {}
    for seed in seeds:
        name = f"scene_{seed}"
        if name in writer.names:
            continue
        shard[name] = make_sample(vae, make(seed), np.random.default_rng([77, seed]))
        if len(shard) == SHARD:
            writer.add(shard)
            shard = {}
            print(f"{out.name}: {len(writer.names)} scenes", flush=True)
    if shard:
        writer.add(shard)


if __name__ == "__main__":
    main()
