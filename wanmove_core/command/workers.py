"""Many videos on several GPUs or machines: Ray actors, each with the model loaded once."""

import argparse
import logging
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import OptionError, WanMoveError
from ..generation.files import overlay_path
from ..generation.job import Job, run_job
from ..generation.job_record import is_done
from .option_values import parse_lora

_log = logging.getLogger("wanmove")
_SECONDS = 10.0  # to wait for a cluster
_RETRIES = 2  # of a job whose worker died
_STORE_BYTES = 100 * 2**20  # Ray's shared memory: only jobs and one line of answer go through it


def make_on_workers(
    jobs: Sequence[tuple[str, Job]], args: argparse.Namespace, model: dict[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Make videos by workers.

    Args:
        jobs: labels and jobs.
        args: the command line; each worker loads the model that it names.
        model: the model's settings, for the metadata.

    Yields:
        (label, "made" | "there" | "failed", what to say), as each job ends. If a worker dies, its
        job is tried again, at most twice.

    Raises:
        OptionError: fewer GPUs than workers, or no cluster.
    """
    ray = _start_ray(args)
    try:
        worker = ray.remote(max_restarts=-1, max_task_retries=_RETRIES)(Worker)
        gpu = {"num_gpus": 1} if _on_cuda(ray, args) else {"num_cpus": 1}
        count = min(args.workers, len(jobs))
        own = _absolute_model(args)
        free = [worker.options(**gpu).remote(own, model) for _ in range(count)]
        waiting = list(jobs)
        running: dict[Any, tuple[str, Any]] = {}
        while waiting or running:
            while waiting and free:
                label, job = waiting.pop(0)
                actor = free.pop()
                running[actor.make.remote(_absolute(job))] = (label, actor)
            (done,), _ = ray.wait(list(running), num_returns=1)
            label, actor = running.pop(done)
            free.append(actor)
            try:
                outcome, told = ray.get(done)
            except ray.exceptions.RayActorError:
                outcome, told = "failed", f"its worker died {_RETRIES + 1} times"
            yield label, outcome, told
    finally:
        ray.shutdown()


class Worker:
    """One process with a model; Ray keeps one on each GPU."""

    def __init__(self, args: argparse.Namespace, model: dict[str, Any]) -> None:
        self._args, self._model = args, model
        self._pipeline: Any = None

    def make(self, job: Job) -> tuple[str, str]:
        """Make a video unless it exists; return the outcome and what to log."""
        try:
            if is_done(job, self._model):
                return "there", "made by another process"
            if self._pipeline is None:
                from .generate import load_pipeline

                self._pipeline = load_pipeline(self._args)
            seconds = _make_aside(self._pipeline, job, self._model)
        # RuntimeError is what torch raises when memory runs out: the next job may be smaller.
        except (WanMoveError, RuntimeError, OSError) as error:
            return "failed", str(error).splitlines()[0]
        return "made", f"wrote {job.out} in {seconds:.1f} s"


def _make_aside(pipeline: Any, job: Job, model: dict[str, Any]) -> float:
    """Make a video in a hidden folder, so that a worker that is killed leaves nothing beside it."""
    aside = job.out.with_name(f".{job.out.stem}.worker")
    for left in aside.glob(".*.part*"):  # by a worker that died
        left.unlink(missing_ok=True)
    result = run_job(pipeline, replace(job, out=aside / job.out.name), model=model)
    if result.overlay is not None:
        result.overlay.replace(overlay_path(job.out))
    result.video.replace(job.out)
    shutil.rmtree(aside, ignore_errors=True)
    return result.seconds


def _start_ray(args: argparse.Namespace) -> Any:
    if args.workers < 1:
        raise OptionError(f"--workers must be 1 or more; got {args.workers}. Use one a GPU.")
    if args.ray_address is not None:
        _check_cluster(args.ray_address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise OptionError(
            "--workers must have the package ray; got none. Run pip install 'wan-move[ray]'."
        ) from error
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if args.ray_address is not None:
            ray.init(address=args.ray_address, **quiet)
        else:
            ray.init(
                num_cpus=args.workers,  # Ray starts a process for each; those of all cores idle
                include_dashboard=False,
                object_store_memory=_STORE_BYTES,
                **quiet,
            )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise OptionError(
            f"--ray-address must be that of a running cluster; got {args.ray_address}: "
            f"{str(error).splitlines()[0]} Start it with ray start --head."
        ) from error
    return ray


def _check_cluster(address: str) -> None:
    """Refuse an address where nobody listens: Ray itself would try for minutes.

    Raises:
        OptionError: no HOST:PORT, or nobody there.
    """
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if not (host and port.isascii() and port.isdigit()):
            raise OSError("no HOST:PORT")
        socket.create_connection((host, int(port)), timeout=_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise OptionError(
            f"--ray-address must be that of a running cluster; got {address}: {error}. "
            "Start it with ray start --head."
        ) from error


def _on_cuda(ray: Any, args: argparse.Namespace) -> bool:
    """Whether each worker gets a GPU of its own."""
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if args.device == "cpu" or (gpus == 0 and args.device is None):
        return False
    if gpus < args.workers:
        raise OptionError(
            f"--workers must be at most the {gpus} GPUs that there are; got {args.workers}. "
            f"Use --workers {max(gpus, 1)}."
        )
    return True


def _absolute_model(args: argparse.Namespace) -> argparse.Namespace:
    """The command line with the model's files found from any folder: workers have another."""
    found = argparse.Namespace(**vars(args))
    found.checkpoint = [path.absolute() for path in args.checkpoint]
    given = (parse_lora(text) for text in args.lora)
    found.lora = [f"{path.absolute()}:{strength}" for path, strength in given]
    for name in ("adapter", "mag_ratios"):
        path = getattr(args, name, None)
        setattr(found, name, None if path is None else path.absolute())
    return found


def _absolute(job: Job) -> Job:
    """A job whose files are found from any folder."""

    def found(path: Path | None) -> Path | None:
        return None if path is None else path.absolute()

    return replace(
        job,
        image=job.image.absolute(),
        out=job.out.absolute(),
        tracks=tuple(path.absolute() for path in job.tracks),
        visibility=found(job.visibility),
        known=tuple((frame, path.absolute()) for frame, path in job.known),
        goes_on_from=found(job.goes_on_from),
        maps=None if job.maps is None else job.maps.absolute(),
    )
