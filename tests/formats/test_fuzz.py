"""Damaged copies of every good file give tracks or a TrackFormatError, and nothing else."""

import pathlib
import random

import pytest
import torch

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import ReadOptions, parse_tracks

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"
SUFFIXES = (".npy", ".json", ".csv", ".txt", ".svg", ".nk")
FILES = sorted(
    path
    for folder in ("tracks", "interchange")
    for path in (FIXTURES / folder).iterdir()
    if path.suffix in SUFFIXES
)
OPTIONS = ReadOptions(canvas_size=(832, 480), size=(640, 352), num_frames=13)
ROUNDS = 60


def damaged(data, rng):
    """One copy: cut, with bytes flipped, with a piece moved, or with a token swapped."""
    kind = rng.randrange(5)
    if kind == 0:
        return data[: rng.randrange(len(data))]
    if kind == 1:
        out = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
        return bytes(out)
    if kind == 2:
        start, end, to = sorted(rng.randrange(len(data)) for _ in range(3))
        return data[:start] + data[end:to] + data[start:end] + data[to:]
    tokens = [b"null", b"-1", b"1e400", b"NaN", b"true", b'"x"', b"[]", b"{}", b"999999999999",
              b"0.5", b"\x00", b"\xff"]  # fmt: skip
    digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57] or [0]
    at = rng.choice(digits)
    return data[:at] + rng.choice(tokens) + data[at + (kind == 3) :]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_damaged_files(path):
    data = path.read_bytes()
    rng = random.Random(path.name)
    read = 0
    for _ in range(ROUNDS):
        copy = damaged(data, rng)
        try:
            tracks = parse_tracks(copy, name=path.name, options=OPTIONS).tracks
        except TrackFormatError as error:
            assert "\n" not in str(error)
            continue
        read += 1
        assert tracks.num_frames == 13
        assert torch.isfinite(tracks.positions).all()
    assert read < ROUNDS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_short_cut(path):
    """Cut after each of the first bytes, where headers and the choice of format lie."""
    data = path.read_bytes()
    for length in range(min(len(data), 60)):
        try:
            parse_tracks(data[:length], options=OPTIONS)
        except TrackFormatError as error:
            assert str(error)
