"""Data-parallel training on a few CPU cores: one single-threaded process per core.

On a shared machine this beats threads: they wait for each other in every operation,
processes only once per step. Start with `torchrun --nproc-per-node 2 -m training.train_...`;
without torchrun there is one process and nothing to average.
"""

import os

import torch
from torch import distributed, nn


def start(threads: int) -> int:
    """Join the other processes, if any.

    Returns:
        This process's rank; 0 reports and saves.
    """
    torch.set_num_threads(threads)
    if "RANK" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("gloo")
    return distributed.get_rank() if distributed.is_initialized() else 0


def average(model: nn.Module, *figures: float) -> list[float]:
    """Average gradients, in place, and some figures over all processes.

    Returns:
        The averaged figures, equal in all processes.
    """
    if not distributed.is_initialized():
        return list(figures)
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients] + [torch.tensor(figures)])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    sizes = [g.numel() for g in gradients]
    *parts, tail = flat.split([*sizes, len(figures)])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))
    return tail.tolist()


def broadcast_figure(figure: float) -> float:
    """Rank 0's figure, in all processes."""
    if not distributed.is_initialized():
        return figure
    shared = torch.tensor(figure, dtype=torch.float64)
    distributed.broadcast(shared, 0)
    return shared.item()


def finish() -> None:
    """Leave the group."""
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
