"""`wanmove bench`: benchmarks of motion control, from videos to a report."""

import argparse
from typing import Any

from ..generation_options import add_model_options, add_settings_options
from ..parse import parse_path, parse_size
from ..shard import add_shard_option, add_worker_options

_METRICS = "psnr,ssim,track,flow,flow-dis,lpips,fid,fvd,iou"


def add_bench_parser(commands: Any) -> None:
    """Add `bench` to the commands of `wanmove`. Imports nothing heavy."""
    parser = commands.add_parser(
        "bench",
        help="benchmarks: MoveBench, FlashBench, MagicBench, DAVIS",
        description="Make, score and report the videos of a benchmark of motion control.",
        epilog="Try it without a download: wanmove bench toy out/toy, then "
        "wanmove bench run out/toy --checkpoint models/toy --out out/bench "
        "--frames 17 --steps 8 --guidance-scale 1",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_run(verbs)
    _add_score(verbs)
    _add_report(verbs)
    _add_check(verbs)
    _add_toy(verbs)
    _add_vote(verbs)


def _add_run(verbs: Any) -> None:
    parser = verbs.add_parser(
        "run",
        help="make the videos, score them, report",
        usage="wanmove bench run DATASET --checkpoint PATH --out DIR [options]",
        description="Make a benchmark's videos, score them and print the table. Finished clips "
        "are kept: run the same command again to resume.",
    )
    parser.add_argument(
        "dataset", type=parse_path, metavar="DATASET", help="the benchmark's folder"
    )
    parser.add_argument(
        "--out", type=parse_path, required=True, metavar="DIR", help="a run per folder"
    )
    parser.add_argument("--mode", choices=("single", "multi", "both"), help="of MoveBench (single)")
    parser.add_argument("--language", choices=("en", "zh"), help="of MoveBench's captions (en)")
    parser.add_argument(
        "--seeds", type=_numbers, metavar="S,S,..", help="one run per seed (the one of --seed)"
    )
    parser.add_argument("--negative-prompt", metavar="TEXT", help="default: the reference's")
    parser.add_argument("--fps", type=int, default=16, metavar="N", help="of the files (16)")
    add_worker_options(_add_choice(parser))
    _add_metrics(parser)
    add_settings_options(parser)
    add_model_options(parser)
    parser.set_defaults(run=_late("run", "run_bench"))


def _add_score(verbs: Any) -> None:
    parser = verbs.add_parser(
        "score",
        help="score existing videos",
        usage="wanmove bench score VIDEOS --against DATASET --out DIR [options]",
        description="Score a folder of ID.mp4 against a benchmark, or against a folder of videos "
        "of the same names.",
    )
    parser.add_argument("videos", type=parse_path, metavar="VIDEOS", help="folder of ID.mp4")
    parser.add_argument("--against", type=parse_path, required=True, metavar="DATASET")
    parser.add_argument(
        "--out", type=parse_path, required=True, metavar="DIR", help="for the scores"
    )
    parser.add_argument("--mode", choices=("single", "multi"), help="of MoveBench (single)")
    parser.add_argument("--language", choices=("en", "zh"), help="of MoveBench's captions (en)")
    parser.add_argument("--frames", type=int, metavar="N", help="score the first N of each (all)")
    parser.add_argument(
        "--size", type=parse_size, metavar="WxH", help="scale both videos first; the table says so"
    )
    parser.add_argument("--device", metavar="NAME", help="for networks (cuda if there is one)")
    _add_choice(parser)
    _add_metrics(parser)
    parser.set_defaults(run=_late("score", "run_score"))


def _add_choice(parser: argparse.ArgumentParser) -> argparse._ActionsContainer:
    group = parser.add_argument_group("which clips")
    group.add_argument("--limit", type=int, metavar="N", help="the first N")
    group.add_argument("--only", metavar="GLOB", help="those whose name matches, as 'Pexels_*'")
    add_shard_option(group)
    return group


def _add_metrics(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "figures",
        "Weights are found in $WANMOVE_WEIGHTS, torch.hub's folder and ComfyUI's models, and never "
        "downloaded. A TorchScript file is a program: name only one that you trust.",
    )
    group.add_argument(
        "--metrics", type=_names, metavar="A,B,..", help=f"of {_METRICS}; default: all possible"
    )
    group.add_argument(
        "--protocol",
        choices=("wanmove", "movebench"),
        default="wanmove",
        help="movebench: as the official suite, with its SSIM and frame 0 (wanmove)",
    )
    group.add_argument(
        "--tracker", type=parse_path, metavar="FILE", help="CoTracker; default: our own"
    )
    for name, what in (
        ("inception", "of FID"),
        ("i3d", "of FVD"),
        ("raft", "of flow EPE"),
        ("vgg", "of LPIPS"),
    ):
        group.add_argument(f"--{name}", type=parse_path, metavar="FILE", help=f"weights {what}")
    group.add_argument(
        "--masks",
        type=parse_path,
        metavar="DIR",
        help="ID/ folders of masks of the generated videos",
    )
    group.add_argument(
        "--no-floor",
        action="store_true",
        help="leave out the floor: the reference's own re-encoding",
    )
    group.add_argument(
        "--no-pictures", action="store_true", help="write no strips and overlay videos"
    )
    group.add_argument("--threads", type=int, metavar="N", help="for this process")


def _add_report(verbs: Any) -> None:
    parser = verbs.add_parser(
        "report",
        help="compare runs side by side",
        description="Print the table of runs; write it as HTML, JSON or CSV.",
    )
    parser.add_argument(
        "runs", type=parse_path, nargs="+", metavar="DIR", help="of bench score or run"
    )
    parser.add_argument("--merge", action="store_true", help="the folders are shards of one run")
    parser.add_argument("--common", action="store_true", help="only clips that all runs have")
    for kind in ("html", "json", "csv"):
        parser.add_argument(f"--{kind}", type=parse_path, metavar="FILE")
    parser.set_defaults(run=_late("report", "run_report"))


def _add_check(verbs: Any) -> None:
    parser = verbs.add_parser(
        "check",
        help="check that a benchmark's folder is complete",
        description="Name each file that is missing or has a wrong shape. The exit code is 1 if "
        "there is one.",
    )
    parser.add_argument("dataset", type=parse_path, metavar="DATASET")
    parser.add_argument("--mode", choices=("single", "multi"), help="of MoveBench (single)")
    parser.add_argument("--language", choices=("en", "zh"), help="of MoveBench (en)")
    parser.set_defaults(run=_late("report", "run_check"))


def _add_toy(verbs: Any) -> None:
    parser = verbs.add_parser(
        "toy",
        help="make a small benchmark, without a download",
        description="Write a folder in MoveBench's layout from the synthetic world.",
    )
    parser.add_argument("folder", type=parse_path, metavar="DIR")
    parser.add_argument("--clips", type=int, default=6, metavar="N", help="(6)")
    parser.set_defaults(run=_late("report", "run_toy"))


def _add_vote(verbs: Any) -> None:
    parser = verbs.add_parser(
        "vote",
        help="let people choose between two runs",
        usage="wanmove bench vote DIR DIR --html FILE [--seed N] [--limit N]\n"
        "       wanmove bench vote --key KEY.json VOTES.json ...",
        description="Write a page of blind pairs, or count the votes that it saved.",
    )
    parser.add_argument("files", type=parse_path, nargs="+", metavar="DIR|VOTES.json")
    parser.add_argument("--html", type=parse_path, metavar="FILE", help="the page to write")
    parser.add_argument("--key", type=parse_path, metavar="FILE", help="count votes with this key")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of order and sides (0)")
    parser.add_argument("--limit", type=int, metavar="N", help="pairs at most")
    parser.add_argument("--json", type=parse_path, metavar="FILE", help="write the count")
    parser.set_defaults(run=_late("report", "run_vote"))


def _late(module: str, name: str) -> Any:
    """The verb's function, imported when it runs: help and typing errors answer at once."""

    def run(args: argparse.Namespace) -> int:
        from importlib import import_module

        code: int = getattr(import_module(f".{module}", __package__), name)(args)
        return code

    return run


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be seeds as 0,1,2; got {text[:40]!r}") from error
    if len(set(numbers)) != len(numbers) or min(numbers) < 0 or len(numbers) > 100:
        raise argparse.ArgumentTypeError(
            f"must be different seeds from 0 on, 100 at most; got {text[:40]!r}"
        )
    return numbers
