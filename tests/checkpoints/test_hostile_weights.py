"""Files of weights that would fill the memory, run for ever or end in a traceback."""

import json
import os
import resource
import struct
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from wanmove_core.checkpoints.checkpoint import group_shards, open_checkpoint
from wanmove_core.checkpoints.weight_files import open_weights
from wanmove_core.errors import CheckpointError


def safetensors(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def entry(begin, end, shape=None, dtype="F32"):
    return {"dtype": dtype, "shape": shape or [(end - begin) // 4], "data_offsets": [begin, end]}


def gguf(path, tensors=0, fields=(), tail=b""):
    body = b"".join(
        struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + value
        for name, kind, value in fields
    )
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, tensors, len(fields)) + body + tail)
    return path


NESTED = struct.pack("<IQ", 9, 1) * 2000 + struct.pack("<IQ", 0, 0)
CASES = {
    "gguf array of 2^60": lambda p: gguf(p, fields=[("a", 9, struct.pack("<IQ", 4, 2**60))]),
    "gguf text of 2^60": lambda p: gguf(p, fields=[("a", 8, struct.pack("<Q", 2**60))]),
    "gguf nested arrays": lambda p: gguf(p, fields=[("a", 9, NESTED)]),
    "gguf of 2^60 tensors": lambda p: gguf(p, tensors=2**60),
    "gguf of 2^50 texts": lambda p: gguf(p, fields=[("a", 9, struct.pack("<IQ", 8, 2**50))]),
    "gguf cut off": lambda p: gguf(p, tensors=3),
    "overlapping": lambda p: safetensors(p, {"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)),
    "negative offsets": lambda p: safetensors(p, {"a": entry(-4, 4)}, bytes(8)),
    "backward offsets": lambda p: safetensors(p, {"a": entry(8, 4, [1], "F4")}, bytes(8)),
    "metadata of another kind": lambda p: safetensors(p, {"__metadata__": 3, "a": entry(0, 4)}),
    "metadata of a list": lambda p: safetensors(p, {"__metadata__": ["a", 1]}),
    "axis of 1e999": lambda p: safetensors(
        p, b'{"a": {"dtype": "F32", "shape": [1e999], "data_offsets": [0, 4]}}', bytes(4)
    ),
    "axis of 10^30": lambda p: safetensors(p, {"a": entry(0, 4, [10**30], "F4")}, bytes(4)),
    "entries of lists": lambda p: safetensors(p, {"a": [1, 2]}),
    "deep header": lambda p: safetensors(p, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "page": lambda p: p.write_bytes(b"<!DOCTYPE html><html>") and p,
}


@pytest.mark.parametrize("name", CASES)
def test_each_is_one_line(name, tmp_path):
    path = CASES[name](tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError) as told:
        open_weights(path)
    assert "\n" not in str(told.value) and len(str(told.value)) <= 500


def test_many_entries_are_refused_within_memory(tmp_path):
    row = b'"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},'
    many = b"{" + b"".join(row % number for number in range(300_000))[:-1] + b"}"
    safetensors(tmp_path / "many.safetensors", many)
    safetensors(tmp_path / "long.safetensors", b'{"a":"' + b"x" * 98_000_000 + b'"}')
    if sys.platform.startswith("linux"):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("many.safetensors", "long.safetensors"):
        with pytest.raises(CheckpointError):
            open_weights(tmp_path / name)
    if sys.platform.startswith("linux"):
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError, match="got a folder, pipe or device"):
        open_weights(tmp_path / "x.safetensors")


def test_a_header_whose_length_begins_with_a_bracket_is_no_page(tmp_path):
    header = json.dumps({"a": entry(0, 4)})
    path = safetensors(tmp_path / "a.safetensors", header.ljust(ord("<")).encode(), bytes(4))
    if path.read_bytes()[0] != ord("<"):
        header = header.ljust(256 + ord("<"))
        safetensors(path, header.encode(), bytes(4))
    assert path.read_bytes()[:1] == b"<" and list(open_weights(path).weights) == ["a"]


def test_shards_with_a_variant_and_a_stale_set(tmp_path):
    for number in (1, 2):
        tensor = {f"t{number}": torch.ones(2)}
        save_file(tensor, tmp_path / f"model-0000{number}-of-00002.fp16.safetensors")
    save_file({"old": torch.ones(2)}, tmp_path / "model-00001-of-00007.fp16.safetensors")
    groups = group_shards(list(tmp_path.iterdir()))
    whole = next(group for group in groups if len(group) == 2)
    assert set(open_checkpoint(whole).weights) == {"t1", "t2"}
    with pytest.raises(CheckpointError, match="must hold all 7 shards"):
        open_checkpoint(next(group for group in groups if len(group) == 1))


@pytest.mark.parametrize("kind", ["torch", "safetensors"])
def test_mutations_are_read_or_refused(kind, tmp_path):
    path = tmp_path / ("a.pth" if kind == "torch" else "a.safetensors")
    state = {"a.weight": torch.ones(3, 5), "b.bias": torch.zeros(7)}
    torch.save(state, path) if kind == "torch" else save_file(state, path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 10)):
            data[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(data[: rng.integers(1, len(data) + 1)] if rng.random() < 0.3 else data)
        try:
            file = open_weights(path)
            for name in file.weights:
                file.read(name)
        except CheckpointError as error:
            assert "\n" not in str(error) and len(str(error)) <= 500
