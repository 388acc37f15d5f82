"""Run by torchrun: a LoRA by two processes, whole and spread, stopped and gone on with."""

import sys
from pathlib import Path

import torch
from torch import distributed

from wanmove_core.train.options import RunOptions
from wanmove_core.train.plan import Plan
from wanmove_core.train.recipe import Recipe
from wanmove_core.train.run import Run

CACHE, TOY, OUT = (Path(argument) for argument in sys.argv[1:])


def train(name: str, steps: tuple[int, ...], *, spread: bool) -> None:
    """A run of these many steps, each part in a `Run` of its own."""
    for until in steps:
        options = RunOptions(
            (CACHE,),
            (TOY,),
            OUT / name,
            lora_rank=4,
            dtype="fp8",
            rate=0.01,
            held_out=0,
            spread=spread,
        )
        # The rate follows the share of the steps, so it is held constant.
        Run(options, Plan(steps=until, warm_up=1, constant=0.9999), Recipe()).train()


torch.set_num_threads(1)
train("whole", (3,), spread=False)
train("spread", (3,), spread=True)
train("parts", (2, 3), spread=True)
distributed.destroy_process_group()
