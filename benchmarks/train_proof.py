"""Does training teach? Five minutes on clips of version 2 of the synthetic world.

It has drawings with outlines and shadows, camera moves, and other paths than the textured blobs of
version 1. Scenes of it are encoded, the model is trained on them by the same code as `wanmove train
run --full`, and the end-point error on other scenes of that world is measured before and after,
with the same tracks and noise. The first figure of each line is the mean; the interval is of 95 %,
by resampling the scenes. Today's small model has learned version 2 already: `--model` takes an
earlier one, which knew version 1 alone.

    python -m benchmarks.train_proof [--minutes 5] [--out DIR]
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.make_cache import fill
from training.shipped import FOLDER as TOY
from wanmove_core.bench.intervals import bootstrap_interval
from wanmove_core.bench.world import HELD_OUT_SEED
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.train.cache import Cache
from wanmove_core.train.held_out import Check, check_held_out
from wanmove_core.train.options import RunOptions
from wanmove_core.train.plan import Plan
from wanmove_core.train.recipe import Recipe
from wanmove_core.train.run import Run

# (height, width): twice the side that the small model was trained at.
SIZE = (128, 192)
RECIPE = Recipe(no_text=1.0, moving_weight=5.0)
# Share of the time that encoding may take.
_ENCODING = 0.3


def main() -> None:
    """Encode, measure, train, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="encoding and training")
    parser.add_argument("--scenes", type=int, default=16, help="that are measured")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--model", type=Path, default=TOY)
    parser.add_argument("--out", type=Path, default=Path("out/train_proof"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    held_out = args.out / "held_out"
    fill(held_out, args.model, version=2, seeds=_from(HELD_OUT_SEED, args.scenes), size=SIZE)
    began = time.monotonic()
    budget = 60 * args.minutes
    seen = args.out / "seen"
    fill(
        seen,
        args.model,
        version=2,
        seeds=_until(began + _ENCODING * budget),
        size=SIZE,
    )
    left = (budget - (time.monotonic() - began)) / 60
    options = RunOptions(
        (seen,),
        (args.model,),
        args.out / "run",
        lora_rank=None,
        batch=8,
        rate=4e-4,
        optimiser="muon",
        decay=0.98,
        held_out=0,
    )
    run = Run(options, Plan(minutes=left, warm_up=20, log_every=20), RECIPE)
    before = measure(run, args.model, held_out)
    path = run.train()
    with run.player.averaged():
        after = measure(run, args.model, held_out)
    facts = {
        "scenes": args.scenes,
        "trained on": len(Cache(seen)),
        "steps": run.loop.step,
        "minutes": args.minutes,
        "threads": args.threads,
        "before": before,
        "after": after,
    }
    print(f"trained on {facts['trained on']} scenes, {facts['steps']} steps; wrote {path}")
    show(facts)
    (args.out / "train_proof.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def _from(first: int, count: int) -> Any:
    return iter(range(first, first + count))


def _until(moment: float) -> Any:
    """Seeds of scenes to learn from, until the time is over."""
    seed = 1
    while time.monotonic() < moment or seed < 17:
        yield seed
        seed += 1


def measure(run: Run, model: Path, folder: Path) -> dict[str, list[float]]:
    """End-point error of each held-out scene with 64 tracks and with none, px."""
    vae = load_components([model], needs=("vae",)).vae
    cache = Cache(folder)
    check = Check(tracks=64, steps=8, shift=RECIPE.shift, video_clips=0)
    errors = {}
    for name, guide in (("64 tracks", True), ("no tracks", False)):
        errors[name] = check_held_out(
            run.predict,
            vae,
            cache,
            list(range(len(cache))),
            check=replace(check, guide=guide),
            device=run.device,
        )
    return errors


def show(facts: dict[str, Any]) -> None:
    """Print before, after and their difference, scene by scene."""
    for name in facts["before"]:
        before, after = (np.array(facts[when][name]) for when in ("before", "after"))
        for what, values in (
            (f"{name}, before", before),
            (f"{name}, after", after),
            (f"{name}, change", after - before),
        ):
            low, high = bootstrap_interval(values)
            print(f"{what:18} {values.mean():6.2f} px  [{low:.2f}, {high:.2f}]")


if __name__ == "__main__":
    main()
