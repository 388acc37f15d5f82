"""`wanmove bench report`, `check`, `toy` and `vote`."""

import argparse
import logging
from pathlib import Path

from ...bench.check import describe, find_defects
from ...bench.datasets import open_dataset
from ...bench.page import report_page
from ...bench.run_folder import write_json
from ...bench.summary import Run, load_run, summarise
from ...bench.tables import format_csv, format_tables
from ...bench.vote import count_votes, format_votes, write_vote
from ...errors import OptionError
from ...media.writer import check_writable, replacing
from ..say import say

_log = logging.getLogger("wanmove")


def run_report(args: argparse.Namespace) -> int:
    """Print the table of runs and write the files that the options name.

    Returns:
        0 when every asked clip has a score in every run, else 1.

    Raises:
        WanMoveError: a folder that holds no run, or shards that do not belong together.
    """
    for kind in ("html", "json", "csv"):
        if getattr(args, kind) is not None:
            check_writable(getattr(args, kind))
    runs = _common(_load(args)) if args.common else _load(args)
    summaries = [summarise(run) for run in runs]
    say(*format_tables(summaries).split("\n"))
    if args.json is not None:
        write_json(args.json, {"runs": summaries})
    if args.csv is not None:
        _write(args.csv, format_csv(summaries))
    if args.html is not None:
        _write(args.html, report_page(runs, summaries, args.html))
    return 1 if any(summary["failed"] for summary in summaries) else 0


def _load(args: argparse.Namespace) -> list[Run]:
    folders = [run for path in args.runs for run in _runs_in(path)]
    if args.merge:
        return [load_run(folders)]
    runs = [load_run([folder]) for folder in folders]
    names = [run.name for run in runs]
    if len(set(names)) == len(names):
        return runs
    # Runs of one name are told apart by the folder that they are in.
    return [
        load_run([folder], f"{folder.absolute().parent.name}/{run.name}")
        for folder, run in zip(folders, runs, strict=True)
    ]


def _runs_in(path: Path) -> list[Path]:
    """The folder itself, or the runs that `bench run` put into it."""
    if (path / "run.json").is_file() or not path.is_dir():
        return [path]
    inside = sorted(part.parent for part in path.glob("*/run.json"))
    return inside or [path]


def _common(runs: list[Run]) -> list[Run]:
    shared = set.intersection(*(run.ids for run in runs))
    if not shared:
        raise OptionError(
            "--common must leave a clip that all runs have; got none. Name runs of one data set."
        )
    return [run.only(shared) for run in runs]


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    _log.info("Wrote %s.", path)


def run_check(args: argparse.Namespace) -> int:
    """Check a benchmark's folder; print one line per defect.

    Returns:
        1 when there is a defect, else 0.
    """
    dataset = open_dataset(args.dataset, mode=args.mode, language=args.language)
    say(describe(dataset))
    count = 0
    for count, line in enumerate(find_defects(dataset), 1):  # noqa: B007, the count is used below
        say(line)
    say(f"{count or 'no'} defects")
    return 1 if count else 0


def run_toy(args: argparse.Namespace) -> int:
    """Write the toy benchmark; returns 0."""
    from ...bench.toy import write_toy_bench

    names = write_toy_bench(args.folder, args.clips)
    _log.info("Wrote %d clips. Next: wanmove bench check %s", len(names), args.folder)
    return 0


def run_vote(args: argparse.Namespace) -> int:
    """Write a page of blind pairs, or count its votes; returns 0.

    Raises:
        WanMoveError: folders that share no video, or files that are no votes.
    """
    if (args.html is None) == (args.key is None):
        raise OptionError(
            "one of --html (write a page) and --key (count votes) must be given; "
            f"got {'both' if args.html else 'none'}. See wanmove bench vote --help."
        )
    if args.key is not None:
        result = count_votes(args.key, args.files)
        say(*format_votes(result).rstrip("\n").split("\n"))
        if args.json is not None:
            write_json(args.json, result)
        return 0
    if len(args.files) != 2:
        raise OptionError(f"--html must come with two folders; got {len(args.files)}. Name two.")
    if args.limit is not None and args.limit < 1:
        raise OptionError(f"--limit must be 1 or more; got {args.limit}. Leave it out for all.")
    first, second = args.files
    check_writable(args.html)
    count, key = write_vote(first, second, args.html, seed=args.seed, limit=args.limit)
    _log.info(
        "Wrote %d pairs to %s. Keep %s from the voters; then: wanmove bench vote --key %s VOTES",
        count,
        args.html,
        key,
        key,
    )
    return 0
