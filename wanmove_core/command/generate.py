"""`wanmove generate`: one video, or many."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError, OptionError
from .companions import check_companions
from .flashmotion import check_family, find_family, load_adapter_option, transformer_config
from .generation_options import add_job_options, add_model_options
from .memory import memory_told, way_out
from .option_values import check_machine, make_job, make_speed_options, parse_lora
from .parse import parse_path
from .ranks import (
    add_parallel_options,
    check_parallel,
    check_tokens,
    choose_shares,
    inputs_are_checked,
    meet,
    peers_told,
)
from .shard import Shard, add_shard_option, add_worker_options, parse_shard

if TYPE_CHECKING:
    from ..generation.parallel import Ranks
    from ..generation.pipeline import WanMovePipeline
    from ..generation.preview import Preview

_log = logging.getLogger("wanmove")


def add_generate_parser(commands: Any) -> None:
    """Add `generate` to the commands of `wanmove`."""
    parser = commands.add_parser(
        "generate",
        help="image + tracks + prompt -> video",
        usage="wanmove generate --checkpoint PATH --image FILE --tracks FILE\n"
        "                        --prompt TEXT --out FILE.mp4 [options]",
        description="Make a video in which things move along tracks.",
        epilog="Example: wanmove generate --checkpoint ./Wan-Move-14B-480P --image cat.jpg "
        '--tracks cat_tracks.npy --prompt "a cat jumps" --out cat.mp4 --offload model',
    )
    add_job_options(parser)
    add_model_options(parser)
    parser.add_argument(
        "--preview",
        type=parse_path,
        metavar="FILE",
        help="of one video: a small picture of it so far, written after each step; .webp or .gif",
    )
    many = parser.add_argument_group("many videos")
    many.add_argument(
        "--batch",
        type=parse_path,
        metavar="FILE.jsonl",
        help="one job per line, its options as JSON; run it again to resume",
    )
    many.add_argument("--movebench", type=parse_path, metavar="DIR", help="make MoveBench's videos")
    many.add_argument("--mode", choices=("single", "multi"), help="of MoveBench (single)")
    many.add_argument(
        "--language", choices=("en", "zh"), help="of MoveBench (en; zh with --eval_bench)"
    )
    many.add_argument("--out-dir", type=parse_path, metavar="DIR", help="of MoveBench (results)")
    add_shard_option(many)
    add_worker_options(many)
    add_parallel_options(parser)
    parser.set_defaults(run=run_generate)


def run_generate(args: argparse.Namespace) -> int:
    """Run `wanmove generate`; returns the exit code.

    Raises:
        WanMoveError: bad input, of a single video or of all.
    """
    if args.checkpoint is None:
        raise OptionError("--checkpoint must be given; got none. Give the model's folder or files.")
    if args.batch is not None and args.movebench is not None:
        raise OptionError("one of --batch and --movebench may be given; got both. Drop one.")
    args.family = find_family(args.checkpoint)
    check_family(args, args.family)
    needed = "movebench"
    check_companions(args, ("mode", needed), ("language", needed), ("out_dir", needed))
    check_companions(args, ("ray_address", "workers"))
    model = model_settings(args)
    world = check_parallel(args)
    _check_workers(args, world)
    if args.workers is None:  # these may be on other machines
        check_machine(args, device_of(args))
    with peers_told():
        if args.batch is None and args.movebench is None:
            return _run_one(args, model, world)
        return _run_many(args, model, world)


def _check_workers(args: argparse.Namespace, world: int) -> None:
    """Refuse options of many videos for one, of one for many, and workers under torchrun."""
    many = args.batch is not None or args.movebench is not None
    for name in ("shard", "workers"):
        if getattr(args, name) is not None and not many:
            raise OptionError(
                f"--{name} must come with --batch or --movebench; got one video. Drop it."
            )
    if many and args.preview is not None:
        raise OptionError("--preview must be of one video; got many. Drop it.")
    if args.workers is not None and world > 1:
        raise OptionError(
            f"--workers must be without torchrun, which started {world} processes; got both. "
            "Start wanmove generate itself."
        )


def _run_many(args: argparse.Namespace, model: dict[str, Any], world: int) -> int:
    from .batch import read_batch, refuse_repeats, run_batch
    from .bench_jobs import movebench_jobs

    lines = read_batch(args.batch, args) if args.batch is not None else movebench_jobs(args)
    ranks = None
    if args.dit_fsdp or args.t5_fsdp:
        inputs_are_checked()
        ranks = meet((1, 1, 1), device_of(args))
    elif world > 1 and args.shard is None:
        # Each process makes its own videos and waits for nobody.
        args.shard = parse_shard("auto")
    inputs_are_checked()
    workers = None
    if args.workers is not None:
        from .workers import make_on_workers

        workers = partial(make_on_workers, args=args, model=model)
    return run_batch(
        (args.shard or Shard()).take(refuse_repeats(lines)),
        lambda: load_pipeline(args, spread=_spread(args)),
        model=model,
        progress_bar=progress_bar,
        prompt_device=device_of(args),
        ranks=ranks,
        workers=workers,
    )


def _run_one(args: argparse.Namespace, model: dict[str, Any], world: int) -> int:
    job = make_job(args)
    from ..generation.caches import choose_cache
    from ..generation.inputs import read_start
    from ..generation.job import check_job, extend_prompt, run_job
    from ..generation.preview import make_preview
    from ..media.writer import check_writable

    # What is bad is reported before minutes go into loading the model.
    check_job(job)
    choose_cache(args.cache, len(job.settings.schedule(job.settings.size).timesteps))
    height, width, _ = read_start(job).shape
    size = job.settings.output_size((width, height))
    check_writable(job.out)
    preview = make_preview(args.preview, job.fps, args.family)
    shares = choose_shares(args, world, job.settings.guidance_scale)
    check_tokens(shares, size, job.settings, transformer_config(args).get("num_attention_heads", 0))
    inputs_are_checked()
    ranks = meet(shares, device_of(args)) if world > 1 else None
    if job.extension is not None and (ranks is None or ranks.writes):
        from ..generation.prompt_extension import load_extender

        job = extend_prompt(job, load_extender(job.extension, device=device_of(args)))
    if ranks is not None:
        # A drawn seed and a written prompt are those of rank 0.
        job = ranks.from_first(job)
    with memory_told(partial(way_out, args, size)):
        pipeline = load_pipeline(args, ranks, spread=_spread(args), preview=preview)
        with progress_bar(job.out.name) as progress:
            result = run_job(pipeline, job, model=model, progress=progress)
    _log.info("Wrote %s in %.1f s.", result.video, result.seconds)
    if result.overlay is not None:
        _log.info("Wrote %s.", result.overlay)
    return 0


def _spread(args: argparse.Namespace) -> tuple[str, ...]:
    return ("transformer",) * args.dit_fsdp + ("text_encoder",) * args.t5_fsdp


def load_pipeline(
    args: argparse.Namespace,
    ranks: "Ranks | None" = None,
    *,
    spread: tuple[str, ...] = (),
    preview: "Preview | None" = None,
) -> "WanMovePipeline":
    """Load the model that the options name.

    Args:
        args: with the options of `add_model_options`.
        ranks: the processes that will share its work; None: this one alone.
        spread: parts whose weights are spread over all processes.
        preview: shows the video while it is sampled.

    Raises:
        WanMoveError: an option or a file that does not fit.
    """
    speed = make_speed_options(args)
    loras = [parse_lora(text) for text in args.lora]
    import torch

    from ..checkpoints.loading import COMPUTE_DTYPES, load_components
    from ..checkpoints.lora import add_loras, open_lora
    from ..generation.parallel import Ranks, spread_weights
    from ..generation.pipeline import WanMovePipeline
    from ..generation.placement import Placement

    for path, _ in loras:
        open_lora(path)
    placement = Placement(
        device_of(args),
        offload=args.offload,
        text_encoder_device=args.text_encoder_device,
        keep=args.keep,
    )
    # Whole weights would not fit the GPU that is to hold a share of them.
    resting = torch.device("cpu") if spread else placement.resting_device
    components = load_components(
        args.checkpoint,
        dtype=args.dtype,
        text_encoder_dtype=args.text_encoder_dtype,
        device=resting,
        text_encoder_device=placement.text_encoder_device if resting.type != "cpu" else resting,
    )
    add_loras(components.transformer, loras)
    spread_weights(components, placement, spread)
    how: dict[str, Any] = {
        "speed": speed,
        "tile_decode": args.vae_tiling,
        "ranks": ranks or Ranks(),
        "preview": preview,
    }
    if components.family.conditioned and not args.adapter:
        return WanMovePipeline(components, placement, **how)
    if not hasattr(args, "family"):
        raise CheckpointError(
            "this command must have a Wan-Move model without --adapter; got "
            f"{components.family.title}. Use wanmove generate for others."
        )
    from ..generation.guided import MapPipeline
    from ..generation.ti2v import Ti2vPipeline

    adapter = load_adapter_option(args, COMPUTE_DTYPES[args.dtype])
    kind = MapPipeline if components.family.conditioned else Ti2vPipeline
    return kind(components, placement, adapter=adapter, **how)


def device_of(args: argparse.Namespace) -> str:
    """Return the device that the options name, or the best device for this process."""
    import torch

    from ..generation.parallel import own_device

    return str(own_device(args.device or ("cuda" if torch.cuda.is_available() else "cpu")))


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show steps, speed and time left on stderr: on a terminal, and not with --quiet."""
    first = os.environ.get("LOCAL_RANK", "0") == "0"
    hidden = None if first and _log.isEnabledFor(logging.INFO) else True
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    with (
        logging_redirect_tqdm(),
        tqdm(desc=name, unit="step", file=sys.stderr, leave=False, disable=hidden) as bar,
    ):

        def update(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield update


def model_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The model settings that affect the result, for the video's metadata."""
    return {
        "checkpoint": [path.name for path in args.checkpoint or []],
        **({"adapter": args.adapter.name} if args.adapter else {}),
        "dtype": args.dtype,
        "text_encoder_dtype": args.text_encoder_dtype,
        "lora": [Path(text).name for text in args.lora],
        "cache": [args.cache, args.cache_threshold],
        **({"fp8_gemm": True} if args.fp8_gemm else {}),
        "vae_tiling": args.vae_tiling,
    }
