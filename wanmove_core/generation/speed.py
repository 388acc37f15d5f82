"""Ways to make the transformer faster, each of which acts or says why it cannot."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import nn

from ..errors import OptionError
from ..media.writer import check_writable

Cache = Literal["none", "auto", "taylor", "firstblock", "magcache", "cfg", "attention"]

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
# Kernels that diffusers can give a part of the tokens; "native" by ulysses alone.
SPLITS_TOKENS = ("native", "flash", "sage", "cudnn")
_WITH_THRESHOLD = ("firstblock", "magcache")


@dataclass(frozen=True)
class SpeedOptions:
    """How to make the transformer faster.

    Args:
        cache: reuse the work of the step before where little changes: "taylor" draws two of
            three steps from the last ones; "firstblock" decides by how much the first block's
            output changed, "magcache" by ratios measured beforehand; "cfg" keeps the difference
            that the prompt's guidance makes, "attention" each block's self attention; "auto"
            chooses by the number of steps.
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
        if self.cache not in _WITH_THRESHOLD and threshold is not None:
            raise OptionError(
                f"cache_threshold must come with a cache that has one; got {threshold} and "
                f"{self.cache}. Add --cache firstblock."
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
