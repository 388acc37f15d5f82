"""Files of named weights, read one tensor at a time: safetensors, torch archives, GGUF.

Opening a file reads names, shapes and types only. Tensors of safetensors and GGUF files are read
into memory of their own instead of mapped from the file, so that a process holds what it loaded
and nothing besides, and so that Windows does not lock the file.
"""

import itertools
import json
import math
import stat
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..archives import ARCHIVE_ERRORS, load_archive
from ..errors import CheckpointError
from ..packages import require
from .gguf_header import check_gguf_header

_MOST_NESTED = 4  # dictionaries of a training state within each other
# A whole Wan has 1300 tensors; what is far more would fill the memory with names.
_MAX_HEADER_BYTES = 32_000_000
_MOST_TENSORS = 100_000
_LARGEST_NUMBER = 2**62
_JSON_ERRORS = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
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
        dtype: its type, or the type that a GGUF tensor decodes to; None for one that torch or
            we do not know.
        offset: first byte in a safetensors file.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype | None
    offset: int = 0

    @property
    def bytes(self) -> int:
        """Size in memory; 0 where the type is not known."""
        return math.prod(self.shape) * self.dtype.itemsize if self.dtype else 0


@dataclass(frozen=True)
class WeightFile:
    """One opened file. Made by `open_weights`.

    Args:
        path: the file.
        weights: name -> what the file's index says.
        read: reads one tensor by its name, into memory of its own or mapped from the file.
        metadata: strings that come with the weights.
        is_gguf: whether the matrices are quantised in blocks, as `GGUFParameter`.
    """

    path: Path
    weights: Mapping[str, WeightInfo]
    read: Callable[[str], Tensor] = field(repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_gguf: bool = False


def open_weights(path: Path) -> WeightFile:
    """Read a file's index; its content, not its suffix, tells the format.

    Raises:
        CheckpointError: not a file of weights, or a damaged one; the message says what it is.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CheckpointError(
                f"{path} must be a file; got a folder, pipe or device. Check the path."
            )
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise CheckpointError(
            f"{path} must be a readable file; got {error.strerror}. Check the path."
        ) from error
    _check_is_binary(path, head)
    if head.startswith(b"GGUF"):
        return _open_gguf(path)
    if head.startswith((b"PK\x03\x04", b"\x80\x02")):
        return _open_torch(path)
    return _open_safetensors(path)


def _check_is_binary(path: Path, head: bytes) -> None:
    """Recognise what failed downloads leave behind."""
    if not head:
        got = "an empty file (0 bytes)"
    elif head.startswith(b"version https://git-lfs"):
        got = "a git-lfs pointer (the text that stands for the file)"
    elif head.lstrip()[:1] == b"<" and head[8:9] != b"{":  # "<" may be a header's length
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
    if header.count(b'"data_offsets"') > _MOST_TENSORS or header.count(b"{") > 2 * _MOST_TENSORS:
        raise CheckpointError(
            f"{path} must have at most {_MOST_TENSORS} tensors; got more. Check which file this is."
        )
    try:
        index: Any = json.loads(header)
        metadata = dict(index.pop("__metadata__", {}))
        weights = {name: _parse_entry(entry, 8 + length) for name, entry in index.items()}
        _check_apart(index)
    except (*_JSON_ERRORS, ArithmeticError) as error:
        raise foreign from error
    if max((info.offset + info.bytes for info in weights.values()), default=0) > size:
        raise _cut_off(path)
    return WeightFile(
        path,
        weights,
        lambda name: _read_safetensors(path, name, weights[name]),
        {str(key): str(value) for key, value in metadata.items()},
    )


def _read_safetensors(path: Path, name: str, info: WeightInfo) -> Tensor:
    if info.dtype is None:
        raise CheckpointError(
            f"{path}: {name} must be float, float8 or int; got a type that is not "
            "supported. Use the bf16, fp16 or fp8 version of this model."
        )
    raw = torch.empty(info.bytes, dtype=torch.uint8)
    with path.open("rb") as file:
        file.seek(info.offset)
        if file.readinto(raw.numpy().data) != raw.numel():
            raise _cut_off(path)
    return raw.view(info.dtype).reshape(info.shape)


def _parse_entry(entry: dict[str, Any], data_start: int) -> WeightInfo:
    begin, end = (int(offset) for offset in entry["data_offsets"])
    info = WeightInfo(
        tuple(int(axis) for axis in entry["shape"]),
        _SAFETENSORS_DTYPES.get(entry["dtype"]),
        data_start + begin,
    )
    if not 0 <= begin <= end < _LARGEST_NUMBER or min(info.shape, default=0) < 0:
        raise ValueError("negative axis or offset")
    if math.prod(info.shape) >= _LARGEST_NUMBER:
        raise ValueError("axes beyond any memory")
    if info.dtype is not None and end - begin != info.bytes:
        raise ValueError("data_offsets do not fit the shape")
    return info


def _check_apart(index: Mapping[str, Any]) -> None:
    """Refuse tensors that share bytes: a small file would fill the memory many times over."""
    spans = sorted(tuple(entry["data_offsets"]) for entry in index.values())
    if any(second[0] < first[1] for first, second in itertools.pairwise(spans)):
        raise ValueError("tensors overlap")


def _open_torch(path: Path) -> WeightFile:
    """Open what `torch.save` wrote, without running any code of the pickle's choosing."""
    try:
        state = load_archive(path)
    except ARCHIVE_ERRORS as error:
        raise CheckpointError(
            f"{path} must be a whole torch archive of plain tensors; got "
            f"{type(error).__name__}. Download it again, or use a safetensors version."
        ) from error
    tensors = dict(_tensors_in(state)) if isinstance(state, dict) else {}
    if not tensors:
        raise CheckpointError(
            f"{path} must hold a dictionary of tensors; got {type(state).__name__}. "
            "Use a checkpoint of weights alone."
        )
    weights = {name: WeightInfo(tuple(t.shape), t.dtype) for name, t in tensors.items()}
    return WeightFile(path, weights, tensors.__getitem__)


def _tensors_in(state: Mapping[Any, Any], depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """The tensors of nested dictionaries, with names joined by dots."""
    for name, value in state.items():
        if isinstance(value, Tensor):
            yield str(name), value.detach()
        elif isinstance(value, dict) and depth < _MOST_NESTED:
            yield from ((f"{name}.{inner}", t) for inner, t in _tensors_in(value, depth + 1))


def _open_gguf(path: Path) -> WeightFile:
    gguf = require("gguf", "GGUF files")
    check_gguf_header(path)
    try:
        reader = gguf.GGUFReader(path)
        tensors = {tensor.name: tensor for tensor in reader.tensors}
        shapes = {name: _gguf_shape(reader, tensor) for name, tensor in tensors.items()}
    except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
        raise CheckpointError(
            f"{path} must be a whole GGUF file; got one that cannot be read "
            f"({type(error).__name__}). Download it again."
        ) from error
    weights = {name: WeightInfo(shape, torch.float32) for name, shape in shapes.items()}
    return WeightFile(path, weights, lambda name: _read_gguf(path, tensors[name]), is_gguf=True)


def _gguf_shape(reader: Any, tensor: Any) -> tuple[int, ...]:
    """GGUF lists axes from the last to the first, and has four at most.

    A tensor with more is stored flattened; the converter notes its own shape beside it.
    """
    note = reader.get_field(f"comfy.gguf.orig_shape.{tensor.name}")
    if note is not None:
        return tuple(int(note.parts[part][0]) for part in note.data)
    return tuple(int(axis) for axis in reversed(tensor.shape))


def _read_gguf(path: Path, tensor: Any) -> Tensor:
    from diffusers.quantizers.gguf.utils import SUPPORTED_GGUF_QUANT_TYPES, GGUFParameter
    from gguf import GGMLQuantizationType

    data = torch.from_numpy(tensor.data.copy())
    if tensor.tensor_type in (GGMLQuantizationType.F32, GGMLQuantizationType.F16):
        return data
    if tensor.tensor_type not in SUPPORTED_GGUF_QUANT_TYPES:
        raise CheckpointError(
            f"{path}: {tensor.name} must have a quantisation that diffusers reads; got "
            f"{tensor.tensor_type.name}. Use a Q4_K, Q5_K, Q6_K or Q8_0 version."
        )
    return GGUFParameter(data, quant_type=tensor.tensor_type)
