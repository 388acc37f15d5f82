"""Train the DiT on cached latents. Stops after --minutes in total; run again to go on.

Flow matching with Wan-Move's recipe: x_t = (1 - s) x0 + s noise, target noise - x0; the
conditioning latent carries first-frame features along k ~ U[1, 200] tracks, none in 5 %.

    torchrun --nproc-per-node 2 -m training.train_dit --minutes 50
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
    use_matrix_attention,
    use_uniform_context,
    velocity,
)
from training.make_latents import FOLDER as LATENTS
from training.make_latents import GRID
from training.parallel import average, broadcast_figure, finish, start
from training.run_folder import RUNS, Ema, append_row, load_checkpoint, plot_log, save_checkpoint
from training.shipped import shipped_state
from wanmove_core import replicate_first_frame
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS
from wanmove_core.start_image.conditioning import conditioning_input, known_mask

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


def motion_weights(clean: Tensor) -> Tensor:
    """How much each latent cell counts, [B, 1, T', H', W'], 1 on average.

    Objects cover a small part of the picture; what changes over time counts up to five times.
    """
    change = (clean - clean[:, :, :1]).square().mean(1, keepdim=True)
    weights = 1 + (2 * change).clamp(max=4)
    return weights / weights.mean()


def flow_loss(
    predict: Callable[..., Tensor],
    clean: Tensor,
    given: Tensor,
    generator: torch.Generator,
    *,
    weights: Tensor | float = 1.0,
) -> Tensor:
    """Mean squared error of the velocity that `predict(noisy, times, given)` answers."""
    times = draw_times(len(clean), generator)
    noise = torch.randn(clean.shape, generator=generator)
    s = times.view(-1, 1, 1, 1, 1)
    with torch.autocast("cpu", torch.bfloat16):
        flow = predict((1 - s) * clean + s * noise, times, given)
    return (weights * (flow.float() - (noise - clean)).square()).mean()


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
        figures[f"val{name}"] = flow_loss(partial(velocity, model), clean, given, generator).item()
        with torch.autocast("cpu", torch.bfloat16):
            got = sample(model, given[:16], generator=generator, steps=6)
        figures[f"latent_rmse{name}"] = (got - clean[:16]).square().mean().sqrt().item()
    return {name: round(value, 4) for name, value in figures.items()}


def optimisers(model: WanTransformer3DModel, kind: str) -> list[torch.optim.Optimizer]:
    """AdamW, or with `muon` Muon for the blocks' matrices and AdamW for the rest."""
    live = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in model.blocks.parameters() if p.requires_grad and p.ndim == 2]
    if kind != "muon":
        matrices = []
    chosen = {id(p) for p in matrices}
    rest = [p for p in live if id(p) not in chosen]
    made = [torch.optim.AdamW(rest, lr=PEAK_LR, betas=(0.9, 0.95), weight_decay=0.01)]
    if matrices:
        made.append(
            torch.optim.Muon(
                matrices, lr=PEAK_LR, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"
            )
        )
    return made


def learning_rate(step: int, share: float) -> float:
    """Warm-up, then constant, then from half of the time on down to 2 %."""
    return PEAK_LR * min(1.0, (step + 1) / WARM_UP) * max(0.02, min(1.0, (1 - share) / 0.5))


class Run:
    """The model with all that a checkpoint keeps."""

    def __init__(self, folder: Path, optimiser: str, *, from_shipped: bool) -> None:
        self.folder = folder
        self.model = build_dit()
        initialise(self.model, seed=0)
        freeze_unused(self.model)
        use_uniform_context(self.model)
        use_matrix_attention(self.model)
        self.optimisers = optimisers(self.model, optimiser)
        self.spent, self.step = 0.0, 0
        state = load_checkpoint(folder / "checkpoint.pt")
        if state is None and from_shipped:
            shipped = shipped_state("wanmove_toy_bf16", TRANSFORMER_KEYS)
            if shipped is None:
                raise SystemExit("--from-shipped: there is no model in models/toy.")
            self.model.load_state_dict(shipped)
        self.ema = Ema(self.model, 0.999)
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.ema.load_state_dict(state["ema"])
            self.spent, self.step = state["spent_s"], state["step"]
            for own, saved in zip(self.optimisers, state["optimisers"], strict=True):
                own.load_state_dict(saved)

    def save(self) -> None:
        """Write the checkpoint."""
        state = {"model": self.model.state_dict(), "ema": self.ema.state_dict()}
        state["optimisers"] = [own.state_dict() for own in self.optimisers]
        save_checkpoint(
            self.folder / "checkpoint.pt", state | {"spent_s": self.spent, "step": self.step}
        )

    def descend(self, rate: float) -> None:
        """One step along the gradients that the parameters hold."""
        torch.nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], 1.0)
        for own in self.optimisers:
            for group in own.param_groups:
                group["lr"] = rate
            own.step()
            own.zero_grad()
        self.ema.update(self.model)
        self.step += 1


def train(run: Run, minutes: float, *, batch: int, rank: int, report_s: float) -> None:
    """Train until the summed training time reaches `minutes`."""
    predict = torch.compile(partial(velocity, run.model), dynamic=False)
    check = Latents.load([LATENTS / "held_out.pt"])
    rng = np.random.default_rng([run.step, rank, 3])
    generator = torch.Generator().manual_seed(2 * run.step + rank)
    losses: list[float] = []
    last_report, shards, data = run.spent, -1, check
    while run.spent < minutes * 60:
        if run.step % 50 == 0 or shards < 0:
            # make_latents may still be adding shards.
            paths = sorted(LATENTS.glob("shard_*.pt"))
            if len(paths) != shards:
                shards, data = len(paths), Latents.load(paths)
        began = time.monotonic()
        clean, given = draw_batch(data, rng, batch)
        loss = flow_loss(predict, clean, given, generator, weights=motion_weights(clean))
        loss.backward()
        (mean_loss,) = average(run.model, loss.item())
        losses.append(mean_loss)
        run.descend(learning_rate(run.step, run.spent / (minutes * 60)))
        run.spent = broadcast_figure(run.spent + time.monotonic() - began)
        if run.spent - last_report > report_s or run.spent >= minutes * 60:
            last_report = run.spent
            if rank == 0:
                row = {"minutes": round(run.spent / 60, 2), "step": run.step, "scenes": len(data)}
                report(run, check, row | {"loss": round(float(np.mean(losses)), 4)})
                run.save()
            losses = []


def report(run: Run, check: Latents, row: dict) -> None:
    """Log the averaged weights' figures on held-out scenes and redraw the curves."""
    current = {name: value.clone() for name, value in run.model.state_dict().items()}
    run.model.load_state_dict(run.ema.shadow)
    row = row | held_out(run.model, check)
    run.model.load_state_dict(current)
    append_row(run.folder / "log.csv", row)
    columns = ("loss", "val", "val_no_tracks", "latent_rmse")
    plot_log(run.folder / "log.csv", run.folder / "curves.png", columns)
    print(row, flush=True)


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=50, help="total training time")
    parser.add_argument("--batch", type=int, default=8, help="scenes per process and step")
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--report-seconds", type=float, default=180)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--optimiser", choices=("adamw", "muon"), default="muon")
    parser.add_argument(
        "--from-shipped",
        action="store_true",
        help="without a checkpoint, start from models/toy instead of from nothing",
    )
    args = parser.parse_args()
    rank = start(args.threads)
    run = Run(args.folder, args.optimiser, from_shipped=args.from_shipped)
    train(run, args.minutes, batch=args.batch, rank=rank, report_s=args.report_seconds)
    finish()


if __name__ == "__main__":
    main()
