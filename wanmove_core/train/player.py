"""What a training loop lets learn: modules with their optimisers and losses."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from .state import Average


@dataclass(frozen=True, eq=False)
class Draw:
    """The random numbers of one turn: the same for the same (seed, round, turn, rank).

    Args:
        step: the round.
        turn: of this player within the round.
        rng, generator: for numpy and for torch, on the CPU.
    """

    step: int
    turn: int
    rng: np.random.Generator
    generator: torch.Generator


Loss = Callable[[Draw], Mapping[str, Tensor]]


@dataclass(eq=False)
class Player:
    """A module with its optimisers and its loss.

    Args:
        name: prefix of its weights and figures.
        module: its parameters that require a gradient are trained.
        optimisers: of all of these parameters together; their learning rates are the peak rates.
        loss: see the module's docstring.
        turns: steps per round.
        decay: of the average of its weights; 0 for none.
    """

    name: str
    module: nn.Module
    optimisers: list[torch.optim.Optimizer]
    loss: Loss
    turns: int = 1
    decay: float = 0.0
    average: Average | None = field(init=False, default=None)
    peaks: list[list[float]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.average = Average(self.module, self.decay) if self.decay else None
        self.peaks = [[g["lr"] for g in own.param_groups] for own in self.optimisers]

    @contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        """Use the averaged weights within a `with` block."""
        if self.average is not None:
            self.average.swap()
        try:
            yield self.module
        finally:
            if self.average is not None:
                self.average.swap()
