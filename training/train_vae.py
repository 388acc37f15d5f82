"""Train the VAE, or its decoder alone, on the synthetic world.

    python -m training.train_vae --minutes 60 --out training/runs/vae
    python -m training.train_vae --minutes 20 --decoder --start FILE --out training/runs/decoder
    python -m training.train_vae --family ti2v --fresh --minutes 40 --out training/runs/vae_2_2

The same command goes on; under torchrun several processes train together. With --decoder the
encoder, and with it every cached latent, stays as it is.
"""

import argparse
import logging
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKLWan
from safetensors.torch import save_file
from torch import Tensor

from training.shipped import FOLDER as SHIPPED
from training.shipped import state_of
from training.vae_model import (
    BASE_DIM,
    LATENT_NOISE,
    build_vae,
    channels_last,
    encode,
    fold_statistics,
    initialise,
    reconstruct,
    to_video,
    vae_keys,
)
from training.world import make_scene
from wanmove_core.bench.world import FRAMES, HELD_OUT_SEED, SIZES, strip
from wanmove_core.family import WAN21_I2V, WAN22_TI2V, ModelFamily
from wanmove_core.train.loop import Loop
from wanmove_core.train.plan import Plan
from wanmove_core.train.player import Draw, Player

# Learning rates from nothing, and from trained weights.
FRESH_RATE, FINE_RATE = 1e-3, 5e-4
# Scenes that the VAE learns from; the transformer's lie between them and HELD_OUT_SEED.
_SCENES = 1_000_000


@dataclass(frozen=True)
class Stage:
    """What a batch looks like up to this share of the training time."""

    until: float
    batch: int
    frames: int
    side: int


# Without whole clips at the end, late frames drift: 19 dB in the last at 24 dB on average.
FRESH = (Stage(0.10, 6, 1, 48), Stage(0.40, 1, 9, 48), Stage(2.0, 1, FRAMES, 48))
FINE = (Stage(2.0, 1, FRAMES, 64),)
# The decoder's width at full resolution, which Wan 2.2 alone tells apart from the encoder's.
DECODER_DIM = 16


FAMILIES = {"i2v": WAN21_I2V, "ti2v": WAN22_TI2V}


def _build(family: ModelFamily) -> AutoencoderKLWan:
    return build_vae(family, base_dim=BASE_DIM, decoder_base_dim=DECODER_DIM)


def stages_of(family: ModelFamily, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The same number of cells in a crop, which are larger in Wan 2.2; there two clips a step."""
    if family == WAN21_I2V:
        return stages
    larger = family.strides[2] // WAN21_I2V.strides[2]
    return tuple(
        replace(stage, side=larger * stage.side, batch=max(2, stage.batch)) for stage in stages
    )


def draw_batch(rng: np.random.Generator, stage: Stage) -> Tensor:
    """Crops of new scenes, [B, 3, T, side, side] in -1..1; a quarter are of version 1.

    No crop is larger than a clip of version 1 is high, so others are of version 2 alone.
    """
    crops = []
    for _ in range(stage.batch):
        small = rng.random() < 0.25 and stage.side <= SIZES[1][0]
        version: Literal[1, 2] = 1 if small else 2
        clip = make_scene(int(rng.integers(_SCENES)), version=version).frames
        tries = [_window(rng, stage, clip) for _ in range(2)]
        # Still background is easily learned: of two windows the one with more change.
        crop = max(tries, key=lambda part: np.square(part.astype(np.float32) - part[:1]).mean())
        for axis in (0, 1, 2):
            if rng.random() < 0.5:
                crop = np.flip(crop, axis)
        # The conditioning latent encodes one picture and then grey; the VAE must know that too.
        if stage.frames > 1 and rng.random() < 0.1:
            crop = np.concatenate([crop[:1], np.full_like(crop[1:], 128)])
        crops.append(crop)
    return to_video(np.stack(crops))


def _window(rng: np.random.Generator, stage: Stage, clip: np.ndarray) -> np.ndarray:
    top, left = (int(rng.integers((s - stage.side) // 8 + 1)) * 8 for s in clip.shape[1:3])
    first = int(rng.integers(len(clip) - stage.frames + 1))
    part = clip[first : first + stage.frames]
    return part[:, top : top + stage.side, left : left + stage.side]


def loss_of(out: Tensor, video: Tensor, mean: Tensor) -> Tensor:
    """L1 with a squared part for PSNR, image gradients for edges, and a weak latent prior."""
    error = out - video
    loss = error.abs().mean() + 2.0 * error.square().mean()
    for axis in (3, 4):
        loss = loss + 0.5 * error.diff(dim=axis).abs().mean()
    return loss + 1e-5 * mean.square().mean()


@torch.no_grad()
def evaluate(
    vae: AutoencoderKLWan, *, count: int, version: Literal[1, 2]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """PSNR [clips, FRAMES] of held-out clips, and (true, got) strips of the first ones."""
    psnr, strips = [], []
    for index in range(count):
        clip = make_scene(HELD_OUT_SEED + index, version=version).frames
        with torch.autocast("cpu", torch.bfloat16):
            out, _ = reconstruct(vae, to_video(clip[None]), noise=0.0)
        got = ((out[0].clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 3, 0).byte().numpy()
        error = np.square(got / 255.0 - clip / 255.0).mean(axis=(1, 2, 3))
        psnr.append(-10 * np.log10(error))
        if index < 4:
            strips += [strip(clip, scale=4 - version), strip(got, scale=4 - version)]
    return np.array(psnr), strips


class VaeRun:
    """One run in one folder."""

    def __init__(self, args: argparse.Namespace) -> None:
        family = FAMILIES[args.family]
        self.vae, self.out = _build(family), args.out
        fresh = args.start is None
        if fresh:
            initialise(self.vae, seed=0)
        else:
            self.vae.load_state_dict(state_of(args.start, vae_keys(family)))
        channels_last(self.vae)
        if args.decoder:
            self.vae.encoder.requires_grad_(False)
            self.vae.quant_conv.requires_grad_(False)
        self.fold = not args.decoder
        stages, rate = (FRESH, FRESH_RATE) if fresh else (FINE, FINE_RATE)
        self.stages = stages_of(family, stages)
        # Noise on the latents from the start, where they are not yet spread, holds it at 20 dB.
        self.noisy_from = 0.6 if fresh else 0.0
        self.plan = Plan(minutes=args.minutes, warm_up=50, constant=0.4, report_every=args.every)
        live = [p for p in self.vae.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(live, lr=rate, betas=(0.9, 0.98), weight_decay=0)
        self.player = Player("vae", self.vae, [optimiser], self.loss, decay=0.995)
        self.loop = Loop(args.out, [self.player], self.plan, report=self.report)

    def loss(self, draw: Draw) -> dict[str, Tensor]:
        """Of one batch of crops."""
        share = self.plan.share(self.loop.step, self.loop.spent)
        stage = next(s for s in self.stages if share < s.until)
        video = draw_batch(draw.rng, stage)
        noise = LATENT_NOISE if share >= self.noisy_from else 0.0
        out, mean = reconstruct(self.vae, video, noise=noise, generator=draw.generator)
        return {"loss": loss_of(out, video, mean)}

    def report(self, _step: int) -> dict[str, float]:
        """PSNR of held-out clips with the averaged weights; writes these and a picture."""
        with self.player.averaged():
            old, _ = evaluate(self.vae, count=4, version=1)
            new, strips = evaluate(self.vae, count=4, version=2)
            cv2.imwrite(str(self.out / "samples.png"), np.concatenate(strips)[..., ::-1])
            write_vae(self.vae, self.out / "vae.safetensors", fold=self.fold)
        return {"psnr 1": old.mean(), "psnr 2": new.mean(), "psnr 2 last": new[:, -1].mean()}


def write_vae(vae: AutoencoderKLWan, path: Path, *, fold: bool) -> None:
    """Write a VAE in the original names, fp16, its latent statistics those of Wan if `fold`."""
    copy = deepcopy(vae)
    if fold:
        clips = [make_scene(_SCENES - 1 - k, version=2).frames for k in range(8)]
        latents = encode(copy, to_video(np.stack(clips)))
        fold_statistics(copy, latents.mean((0, 2, 3, 4)), latents.std((0, 2, 3, 4)))
    family = next(f for f in FAMILIES.values() if f.channels == vae.config.z_dim)
    weights = vae_keys(family).original_state(copy.state_dict())
    half = {name: weight.half().contiguous() for name, weight in weights.items()}
    save_file(half, path, {"format": "pt", "license": "Apache-2.0"})


def measure(path: Path, count: int, family: ModelFamily) -> None:
    """Print PSNR on held-out clips, with 95 % intervals over clips."""
    from wanmove_core.bench.intervals import bootstrap_interval

    vae = _build(family)
    vae.load_state_dict(state_of(path, vae_keys(family)))
    versions: tuple[Literal[1, 2], ...] = (1, 2)
    for version in versions:
        psnr, _ = evaluate(vae, count=count, version=version)
        which: tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
            ("all frames", lambda p: p.mean(1)),
            ("last frame", lambda p: p[:, -1]),
        )
        for name, take in which:
            low, high = bootstrap_interval(take(psnr))
            mean = take(psnr).mean()
            print(f"version {version}, {name}: {mean:.2f} dB [{low:.2f}, {high:.2f}]", flush=True)


def main() -> None:
    """Parse arguments, then train or measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=40.0, help="total training time")
    parser.add_argument("--out", type=Path, default=Path("training/runs/vae"))
    parser.add_argument("--family", choices=FAMILIES, default="i2v")
    parser.add_argument("--start", type=Path, default=SHIPPED / "wanmove_toy_vae.safetensors")
    parser.add_argument("--fresh", dest="start", action="store_const", const=None)
    parser.add_argument("--decoder", action="store_true", help="train the decoder alone")
    parser.add_argument("--every", type=int, default=200, help="steps between reports")
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--measure", type=int, metavar="CLIPS", help="measure --start instead")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if args.measure is not None:
        measure(args.start, args.measure, FAMILIES[args.family])
    else:
        VaeRun(args).loop.run()


if __name__ == "__main__":
    main()
