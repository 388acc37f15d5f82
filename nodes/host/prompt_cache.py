"""Prompt embeddings on disk: bounded, safe with several processes and damaged files."""

import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

logger = logging.getLogger("wanmove")

_VERSION = 1  # of what is stored; another version never reads this one's files


def prompt_key(prompt: str, encoder: Path, host_version: str) -> str:
    """Name an embedding by its prompt and its encoder's name, size and time."""
    stat = encoder.stat()
    parts = [_VERSION, host_version, encoder.name, stat.st_size, stat.st_mtime_ns, prompt]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


_LONGEST_WRITE_SECONDS = 3600.0


class EmbeddingCache:
    """One safetensors file per prompt in `folder`, the least recently used deleted first.

    Args:
        folder: created by the first write.
        max_bytes: of all files together; the newest file stays even if it is larger.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def read(self, key: str) -> dict[str, torch.Tensor] | None:
        """Read an embedding, or None. A damaged file is deleted and counts as missing."""
        path = self._path(key)
        try:
            tensors = load_file(path)
            os.utime(path)
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError) as error:
            logger.warning("Prompt cache: %s is damaged (%s); encoding again.", path.name, error)
            _remove(path)
            return None
        return tensors

    def write(self, key: str, tensors: Mapping[str, torch.Tensor]) -> None:
        """Write an embedding atomically. A full disk is only logged."""
        temporary = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._folder, suffix=".part")
            os.close(handle)
            save_file({name: t.contiguous().cpu() for name, t in tensors.items()}, temporary)
            Path(temporary).replace(self._path(key))
            self._evict(keep=self._path(key))
        except (SafetensorError, OSError) as error:
            logger.warning("Prompt cache: could not write to %s: %s", self._folder, error)
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.safetensors"

    def _evict(self, keep: Path) -> None:
        files = []
        for path in self._folder.glob("*.safetensors"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # another process evicted it
                continue
            if path.is_file():
                files.append((stat.st_mtime_ns, stat.st_size, path))
        # What a writer that was killed left behind.
        old = time.time() - _LONGEST_WRITE_SECONDS
        for path in self._folder.glob("*.part"):
            with suppress(OSError):
                if path.is_file() and path.stat().st_mtime < old:
                    _remove(path)
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._max_bytes:
                return
            if path != keep and _remove(path):
                total -= size


def _remove(path: Path) -> bool:
    """Delete one of our own files; another user's stays, and is no error."""
    try:
        if hasattr(os, "getuid") and path.lstat().st_uid != os.getuid():
            return False
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
