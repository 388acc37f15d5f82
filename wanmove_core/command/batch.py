"""Many jobs with one loaded model: resumable; a failed job does not stop the rest."""

import argparse
import json
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MediaError, OptionError, WanMoveError
from ..formats.checks import shown
from ..generation.job import Job, check_job, extend_prompt, run_job
from ..generation.job_record import is_done
from ..generation.pipeline import Progress
from ..generation.prompt_extension import load_extender
from ..media.writer import check_writable
from .generation_options import add_job_options
from .job_lines import JobOptions, read_options
from .option_values import make_job
from .ranks import in_step

if TYPE_CHECKING:
    from ..generation.parallel import Ranks
    from ..generation.pipeline import WanMovePipeline

Workers = Callable[[Sequence[tuple[str, Job]]], Iterator[tuple[str, str, str]]]

_log = logging.getLogger("wanmove")


@dataclass(frozen=True)
class Line:
    """One line of a batch: a job, or the error of the line.

    Args:
        name: of the line, for messages.
        job: the job; None when it could not be read.
        error: why the job could not be read.
    """

    name: str
    job: Job | None = None
    error: WanMoveError | None = None


def run_batch(
    lines: Sequence[Line],
    load: Callable[[], "WanMovePipeline"],
    *,
    model: dict[str, Any],
    progress_bar: Callable[[str], AbstractContextManager[Progress]],
    prompt_device: str = "cpu",
    ranks: "Ranks | None" = None,
    workers: "Workers | None" = None,
) -> int:
    """Run all jobs that are not done yet.

    Args:
        lines: the jobs.
        load: loads the model; called when the first job needs it.
        model: the model's settings, for the metadata.
        progress_bar: makes one for a name.
        prompt_device: for a language model that extends prompts; its memory is freed before `load`.
        workers: makes the jobs in other processes, as `make_on_workers`; then `load` is not called.
        ranks: processes that share the model's weights, and so must run it in step.

    Returns:
        The exit code: 0 when every video is there, else 1.

    Raises:
        WanMoveError: a model cannot be loaded.
    """
    jobs: list[tuple[str, Job]] = []
    made, skipped = 0, 0
    # The jobs of rank 0 are those of all ranks: the others need not look, nor tell it again.
    for number, line in enumerate(lines if ranks is None or ranks.writes else (), 1):
        label = f"{number}/{len(lines)} {line.name}"
        try:
            job = _job_of(line)
            check_writable(job.out)
            if is_done(job, model):
                _log.info("%s: already there", label)
                skipped += 1
            else:
                if ranks is not None:
                    check_job(job)  # later the other ranks would wait for the one that fails
                jobs.append((label, job))
        except WanMoveError as error:
            _log.error("%s: %s", label, error)
    jobs = _extend_prompts(jobs, prompt_device)
    asked = len(jobs)
    if ranks is not None:
        jobs = in_step(jobs, ranks)
    outcomes: Iterable[tuple[str, str, str]] = ()
    if workers is not None and jobs:
        outcomes = workers(jobs)
    elif jobs:
        outcomes = _one_by_one(jobs, load, model, progress_bar, ranks)
    for label, outcome, told in outcomes:
        made, skipped = made + (outcome == "made"), skipped + (outcome == "there")
        (_log.error if outcome == "failed" else _log.info)("%s: %s", label, told)
    if ranks is None:
        return _tell(made, skipped, len(lines))
    # A failure would have ended all ranks: what was asked is made.
    ranks.wait()
    return _tell(asked, skipped, len(lines)) if ranks.writes else 0


def _one_by_one(
    jobs: Sequence[tuple[str, Job]],
    load: Callable[[], "WanMovePipeline"],
    model: dict[str, Any],
    progress_bar: Callable[[str], AbstractContextManager[Progress]],
    ranks: "Ranks | None",
) -> Iterator[tuple[str, str, str]]:
    """Make the jobs here; yields (label, "made" | "there" | "failed", what to say)."""
    todo = deque(jobs)
    # A batch of which no job can be made need not wait for the model.
    while ranks is None and todo and (refused := _refused(todo[0][1])):
        yield todo.popleft()[0], "failed", refused
    if not todo:
        return
    pipeline = load()
    for label, job in todo:
        # Another process may have made it in the meantime.
        if ranks is None and is_done(job, model):
            yield label, "there", "made by another process"
            continue
        try:
            with progress_bar(label) as progress:
                result = run_job(pipeline, job, model=model, progress=progress)
        # RuntimeError is what torch raises when memory runs out: the next job may be smaller.
        except (WanMoveError, RuntimeError, OSError) as error:
            if ranks is not None:
                raise  # the others wait for this process
            yield label, "failed", str(error).splitlines()[0]
            continue
        yield label, "made", f"wrote {result.video} in {result.seconds:.1f} s"


def _refused(job: Job) -> str | None:
    try:
        check_job(job)
    except WanMoveError as error:
        return str(error)
    return None


def _tell(made: int, skipped: int, asked: int) -> int:
    failed = asked - made - skipped
    _log.info("%d made, %d already there, %d failed.", made, skipped, failed)
    return 1 if failed else 0


def _extend_prompts(jobs: list[tuple[str, Job]], device: str) -> list[tuple[str, Job]]:
    """The jobs with their prompts written out, without those where that failed."""
    asked = [job.extension for _, job in jobs if job.extension is not None]
    if not asked:
        return jobs
    # The options of a batch hold one language model for all its lines.
    extender = load_extender(asked[0], device=device)
    extended = []
    for label, job in jobs:
        try:
            extended.append((label, extend_prompt(job, extender)))
        except WanMoveError as error:
            _log.error("%s: %s", label, error)
    return extended


def _job_of(line: Line) -> Job:
    if line.error is not None:
        raise line.error
    if line.job is None:
        raise OptionError(f"{line.name} must hold a job; got none. Fix the line.")
    return line.job


def refuse_repeats(lines: Sequence[Line]) -> list[Line]:
    """Make lines whose `out` an earlier one has errors; to be called before lines are shared out.

    Processes that make different lines would overwrite each other's videos.
    """
    owners: dict[Path, str] = {}
    kept = []
    for number, line in enumerate(lines, 1):
        label = f"{number}/{len(lines)} {line.name}"
        if line.job is not None:
            first = owners.setdefault(line.job.out.absolute(), label)
            if first != label:
                told = f"out must differ from that of other lines; got that of {first}. Rename one."
                kept.append(Line(line.name, error=OptionError(told)))
                continue
        kept.append(line)
    return kept


def read_batch(path: Path, args: argparse.Namespace) -> list[Line]:
    """Read a batch file: one JSON object a line, with the options of `wanmove generate`.

    Options that a line leaves out are those of the command line. Paths are relative to the file's
    folder. Empty lines and lines that begin with # are left out.

    Args:
        path: the file, UTF-8.
        args: the parsed command line.

    Raises:
        MediaError: the file cannot be read.
        OptionError: the file holds no job.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "bytes that are not UTF-8"
        raise MediaError(
            f"{path} must be a readable UTF-8 file; got {reason}. Check the path."
        ) from error
    options = JobOptions()
    add_job_options(options)
    lines = []
    for number, content in enumerate(text.split("\n"), 1):
        if content.strip() and not content.lstrip().startswith("#"):
            place = f"{path.name} line {number}"
            lines.append(_parse_line(content, place, options, args, path.parent))
    if not lines:
        raise OptionError(f"{path} must hold at least one job; got none. Write one a line.")
    return lines


def _parse_line(
    content: str, place: str, options: JobOptions, args: argparse.Namespace, folder: Path
) -> Line:
    try:
        entry = _parse_json(content)
        if not isinstance(entry, dict):
            raise OptionError(f"must be a JSON object; got {shown(entry)}. Use {{...}}.")
        said = read_options(options, entry, folder)
        job = make_job(argparse.Namespace(**{**vars(args), **_of_tracks(args, said), **said}))
    except WanMoveError as error:
        return Line(place, error=OptionError(str(error)))
    return Line(job.out.name, job)


def _of_tracks(args: argparse.Namespace, said: dict[str, Any]) -> dict[str, Any]:
    """Let the command line draw the tracks of all lines that have some, and only of these."""
    return {} if said.get("tracks", args.tracks) else {"draw_tracks": False, "tracks_size": None}


def _parse_json(content: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"must be JSON; got {error}. Correct the line.") from error
