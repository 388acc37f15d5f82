"""Say in one line that memory ran out, and what would need less of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import OptionError


@contextmanager
def memory_told() -> Iterator[None]:
    """Say in one line that the device's memory ran out, and what needs less of it."""
    import torch

    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise OptionError(
            f"the device's memory must hold the model and its work; got: "
            f"{str(error).splitlines()[0]} Add --offload model (or layer), --dtype fp8 or "
            "--vae-tiling, or make --size smaller."
        ) from error
