"""Train the VAE. Stops after --minutes of training time in total; run again to go on.

python -m training.train_vae --minutes 40
"""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor

from training.parallel import average, finish, start
from training.run_folder import (
    RUNS,
    Ema,
    append_row,
    load_checkpoint,
    plot_log,
    save_checkpoint,
    write_json,
)
from training.shipped import shipped_state
from training.vae_model import LATENT_NOISE, build_vae, channels_last, initialise, reconstruct
from training.world import make_scene
from wanmove_core.bench.world import FRAMES, HELD_OUT_SEED, strip
from wanmove_core.checkpoints.keymaps import VAE_KEYS

FOLDER = RUNS / "vae"
PEAK_LR = 1e-3


@dataclass
class ScenePool:
    """A pool of clips of which one is replaced per draw: rendering never holds training up."""

    size: int
    next_seed: int
    clips: list[np.ndarray] = field(default_factory=list)

    def draw(self, rng: np.random.Generator, stage: "Stage") -> Tensor:
        """A batch of random crops as [B, 3, T, H, W] in -1..1."""
        while len(self.clips) < self.size:
            self.clips.append(self._render())
        self.clips[rng.integers(self.size)] = self._render()
        batch = [self._crop(rng, stage) for _ in range(stage.batch)]
        return to_video(np.stack(batch))

    def _render(self) -> np.ndarray:
        self.next_seed += 1
        # A quarter of the scenes are of version 1, 96x64.
        return make_scene(self.next_seed, version=1 if self.next_seed % 4 == 0 else 2).frames

    def _crop(self, rng: np.random.Generator, stage: "Stage") -> np.ndarray:
        clip = self.clips[rng.integers(self.size)]
        tries = [self._window(rng, stage, clip) for _ in range(2)]
        # Still background is easily learned: of two windows the one with more change.
        crop = max(tries, key=lambda part: np.square(part.astype(np.float32) - part[:1]).mean())
        # The conditioning latent encodes one picture and then grey; the VAE must know that too.
        for axis in (0, 1, 2):
            if rng.random() < 0.5:
                crop = np.flip(crop, axis)
        if stage.frames > 1 and rng.random() < 0.1:
            crop = np.concatenate([crop[:1], np.full_like(crop[1:], 128)])
        return crop

    @staticmethod
    def _window(rng: np.random.Generator, stage: "Stage", clip: np.ndarray) -> np.ndarray:
        height, width = clip.shape[1:3]
        top = rng.integers((height - stage.height) // 8 + 1) * 8
        left = rng.integers((width - stage.width) // 8 + 1) * 8
        first = rng.integers(FRAMES - stage.frames + 1)
        return clip[first:, top : top + stage.height, left : left + stage.width][: stage.frames]


@dataclass(frozen=True)
class Stage:
    """What a batch looks like up to this share of the training time."""

    until: float
    batch: int
    frames: int
    height: int
    width: int


STAGES = (
    Stage(0.10, 6, 1, 48, 48),
    Stage(0.40, 1, 9, 48, 48),
    Stage(1.01, 1, FRAMES, 48, 48),
)
# From the weights in models/toy: whole clips at once.
FINE = (Stage(1.01, 1, FRAMES, 64, 64),)
FINE_LR = 5e-4


def to_video(clips: np.ndarray) -> Tensor:
    """uint8 [B, T, H, W, 3] -> float [B, 3, T, H, W] in -1..1."""
    return torch.from_numpy(clips).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def loss_of(out: Tensor, video: Tensor, mean: Tensor) -> Tensor:
    """L1 with a squared part for PSNR, image gradients for edges, and a weak latent prior."""
    error = out - video
    loss = error.abs().mean() + 2.0 * error.square().mean()
    for axis in (3, 4):
        loss = loss + 0.5 * error.diff(dim=axis).abs().mean()
    return loss + 1e-5 * mean.square().mean()


@torch.no_grad()
def evaluate(
    vae: torch.nn.Module, *, count: int, version: Literal[1, 2]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """PSNR per frame over held-out clips [FRAMES], and (true, got) strips of the first ones."""
    errors, strips = [], []
    for index in range(count):
        clip = make_scene(HELD_OUT_SEED + index, version=version).frames
        with torch.autocast("cpu", torch.bfloat16):
            out, _ = reconstruct(vae, to_video(clip[None]), noise=0.0)
        got = ((out[0].clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 3, 0).byte().numpy()
        errors.append(np.square(got / 255.0 - clip / 255.0).mean(axis=(1, 2, 3)))
        if index < 4:
            strips += [strip(clip, scale=4 - version), strip(got, scale=4 - version)]
    return -10 * np.log10(np.mean(errors, axis=0)), strips


def report(vae: torch.nn.Module, ema: Ema, folder: Path, row: dict) -> dict:
    """Evaluate the averaged weights; write log, curves and strips."""
    live = {name: value.clone() for name, value in vae.state_dict().items()}
    vae.load_state_dict(ema.shadow)
    old, _ = evaluate(vae, count=4, version=1)
    psnr, strips = evaluate(vae, count=4, version=2)
    vae.load_state_dict(live)
    row |= {"psnr": round(float(psnr.mean()), 3), "psnr_last": round(float(psnr[-1]), 3)}
    row["psnr_version_1"] = round(float(old.mean()), 3)
    append_row(folder / "log.csv", row)
    write_json(folder / "psnr_per_frame.json", {"psnr": [round(float(p), 2) for p in psnr]})
    cv2.imwrite(str(folder / "samples.png"), np.concatenate(strips)[..., ::-1])
    plot_log(
        folder / "log.csv", folder / "curves.png", ("loss", "psnr", "psnr_last", "psnr_version_1")
    )
    print(row, flush=True)
    return row


def train(
    minutes: float,
    *,
    folder: Path = FOLDER,
    rank: int = 0,
    report_s: float = 200,
    from_shipped: bool = False,
) -> None:
    """Train until the summed training time reaches `minutes`."""
    vae = build_vae()
    initialise(vae, seed=0)
    stages, peak = (FINE, FINE_LR) if from_shipped else (STAGES, PEAK_LR)
    if from_shipped:
        vae.load_state_dict(shipped_state("wanmove_toy_vae", VAE_KEYS) or {})
    channels_last(vae)
    optimiser = torch.optim.AdamW(vae.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=0)
    ema = Ema(vae, 0.995)
    spent, step = 0.0, 0
    if state := load_checkpoint(folder / "checkpoint.pt"):
        vae.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        ema.load_state_dict(state["ema"])
        spent, step = state["spent_s"], state["step"]
    rng = np.random.default_rng([step, rank])
    pool = ScenePool(size=120, next_seed=2 * step + 5_000_000 * rank)
    torch.manual_seed(2 * step + rank)
    losses: list[float] = []
    last_report = spent
    while spent < minutes * 60:
        began = time.monotonic()
        share = spent / (minutes * 60)
        stage = next(s for s in stages if share < s.until)
        decay = min(1.0, (1 - share) / 0.6)
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1.0, (step + 1) / 50) * max(decay, 0.03)
        loss = gradient_step(vae, pool.draw(rng, stage), noisy=from_shipped or share > 0.6)
        spent, loss = average(vae, spent + time.monotonic() - began, loss)
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        ema.update(vae)
        losses.append(loss)
        step += 1
        if spent - last_report > report_s or spent >= minutes * 60:
            last_report = spent
            if rank == 0:
                row = {"minutes": round(spent / 60, 2), "step": step, "frames": stage.frames}
                report(vae, ema, folder, row | {"loss": round(float(np.mean(losses)), 4)})
                state = {"model": vae.state_dict(), "optimiser": optimiser.state_dict()}
                state |= {"ema": ema.state_dict(), "spent_s": spent, "step": step}
                save_checkpoint(folder / "checkpoint.pt", state)
            losses = []


def gradient_step(vae: torch.nn.Module, video: Tensor, *, noisy: bool) -> float:
    """Fill the gradients for one batch; returns the loss."""
    with torch.autocast("cpu", torch.bfloat16):
        out, mean = reconstruct(vae, video, noise=LATENT_NOISE if noisy else 0.0)
    loss = loss_of(out, video, mean)
    vae.zero_grad()
    loss.backward()
    return loss.item()


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=40, help="total training time")
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--report-seconds", type=float, default=200)
    parser.add_argument("--from-shipped", action="store_true", help="go on from models/toy")
    args = parser.parse_args()
    rank = start(args.threads)
    train(
        args.minutes,
        folder=args.folder,
        rank=rank,
        report_s=args.report_seconds,
        from_shipped=args.from_shipped,
    )
    finish()


if __name__ == "__main__":
    main()
