"""`--shard I/N`: this process's part of many jobs, for every verb that has many."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..errors import OptionError

Item = TypeVar("Item")
_MOST_SHARDS = 100_000


@dataclass(frozen=True)
class Shard:
    """One of `count` equal parts of a list.

    Args:
        index: 0 to count - 1.
        count: how many parts.
    """

    index: int = 0
    count: int = 1

    def take(self, items: Sequence[Item]) -> list[Item]:
        """Return every count-th item: slow neighbours in a list are spread over all shards."""
        return list(items[self.index :: self.count])


def add_shard_option(parser: argparse._ActionsContainer) -> None:
    """Add `--shard`."""
    parser.add_argument(
        "--shard",
        type=parse_shard,
        metavar="I/N",
        help="make every N-th video from the I-th on, I counted from 0; auto: I and N from "
        "torchrun, a Slurm array or SkyPilot; auto/N: I from a Kubernetes indexed job",
    )


def add_worker_options(parser: argparse._ActionsContainer) -> None:
    """Add `--workers` and `--ray-address`."""
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="make N videos at a time, one a GPU, with Ray (pip install 'wan-move[ray]')",
    )
    parser.add_argument(
        "--ray-address", metavar="HOST:PORT", help="of a Ray cluster; its machines share the files"
    )


def parse_shard(text: str) -> Shard:
    """Parse `I/N`, `auto` or `auto/N`.

    Raises:
        argparse.ArgumentTypeError: none of these, or an environment that does not say.
    """
    index, slash, count = text.partition("/")
    try:
        if index == "auto":
            return shard_of_environment(os.environ, _count(count) if slash else None)
        shard = Shard(int(index), _count(count))
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be I/N or auto; got {text[:40]!r}") from error
    if not 0 <= shard.index < shard.count:
        raise argparse.ArgumentTypeError(
            f"must be I/N, counted from 0 (0/8 to 7/8 of eight); got {text[:40]!r}"
        )
    return shard


def shard_of_environment(environment: Mapping[str, str], count: int | None = None) -> Shard:
    """Find this process's part in what its launcher tells it.

    Args:
        environment: of the process.
        count: how many parts, where the launcher does not say (Kubernetes).

    Raises:
        OptionError: no launcher, or one whose numbers are not sufficient.
    """

    def number(name: str) -> int | None:
        text = environment.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else None

    for index_name, count_name in (
        ("RANK", "WORLD_SIZE"),
        ("SKYPILOT_NODE_RANK", "SKYPILOT_NUM_NODES"),
        ("SKYPILOT_JOB_RANK", "SKYPILOT_NUM_JOBS"),
    ):
        index, parts = number(index_name), number(count_name)
        if index is not None and parts is not None and parts > 1:
            return _checked(index, parts, count)
    index, first, last, tasks = (
        number(f"SLURM_ARRAY_TASK_{name}") for name in ("ID", "MIN", "MAX", "COUNT")
    )
    if index is not None and first is not None and tasks is not None:
        step = number("SLURM_ARRAY_TASK_STEP") or 1
        # Of an array as 1,5,6 nobody can tell how many come before.
        if last is not None and first + (tasks - 1) * step != last:
            raise OptionError(
                f"--shard auto must be in a Slurm array of even steps; got {tasks} tasks from "
                f"{first} to {last}. Use --array=0-{tasks - 1}."
            )
        return _checked((index - first) // step, tasks, count)
    index = number("JOB_COMPLETION_INDEX")
    if index is not None:
        if count is None:
            raise OptionError(
                "--shard auto must know how many there are, which Kubernetes does not say; got "
                f"only index {index}. Use --shard auto/N with N the completions."
            )
        return _checked(index, count, count)
    raise OptionError(
        "--shard auto must be started by torchrun, a Slurm array, SkyPilot or a Kubernetes "
        "indexed job; got none of them. Use --shard I/N."
    )


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= _MOST_SHARDS:
        raise OptionError(f"--shard must be of 1 to {_MOST_SHARDS} parts; got {count}. Use fewer.")
    return count


def _checked(index: int, parts: int, count: int | None) -> Shard:
    if count is not None and count != parts:
        raise OptionError(
            f"--shard auto must be of the {parts} parts that were started; got {count}. "
            "Use --shard auto."
        )
    if not 0 <= index < parts:
        raise OptionError(
            f"--shard auto must be of parts 0 to {parts - 1}; got {index}. Use --shard I/N."
        )
    return Shard(index, parts)
