"""Seeded mutations of real files: every reader reads them, or refuses them in one line."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from wanmove_core.checkpoints.weight_files import open_weights
from wanmove_core.errors import WanMoveError
from wanmove_core.formats import ReadOptions, parse_tracks
from wanmove_core.formats.to_document import import_document
from wanmove_core.media.image import read_grey, read_image
from wanmove_core.media.video import read_frames, read_metadata
from wanmove_core.media.video_writer import write_video

FIXTURES = Path(__file__).parents[1] / "fixtures"
MUTATIONS, SLICE = 2000, 30
_LONGEST_SECONDS = 5.0
_LARGEST_FIXTURE = 100_000
_TRACK_FOLDERS = ("interchange", "reported", "tracks", "documents")
_TRACK_SUFFIXES = (".txt", ".svg", ".csv", ".json", ".nk", ".npy")
_PICTURES = ("png", "jpg", "webp", "tif", "bmp", "gif", "avif", "dds", "ppm")
# Bytes that stand for much in some format.
_PIECES = (
    b"\xff",
    b"\x00",
    b"9" * 12,
    b"-1",
    b"1e999",
    b"[",
    b"{",
    b'"',
    b"\n",
    b"\xed\xa0\x80",
    b"}",
)


@dataclass
class Outcome:
    """How often files of one kind were tried, refused and read, and what went wrong."""

    tried: int = 0
    refused: int = 0
    read: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"tried {self.tried}, refused {self.refused}, read {self.read}, "
            f"wrong = {len(self.wrong)}"
        )


def kinds() -> tuple[str, ...]:
    """The kinds of files that are mutated."""
    return ("tracks", "pictures", "videos", "weights")


def attack(kind: str, count: int, *, seed: int = 0) -> Outcome:
    """Mutate each fixture of a kind so many times.

    Args:
        kind: one of `kinds()`.
        count: mutations of each fixture.
        seed: of the mutations.
    """
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as folder:
        for number, (path, read) in enumerate(_fixtures(kind, Path(folder))):
            whole = path.read_bytes()
            for turn in range(count):
                rng = np.random.default_rng([seed, number, turn])
                target = Path(folder) / f"mutated{path.suffix}"
                target.write_bytes(mutate(whole, rng))
                _try(read, target, f"{path.name}, mutation {seed}-{number}-{turn}", outcome)
    return outcome


def mutate(whole: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed, put in, taken out, or the file cut off."""
    data = bytearray(whole)
    for _ in range(1 if rng.random() < 0.5 else rng.integers(2, 9)):
        # Headers matter most.
        end = len(data) if rng.random() < 0.6 else min(len(data), 256)
        place = int(rng.integers(max(end, 1)))
        how = rng.random()
        if how < 0.5:
            data[place : place + 1] = bytes([rng.integers(256)])
        elif how < 0.7:
            data[place:place] = _PIECES[rng.integers(len(_PIECES))]
        elif how < 0.85:
            del data[place : place + int(rng.integers(1, 20))]
        else:
            other = int(rng.integers(max(len(data), 1)))
            data[place:place] = data[other : other + int(rng.integers(1, 60))]
    return bytes(data[: rng.integers(len(data) + 1)] if rng.random() < 0.1 else data)


def _try(read: Callable[[Path], object], path: Path, label: str, outcome: Outcome) -> None:
    outcome.tried += 1
    began = time.process_time()
    try:
        read(path)
        outcome.read += 1
    except WanMoveError as error:
        outcome.refused += 1
        text = str(error)
        if not text.isprintable() or len(text) > 500:
            outcome.wrong.append(f"{label}: no printable line: {text[:100]!r}")
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        outcome.wrong.append(f"{label}: {type(error).__name__}: {str(error)[:200]}")
    if time.process_time() - began > _LONGEST_SECONDS:
        outcome.wrong.append(f"{label}: took {time.process_time() - began:.1f} s")


def _fixtures(kind: str, folder: Path) -> Iterator[tuple[Path, Callable[[Path], object]]]:
    made = folder / "made"
    made.mkdir()
    if kind == "tracks":
        for name in _TRACK_FOLDERS:
            for path in sorted((FIXTURES / name).rglob("*")):
                small = path.is_file() and path.stat().st_size <= _LARGEST_FIXTURE
                if small and path.suffix in _TRACK_SUFFIXES:
                    yield path, _read_tracks
    elif kind == "pictures":
        noise = (np.random.default_rng(0).random((20, 30, 3)) * 255).astype(np.uint8)
        for suffix in _PICTURES:
            path = made / f"a.{suffix}"
            Image.fromarray(noise).save(path)
            yield path, _read_picture
        for mode in ("I;16", "F", "P", "LA"):
            path = made / f"{mode[0]}.tif"
            Image.fromarray(noise[..., 0]).convert(mode.replace(";16", "")).save(path)
            yield path, _read_picture
    elif kind == "videos":
        frames = torch.from_numpy(
            (np.random.default_rng(0).random((4, 32, 48, 3)) * 255).astype("u1")
        )
        write_video(made / "a.mp4", frames, metadata={"seed": 1})
        yield made / "a.mp4", _read_video
        yield FIXTURES / "reported" / "vfr.mp4", _read_video
    else:
        state = {"a.weight": torch.ones(3, 5), "b.bias": torch.zeros(7)}
        save_file(state, made / "a.safetensors")
        torch.save(state, made / "a.pth")
        for path in (made / "a.safetensors", made / "a.pth", *_gguf(made)):
            yield path, _read_weights


def _gguf(folder: Path) -> Iterator[Path]:
    import gguf

    writer = gguf.GGUFWriter(folder / "a.gguf", "wan")
    writer.add_array("comfy.gguf.orig_shape.a.weight", [3, 5])
    writer.add_tensor("a.weight", np.ones((3, 5), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    yield folder / "a.gguf"


def _read_tracks(path: Path) -> None:
    data = path.read_bytes()
    parse_tracks(data, name=path.name, options=ReadOptions(canvas_size=(832, 480)))
    import_document(data, name=path.name)


def _read_picture(path: Path) -> None:
    read_image(path)
    read_grey(path)


def _read_video(path: Path) -> None:
    for _ in read_frames(path):
        pass
    read_metadata(path)


def _read_weights(path: Path) -> None:
    file = open_weights(path)
    for name in file.weights:
        file.read(name)
