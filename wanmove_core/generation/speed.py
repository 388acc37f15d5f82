"""Options that make the transformer faster; one that cannot act raises an error."""

import json
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import nn

from ..checkpoints.fp8 import Fp8Linear
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
    "flash_hub": "flash_hub",
    "flash3_hub": "_flash_3_hub",
    "flash4_hub": "flash_4_hub",
    "sage_hub": "sage_hub",
}
_HUB = "pip install 'wan-move[kernels]'; the kernel is downloaded at its first use"
_PACKAGES = {
    "flash": "Install flash-attn 2.6.3 or newer: pip install 'wan-move[flash]', which needs nvcc",
    "flash3": "Build FlashAttention-3 from its source (Hopper), or use flash3_hub",
    "sage": "Build sageattention 2.1.1 or newer from source (PyPI stops at 1.0.6) or use sage_hub",
    "xformers": "pip install xformers",
    **dict.fromkeys(("flash_hub", "flash3_hub", "flash4_hub", "sage_hub"), _HUB),
}
ATTENTION = tuple(_ATTENTION)
_ON_CPU = ("native", "flex")
# Kernels that diffusers can give a part of the tokens; "native" by ulysses alone.
SPLITS_TOKENS = ("native", "flash", "sage", "cudnn", "flash_hub", "flash3_hub", "sage_hub")
_FP8_CAPABILITY = (8, 9)
_WITH_THRESHOLD = ("firstblock", "magcache")


@dataclass(frozen=True)
class SpeedOptions:
    """How to make the transformer faster.

    Args:
        cache: reuse work of earlier steps: "taylor" extrapolates two of three steps from the last
            ones; "firstblock" decides by how much the first block's output changed, "magcache" by
            ratios measured beforehand; "cfg" keeps the difference that the prompt's guidance makes,
            "attention" each block's self attention; "auto" chooses by the number of steps.
        cache_threshold: relative change below which work is reused; None: 0.08 (firstblock), 0.06
            (magcache).
        mag_ratios: file of magcache's ratios. If it is not there yet, the run measures them,
            skips nothing, and writes it.
        attention: kernel, one of `ATTENTION`.
        compile: compile the blocks; the first step takes longer, the others less.
        fp8_gemm: multiply in float8 where weights are; needs a GPU of compute capability 8.9.

    Raises:
        OptionError: a value outside of its range.
    """

    cache: Cache = "none"
    cache_threshold: float | None = None
    mag_ratios: Path | None = None
    attention: str = "native"
    compile: bool = False
    fp8_gemm: bool = False

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
            if self.mag_ratios.is_file():
                read_ratios(self.mag_ratios)
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
    check_speed(options, device)
    _set_attention(model, options.attention)
    if options.fp8_gemm:
        _multiply_in_fp8(model)
    if options.compile:
        model.compile_repeated_blocks(fullgraph=True)


def check_speed(options: SpeedOptions, device: torch.device) -> None:
    """Refuse what the device cannot do, before minutes go into loading the model.

    Raises:
        OptionError: a kernel of CUDA elsewhere, or products in fp8 on a GPU that has none.
    """
    if device.type != "cuda" and options.attention not in _ON_CPU:
        raise OptionError(
            f"attention {options.attention} must run on CUDA; got device {device}. Use native, "
            "PyTorch's own."
        )
    if not options.fp8_gemm:
        return
    able = device.type == "cuda" and torch.cuda.get_device_capability(device) >= _FP8_CAPABILITY
    if not able:
        got = device.type
        if device.type == "cuda":
            got = "compute capability " + ".".join(
                map(str, torch.cuda.get_device_capability(device))
            )
        raise OptionError(
            f"fp8_gemm must be on a GPU of compute capability 8.9 or newer; got {got}. "
            "Leave out --fp8-gemm: fp8 weights are then widened at each use."
        )


def _multiply_in_fp8(model: Any) -> None:
    layers = [module for module in model.modules() if isinstance(module, Fp8Linear)]
    if not layers:
        raise OptionError(
            "fp8_gemm must have float8 weights; got none. Add --dtype fp8, or load an fp8 file."
        )
    if any(layer.float8 != torch.float8_e4m3fn for layer in layers):
        raise OptionError(
            "fp8_gemm must have float8_e4m3fn weights, which GPUs multiply with a scale a token; "
            "got float8_e5m2. Leave out --fp8-gemm, or load an e4m3fn file."
        )
    for layer in layers:
        layer.multiplies_in_fp8 = True


def _set_attention(model: Any, name: str) -> None:
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
            f"{_PACKAGES.get(name, 'Install it')}, or use native."
        ) from error
    finally:
        notices.setLevel(level)


def read_ratios(path: Path | None) -> list[float]:
    """Read magcache's ratios.

    Raises:
        OptionError: the file holds something else.
    """
    try:
        document = json.loads(Path(path or "").read_text(encoding="utf-8"))
        ratios = [float(value) for value in document["mag_ratios"]]
        if not all(map(math.isfinite, ratios)):
            raise ValueError(ratios)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise OptionError(
            f"{path} must hold magcache's ratios; got something else. "
            "Delete it, and the next run measures them."
        ) from error
    return ratios
