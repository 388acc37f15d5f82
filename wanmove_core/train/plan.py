"""Length, learning rate and reports of a run."""

from dataclasses import dataclass

import torch

from ..guidance.options import check_ranges


@dataclass(frozen=True)
class Plan:
    """Length, learning rate and reports of a run.

    Args:
        steps: rounds in all; None: limited by `minutes` alone.
        minutes: training time in all, including that before the run was resumed.
        seed: of every random number.
        warm_up: steps in which the learning rate rises.
        constant: share of the run after which the learning rate falls linearly.
        floor: share of the learning rate at the end.
        max_norm: gradients are clipped to this norm.
        log_every: steps per row of the log.
        report_every: steps between reports; the run also ends with one.
        save_minutes: training time between saves.
        dtype: of the arithmetic inside `torch.autocast`; None: as the weights are.

    Raises:
        OptionError: a value outside of its range.
    """

    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    warm_up: int = 100
    constant: float = 0.5
    floor: float = 0.02
    max_norm: float = 1.0
    log_every: int = 10
    report_every: int = 500
    save_minutes: float = 5.0
    dtype: torch.dtype | None = torch.bfloat16

    def __post_init__(self) -> None:
        check_ranges(
            self,
            (
                ("steps", 1, 10**9),
                ("minutes", 1e-6, 10**6),
                ("seed", 0, 2**63 - 1),
                ("report_every", 1, 10**9),
            ),
        )

    def share(self, step: int, spent: float) -> float:
        """Return the finished share of the run, 0 to 1, after `step` rounds and `spent` seconds."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(step / max(self.steps, 1))
        if self.minutes is not None:
            shares.append(spent / max(60 * self.minutes, 1e-9))
        return max(shares)

    def rate(self, step: int, spent: float) -> float:
        """The learning rate as a share of its peak."""
        left = (1 - self.share(step, spent)) / max(1 - self.constant, 1e-9)
        return min(1.0, (step + 1) / max(self.warm_up, 1)) * max(self.floor, min(1.0, left))
