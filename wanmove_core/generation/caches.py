"""Reuse work between the steps of one run, and say how much that saved."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import OptionError
from ..media.writer import replacing
from ..shapes import Tensor
from .reuse import AttentionReuse, GuidanceReuse
from .speed import SpeedOptions, read_ratios

_log = logging.getLogger("wanmove")

_THRESHOLDS = {"firstblock": 0.08, "magcache": 0.06}
_FEW, _MANY = 10, 20  # steps: below, nothing may be skipped; from the other on, most may


@dataclass
class Caching:
    """The cache of one run, beside the model's own hooks.

    Args:
        cache: name of the cache.
        steps: of the run.
        attention: what the blocks reuse; None for other caches.
    """

    cache: str = "none"
    steps: int = 0
    attention: AttentionReuse | None = None

    def __post_init__(self) -> None:
        self._guidances: list[GuidanceReuse] = []

    def guidance(self) -> GuidanceReuse | None:
        """Make the guidance cache of one `Branches`; None for other caches."""
        if self.cache != "cfg":
            return None
        self._guidances.append(GuidanceReuse(self.steps))
        return self._guidances[-1]

    def tell(self, asked: int, computed: int) -> None:
        """Log how many passes were computed."""
        saved = sum(guidance.saved for guidance in self._guidances)
        if self.attention is not None:
            done = self.attention.computed
            all_of = done + self.attention.saved
            _log.info("Cache attention: %d of %d self attentions computed.", done, all_of)
        elif asked:
            _log.info("Cache %s: %d of %d passes computed.", self.cache, computed, asked + saved)


def choose_cache(cache: str, steps: int) -> str:
    """Resolve "auto" by the number of steps; return any other name unchanged.

    Raises:
        OptionError: too few steps to skip any.
    """
    if cache != "auto":
        return cache
    if steps < _FEW:
        raise OptionError(
            f"cache auto must have at least {_FEW} steps, of which it may skip some; got {steps}. "
            "Use --cache none."
        )
    return "taylor" if steps >= _MANY else "cfg"


@contextmanager
def caching(transformer: nn.Module, options: SpeedOptions, steps: int) -> Iterator[Caching]:
    """Have a transformer reuse work between the steps of one run.

    Args:
        transformer: diffusers `WanTransformer3DModel`; as before when the block ends.
        options: which cache.
        steps: of the run; magcache's ratios are stretched to it.

    Yields:
        The `Caching` that `Branches` takes.

    Raises:
        OptionError: an unreadable file of ratios, or too few steps for "auto".
    """
    model: Any = transformer
    cache, path = choose_cache(options.cache, steps), options.mag_ratios
    state = Caching(cache, steps, AttentionReuse() if cache == "attention" else None)
    if cache == "none":
        yield state
        return
    if cache == "magcache" and path is not None and not path.is_file():
        with _measured_ratios(model, path):
            yield state
        return
    meter = PassMeter()
    with meter.watching(model):
        if state.attention is not None:
            with state.attention.within(model):
                yield state
        elif cache == "cfg":
            yield state
        else:
            model.enable_cache(_cache_config(options, cache, steps))
            try:
                yield state
            finally:
                model.disable_cache()
    state.tell(meter.asked, meter.computed)


class PassMeter:
    """Counts the model's passes, and those in which its last block was computed."""

    def __init__(self) -> None:
        self.asked = self.computed = 0

    @contextmanager
    def watching(self, transformer: Any) -> Iterator[None]:
        """Count within a `with` block."""

        def count_asked(*_: Any) -> None:
            self.asked += 1

        def count_computed(*_: Any) -> None:
            self.computed += 1

        hooks = [
            transformer.register_forward_pre_hook(count_asked),
            transformer.blocks[-1].ffn.register_forward_pre_hook(count_computed),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _cache_config(options: SpeedOptions, cache: str, steps: int) -> Any:
    if cache == "taylor":
        from diffusers import TaylorSeerCacheConfig

        # Lite: whole blocks are skipped, only what leaves the last one is drawn on.
        return TaylorSeerCacheConfig(
            cache_interval=3,
            disable_cache_before_step=3,
            taylor_factors_dtype=torch.float32,
            use_lite_mode=True,
        )
    threshold = options.cache_threshold or _THRESHOLDS[cache]
    if cache == "firstblock":
        from diffusers import FirstBlockCacheConfig

        return FirstBlockCacheConfig(threshold=threshold)
    from diffusers import MagCacheConfig

    ratios = read_ratios(options.mag_ratios)
    return MagCacheConfig(mag_ratios=ratios, threshold=threshold, num_inference_steps=steps)


@contextmanager
def _measured_ratios(model: Any, path: Path) -> Iterator[None]:
    """Measure magcache's ratios, and write them at the end of the run."""
    _log.info("Measuring magcache's ratios: this run skips nothing.")
    meter = _RatioMeter()
    hooks = [
        model.register_forward_pre_hook(meter.start_call, with_kwargs=True),
        model.blocks[0].register_forward_pre_hook(meter.enter),
        model.blocks[-1].register_forward_hook(meter.leave),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"mag_ratios": meter.ratios}) + "\n", encoding="utf-8")
    _log.info("Wrote magcache's ratios to %s; runs that read it skip steps.", path)


class _RatioMeter:
    """Watches how the size of what the blocks add changes from step to step.

    Only the positive branch is measured, which the pipeline asks first in each step; the other
    branches behave alike.

    Source:
        The ratio of MagCache (arXiv 2506.09045), as diffusers' `MagCacheHeadHook` calibrates it.
    """

    def __init__(self) -> None:
        self.ratios: list[float] = []
        self._timestep = -1
        self._watching = False
        self._input: Tensor | None = None
        self._size: Tensor | None = None

    def start_call(self, _model: nn.Module, _args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        timestep = int(kwargs["timestep"].flatten()[0])
        self._watching = timestep != self._timestep
        self._timestep = timestep

    def enter(self, _block: nn.Module, args: tuple[Any, ...]) -> None:
        self._input = args[0] if self._watching else None

    def leave(self, _block: nn.Module, _args: tuple[Any, ...], output: Tensor) -> None:
        if self._input is None:
            return
        size = (output - self._input).float().norm(dim=-1)
        before, self._size = self._size, size
        ratio = 1.0 if before is None else float((size / (before + 1e-8)).mean())
        self.ratios.append(round(ratio, 5))
        self._input = None
