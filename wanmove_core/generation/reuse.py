"""Our own caches: the guidance difference, and self attention, are kept for one step.

Both decide by the number of the step alone, so that all ranks that split tokens decide alike. Both
keep one memory per branch of guidance.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

_GUIDANCE_FROM = 0.4  # share of the steps after which every second difference is kept
_ATTENTION_TIMESTEPS = (100, 900)  # noise levels between which every second attention is kept


class GuidanceReuse:
    """In every second step of the last 60 %, take the branches' difference from the step before.

    Args:
        steps: of the run.

    Source:
        Wan's report, section 4.4.2. Differs: fixed steps; no compensation of frequencies.
    """

    def __init__(self, steps: int) -> None:
        self._first = int(_GUIDANCE_FROM * steps)
        self._difference: Tensor | None = None
        self.saved = 0

    def negative(self, step: int, positive: Tensor) -> Tensor | None:
        """Return the negative branch's velocity without a pass; None: a pass is needed."""
        kept = step >= self._first and (step - self._first) % 2 == 1
        if not kept or self._difference is None:
            return None
        self.saved += 1
        return positive + self._difference

    def remember(self, positive: Tensor, negative: Tensor) -> None:
        """Keep the difference of a step in which both branches were computed."""
        self._difference = negative - positive


class AttentionReuse:
    """In every second step of the middle, each block adds the self attention of the step before.

    Source:
        Pyramid Attention Broadcast (arXiv 2408.12588), as in Wan's report, section 4.4.2.
        Differs from diffusers': each branch of guidance has its own memory; mixed ones cost 13 dB.
    """

    def __init__(self) -> None:
        self._branch, self._reuses = "", False
        self._last: dict[tuple[str, int], Tensor] = {}
        self._asked: dict[str, int] = {}
        self.saved = self.computed = 0

    def enter(self, branch: str, timestep: float | int) -> None:
        """Set the branch and the noise level of the next pass."""
        low, high = _ATTENTION_TIMESTEPS
        between = low < timestep < high
        turn = self._asked.get(branch, 0)
        self._asked[branch] = turn + 1 if between else 0
        self._branch, self._reuses = branch, between and turn % 2 == 1

    @contextmanager
    def within(self, transformer: Any) -> Iterator[None]:
        """Let a transformer's blocks reuse attention within a `with` block."""
        modules = [block.attn1 for block in transformer.blocks]
        for index, module in enumerate(modules):
            module.forward = self._reusing(module, index)
        try:
            yield
        finally:
            for module in modules:
                del module.forward

    def _reusing(self, module: nn.Module, index: int) -> Any:
        compute = module.forward

        def forward(*args: Any, **kwargs: Any) -> Tensor:
            key = (self._branch, index)
            if self._reuses:
                self.saved += 1
                return self._last[key]
            self.computed += 1
            self._last[key] = compute(*args, **kwargs)
            return self._last[key]

        return forward
