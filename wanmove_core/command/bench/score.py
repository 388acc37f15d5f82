"""`wanmove bench score`: videos against a benchmark, clip by clip."""

import argparse
import logging
import os
from glob import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ...bench.case import DataSet
from ...bench.compare import Tools
from ...bench.datasets import open_dataset
from ...bench.protocol import Protocol
from ...bench.run_folder import RunFolder
from ...bench.score import ScoreOptions, score_run
from ...bench.summary import load_run, summarise
from ...bench.tables import format_tables
from ...bench.threads import set_threads
from ...bench.tools import load_tools
from ...errors import MediaError, OptionError
from ..generate import device_of, progress_bar
from ..say import say
from ..shard import Shard, parse_shard

_log = logging.getLogger("wanmove")
_PACKAGES = ("wan-move", "torch", "numpy", "av", "opencv-python-headless", "torchvision")


def run_score(args: argparse.Namespace) -> int:
    """Score a folder of videos; the table goes to stdout.

    Returns:
        0 when every clip was scored, else 1.

    Raises:
        WanMoveError: bad options, or a folder that cannot be used.
    """
    if not args.videos.is_dir():
        raise MediaError(f"{args.videos} must be a folder of videos; got none there. Check it.")
    whole = open_dataset(args.against, mode=args.mode, language=args.language)
    _check_videos(args.videos, whole.select(only=args.only, limit=args.limit))
    tools = tools_of(args, Protocol(args.protocol, args.frames, args.size))
    failed = score_part(args, whole, args.videos, args.out, tools)
    if shard_of(args).count > 1:
        _log.info("Shard done. When all are: wanmove bench report %s", args.out)
    else:
        say(*format_tables([summarise(load_run([args.out]))]).split("\n"))
        _log.info("With pictures: wanmove bench report %s --html report.html", args.out)
    return 1 if failed else 0


def _check_videos(folder: Path, asked: DataSet) -> None:
    """Refuse a folder without a single video of the benchmark, before anything is written."""
    names = [f"{case.id}.mp4" for case in asked.cases]
    if not names or any((folder / name).is_file() for name in names):
        return
    inner = next((path.parent for path in sorted(folder.rglob(escape(names[0])))), None)
    raise MediaError(
        f"{folder} must hold the benchmark's videos, as {names[0]}; got none of {len(names)}. "
        + (f"Name the folder {inner}." if inner else "Name the folder in which they are.")
    )


def tools_of(args: argparse.Namespace, protocol: Protocol) -> Tools:
    """Load the tools that the options name."""
    if args.threads is not None and args.threads < 1:
        raise OptionError(f"--threads must be 1 or more; got {args.threads}. Leave it out.")
    if args.masks is not None and not args.masks.is_dir():
        raise MediaError(f"--masks must be a folder; got none at {args.masks}. Check the path.")
    for option, metric in (("tracker", "track"), ("masks", "iou")):
        if getattr(args, option) is not None and metric not in (args.metrics or (metric,)):
            raise OptionError(
                f"--{option} must go with {metric} in --metrics; got {','.join(args.metrics)}. "
                f"Add it, or leave --{option} out."
            )
    set_threads(args.threads)
    return load_tools(
        protocol,
        metrics=args.metrics,
        weights={"fid": args.inception, "fvd": args.i3d, "flow": args.raft, "lpips": args.vgg},
        tracker=args.tracker,
        masks=args.masks is not None,
        device=device_of(args),
    )


def shard_of(args: argparse.Namespace) -> Shard:
    """Return this process's shard: of the option, or of torchrun's processes."""
    if args.shard is None and os.environ.get("WORLD_SIZE", "1") != "1":
        return parse_shard("auto")
    return args.shard or Shard()


def score_part(
    args: argparse.Namespace,
    whole: DataSet,
    videos: Path,
    out: Path,
    tools: Tools,
    *,
    seed: int | None = None,
    floor: bool = True,
) -> int:
    """Score this process's part of a data set; returns how many clips failed."""
    asked = whole.select(only=args.only, limit=args.limit)
    shard = shard_of(args)
    part = asked.select(shard=(shard.index, shard.count))
    run = RunFolder(out)
    run.open(_description(asked, videos, tools, seed))
    options = ScoreOptions(args.masks, floor and not args.no_floor, not args.no_pictures)
    with progress_bar(f"scoring {out.name}") as update:
        return score_run(
            part, videos, run, tools, options, progress=lambda done, total, _: update(done, total)
        )


def _description(asked: DataSet, videos: Path, tools: Tools, seed: int | None) -> dict[str, Any]:
    return {
        "dataset": {
            "kind": "toy" if asked.toy else asked.kind,
            "variant": asked.variant,
            "name": asked.root.resolve().name,
        },
        "protocol": tools.protocol.as_dict(),
        "weights": tools.weights(),
        "asked": [case.id for case in asked.cases],
        "videos": str(videos),
        "seed": seed,
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
