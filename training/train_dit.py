"""Train the DiT on cached latents. Stops after --minutes in total; run again to go on.

Flow matching with Wan-Move's recipe: x_t = (1 - s) x0 + s noise, target noise - x0; the
conditioning latent carries first-frame features along k ~ U[1, 200] tracks, none in 5 %.

    torchrun --nproc-per-node 2 -m training.train_dit --minutes 50
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from training.dit_model import (
    SHIFT,
    build_dit,
    freeze_unused,
    initialise,
    sample,
    use_uniform_context,
    velocity,
)
from training.make_latents import FOLDER as LATENTS
from training.make_latents import GRID
from training.parallel import average, finish, start
from training.run_folder import RUNS, Ema, append_row, load_checkpoint, plot_log, save_checkpoint
from training.shipped import shipped_state
from wanmove_core import replicate_first_frame
from wanmove_core.conditioning import conditioning_input, known_mask
from wanmove_core.standalone.keymaps import TRANSFORMER_KEYS

FOLDER = RUNS / "dit"
PEAK_LR = 1.2e-3
WARM_UP = 100
MAX_TRACKS = 200
NO_MOTION = 0.05
KNOWN = known_mask(GRID)


@dataclass(frozen=True)
class Latents:
    """Cached scenes: see `make_latents.make_shard` for the tensors."""

    latents: Tensor
    conditioning: Tensor
    cells: Tensor
    visible: Tensor

    @classmethod
    def load(cls, paths: list[Path]) -> "Latents":
        """Join shards."""
        shards = [torch.load(path, weights_only=True) for path in paths]
        names = ("latents", "conditioning", "cells", "visible")
        return cls(*(torch.cat([shard[name] for shard in shards]) for name in names))

    def __len__(self) -> int:
        return len(self.latents)

    def given(self, index: int, points: Tensor) -> Tensor:
        """The model's conditioning channels [1, 20, T', H', W'] with these tracks copied in."""
        latent = self.conditioning[index : index + 1].float()
        cells, visible = self.cells[index, points].long(), self.visible[index, points]
        return conditioning_input(replicate_first_frame(latent, cells, visible), KNOWN)


def draw_tracks(rng: np.random.Generator, available: int) -> Tensor:
    """Indices of the tracks of one training sample, in random order."""
    if rng.random() < NO_MOTION:
        return torch.zeros(0, dtype=torch.long)
    count = int(rng.integers(1, MAX_TRACKS + 1))
    return torch.from_numpy(rng.permutation(available)[:count])


def draw_batch(data: Latents, rng: np.random.Generator, batch: int) -> tuple[Tensor, Tensor]:
    """Clean latents and conditioning channels of random scenes."""
    indices = rng.integers(len(data), size=batch)
    points = [draw_tracks(rng, data.cells.shape[1]) for _ in indices]
    given = [data.given(int(i), p) for i, p in zip(indices, points, strict=True)]
    return data.latents[indices].float(), torch.cat(given)


def draw_times(count: int, generator: torch.Generator) -> Tensor:
    """Logit-normal times, shifted towards noise."""
    even = torch.sigmoid(torch.randn(count, generator=generator))
    return SHIFT * even / (1 + (SHIFT - 1) * even)


def flow_loss(
    model: WanTransformer3DModel, clean: Tensor, given: Tensor, generator: torch.Generator
) -> Tensor:
    """Mean squared error of the predicted velocity."""
    times = draw_times(len(clean), generator)
    noise = torch.randn(clean.shape, generator=generator)
    s = times.view(-1, 1, 1, 1, 1)
    with torch.autocast("cpu", torch.bfloat16):
        flow = velocity(model, (1 - s) * clean + s * noise, times, given)
    return (flow.float() - (noise - clean)).square().mean()


@torch.no_grad()
def held_out(model: WanTransformer3DModel, data: Latents) -> dict[str, float]:
    """Loss on held-out scenes and error of sampled latents, with 64 tracks and with none."""
    figures = {}
    count = min(48, len(data))
    for name, tracks in (("", 64), ("_no_tracks", 0)):
        points = torch.arange(tracks)
        given = torch.cat([data.given(k, points) for k in range(count)])
        clean = data.latents[:count].float()
        generator = torch.Generator().manual_seed(0)
        figures[f"val{name}"] = flow_loss(model, clean, given, generator).item()
        with torch.autocast("cpu", torch.bfloat16):
            got = sample(model, given[:16], generator=generator, steps=6)
        figures[f"latent_rmse{name}"] = (got - clean[:16]).square().mean().sqrt().item()
    return {name: round(value, 4) for name, value in figures.items()}


def train(
    minutes: float,
    *,
    batch: int,
    rank: int,
    report_s: float,
    folder: Path,
    from_shipped: bool = False,
) -> None:
    """Train until the summed training time reaches `minutes`."""
    model = build_dit()
    initialise(model, seed=0)
    freeze_unused(model)
    use_uniform_context(model)
    live = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(live, lr=PEAK_LR, betas=(0.9, 0.95), weight_decay=0.01)
    ema = Ema(model, 0.998)
    spent, step = 0.0, 0
    if state := load_checkpoint(folder / "checkpoint.pt"):
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        ema.load_state_dict(state["ema"])
        spent, step = state["spent_s"], state["step"]
    elif from_shipped and (shipped := shipped_state("wanmove_toy_bf16", TRANSFORMER_KEYS)):
        model.load_state_dict(shipped)
        ema = Ema(model, 0.998)
    check = Latents.load([LATENTS / "held_out.pt"])
    rng = np.random.default_rng([step, rank, 3])
    generator = torch.Generator().manual_seed(2 * step + rank)
    losses: list[float] = []
    last_report, shards, data = spent, -1, check
    while spent < minutes * 60:
        if step % 50 == 0 or shards < 0:
            # make_latents may still be adding shards.
            paths = sorted(LATENTS.glob("shard_*.pt"))
            if len(paths) != shards:
                shards, data = len(paths), Latents.load(paths)
        began = time.monotonic()
        share = spent / (minutes * 60)
        for group in optimiser.param_groups:
            decay = max(0.02, min(1.0, (1 - share) / 0.5))
            group["lr"] = PEAK_LR * min(1.0, (step + 1) / WARM_UP) * decay
        loss = flow_loss(model, *draw_batch(data, rng, batch), generator)
        optimiser.zero_grad()
        loss.backward()
        spent, mean_loss = average(model, spent + time.monotonic() - began, loss.item())
        torch.nn.utils.clip_grad_norm_(live, 1.0)
        optimiser.step()
        ema.update(model)
        losses.append(mean_loss)
        step += 1
        if spent - last_report > report_s or spent >= minutes * 60:
            last_report = spent
            if rank == 0:
                row = {"minutes": round(spent / 60, 2), "step": step, "scenes": len(data)}
                report(model, ema, check, row | {"loss": round(float(np.mean(losses)), 4)}, folder)
                state = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
                state |= {"ema": ema.state_dict(), "spent_s": spent, "step": step}
                save_checkpoint(folder / "checkpoint.pt", state)
            losses = []


def report(model: WanTransformer3DModel, ema: Ema, check: Latents, row: dict, folder: Path) -> None:
    """Log the averaged weights' figures on held-out scenes and redraw the curves."""
    current = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(ema.shadow)
    row = row | held_out(model, check)
    model.load_state_dict(current)
    append_row(folder / "log.csv", row)
    columns = ("loss", "val", "val_no_tracks", "latent_rmse")
    plot_log(folder / "log.csv", folder / "curves.png", columns)
    print(row, flush=True)


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=50, help="total training time")
    parser.add_argument("--batch", type=int, default=8, help="scenes per process and step")
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--report-seconds", type=float, default=180)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument(
        "--from-shipped",
        action="store_true",
        help="without a checkpoint, start from models/toy instead of from nothing",
    )
    args = parser.parse_args()
    rank = start(args.threads)
    train(
        args.minutes,
        batch=args.batch,
        rank=rank,
        report_s=args.report_seconds,
        folder=args.folder,
        from_shipped=args.from_shipped,
    )
    finish()


if __name__ == "__main__":
    main()
