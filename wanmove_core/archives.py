"""What `torch.save` wrote: read as tensors alone, on the CPU, without a word of torch's own."""

import pickle
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

# torch.load wraps everything it stumbles over in one of these.
ARCHIVE_ERRORS = (
    *(pickle.UnpicklingError, RuntimeError, EOFError, LookupError, ValueError, TypeError),
    *(AttributeError, AssertionError, ArithmeticError, MemoryError, ImportError, OSError),
    *(struct.error, zipfile.BadZipFile),
)


def load_archive(path: Path) -> Any:
    """Read a torch archive without running any code of the pickle's choosing.

    Raises:
        ARCHIVE_ERRORS: damaged, or something else than tensors.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damage is told by the caller
        # torch goes by the suffix; an archive under safetensors' must come as an open file.
        if path.suffix not in (".safetensors", ".sft"):
            try:
                return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            except RuntimeError as error:
                if "mmap" not in str(error):  # the format before 2020 is not an archive
                    raise
        with path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
