"""Ways to make the transformer faster, each of which acts or says why it cannot."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import nn

from ..errors import OptionError
from ..media.video_io import check_writable, replacing
from ..shapes import Tensor

_log = logging.getLogger("wanmove")

Cache = Literal["none", "firstblock", "magcache"]

# Our name -> diffusers' name. Those but "native" and "flex" run on CUDA only.
_ATTENTION = {
    "native": "native",
    "flash": "flash",
    "flash3": "_flash_3",
    "sage": "sage",
    "flex": "flex",
    "xformers": "xformers",
    "cudnn": "_native_cudnn",
}
ATTENTION = tuple(_ATTENTION)
_ON_CPU = ("native", "flex")
_THRESHOLDS = {"firstblock": 0.08, "magcache": 0.06}


@dataclass(frozen=True)
class SpeedOptions:
    """How to make the transformer faster.

    Args:
        cache: reuse the work of the step before where little changes: "firstblock" decides by
            how much the first block's output changed, "magcache" by ratios measured beforehand.
        cache_threshold: change below which work is reused; None for 0.08 and 0.06.
        mag_ratios: file of magcache's ratios. If it is not there yet, the run measures them,
            skips nothing, and writes it.
        attention: kernel, one of `ATTENTION`.
        compile: compile the blocks; the first step takes longer, the others less.

    Raises:
        OptionError: a value outside of its range.
    """

    cache: Cache = "none"
    cache_threshold: float | None = None
    mag_ratios: Path | None = None
    attention: str = "native"
    compile: bool = False

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("cache", self.cache, get_args(Cache)),
            ("attention", self.attention, ATTENTION),
        ):
            if value not in allowed:
                raise OptionError(
                    f"{name} must be one of {', '.join(allowed)}; got {value!r}. "
                    "Choose one of them."
                )
        if self.cache == "magcache" and self.mag_ratios is None:
            raise OptionError(
                "cache magcache must come with a file of ratios; got none. "
                "Give --mag-ratios FILE; the first run measures and writes it."
            )
        if self.mag_ratios is not None:
            if self.cache != "magcache":
                raise OptionError(
                    f"mag_ratios must come with cache magcache; got cache {self.cache}. "
                    "Add --cache magcache."
                )
            check_writable(self.mag_ratios)
        if self.cache != "none" and self.compile:
            raise OptionError(
                "compile must be used without a cache, whose decisions break compiled blocks; "
                f"got cache {self.cache}. Use one of the two."
            )
        if self.attention == "flex" and not self.compile:
            raise OptionError(
                "attention flex must be compiled, else it holds the scores of all pairs of tokens; "
                "got no compile. Add --compile, or use native."
            )
        threshold = self.cache_threshold
        if threshold is not None and not 0 < threshold < 10:
            raise OptionError(
                f"cache_threshold must be above 0 and below 10; got {threshold}. Use 0.08."
            )
        if self.cache == "none" and self.cache_threshold is not None:
            raise OptionError(
                f"cache_threshold must come with a cache; got {self.cache_threshold} and none. "
                "Add --cache firstblock."
            )


def prepare_transformer(
    transformer: nn.Module, options: SpeedOptions, device: torch.device
) -> None:
    """Give a loaded transformer its attention kernel and compile its blocks, in place.

    Args:
        transformer: diffusers `WanTransformer3DModel`.
        options: what to apply.
        device: where it will run.

    Raises:
        OptionError: a kernel whose package or device is missing.
    """
    model: Any = transformer
    # Native too: diffusers also keeps the last kernel set as the default of other models.
    _set_attention(model, options.attention, device)
    if options.compile:
        model.compile_repeated_blocks(fullgraph=True)


@contextmanager
def caching(transformer: nn.Module, options: SpeedOptions, steps: int) -> Iterator[None]:
    """Have a transformer reuse work between the steps of one run.

    Args:
        transformer: diffusers `WanTransformer3DModel`; as before when the block ends.
        options: which cache.
        steps: of the run; magcache's ratios are stretched to it.

    Raises:
        OptionError: an unreadable file of ratios.
    """
    model: Any = transformer
    path = options.mag_ratios
    if options.cache == "none":
        yield
    elif options.cache == "magcache" and path is not None and not path.is_file():
        with _measured_ratios(model, path):
            yield
    else:
        model.enable_cache(_cache_config(options, steps))
        try:
            yield
        finally:
            model.disable_cache()


def _set_attention(model: Any, name: str, device: torch.device) -> None:
    if device.type != "cuda" and name not in _ON_CPU:
        raise OptionError(
            f"attention {name} must run on CUDA; got device {device}. Use native, PyTorch's own."
        )
    notices = logging.getLogger("diffusers.models.modeling_utils")
    level = notices.level
    try:
        # It warns each time that kernels are experimental, also of the native one.
        notices.setLevel(logging.ERROR)
        model.set_attention_backend(_ATTENTION[name])
    except (RuntimeError, ImportError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise OptionError(
            f"attention {name} must have its package installed; got: {reason}. "
            "Install it, or use native."
        ) from error
    finally:
        notices.setLevel(level)


def _cache_config(options: SpeedOptions, steps: int) -> Any:
    threshold = options.cache_threshold or _THRESHOLDS[options.cache]
    if options.cache == "firstblock":
        from diffusers import FirstBlockCacheConfig

        return FirstBlockCacheConfig(threshold=threshold)
    from diffusers import MagCacheConfig

    ratios = _read_ratios(options.mag_ratios)
    return MagCacheConfig(mag_ratios=ratios, threshold=threshold, num_inference_steps=steps)


def _read_ratios(path: Path | None) -> list[float]:
    try:
        document = json.loads(Path(path or "").read_text(encoding="utf-8"))
        ratios = [float(value) for value in document["mag_ratios"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OptionError(
            f"{path} must hold magcache's ratios; got something else. "
            "Delete it, and the next run measures them."
        ) from error
    return ratios


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
