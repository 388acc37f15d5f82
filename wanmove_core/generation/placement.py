"""Which device each part of the model works on, and when it leaves it."""

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from torch import nn

from ..checkpoints.components import Components
from ..errors import OptionError

_log = logging.getLogger("wanmove")

Offload = Literal["none", "model", "layer"]


class Placement:
    """Where to compute.

    Args:
        device: of the computation.
        offload: what is kept in host memory while it is not used. "none": nothing. "model": each
            part comes to the device for its work and leaves it afterwards, which needs the memory
            of the largest part. "layer": of the transformer and the text encoder, a few layers at a
            time, which needs the least memory and is slower.
        text_encoder_device: where the text encoder works; `device` by default.
        keep: GiB of the transformer's layers that stay on the device while it works, with "layer".

    Raises:
        OptionError: another mode, a device that this machine does not have, `keep` without "layer".
    """

    def __init__(
        self,
        device: torch.device | str = "cpu",
        *,
        offload: Offload = "none",
        text_encoder_device: torch.device | str | None = None,
        keep: float = 0.0,
    ) -> None:
        if offload not in get_args(Offload):
            raise OptionError(
                f"offload must be one of {', '.join(get_args(Offload))}; got {offload!r}. "
                'Use "model" when memory runs out.'
            )
        if not 0 <= keep < math.inf or (keep > 0 and offload != "layer"):
            raise OptionError(
                f"keep must be GiB, 0 or more, with offload layer; got {keep:g} with {offload}. "
                "Use --offload layer --keep 4."
            )
        self.device = check_device(device)
        self.text_encoder_device = check_device(text_encoder_device or device)
        self.offload = offload
        self._keep = keep
        self._kept: dict[int, nn.ModuleList] = {}  # by the part that is streamed
        if offload != "none" and self.device.type == "cpu":
            _log.warning("offload has no effect: the work is on the CPU, where the model waits.")
            self.offload = "none"

    @property
    def resting_device(self) -> torch.device:
        """The device on which parts are kept while they are not used: load them there."""
        return self.device if self.offload == "none" else torch.device("cpu")

    def place(self, components: Components) -> None:
        """Move the parts to their resting device; prepare layer offload if it is chosen."""
        homes = {
            "transformer": self.device,
            "vae": self.device,
            "image_encoder": self.device,
            "text_encoder": self.text_encoder_device,
        }
        for name, home in homes.items():
            part = getattr(components, name)
            if part is None:
                continue
            streamed = name in ("transformer", "text_encoder") and home.type != "cpu"
            if self.offload == "layer" and streamed:
                keep = self._keep if name == "transformer" else 0.0
                self._kept[id(part)] = _stream_layers(part, home, keep)
            else:
                part.to(home if self.offload == "none" else "cpu")

    @contextmanager
    def use(self, part: Any, device: torch.device) -> Iterator[Any]:
        """Keep a part on its device within a `with` block."""
        moved = None if self.offload == "none" else self._kept.get(id(part), part)
        if moved is not None:
            moved.to(device)
        try:
            yield part
        finally:
            if moved is not None and device.type != "cpu":
                moved.to("cpu")
                torch.cuda.empty_cache()


def check_device(device: torch.device | str) -> torch.device:
    """Parse a device's name and check that this machine has the device.

    Raises:
        OptionError: no such device.
    """
    try:
        found = torch.device(device)
        torch.empty(1, device=found).cpu()  # "meta" holds nothing
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise OptionError(
            f"device must be one that this machine has; got {device}: {_first_line(error)}. "
            "Use cpu, or install a torch build for your GPU."
        ) from error
    return found


def _stream_layers(part: nn.Module, device: torch.device, keep: float) -> nn.ModuleList:
    """Have the layers of a part come to the device one by one.

    Returns:
        The first blocks, up to `keep` GiB, which do not: they are still on the CPU.
    """
    from diffusers.hooks import apply_group_offloading

    kept = _first_blocks(part, keep * 2**30)
    blocks = getattr(part, "blocks", None)
    if len(kept) > 0:
        part.blocks = blocks[len(kept) :]  # type: ignore[index]  # all that diffusers will find
    apply_group_offloading(
        part,
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type="leaf_level",
        # A second CUDA stream brings the next layer while this one computes.
        use_stream=device.type == "cuda",
        # A stream needs pinned host memory, all of the part at once unless told otherwise.
        low_cpu_mem_usage=_is_scarce(part),
    )
    if len(kept) > 0:
        part.blocks = blocks  # type: ignore[assignment]
    return kept


def _first_blocks(part: nn.Module, limit: float) -> nn.ModuleList:
    """As many of the transformer's blocks as have at most so many bytes together."""
    kept = nn.ModuleList()
    for block in getattr(part, "blocks", ()):
        limit -= _weight_bytes(block)
        if limit < 0:
            break
        kept.append(block)
    return kept


def _weight_bytes(part: nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in part.parameters())


def _is_scarce(part: nn.Module) -> bool:
    """Tell whether the host has less free memory than twice the part's weights."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return True
    return free < 2 * _weight_bytes(part)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
