"""Where training keeps its state: checkpoints, a loss log and its curves, below training/runs."""

import csv
import json
from pathlib import Path

import torch
from torch import nn

RUNS = Path(__file__).parent / "runs"


def save_checkpoint(path: Path, state: dict) -> None:
    """Write `state` so that a kill at any moment leaves the old or the new file, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load_checkpoint(path: Path) -> dict | None:
    """The saved state, or None on the first run."""
    return torch.load(path, weights_only=True, map_location="cpu") if path.exists() else None


def append_row(path: Path, row: dict) -> None:
    """Add one line to a CSV log; the first line fixes the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def write_json(path: Path, value: dict) -> None:
    """Write a small report."""
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def plot_log(log: Path, out: Path, columns: tuple[str, ...], *, x: str = "minutes") -> None:
    """Draw columns of a CSV log as curves, PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure, axes = plt.subplots(1, len(columns), figsize=(4.2 * len(columns), 2.8))
    for axis, column in zip([axes] if len(columns) == 1 else axes, columns, strict=True):
        points = [(float(row[x]), float(row[column])) for row in rows if row[column]]
        axis.plot(*zip(*points, strict=True), linewidth=1)
        axis.set_xlabel(x)
        axis.set_title(column)
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    plt.close(figure)


class Ema:
    """An exponential moving average of a module's parameters, with a warm-up."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.shadow = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the module."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in module.state_dict().items():
            self.shadow[name].lerp_(value, 1 - decay)

    def state_dict(self) -> dict:
        """What a checkpoint needs."""
        return {"steps": self.steps, "shadow": self.shadow}

    def load_state_dict(self, state: dict) -> None:
        """Continue from a checkpoint."""
        self.steps, self.shadow = state["steps"], state["shadow"]
