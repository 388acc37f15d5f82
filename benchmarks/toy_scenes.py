"""Held-out scenes of the synthetic world, and the small model, for benchmarks and tests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from training.dit_model import predictor, sample
from training.vae_model import channels_last, to_video, wan_statistics
from training.world import make_scene
from wanmove_core import LatentGrid, Tracks
from wanmove_core.bench.world import HELD_OUT_SEED, Scene
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.checkpoints.lora import apply_lora
from wanmove_core.evaluate.metrics import EndPointError, end_point_error
from wanmove_core.start_image.conditioning import conditioning_input, known_mask
from wanmove_core.tracking.video import track_points

TOY = Path(__file__).parent.parent / "models" / "toy"
FEW_STEPS = TOY / "wanmove_toy_four_steps_lora.safetensors"
# Away from the scenes that train_dit validates on.
FIRST_SEED = HELD_OUT_SEED + 10_000
# Points whose own texture the tracker can follow: on the true clip it errs by less than this.
_TRACKABLE_PX = 0.75
_OBJECT_POINTS, _STILL_POINTS = 16, 8
_EDGE_PX = 3.0


@dataclass(frozen=True, eq=False)
class TestScene:
    """One held-out scene with its request.

    Args:
        scene: the true clip.
        tracks: 1024 exact tracks; the first `measured` are those whose error counts, on
            objects first, then on the background. The rest lie anywhere, in random order.
        measured: how many tracks count.
        on_object: of those, how many lie on objects.
        tracker_error: the tracker's own error on the true clip, over the measured tracks.
        start: the clip of frame 0 and grey, [1, 3, T, H, W] in -1..1.
        latent: its normalised encoding, the conditioning latent without tracks.
    """

    __test__ = False
    scene: Scene
    tracks: Tracks
    measured: int
    on_object: int
    tracker_error: EndPointError
    start: Tensor
    latent: Tensor

    @property
    def frames(self) -> Tensor:
        """The true clip, uint8 [T, H, W, 3]."""
        return torch.from_numpy(self.scene.frames)

    @property
    def grid(self) -> LatentGrid:
        """Of the clip."""
        return LatentGrid(*self.scene.frames.shape[:3])


def first_tracks(tracks: Tracks, count: int) -> Tracks:
    """The first `count` tracks."""
    return Tracks(tracks.positions[:, :count], tracks.visibility[:, :count])


def exact_tracks(scene: Scene, points: np.ndarray) -> Tracks:
    """True tracks of frame-0 points."""
    positions, visibility = scene.tracks(points)
    return Tracks(torch.from_numpy(positions), torch.from_numpy(visibility))


def load_toy(
    dtype: str = "bf16", folder: Path = TOY, *, lora: Path | None = None
) -> tuple[Any, Any]:
    """What the small model's transformer predicts, for `sample`, and its VAE."""
    parts = load_components([folder], dtype=dtype, needs=("transformer", "vae"))
    if lora is not None:
        apply_lora(parts.transformer, lora)
    channels_last(parts.vae)
    return predictor(parts.transformer), parts.vae


def make_test_scenes(
    vae: Any, count: int, *, first_seed: int = FIRST_SEED, version: Literal[1, 2] = 1
) -> list[TestScene]:
    """Scenes with enough trackable points on objects; seeds without are passed over."""
    scenes: list[TestScene] = []
    seed = first_seed
    while len(scenes) < count:
        found = _test_scene(vae, seed, version)
        seed += 1
        if found is not None:
            scenes.append(found)
    return scenes


def _test_scene(vae: Any, seed: int, version: Literal[1, 2]) -> TestScene | None:
    scene = make_scene(seed, version=version)
    height, width = scene.frames.shape[1:3]
    rng = np.random.default_rng([5, seed])
    points = rng.uniform([0, 0], [width - 1, height - 1], (2400, 2))
    owner = scene.owner(points)
    ring = [
        points + _EDGE_PX * np.array([np.cos(angle), np.sin(angle)])
        for angle in np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ]
    inner = np.all([scene.owner(moved) == owner for moved in ring], axis=0)
    objects = points[inner & (owner > 0)][:120]
    still = points[inner & (owner == 0)][:60]
    candidates = np.concatenate([objects, still])
    asked = exact_tracks(scene, candidates)
    got = track_points(torch.from_numpy(scene.frames), asked.positions[0])
    error = end_point_error(asked, got)
    worst = torch.where(error.counted, error.distance, 0.0).amax(0)
    good = (worst < _TRACKABLE_PX) & (error.counted.sum(0) >= 8)
    on_object = good.nonzero().squeeze(1)
    objects = candidates[on_object[on_object < len(objects)][:_OBJECT_POINTS].numpy()]
    still = candidates[on_object[on_object >= len(candidates) - len(still)][:_STILL_POINTS].numpy()]
    if len(objects) < 6 or len(still) < 4:
        return None
    measured = np.concatenate([objects, still])
    anywhere = rng.uniform([0, 0], [width - 1, height - 1], (1024 - len(measured), 2))
    tracks = exact_tracks(scene, np.concatenate([measured, anywhere]))
    mine = first_tracks(tracks, len(measured))
    own = end_point_error(mine, track_points(torch.from_numpy(scene.frames), mine.positions[0]))
    start = torch.zeros(1, 3, *scene.frames.shape[:3])
    start[:, :, 0] = to_video(scene.frames[None])[:, :, 0]
    latent = encode(vae, start)
    return TestScene(scene, tracks, len(measured), len(objects), own, start, latent)


@torch.no_grad()
def encode(vae: Any, video: Tensor) -> Tensor:
    """Normalised latent of [1, 3, T, H, W] in -1..1."""
    mean, std = wan_statistics(vae)
    with torch.autocast("cpu", torch.bfloat16):
        encoded = vae.encode(video).latent_dist.mode()
    return (encoded.float() - mean) / std


@torch.no_grad()
def decode(vae: Any, latents: Tensor) -> Tensor:
    """Clips uint8 [B, T, H, W, 3] of normalised latents."""
    mean, std = wan_statistics(vae)
    clips = []
    for latent in latents.split(4):
        with torch.autocast("cpu", torch.bfloat16):
            video = vae.decode(latent * std + mean, return_dict=False)[0]
        clips.append(((video.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8))
    return torch.cat(clips).permute(0, 2, 3, 4, 1).contiguous()


@torch.no_grad()
def generate(
    model: Any,
    vae: Any,
    guided: list[Tensor],
    *,
    seed: int = 0,
    steps: int = 8,
    unguided: list[Tensor] | None = None,
    motion_scale: float = 1.0,
) -> Tensor:
    """Videos uint8 [B, T, H, W, 3] of conditioning latents, from the same noise in every call."""
    latents = []
    generator = torch.Generator().manual_seed(seed)
    frames, rows, cols = guided[0].shape[2:]
    known = known_mask(LatentGrid(4 * frames - 3, 8 * rows, 8 * cols))
    for first in range(0, len(guided), 16):
        chunk = slice(first, first + 16)
        base = None
        if unguided is not None:
            base = conditioning_input(torch.cat(unguided[chunk]), known)
        with torch.autocast("cpu", torch.bfloat16):
            latents.append(
                sample(
                    model,
                    conditioning_input(torch.cat(guided[chunk]), known),
                    generator=generator,
                    steps=steps,
                    unguided=base,
                    motion_scale=motion_scale,
                )
            )
    return decode(vae, torch.cat(latents))


def measure(videos: Tensor, scenes: list[TestScene]) -> dict[str, list[float]]:
    """Per scene: end-point error on objects and on the background, px, and PSNR, dB."""
    from wanmove_core.evaluate.fidelity import psnr

    out: dict[str, list[float]] = {"object": [], "background": [], "psnr": []}
    for video, test in zip(videos, scenes, strict=True):
        asked = first_tracks(test.tracks, test.measured)
        error = end_point_error(asked, track_points(video, asked.positions[0]))
        for name, part in (
            ("object", slice(0, test.on_object)),
            ("background", slice(test.on_object, None)),
        ):
            counted = error.counted[:, part]
            out[name].append(float(error.distance[:, part][counted].mean()))
        out["psnr"].append(float(psnr(video[1:], test.frames[1:]).mean()))
    return out
