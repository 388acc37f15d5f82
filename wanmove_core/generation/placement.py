"""Which device each part of the model works on, and when it leaves it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch

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

    Raises:
        OptionError: another mode, or a device that this machine does not have.
    """

    def __init__(
        self,
        device: torch.device | str = "cpu",
        *,
        offload: Offload = "none",
        text_encoder_device: torch.device | str | None = None,
    ) -> None:
        if offload not in get_args(Offload):
            raise OptionError(
                f"offload must be one of {', '.join(get_args(Offload))}; got {offload!r}. "
                'Use "model" when memory runs out.'
            )
        self.device = check_device(device)
        self.text_encoder_device = check_device(text_encoder_device or device)
        self.offload = offload
        self._streamed: set[int] = set()
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
                _stream_layers(part, home)
                self._streamed.add(id(part))
            else:
                part.to(home if self.offload == "none" else "cpu")

    @contextmanager
    def use(self, part: Any, device: torch.device) -> Iterator[Any]:
        """Keep a part on its device within a `with` block."""
        moves = part is not None and self.offload != "none" and id(part) not in self._streamed
        if moves:
            part.to(device)
        try:
            yield part
        finally:
            if moves and device.type != "cpu":
                part.to("cpu")
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


def _stream_layers(part: torch.nn.Module, device: torch.device) -> None:
    from diffusers.hooks import apply_group_offloading

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


def _is_scarce(part: torch.nn.Module) -> bool:
    """Tell whether the host has less free memory than twice the part's weights."""
    weights = sum(p.numel() * p.element_size() for p in part.parameters())
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return True
    return free < 2 * weights


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
