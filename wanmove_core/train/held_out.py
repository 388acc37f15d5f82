"""End-point error and sample videos on held-out clips."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..evaluate.metrics import end_point_error, hide_outside
from ..media.video_writer import write_video
from ..shapes import Float, UInt8
from ..tracking.video import track_points
from ..tracks import Tracks
from ..view.draw import draw_tracks
from .cache import Cache
from .recipe import Batch, Velocity, guided, sample_latents


@dataclass(frozen=True)
class Check:
    """How held-out clips are made and measured.

    Args:
        tracks: number of tracks that guide each clip, of those visible in its first frame.
        steps: Euler steps.
        shift: of the noise levels.
        seed: of the noise and of the choice of tracks.
        video_clips: how many sample videos to write.
        guide: False samples without tracks.
    """

    tracks: int = 64
    steps: int = 8
    shift: float = 3.0
    seed: int = 0
    video_clips: int = 2
    guide: bool = True


@torch.no_grad()
def decode_latents(
    vae: Any, latents: Float[Tensor, "clips channels latent_frames rows cols"]
) -> list[UInt8[Tensor, "frames height width 3"]]:
    """Normalised latents to RGB clips, one at a time."""
    mean, std = (
        torch.tensor(values, device=latents.device).view(1, -1, 1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    clips = []
    for latent in latents.split(1):
        video = vae.decode((latent * std + mean).to(vae.dtype), return_dict=False)[0][0]
        pixels = ((video.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        clips.append(pixels.permute(1, 2, 3, 0).contiguous().cpu())
    return clips


def check_held_out(
    predict: Velocity,
    vae: Any,
    cache: Cache,
    clips: list[int],
    *,
    check: Check,
    device: torch.device,
    videos: Path | None = None,
) -> list[float]:
    """End-point error of each clip, px, with the asked tracks as guidance.

    Args:
        predict: the model, on `device`.
        vae: on `device`.
        cache: of the clips.
        clips: their indices.
        check: how.
        device: of the computation.
        videos: folder for the first clips' videos with the asked tracks drawn; None for none.
    """
    errors = []
    for number, index in enumerate(clips):
        sample = cache[index]
        rng = np.random.default_rng([check.seed, index])
        asked = _asked(sample.tracks, rng, check.tracks)
        batch = Batch(
            sample.latent[None],
            guided(sample, asked if check.guide else None, cache.facts),
            [cache.no_prompt.empty],
            sample.image[None],
        ).to(device)
        latent = sample_latents(
            predict,
            batch,
            generator=torch.Generator().manual_seed(check.seed + number),
            steps=check.steps,
            shift=check.shift,
        )
        frames = decode_latents(vae, latent)[0]
        seen = hide_outside(asked, cache.facts.width, cache.facts.height)
        error = end_point_error(seen, track_points(frames, seen.positions[0]))
        errors.append(float(error.distance[error.counted].mean()) if error.counted.any() else 0.0)
        if videos is not None and number < check.video_clips:
            name = cache.facts.clips[index]["name"]
            write_video(videos / f"{name}.mp4", draw_tracks(frames, asked))
    return errors


def _asked(tracks: Tracks, rng: np.random.Generator, count: int) -> Tracks:
    available = torch.nonzero(tracks.visibility[0]).squeeze(1)
    chosen = available[torch.from_numpy(rng.permutation(len(available))[:count])]
    return Tracks(tracks.positions[:, chosen], tracks.visibility[:, chosen])
