"""Say in one line that memory ran out, and which options would fit."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import OptionError
from ..family import WAN21_I2V


@contextmanager
def memory_told(way_out: Callable[[], str]) -> Iterator[None]:
    """Turn an out-of-memory error within a `with` block into one line that says what would help.

    Args:
        way_out: says it.
    """
    import torch

    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        reason = str(error).splitlines()[0]
        raise OptionError(
            f"the device's memory must hold the model and its work; got: {reason} {way_out()}"
        ) from error


def way_out(args: argparse.Namespace, size: tuple[int, int]) -> str:
    """Name the options of `generate` that fit the device.

    Args:
        args: the command line.
        size: (width, height) of the video.
    """
    import torch

    plain = (
        "Add --vae-tiling where frames are decoded, --offload model (or layer), --dtype fp8, or "
        "make --size smaller."
    )
    if not torch.cuda.is_available() or getattr(args, "family", WAN21_I2V) is not WAN21_I2V:
        return plain
    from ..generation.memory import GIB, WAYS, fastest_way, kept_attention

    memory = torch.cuda.get_device_properties(0).total_memory / GIB
    frames, window = args.frames or 81, 81 if args.window is None else args.window
    frames = min(frames, window or frames)
    cache = ""
    if getattr(args, "cache", "none") == "attention":
        kept = kept_attention(size, frames)
        cache = f"Leave out --cache attention: it keeps up to {kept:.0f} GiB. "
    found = fastest_way(memory, size, frames)
    if found is None:
        return f"{cache}{plain} No option makes {size[0]}x{size[1]} fit {memory:.0f} GiB."
    use = "No option is needed" if found[0] == WAYS[0][0] else f"Use {found[0]}"
    return f"{cache}{use}: computed to need {found[1].peak:.0f} of the {memory:.0f} GiB."
