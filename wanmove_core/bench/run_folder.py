"""What a run leaves on disk: its description, one score per clip, features, failures.

run.json            what was asked: data set, clips, protocol, weights, versions, command
scores/ID.json      figures of a clip, with the digests of what they are of
floor/ID.json       the same of the reference's own re-encoding
features/KIND/*.npy features for the figures over all clips, by digest
failures.jsonl      clips that could not be scored, and why
strips/ overlays/   pictures for the report
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError, OptionError, printable
from ..media.writer import replacing
from .forms import RUN, fits

_MAX_JSON_BYTES = 64 * 2**20


@dataclass(frozen=True)
class RunFolder:
    """A run's folder."""

    path: Path

    @property
    def name(self) -> str:
        """What the tables call the run."""
        return printable(self.path.absolute().name)

    def open(self, description: dict[str, Any]) -> None:
        """Write run.json; another shard of the same run finds itself in it.

        Args:
            description: with `protocol` and `weights`, which must not change.

        Raises:
            OptionError: the folder holds a run of another protocol, or with other weights.
            MediaError: it cannot be written.
        """
        if (self.path / "run.json").is_file():
            there = self.read()
            check_same(there, description, str(self.path), "this command")
            merged = {**there.get("weights", {}), **description["weights"]}
            description = {**description, "weights": merged}
        write_json(self.path / "run.json", description)

    def read(self) -> dict[str, Any]:
        """Read run.json.

        Raises:
            MediaError: it is missing, damaged, or not one.
        """
        path = self.path / "run.json"
        document = read_json(path)
        if document is None or not fits(document, RUN):
            raise MediaError(
                f"{path} must be the description that wanmove bench score writes; got "
                f"{'another or a damaged file' if path.exists() else 'no such file'}. "
                "Name a folder that bench score or bench run wrote."
            )
        return document

    def record(self, part: str, name: str) -> dict[str, Any] | None:
        """A clip's score from "scores" or "floor"; None where there is none that can be read."""
        return read_json(self.path / part / f"{name}.json")

    def write_record(self, part: str, name: str, record: dict[str, Any]) -> None:
        """Write a clip's score, whole or not at all."""
        write_json(self.path / part / f"{name}.json", record)

    def feature_path(self, kind: str, *digests: str) -> Path:
        """Where features that depend on these digests are."""
        key = hashlib.sha256("|".join(digests).encode()).hexdigest()[:32]
        return self.path / "features" / kind / f"{key}.npy"

    def fail(self, name: str, reason: str) -> None:
        """Note down that a clip could not be scored."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "failures.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"id": name, "reason": reason}) + "\n")

    def failures(self) -> dict[str, str]:
        """The last reason of each clip that failed at some time."""
        path = self.path / "failures.jsonl"
        if not path.is_file() or path.stat().st_size > _MAX_JSON_BYTES:
            return {}
        reasons = {}
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            entry = _parsed(line)
            if isinstance(entry, dict) and {"id", "reason"} <= entry.keys():
                reasons[str(entry["id"])] = str(entry["reason"])
        return reasons


def check_same(one: dict[str, Any], other: dict[str, Any], first: str, second: str) -> None:
    """Refuse to merge runs with another protocol or other weights.

    Raises:
        OptionError: another protocol, or other weights of a metric that both have.
    """
    for key in ("protocol", "dataset"):
        if one.get(key) != other.get(key):
            raise OptionError(
                f"{first} and {second} must have one {key}; got {_told(one.get(key))} and "
                f"{_told(other.get(key))}. Use another --out, or score again."
            )
    mine, yours = one.get("weights") or {}, other.get("weights") or {}
    for metric in sorted(mine.keys() & yours.keys()):
        if mine[metric] != yours[metric]:
            raise OptionError(
                f"{first} and {second} must have the same weights for {metric}; got "
                f"{mine[metric]} and {yours[metric]}. Use another --out, or score again."
            )


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{k}={v}" for k, v in value.items() if v is not None)
    return str(value)


def write_json(path: Path, document: Any) -> None:
    """Write JSON with a fixed order of keys, whole or not at all.

    Raises:
        MediaError: the folder cannot be written to.
    """
    with replacing(path) as temporary:
        text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None where there is none, or it is damaged."""
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            return None
        document = _parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return document if isinstance(document, dict) else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def write_features(path: Path, features: np.ndarray) -> None:
    """Keep features."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, features, allow_pickle=False)


def read_features(paths: Iterable[Path]) -> Iterable[np.ndarray]:
    """Read features one file at a time.

    Raises:
        MediaError: a file that is missing or damaged.
    """
    for path in paths:
        try:
            features = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise MediaError(
                f"{path} must be the features that bench score keeps; got {error}. Score again."
            ) from error
        yield features
