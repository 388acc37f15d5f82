"""Several processes that train one model: `accelerate launch` or `torchrun` starts them.

Gradients are averaged once per step. On a busy CPU one single-threaded process per core beats
threads: they wait for each other in every operation, processes only once per step.
"""

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.tensor import DTensor, distribute_tensor


@dataclass(frozen=True)
class Processes:
    """This process and its peers; rank 0 reports and saves."""

    rank: int
    count: int
    device: torch.device

    @classmethod
    def join(cls, device: torch.device) -> "Processes":
        """Join the other processes, if there are any."""
        if "RANK" not in os.environ:
            return cls(0, 1, device)
        if not distributed.is_initialized():
            if device.type == "cuda":
                torch.cuda.set_device(device)
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(distributed.get_rank(), distributed.get_world_size(), device)

    def average(self, module: nn.Module, figures: list[float]) -> list[float]:
        """Average gradients, in place, and figures; return the figures."""
        if self.count == 1:
            return figures
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        # Those of spread weights are averaged already.
        gradients = [gradient for gradient in gradients if not isinstance(gradient, DTensor)]
        for gradient in gradients:
            distributed.all_reduce(gradient)
            gradient.div_(self.count)
        shared = torch.tensor(figures, dtype=torch.float64, device=self.device)
        distributed.all_reduce(shared)
        means: list[float] = (shared / self.count).tolist()
        return means

    def spread(self, model: Any) -> None:
        """Shard a transformer's weights over the processes, in place (FSDP).

        Call it after the trained weights were chosen and before their optimisers are made.
        """
        from torch.distributed.fsdp import fully_shard

        mesh = distributed.init_device_mesh(self.device.type, (self.count,))
        for block in model.blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)

    def wait(self) -> None:
        """Wait for all processes."""
        if self.count > 1:
            distributed.barrier()


def whole(tensor: Tensor) -> Tensor:
    """Gather a sharded weight; all processes must call this.

    Returns:
        The weight; of a sharded one, a copy on the CPU in rank 0 and nothing in the others, so that
        no device ever holds more than one whole weight.
    """
    if not isinstance(tensor, DTensor):
        return tensor
    full: Tensor = tensor.full_tensor()
    return full.cpu() if distributed.get_rank() == 0 else full.new_empty(0)


def spread_like(tensor: Tensor, other: Tensor) -> Tensor:
    """Shard a whole tensor as another one is sharded."""
    if not isinstance(other, DTensor):
        return tensor
    return distribute_tensor(tensor.to(other.device), other.device_mesh, other.placements)
