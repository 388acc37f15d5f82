"""Seeded mutations of real files: every reader reads them, or refuses them in one line."""

import copy
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile.fixtures import KINDS, SHARES
from wanmove_core.errors import WanMoveError

MUTATIONS, SLICE = 2000, 30
_LONGEST_SECONDS = 5.0
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

# Values that are of another kind, or out of every range.
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 2**64, -(10**30), 1e308, float("nan"), float("inf"), "", "a\x1b\n"),
    *("\ud800", "../x", "/etc/passwd", "a\0b", "9" * 400, [], {}, [[]], [1, "a"], {"a": None}),
)


@dataclass
class Outcome:
    """How often files of one kind were tried, refused and read, and what went wrong."""

    tried: int = 0
    refused: int = 0
    read: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Count another's too."""
        self.tried += other.tried
        self.refused += other.refused
        self.read += other.read
        self.wrong += other.wrong

    def __str__(self) -> str:
        return (
            f"tried {self.tried}, refused {self.refused}, read {self.read}, "
            f"wrong = {len(self.wrong)}"
        )


def attack(kind: str, count: int, *, seed: int = 0) -> Outcome:
    """Mutate each fixture of a kind so many times, here.

    Args:
        kind: one of KINDS.
        count: mutations of each fixture; slow kinds take a share of it.
        seed: of the mutations.
    """
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        made.mkdir()
        for number, (path, read) in enumerate(KINDS[kind](made)):
            for turn in range(turns_of(kind, count)):
                attack_once(path, read, (seed, number, turn), Path(folder), outcome)
    return outcome


def turns_of(kind: str, count: int) -> int:
    """Mutations of each fixture of a kind; slow ones take a share, but for the whole number."""
    return max(1, round(count * (1.0 if count >= MUTATIONS else SHARES.get(kind, 1.0))))


def attack_once(
    path: Path,
    read: Callable[[Path], object],
    seeds: tuple[int, int, int],
    folder: Path,
    outcome: Outcome,
) -> None:
    """Read one mutation of a file, and count what came of it."""
    target = folder / f"mutated{path.suffix}"
    target.write_bytes(mutate(path.read_bytes(), np.random.default_rng(list(seeds))))
    label = f"{path.name}, mutation {seeds[0]}-{seeds[1]}-{seeds[2]}"
    _try(read, target, label, outcome)


def mutate(whole: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed, put in, taken out, or the file cut off; of JSON also a value."""
    if whole[:1] in (b"{", b"[") and rng.random() < 0.5:
        with suppress(ValueError):
            return _another_value(json.loads(whole), rng)
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


def _another_value(document: Any, rng: np.random.Generator) -> bytes:
    """One to three values of a JSON document exchanged for others, or left out."""
    for _ in range(rng.integers(1, 4)):
        places = list(_places(document))
        if not places:
            break
        holder, key = places[rng.integers(len(places))]
        if rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(_VALUES[rng.integers(len(_VALUES))])
    return json.dumps(document).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


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
