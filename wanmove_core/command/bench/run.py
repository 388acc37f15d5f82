"""`wanmove bench run`: a benchmark's videos, their scores and the table, in one command."""

import argparse
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...bench.case import DataSet
from ...bench.compare import Tools
from ...bench.datasets import open_dataset
from ...bench.protocol import Protocol
from ...bench.summary import load_run, summarise
from ...bench.tables import format_tables
from ...errors import OptionError
from ...generation.settings import GenerationSettings
from ..companions import check_companions
from ..generate import device_of, load_pipeline, model_settings, progress_bar
from ..option_values import make_settings
from ..say import say
from .score import score_part, shard_of, tools_of

if TYPE_CHECKING:
    from ...generation.pipeline import WanMovePipeline

_log = logging.getLogger("wanmove")


def run_bench(args: argparse.Namespace) -> int:
    """Make the videos of a benchmark, score them, and print the table.

    Returns:
        0 when every video was made and scored, else 1.

    Raises:
        WanMoveError: bad options, or a folder that cannot be used.
    """
    if args.checkpoint is None:
        raise OptionError("--checkpoint must be given; got none. Give the model's folder or files.")
    _refuse_single(args)
    check_companions(args, ("ray_address", "workers"))
    settings = make_settings(args)
    modes = ("single", "multi") if args.mode == "both" else (args.mode,)
    datasets = [open_dataset(args.dataset, mode=mode, language=args.language) for mode in modes]
    own_size = datasets[0].kind == "MoveBench"
    if not own_size and settings.resize == "area":
        # All videos of one size, so that the true ones can be brought to it.
        settings = replace(settings, resize="stretch")
    tools = tools_of(args, Protocol(args.protocol, size=None if own_size else settings.size))
    load = cache(lambda: load_pipeline(args))
    failed, folders = 0, []
    for dataset in datasets:
        for number, seed in enumerate(args.seeds or (settings.seed,)):
            folder = args.out / _name(dataset, seed)
            folders.append(folder)
            failed += _make(args, dataset, replace(settings, seed=seed), folder, tools, load)
            failed += score_part(
                args, dataset, folder / "videos", folder, tools, seed=seed, floor=number == 0
            )
    if shard_of(args).count > 1:
        _log.info("Shard done. When all are: wanmove bench report %s", args.out)
    else:
        runs = [load_run([folder]) for folder in folders]
        say(*format_tables([summarise(run) for run in runs]).split("\n"))
        _log.info("With pictures: wanmove bench report %s --html report.html", args.out)
    return 1 if failed else 0


def _make(  # noqa: PLR0917, one step of the loop above
    args: argparse.Namespace,
    dataset: DataSet,
    settings: GenerationSettings,
    folder: Path,
    tools: Tools,
    load: Callable[[], "WanMovePipeline"],
) -> int:
    """Make this process's part of the videos; 1 when one failed."""
    # Imported late: the generator takes seconds to import, a wrong option none.
    from ..batch import run_batch
    from ..bench_jobs import jobs_of
    from ..workers import make_on_workers

    shard = shard_of(args)
    part = dataset.select(only=args.only, limit=args.limit)
    part = part.select(shard=(shard.index, shard.count))
    model = model_settings(args)
    spread = partial(make_on_workers, args=args, model=model)
    return run_batch(
        jobs_of(part, args, settings, folder / "videos", tracker=tools.tracker),
        load,
        model=model,
        progress_bar=progress_bar,
        prompt_device=device_of(args),
        workers=spread if args.workers is not None else None,
    )


def _name(dataset: DataSet, seed: int) -> str:
    """A run's folder: single and multi clips have the same names, and must not meet."""
    variant = dataset.variant.replace(", ", "-")
    return f"{variant}-seed{seed}" if variant else f"seed{seed}"


def _refuse_single(args: argparse.Namespace) -> None:
    """The reference's names for a single video come with the model's options."""
    for name in ("movebench", "tracks", "visibility", "out_dir", "task"):
        if getattr(args, name, None):
            raise OptionError(
                f"the options of a single video or of --eval_bench must not go with bench run; "
                f"got one for {name}. Leave it out."
            )
