"""Does training teach? Five minutes on a world that the small model never saw.

`training/unseen_world.py`: other textures (checks, hatchings, rings, letters, spots) and other
motion (the picture turns, rocks, shears and spirals; objects orbit, swing, bounce and wind
inwards) than what the shipped weights learned from. Scenes of it are encoded, the model is trained
on them by the same code as `wanmove train run --full`, and the end-point error on other scenes of
that world is measured before and after, with the same tracks and noise; the encoding and the
training take five minutes together, the measuring comes on top. The last lines show what became of
the world that the model knew (version 2). The first figure of each line is the mean; the interval
is of 95 %, by resampling the scenes.

    python -m benchmarks.train_proof [--minutes 5] [--out DIR]
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.make_cache import fill
from training.shipped import FOLDER as TOY
from training.unseen_world import make_scene
from training.vae_model import channels_last
from training.world import make_scene as make_known_scene
from wanmove_core.bench.intervals import bootstrap_interval
from wanmove_core.bench.world import FRAMES, HELD_OUT_SEED, SIZES
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.demo.small_model import quick_arithmetic
from wanmove_core.train.cache import Cache, Facts
from wanmove_core.train.held_out import Check, check_held_out
from wanmove_core.train.options import RunOptions
from wanmove_core.train.plan import Plan
from wanmove_core.train.recipe import Recipe
from wanmove_core.train.run import Run

# (height, width): small, so that five minutes hold many scenes and steps.
SIZE = (64, 96)
KNOWN_VERSION = 2
RECIPE = Recipe(no_text=1.0, moving_weight=5.0)
# Share of the time that encoding may take.
_ENCODING = 0.3


def main() -> None:
    """Encode, measure, train, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="encoding and training")
    parser.add_argument("--scenes", type=int, default=24, help="that are measured")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--model", type=Path, default=TOY)
    parser.add_argument("--out", type=Path, default=Path("out/train_proof"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.out.exists():
        # Training would go on from what it knows, on scenes of another time.
        parser.error(f"--out must be a new folder; got {args.out}. Delete it, or name another.")
    held_out = make_held_out(args.out, args.model, args.scenes)
    budget = 60 * args.minutes
    began = time.monotonic()
    seen = args.out / "seen"
    fill_unseen(seen, args.model, seeds_until(began + _ENCODING * budget))
    left = budget - (time.monotonic() - began)
    run = make_run(seen, args.model, args.out / "run", Plan(minutes=left / 60, warm_up=20))
    before = measure(run, args.model, held_out)
    path = run.train()
    with run.player.averaged():
        after = measure(run, args.model, held_out)
    facts = {
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


def make_held_out(out: Path, model: Path, scenes: int) -> dict[str, Path]:
    """Caches of scenes that nothing trains on: of the unseen world, and half as many of version 2.

    Returns:
        World -> folder.
    """
    folders = {"unseen": out / "held_out", "known": out / "held_out_known"}
    fill_unseen(folders["unseen"], model, range(HELD_OUT_SEED, HELD_OUT_SEED + scenes))
    height, width = SIZES[KNOWN_VERSION]
    fill(
        folders["known"],
        model,
        facts=Facts(width, height, FRAMES, {"world": KNOWN_VERSION}),
        make=partial(make_known_scene, version=KNOWN_VERSION),
        seeds=range(HELD_OUT_SEED, HELD_OUT_SEED + max(1, scenes // 2)),
    )
    return folders


def fill_unseen(out: Path, model: Path, seeds: Any) -> None:
    """Encode scenes of the unseen world."""
    height, width = SIZE
    make = partial(make_scene, height=height, width=width)
    fill(
        out, model, facts=Facts(width, height, FRAMES, {"world": "unseen"}), make=make, seeds=seeds
    )


def seeds_until(moment: float) -> Iterator[int]:
    """Seeds of scenes to learn from: 16, and more until the time is over."""
    for seed in range(1, HELD_OUT_SEED):
        if seed > 16 and time.monotonic() >= moment:
            return
        yield seed


def make_run(seen: Path, model: Path, out: Path, plan: Plan) -> Run:
    """Every weight of the model learns."""
    options = RunOptions(
        (seen,),
        (model,),
        out,
        lora_rank=None,
        batch=16,
        rate=1e-3,
        optimiser="muon",
        decay=0.98,
        held_out=0,
    )
    return Run(options, plan, RECIPE)


@quick_arithmetic()
def measure(run: Run, model: Path, held_out: dict[str, Path]) -> dict[str, list[float]]:
    """End-point error of each held-out scene with 64 tracks and with none, px."""
    vae = load_components([model], needs=("vae",)).vae
    channels_last(vae)
    check = Check(tracks=64, steps=8, shift=RECIPE.shift, video_clips=0)
    errors = {}
    for name, world, guide in (
        ("64 tracks", "unseen", True),
        ("no tracks", "unseen", False),
        ("64 tracks, version 2", "known", True),
    ):
        cache = Cache(held_out[world])
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
            print(f"{what:28} {values.mean():6.2f} px  [{low:.2f}, {high:.2f}]")


if __name__ == "__main__":
    main()
