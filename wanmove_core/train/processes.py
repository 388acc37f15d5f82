"""Several processes that train one model: `accelerate launch` or `torchrun` starts them.

Gradients are averaged once per step. On a busy CPU one single-threaded process per core beats
threads: they wait for each other in every operation, processes only once per step.
"""

import os
from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Processes:
    """This process among its equals: rank 0 reports and saves."""

    rank: int
    count: int

    @classmethod
    def join(cls, device: torch.device) -> "Processes":
        """Join the others, if any."""
        if "RANK" not in os.environ:
            return cls(0, 1)
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(distributed.get_rank(), distributed.get_world_size())

    def average(self, module: nn.Module, figures: list[float]) -> list[float]:
        """Average gradients, in place, and some figures; returns the figures."""
        if self.count == 1:
            return figures
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        for gradient in gradients:
            distributed.all_reduce(gradient)
            gradient.div_(self.count)
        like = gradients[0] if gradients else torch.zeros(0)
        shared = torch.tensor(figures, dtype=torch.float64, device=like.device)
        distributed.all_reduce(shared)
        means: list[float] = (shared / self.count).tolist()
        return means

    def wait(self) -> None:
        """Wait for all."""
        if self.count > 1:
            distributed.barrier()
