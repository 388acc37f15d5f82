"""Encode scenes once: training the DiT then needs neither the renderer nor the VAE.

Also folds the latent statistics into the VAE, so that Wan's standard mean and standard deviation
bring its latents to zero mean and unit variance. Run again for more shards.

    python -m training.make_latents --shards 12
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from torch import Tensor

from training.run_folder import RUNS, load_checkpoint, save_checkpoint
from training.shipped import shipped_state
from training.train_vae import FOLDER as VAE_FOLDER
from training.train_vae import to_video
from training.vae_model import LATENT_NOISE, build_vae, channels_last
from training.world import make_scene
from wanmove_core import LatentGrid, Tracks, project_tracks
from wanmove_core.bench.world import FRAMES, HEIGHT, HELD_OUT_SEED, WIDTH, Scene
from wanmove_core.checkpoints.keymaps import VAE_KEYS
from wanmove_core.start_image.constant_tail import encode_padded

FOLDER = RUNS / "latents"
FOLDED_VAE = VAE_FOLDER / "folded.pt"
SHARD = 128
HELD_OUT = 48
POINTS = 384
GRID = LatentGrid(FRAMES, HEIGHT, WIDTH)
# Scenes of the DiT's training set; the VAE's own lie elsewhere below HELD_OUT_SEED.
FIRST_SEED = 1_000_000


def wan_statistics(vae: AutoencoderKLWan) -> tuple[Tensor, Tensor]:
    """Wan's standard latent mean and standard deviation, [1, 16, 1, 1, 1]."""
    mean, std = torch.tensor(vae.config.latents_mean), torch.tensor(vae.config.latents_std)
    return mean.view(1, -1, 1, 1, 1), std.view(1, -1, 1, 1, 1)


@torch.no_grad()
def fold_statistics(vae: AutoencoderKLWan, mean: Tensor, std: Tensor) -> None:
    """Rescale the latents of a VAE in place, so that Wan's statistics describe them.

    The two 1x1x1 convolutions around the latent absorb the change: pixels stay the same.

    Args:
        vae: whose latent channels have this `mean` and `std`, each [16].
        mean, std: of the latents as they are.
    """
    wan_mean, wan_std = (value.flatten() for value in wan_statistics(vae))
    gain = wan_std / std
    encoder, decoder = vae.quant_conv, vae.post_quant_conv
    encoder.weight[:16] *= gain.view(-1, 1, 1, 1, 1)
    encoder.bias[:16] = (encoder.bias[:16] - mean) * gain + wan_mean
    encoder.bias[16:] = 2 * torch.log(LATENT_NOISE * wan_std)
    decoder.bias += decoder.weight[:, :, 0, 0, 0] @ (mean - wan_mean / gain)
    decoder.weight /= gain.view(1, -1, 1, 1, 1)


def folded_vae() -> AutoencoderKLWan:
    """The trained VAE with its statistics folded; made and saved on the first call.

    Without a checkpoint of train_vae it is the VAE in models/toy.
    """
    vae = build_vae()
    channels_last(vae)
    if state := load_checkpoint(FOLDED_VAE):
        vae.load_state_dict(state)
        return vae.eval()
    trained = load_checkpoint(VAE_FOLDER / "checkpoint.pt")
    if trained is None:
        shipped = shipped_state("wanmove_toy_vae", VAE_KEYS)
        if shipped is None:
            raise SystemExit("No VAE checkpoint; run python -m training.train_vae first.")
        vae.load_state_dict(shipped)
        return vae.eval()
    vae.load_state_dict(trained["ema"]["shadow"])
    clips = np.stack([make_scene(FIRST_SEED - 1 - k).frames for k in range(32)])
    latents = encode(vae.eval(), to_video(clips))
    fold_statistics(vae, latents.mean((0, 2, 3, 4)), latents.std((0, 2, 3, 4)))
    save_checkpoint(FOLDED_VAE, vae.state_dict())
    return vae


@torch.no_grad()
def encode(vae: AutoencoderKLWan, video: Tensor, *, batch: int = 2) -> Tensor:
    """Latent means [B, 16, T', H', W'], not normalised, float32."""
    parts = []
    for part in video.split(batch):
        with torch.autocast("cpu", torch.bfloat16):
            parts.append(vae._encode(part)[:, :16].float())
    return torch.cat(parts)


def candidate_points(scene: Scene, rng: np.random.Generator, count: int) -> np.ndarray:
    """Frame-0 points [count, 2]: half anywhere, half on objects where there are enough."""
    anywhere = rng.uniform([0, 0], [WIDTH - 1, HEIGHT - 1], (count * 6, 2))
    on_object = scene.owner(anywhere) > 0
    objects = anywhere[on_object][: count // 2]
    points = np.concatenate([objects, anywhere[~on_object]])[:count]
    return points[rng.permutation(len(points))]


def guidance_of(scene: Scene, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Cells int8 [POINTS, T', 2] and visible bool [POINTS, T'] of candidate tracks."""
    positions, visibility = scene.tracks(candidate_points(scene, rng, POINTS))
    tracks = Tracks(torch.from_numpy(positions), torch.from_numpy(visibility))
    cells, visible = project_tracks(tracks, GRID)
    return cells.to(torch.int8), visible


def make_shard(vae: AutoencoderKLWan, first_seed: int, count: int) -> dict[str, Tensor]:
    """Normalised latents of `count` scenes, their conditioning latents and candidate tracks."""
    scenes = [make_scene(first_seed + k) for k in range(count)]
    rng = np.random.default_rng([77, first_seed])
    guidance = [guidance_of(scene, rng) for scene in scenes]
    video = to_video(np.stack([scene.frames for scene in scenes]))
    with torch.autocast("cpu", torch.bfloat16):
        given = [encode_padded(vae, part[:, :, :1], FRAMES).float() for part in video.split(2)]
    mean, std = wan_statistics(vae)
    return {
        "latents": ((encode(vae, video) - mean) / std).half(),
        "conditioning": ((torch.cat(given) - mean) / std).half(),
        "cells": torch.stack([cells for cells, _ in guidance]),
        "visible": torch.stack([visible for _, visible in guidance]),
    }


def main() -> None:
    """Write the shards that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=12, help=f"of {SHARD} scenes each")
    parser.add_argument("--part", default="0/1", help="I/N: this process makes every Nth shard")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    args = parser.parse_args()
    torch.set_num_threads(1)
    index, parts = map(int, args.part.split("/"))
    vae = folded_vae()
    if index == 0 and not (args.folder / "held_out.pt").exists():
        save_checkpoint(args.folder / "held_out.pt", make_shard(vae, HELD_OUT_SEED, HELD_OUT))
    for shard in range(index, args.shards, parts):
        path = args.folder / f"shard_{shard:03d}.pt"
        if path.exists():
            continue
        began = time.monotonic()
        save_checkpoint(path, make_shard(vae, FIRST_SEED + shard * SHARD, SHARD))
        print(f"{path.name}: {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
