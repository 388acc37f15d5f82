"""`wanmove train`: a LoRA, or a whole model, from clips of one's own."""

import argparse
from functools import partial
from typing import Any

from ..errors import OptionError
from .memory import memory_told
from .parse import parse_numbers, parse_path, parse_size
from .say import say


def add_train_parser(commands: Any) -> None:
    """Add `train` to the commands of `wanmove`. Imports nothing heavy."""
    parser = commands.add_parser(
        "train",
        help="teach the model motion from your own clips",
        description="Encode clips once, then train a LoRA or a whole model on them.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_prepare(verbs)
    _add_run(verbs)


def _add_prepare(verbs: Any) -> None:
    verb = verbs.add_parser("prepare", help="cut, follow and encode clips into a cache")
    verb.add_argument(
        "clips",
        type=parse_path,
        help="folder of .mp4, captions in NAME.txt or one CSV; or MoveBench, MagicData",
    )
    verb.add_argument("--out", type=parse_path, required=True, help="folder of the cache")
    verb.add_argument("--checkpoint", type=parse_path, nargs="+", required=True, help="the model")
    verb.add_argument(
        "--size", type=parse_size, default=(832, 480), metavar="WxH", help="default 832x480"
    )
    verb.add_argument("--frames", type=int, default=81, help="of a sample (default 81)")
    verb.add_argument("--fps", type=float, default=16.0, help="of a sample (default 16)")
    verb.add_argument("--cuts", type=int, default=4, help="samples per clip at most (default 4)")
    verb.add_argument(
        "--points", type=parse_size, default=(32, 32), metavar="WxH", help="grid (default 32x32)"
    )
    verb.add_argument(
        "--tracker", type=parse_path, metavar="FILE", help="CoTracker, as TorchScript"
    )
    verb.add_argument("--device", default="cpu", help="cpu, cuda, ... (default cpu)")
    verb.set_defaults(run=run_prepare)


def _add_run(verbs: Any) -> None:
    verb = verbs.add_parser("run", help="train on caches; the same command resumes")
    verb.add_argument("caches", type=parse_path, nargs="+", help="folders that `prepare` wrote")
    verb.add_argument("--checkpoint", type=parse_path, nargs="+", required=True, help="the model")
    verb.add_argument("--out", type=parse_path, required=True, help="folder of the run")
    kind = verb.add_mutually_exclusive_group()
    kind.add_argument("--lora", type=int, default=32, metavar="RANK", help="default: of rank 32")
    kind.add_argument("--full", action="store_true", help="every weight learns")
    verb.add_argument("--steps", type=int, help="in all (default 2000, without --minutes)")
    verb.add_argument("--minutes", type=float, help="of training time in all")
    verb.add_argument("--batch", type=int, default=1, help="clips per step and process (default 1)")
    verb.add_argument("--rate", type=float, help="peak learning rate (LoRA 1e-4, --full 1e-5)")
    verb.add_argument(
        "--dtype", default="bf16", choices=("bf16", "fp16", "fp32", "fp8"), help="default bf16"
    )
    verb.add_argument("--optimiser", default="adamw", choices=("adamw", "adamw8bit", "muon"))
    verb.add_argument("--checkpointing", action="store_true", help="less memory, more time")
    verb.add_argument(
        "--decay", type=float, default=0.99, help="of the weights' average (default 0.99)"
    )
    verb.add_argument("--few-steps", type=int, metavar="N", help="distil to N sampling steps")
    verb.add_argument(
        "--guidance-scale", type=float, default=1.0, help="prompt guidance to distil (1: none)"
    )
    verb.add_argument(
        "--motion-scale", type=float, default=0.0, help="motion guidance to distil (0: none)"
    )
    verb.add_argument(
        "--shares", type=parse_numbers, help="how often each cache is drawn from: 3,1"
    )
    verb.add_argument("--shift", type=float, default=3.0, help="of the times (3 at 480p, else 5)")
    verb.add_argument(
        "--moving-weight", type=float, default=1.0, help="weight of moving cells in the loss"
    )
    verb.add_argument("--no-motion", type=float, default=0.05, help="share without tracks")
    verb.add_argument("--no-text", type=float, default=0.1, help="share without captions")
    verb.add_argument(
        "--held-out", type=int, default=4, help="clips to measure on, never trained on (default 4)"
    )
    verb.add_argument("--report-every", type=int, default=500, help="steps (default 500)")
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument(
        "--compile", action="store_true", help="compiled blocks: faster steps; needs a C++ compiler"
    )
    verb.add_argument("--device", default="cpu", help="cpu, cuda, ... (default cpu)")
    verb.add_argument("--spread", action="store_true", help="weights over the processes (FSDP)")
    verb.add_argument("--memory", type=float, metavar="GIB", help="limit, in place of what is free")
    verb.add_argument(
        "--check", action="store_true", help="print the memory that the run needs, and stop"
    )
    verb.set_defaults(run=run_run)


def run_prepare(args: argparse.Namespace) -> int:
    """Run the verb `prepare`: 1 where a clip was left out, else 0."""
    from ..bench.datasets import open_dataset
    from ..checkpoints.classify import TRANSFORMER
    from ..checkpoints.layouts import choose, survey
    from ..checkpoints.loading import load_components
    from ..tracking.video import track_video
    from ..train.memory import config_of
    from ..train.prepare import Clip, Follow, PrepareOptions, prepare

    options = PrepareOptions(args.size, args.frames, args.fps, args.cuts, args.points)
    config_of(choose(survey(args.checkpoint), TRANSFORMER, "bf16"))  # refuses other models
    dataset = open_dataset(args.clips)
    clips = [Clip(c.id, c.reference, c.caption) for c in dataset.cases if c.reference is not None]
    needs = ("vae", "text_encoder", "image_encoder")
    # Which encoders a model needs shows in its transformer's file.
    parts = load_components(args.checkpoint, device=args.device, needs=needs)
    follow: Follow = track_video
    if args.tracker is not None:
        from ..tracking.cotracker import load_cotracker, track_with_cotracker

        follow = partial(track_with_cotracker, load_cotracker(args.tracker))
    made_from = {"encoders": [path.name for path in args.checkpoint], "data": dataset.kind}
    failed = prepare(
        clips, parts, args.out, options, follow=follow, device=args.device, made_from=made_from
    )
    say(f"{args.out}: {len(clips) - len(failed)} of {len(clips)} clips")
    return 1 if failed else 0


def run_run(args: argparse.Namespace) -> int:
    """Run the verb `run`: the written file's name goes to stdout."""
    from ..generation.placement import check_device
    from ..train.cache import Cache
    from ..train.few_steps import TeacherGuidance
    from ..train.memory import plan_memory
    from ..train.options import RunOptions
    from ..train.plan import Plan
    from ..train.recipe import Recipe
    from ..train.run import Run

    check_device(args.device)
    guidance = TeacherGuidance(args.guidance_scale, args.motion_scale)
    if guidance != TeacherGuidance() and args.few_steps is None:
        raise OptionError(
            "--guidance-scale and --motion-scale must go with --few-steps, whose student learns "
            "them; got no --few-steps. Add it, or leave them out: they act in sampling."
        )
    options = RunOptions(
        caches=tuple(args.caches),
        checkpoint=tuple(args.checkpoint),
        out=args.out,
        lora_rank=None if args.full else args.lora,
        shares=args.shares,
        dtype=args.dtype,
        batch=args.batch,
        rate=args.rate,
        optimiser=args.optimiser,
        checkpointing=args.checkpointing,
        decay=args.decay,
        few_steps=args.few_steps,
        teacher_guidance=guidance,
        held_out=args.held_out,
        compile=args.compile,
        device=args.device,
        spread=args.spread,
        memory_limit=args.memory * 2**30 if args.memory is not None else None,
    )
    if args.check:
        need = plan_memory(options, [Cache(path) for path in options.caches])
        say(f"about {need}")
        return 0
    steps = args.steps if args.steps is not None or args.minutes is not None else 2000
    plan = Plan(steps, args.minutes, args.seed, report_every=args.report_every)
    recipe = Recipe(
        args.no_motion, 200, args.no_text, shift=args.shift, moving_weight=args.moving_weight
    )
    with memory_told(lambda: "Use --dtype fp8, a LoRA, --checkpointing, or smaller clips."):
        say(str(Run(options, plan, recipe).train()))
    return 0
