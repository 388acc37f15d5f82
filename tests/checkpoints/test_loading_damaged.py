"""Damaged and hostile model files: each gives one line, and none runs code."""

import contextlib
import json
import pickle
import struct

import pytest
import torch

from wanmove_core.checkpoints.weight_files import open_weights
from wanmove_core.errors import CheckpointError

from . import checkpoint_writers as writers
from .refusals import refusal


def header(index, data=b""):
    text = json.dumps(index).encode() if isinstance(index, dict) else index
    return struct.pack("<Q", len(text)) + text + data


def entry(**changes):
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


class Evil:
    def __reduce__(self):
        return (print, ("code ran",))


DAMAGED = {
    "empty": (b"", "an empty file"),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        "git-lfs pointer",
    ),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", "an HTML or XML page"),
    "html after space": (b"\n\n  <html></html>", "an HTML or XML page"),
    "text": (b"Access to this model is restricted.", "something else"),
    "seven bytes": (b"\x08\0\0\0\0\0\0", "something else"),
    "huge header": (struct.pack("<Q", 2**63) + b"{}", "something else"),
    "header cut off": (struct.pack("<Q", 5000) + b'{"w":', "cut off"),
    "data cut off": (header(entry(shape=[1000], data_offsets=[0, 4000]), b"\0" * 99), "cut off"),
    "not json": (header(b"{not json}"), "something else"),
    "deep json": (header(b"{" + b'"a":{' * 100_000), "something else"),
    "a list": (header(b"[1, 2]"), "something else"),
    "no offsets": (header({"w": {"dtype": "F32", "shape": [2]}}), "something else"),
    "negative shape": (header(entry(shape=[-2]), b"\0" * 8), "something else"),
    "negative offset": (header(entry(data_offsets=[-8, 0]), b"\0" * 8), "something else"),
    "shape of words": (header(entry(shape=["a"]), b"\0" * 8), "something else"),
    "size mismatch": (header(entry(shape=[3]), b"\0" * 12), "something else"),
    "huge shape": (header(entry(shape=[2**62, 2**62]), b"\0" * 8), "something else"),
    "pickle": (pickle.dumps({"a": Evil()}, protocol=2), "torch archive"),
    "zip": (b"PK\x03\x04" + b"\0" * 60, "torch archive"),
    "gguf": (b"GGUF\x03\0\0\0" + b"\xff" * 40, "GGUF file"),
    "gguf cut off": (b"GGUF\x03\0\0\0", "GGUF file"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_files_are_named(kind, tmp_path, capsys):
    content, message = DAMAGED[kind]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    text = refusal([path])
    assert message in text
    assert text.startswith(str(path))
    # The same file in a folder: it is named only because nothing else is there.
    assert message in refusal([tmp_path])
    assert "code ran" not in capsys.readouterr().out


def test_torch_archives_run_no_code(tmp_path, capsys):
    torch.save({"a": Evil()}, tmp_path / "model.pth")
    assert "torch archive of plain tensors" in refusal([tmp_path / "model.pth"])
    torch.save({"a": torch.ones(3)}, tmp_path / "model.safetensors")  # by content, not by suffix
    assert "got another model (1 weights" in refusal([tmp_path / "model.safetensors"])
    torch.save([1, 2], tmp_path / "list.pth")
    assert "must hold a dictionary of tensors; got list" in refusal([tmp_path / "list.pth"])
    assert "code ran" not in capsys.readouterr().out


def test_truncated_checkpoint_is_named(tmp_path):
    folder = writers.write_comfyui(tmp_path / "m", writers.small_model())
    file = folder / "diffusion_models" / "Wan21-WanMove.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    assert "must be a whole safetensors file; got one that is cut off" in refusal([folder])


def test_torch_says_nothing_of_its_own(tmp_path, recwarn):
    """It warns of an unusual pickle before it fails; the one line is the error's."""
    torch.save({"a": torch.ones(3)}, tmp_path / "a.pth")
    data = bytearray((tmp_path / "a.pth").read_bytes())
    data[data.index(b"\x80\x02") + 1] = 133
    (tmp_path / "a.pth").write_bytes(data)
    with contextlib.suppress(CheckpointError):  # some versions read it
        open_weights(tmp_path / "a.pth")
    assert not recwarn.list
