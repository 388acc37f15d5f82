"""Check a GGUF file's header: the library allocates whatever the header says."""

import struct
from pathlib import Path
from typing import BinaryIO

from ..errors import CheckpointError

# Of a model; a whole Wan has 1300 tensors, and a vocabulary of 256,000 words comes as one array.
_MOST_TENSORS, _MOST_FIELDS, _MOST_ITEMS = 100_000, 10_000, 2_000_000
_LONGEST_TEXT = 16 << 20
_MOST_AXES = 8
_STRING, _ARRAY = 8, 9
# Sizes in bytes by the number of the type.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def check_gguf_header(path: Path) -> None:
    """Refuse a header that declares more than the file holds or than a model has.

    Raises:
        CheckpointError: such a header.

    Source: ggml's docs/gguf.md, version 3.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            _Walk(file, size).header()
    except (struct.error, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else "one that is cut off"
        raise CheckpointError(
            f"{path} must be a whole GGUF file; got {reason}. Download it again."
        ) from error


class _Walk:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._items = file, size, 0

    def header(self) -> None:
        self._file.seek(4)
        version = self._number("<I")
        if version not in (2, 3):
            raise ValueError(f"version {version}")
        tensors, fields = self._number("<Q"), self._number("<Q")
        if tensors > _MOST_TENSORS or fields > _MOST_FIELDS:
            raise ValueError(f"a header of {tensors} tensors and {fields} fields")
        for _ in range(fields):
            self._text()
            self._value(self._number("<I"))
        for _ in range(tensors):
            self._text()
            axes = self._number("<I")
            if axes > _MOST_AXES:
                raise ValueError(f"a tensor of {axes} axes")
            self._skip(8 * axes + 4 + 8)

    def _value(self, kind: int, *, nested: bool = False) -> None:
        if kind == _STRING:
            self._text()
        elif kind == _ARRAY and not nested:
            inner, count = self._number("<I"), self._number("<Q")
            self._items += count
            if self._items > _MOST_ITEMS:
                raise ValueError(f"an array of {count} items")
            if inner in _SIZES:
                self._skip(_SIZES[inner] * count)
            else:
                for _ in range(count):
                    self._value(inner, nested=True)
        elif kind in _SIZES:
            self._skip(_SIZES[kind])
        else:
            raise ValueError("a field of a type that is not known")

    def _text(self) -> None:
        length = self._number("<Q")
        if length > _LONGEST_TEXT:
            raise ValueError(f"a text of {length} bytes")
        self._skip(length)

    def _skip(self, count: int) -> None:
        if self._file.tell() + count > self._size:
            raise ValueError("one that is cut off")
        self._file.seek(count, 1)

    def _number(self, kind: str) -> int:
        number: int = struct.unpack(kind, self._file.read(struct.calcsize(kind)))[0]
        return number
