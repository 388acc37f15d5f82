"""Files of named weights, read one tensor at a time: safetensors and torch archives.

Opening a file reads names, shapes and types only. Tensors are read into memory of their own
instead of mapped from the file, so that a process holds what it loaded and nothing besides, and
so that Windows does not lock the file.
"""

import json
import math
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import CheckpointError

# torch.load wraps everything it stumbles over in one of these.
_TORCH_LOAD_ERRORS = (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError)
_MAX_HEADER_BYTES = 100_000_000  # the safetensors format's own limit
_SAFETENSORS_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True)
class WeightInfo:
    """What the file's index says about one tensor.

    Args:
        shape: the tensor's axes.
        dtype: its type; None for one that torch or we do not know.
        offset: first byte in the file; -1 where the file's reader does not need it.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype | None
    offset: int = -1

    @property
    def bytes(self) -> int:
        """Size in the file; 0 where the type is not known."""
        return math.prod(self.shape) * self.dtype.itemsize if self.dtype else 0


@dataclass(frozen=True)
class WeightFile:
    """One opened file. Made by `open_weights`.

    Args:
        path: the file.
        weights: name -> what the file's index says.
        metadata: the safetensors header's own strings.
        tensors: the mapped tensors of a torch archive; empty for safetensors.
    """

    path: Path
    weights: Mapping[str, WeightInfo]
    metadata: Mapping[str, str] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict, repr=False)

    def read(self, name: str) -> Tensor:
        """Read one tensor; of a torch archive, the pages are mapped until they are used.

        Raises:
            CheckpointError: a type that torch cannot hold, or a file cut off since it was opened.
        """
        if name in self.tensors:
            return self.tensors[name]
        info = self.weights[name]
        if info.dtype is None:
            raise CheckpointError(
                f"{self.path}: {name} must be float, float8 or int; got a type that is not "
                "supported. Use the bf16, fp16 or fp8 version of this model."
            )
        raw = torch.empty(info.bytes, dtype=torch.uint8)
        with self.path.open("rb") as file:
            file.seek(info.offset)
            if file.readinto(raw.numpy().data) != raw.numel():
                raise _cut_off(self.path)
        return raw.view(info.dtype).reshape(info.shape)


def open_weights(path: Path) -> WeightFile:
    """Read a file's index; its content, not its suffix, tells the format.

    Raises:
        CheckpointError: not a file of weights, or a damaged one; the message says what it is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise CheckpointError(
            f"{path} must be a readable file; got {error.strerror}. Check the path."
        ) from error
    _check_is_binary(path, head)
    if head.startswith((b"PK\x03\x04", b"\x80\x02")):
        return _open_torch(path)
    return _open_safetensors(path)


def is_gguf(path: Path) -> bool:
    """Tell a GGUF file by its first four bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"


def _check_is_binary(path: Path, head: bytes) -> None:
    """Recognise what failed downloads leave behind."""
    if not head:
        got = "an empty file (0 bytes)"
    elif head.startswith(b"version https://git-lfs"):
        got = "a git-lfs pointer (the text that stands for the file)"
    elif head.lstrip()[:1] == b"<":
        got = "an HTML or XML page"
    else:
        return
    fix = "Run `git lfs pull`" if "lfs" in got else "Download it again"
    raise CheckpointError(f"{path} must be a file of model weights; got {got}. {fix}.")


def _cut_off(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path} must be a whole safetensors file; got one that is cut off "
        f"({path.stat().st_size} bytes). Download it again."
    )


def _open_safetensors(path: Path) -> WeightFile:
    """Parse the header: u64 length, JSON index, then the tensors' bytes."""
    size = path.stat().st_size
    foreign = CheckpointError(
        f"{path} must be a safetensors, torch or GGUF file; got something else. "
        "Check which file this is, or download it again."
    )
    with path.open("rb") as file:
        prefix = file.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
        if not 2 <= length <= _MAX_HEADER_BYTES:
            raise foreign
        header = file.read(length)
    if not header.lstrip().startswith(b"{"):
        raise foreign
    if len(header) < length:
        raise _cut_off(path)
    try:
        index: Any = json.loads(header)
        metadata = index.pop("__metadata__", {})
        weights = {name: _parse_entry(entry, 8 + length) for name, entry in index.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise foreign from error
    if max((info.offset + info.bytes for info in weights.values()), default=0) > size:
        raise _cut_off(path)
    return WeightFile(path, weights, {str(k): str(v) for k, v in metadata.items()})


def _parse_entry(entry: dict[str, Any], data_start: int) -> WeightInfo:
    begin, end = (int(offset) for offset in entry["data_offsets"])
    info = WeightInfo(
        tuple(int(axis) for axis in entry["shape"]),
        _SAFETENSORS_DTYPES.get(entry["dtype"]),
        data_start + begin,
    )
    if begin < 0 or min(info.shape, default=0) < 0:
        raise ValueError("negative axis or offset")
    if info.dtype is not None and end - begin != info.bytes:
        raise ValueError("data_offsets do not fit the shape")
    return info


def _open_torch(path: Path) -> WeightFile:
    """Open what `torch.save` wrote, without running any code of the pickle's choosing."""
    try:
        try:
            state: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError as error:
            if "mmap" not in str(error):  # the pre-2020 format is not an archive
                raise
            state = torch.load(path, map_location="cpu", weights_only=True)
    except _TORCH_LOAD_ERRORS as error:
        raise CheckpointError(
            f"{path} must be a whole torch archive of plain tensors; got "
            f"{type(error).__name__}. Download it again, or use a safetensors version."
        ) from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(
            f"{path} must hold a dictionary of tensors; got {type(state).__name__}. "
            "Use a checkpoint of weights alone."
        )
    tensors = {str(name): tensor.detach() for name, tensor in state.items()}
    weights = {name: WeightInfo(tuple(t.shape), t.dtype) for name, t in tensors.items()}
    return WeightFile(path, weights, tensors=tensors)
