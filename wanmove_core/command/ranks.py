"""One video on several processes that torchrun started: options, setup, and who reports errors."""

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import OptionError
from .say import say

if TYPE_CHECKING:
    from ..generation.job import Job
    from ..generation.parallel import Ranks
    from ..generation.settings import GenerationSettings

_log = logging.getLogger("wanmove")
_GONE = (
    "Connection closed by peer",
    "Connection reset by peer",
    "Broken pipe",
    "remote process exited",
)


class PeerEndedError(RuntimeError):
    """Another rank has failed and has reported its error."""


def add_parallel_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for several GPUs, including the reference's own names."""
    group = parser.add_argument_group(
        "several GPUs", "torchrun --nproc_per_node=N -m wanmove_core generate ..."
    )
    group.add_argument(
        "--parallel",
        choices=("auto", "branch", "ulysses", "ring", "none"),
        default="auto",
        help="what the processes share: branches of guidance, tokens (ulysses, ring), or nothing; "
        "auto: branches, then tokens",
    )
    group.add_argument("--ulysses_size", type=int, default=1, metavar="N", help="(1)")
    group.add_argument("--ring_size", type=int, default=1, metavar="N", help="(1)")
    group.add_argument(
        "--dit_fsdp", action="store_true", help="spread the transformer's weights over the GPUs"
    )
    group.add_argument("--t5_fsdp", action="store_true", help="the same of umT5")


class _Voice:
    """Whether this process says what is wrong: mistakes that all see alike are told once."""

    inputs_checked = False


def inputs_are_unchecked() -> None:
    """Note that a command begins: for now all processes see the same errors."""
    _Voice.inputs_checked = False


def inputs_are_checked() -> None:
    """Note that the inputs are checked: from here on each process reports its own errors."""
    _Voice.inputs_checked = True


def complaint(message: str) -> str | None:
    """Format an error for this process to report; None if another process reports the same one."""
    rank, local = os.environ.get("RANK"), os.environ.get("LOCAL_RANK")
    if rank is None or local is None:
        return f"wanmove: {message}"
    if local != "0" and not _Voice.inputs_checked:
        return None
    return f"wanmove (rank {rank}): {message}"


def tell_failure(error: Exception) -> int:
    """Report an error in one line; return the exit code.

    If other processes wait for this one, it exits at once, so that torchrun ends them.
    """
    code = 1 if isinstance(error, PeerEndedError) else 2
    told = None if isinstance(error, PeerEndedError) else complaint(str(error))
    if told is not None:
        say(told, aside=True)
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_initialized():
        sys.stderr.flush()
        os._exit(code)
    return code


@contextmanager
def peers_told() -> Iterator[None]:
    """Exit without a traceback if another rank has failed: that rank has reported its error."""
    try:
        yield
    except RuntimeError as error:
        if any(reason in str(error) for reason in _GONE):
            raise PeerEndedError(str(error)) from error
        if type(error).__name__ == "DistBackendError":
            raise OptionError(
                "the processes must reach each other, each with a GPU of its own; got: "
                f"{str(error).splitlines()[0]} Leave out --device, and check the network."
            ) from error
        raise


def check_parallel(args: argparse.Namespace) -> int:
    """Check the options for several processes; return the number of processes.

    Raises:
        OptionError: options that need more processes, or exclude each other.
    """
    from ..generation.parallel import launched

    found = launched()
    world = found[1] if found is not None else 1
    asked = [
        f"--{name}"
        for name, value, plain in (
            ("dit_fsdp", args.dit_fsdp, False),
            ("t5_fsdp", args.t5_fsdp, False),
            ("ulysses_size", args.ulysses_size, 1),
            ("ring_size", args.ring_size, 1),
        )
        if value != plain
    ]
    if args.parallel not in ("auto", "none"):
        asked.append(f"--parallel {args.parallel}")
    if asked and world == 1:
        raise OptionError(
            f"{asked[0]} must have several processes; got one. Start it with torchrun "
            "--nproc_per_node=N -m wanmove_core generate ..."
        )
    if world > 1:
        _check_combination(args)
    if args.dit_fsdp and args.cache == "firstblock":
        raise OptionError(
            "--cache must decide by the step alone with --dit_fsdp, else the processes wait "
            "for each other for ever; got firstblock. Use taylor or magcache."
        )
    return world


def _check_combination(args: argparse.Namespace) -> None:
    sharded = args.dit_fsdp or args.t5_fsdp
    for wrong, message in (
        (
            sharded and args.offload != "none",
            f"--offload must be none where weights are spread over GPUs; got {args.offload}. "
            "Leave it out.",
        ),
        (
            args.dit_fsdp and args.parallel == "branch",
            "--dit_fsdp must be with processes in step, which the branches of guidance are not; "
            "got --parallel branch. Use --parallel ulysses.",
        ),
        (
            args.dit_fsdp and args.compile,
            "--compile must be without --dit_fsdp; got both. Drop one.",
        ),
    ):
        if wrong:
            raise OptionError(message)


def choose_shares(args: argparse.Namespace, world: int, guidance_scale: float) -> Any:
    """Choose (branches, ulysses, ring) for one video; see `plan_ranks`.

    Raises:
        OptionError: uneven shares, or a cache or kernel that cannot split tokens.
    """
    from ..generation.parallel import plan_ranks

    parallel = "ulysses" if args.dit_fsdp and args.parallel == "auto" else args.parallel
    guided = guidance_scale != 1
    shares = plan_ranks(
        parallel, world, ulysses=args.ulysses_size, ring=args.ring_size, guided=guided
    )
    _, ulysses, ring = shares
    if ulysses * ring > 1:
        _check_splitting(args, ring)
    return shares


def check_tokens(
    shares: tuple[int, int, int],
    size: tuple[int, int],
    settings: "GenerationSettings",
    heads: int = 0,
) -> None:
    """Refuse a video whose tokens the ranks cannot share evenly, before a model is loaded.

    Args:
        shares: of the ranks.
        size: (width, height) of the video.
        settings: of the video.
        heads: of the model's attention; 0, which divides by all, where they are not known.

    Raises:
        OptionError: not divisible; the message names a number of parts that is.
    """
    from ..generation.parallel import Ranks, check_split

    _, ulysses, ring = shares
    family = settings.family
    width, height = (side // step for side, step in zip(size, family.multiple, strict=True))
    clip = (settings.clip_frames - 1) // family.strides[0] + 1
    check_split(clip * width * height, heads, Ranks(ulysses=ulysses, ring=ring))


def _check_splitting(args: argparse.Namespace, ring: int) -> None:
    from ..generation.speed import SPLITS_TOKENS

    if args.cache == "firstblock":
        raise OptionError(
            "--cache must decide by the step alone where tokens are split, else the processes wait "
            "for each other for ever; got firstblock. Use taylor or magcache, or --parallel branch."
        )
    if args.compile:
        raise OptionError(
            "--compile must be without ulysses and ring, with which it was never tried; got both. "
            "Use --parallel branch."
        )
    allowed = [name for name in SPLITS_TOKENS if ring == 1 or name != "native"]
    if args.attention not in allowed:
        kind = "ring" if ring > 1 else "ulysses"
        raise OptionError(
            f"--attention must be one that {kind} can split: {', '.join(allowed)}; got "
            f"{args.attention}. Use one of them, or --parallel branch."
        )


def meet(shares: tuple[int, int, int], device: str) -> "Ranks":
    """Join the other processes; ranks other than 0 log only warnings from here on."""
    import torch

    from ..generation.parallel import join_group

    if (place := torch.device(device)).type == "cuda":
        torch.cuda.set_device(place)  # FSDP and streams take the current one
    ranks = join_group(shares, place)
    if not ranks.writes:
        _log.setLevel(logging.WARNING)
    return ranks


def _passes(settings: "GenerationSettings") -> tuple[Any, ...]:
    """What decides how often the model is called."""
    steps = len(settings.schedule(settings.size).timesteps)
    guided = (settings.guidance_scale != 1, settings.motion_scale, settings.guidance_range)
    return (steps, *guided, settings.num_frames, settings.clip_frames, settings.blend)


def in_step(jobs: "Sequence[tuple[str, Job]]", ranks: "Ranks") -> "list[tuple[str, Job]]":
    """Return this rank's jobs, the same number on each rank: at the end some repeat the last job.

    Args:
        jobs: labels and jobs; those of rank 0 are used.
        ranks: all processes.

    Raises:
        OptionError: jobs with different numbers of model passes.

    Source:
        Wan-Move generate.py:373 @27409be, under `--eval_bench`.
    """
    jobs = ranks.from_first(list(jobs))
    asked = {_passes(job.settings) for _, job in jobs}
    if len(asked) > 1:
        raise OptionError(
            "the jobs must have the same steps, guidance and frames where their weights are spread "
            f"over processes; got {len(asked)} kinds. Make a batch of each, or drop --dit_fsdp."
        )
    rounds = -(-len(jobs) // ranks.world)
    places = (ranks.rank + ranks.world * turn for turn in range(rounds))
    return [jobs[min(place, len(jobs) - 1)] for place in places]
