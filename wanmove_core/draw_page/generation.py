"""The Generate button: one job at a time; the first job loads the model."""

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MediaError, OptionError, WanMoveError
from ..media.video import read_metadata
from ..media.writer import write_files

if TYPE_CHECKING:
    from ..generation.job import Job
    from ..generation.pipeline import WanMovePipeline


class _Cancelled(WanMoveError):
    """The page asked to stop."""


@dataclass
class Progress:
    """A job, for the page.

    Args:
        state: idle, loading, running, done, failed or cancelled.
        step, steps: done, and in all.
        message: how it ended.
        guidance: what the tracks do, "" before the first job and without tracks.
        results: the videos, newest first.
    """

    state: str = "idle"
    step: int = 0
    steps: int = 0
    message: str = ""
    guidance: str = ""
    results: list[dict[str, Any]] = field(default_factory=list)


class Generation:
    """Runs jobs in a thread of its own.

    Args:
        template: a job without tracks; each video replaces its tracks, prompt, seed and output
            file.
        folder: of the results; results of earlier runs are shown too.
        load: loads the model; called for the first job.
        model: which model this is, for the videos' metadata.
        seed: of jobs without a seed; None: a random one for each job.
        title: of the model, on the page.
        prompts: whether the model has a text encoder, so that any prompt works.
        around: entered in the job's thread while it runs.
    """

    def __init__(
        self,
        template: "Job",
        folder: Path,
        load: "Callable[[], WanMovePipeline]",
        *,
        model: dict[str, Any] | None = None,
        seed: int | None = None,
        title: str = "the model",
        prompts: bool = True,
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.folder = folder
        self._title = title
        self._prompts = prompts
        self.template = template
        self._load = load
        self._around = around
        self._model = model
        self._seed = seed
        self._lock = threading.Lock()
        self._pipeline: WanMovePipeline | None = None
        self._progress = Progress(results=self._earlier_results())
        self._thread: threading.Thread | None = None
        self._cancel = threading.Event()
        self._seconds: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._thread is not None and self._thread.is_alive()

    def status(self) -> dict[str, Any]:
        """Return the state for the page, as JSON values."""
        with self._lock:
            shown = {**vars(self._progress), "results": list(self._progress.results)}
            return {**shown, "seconds": self._seconds}

    def plan(self) -> dict[str, Any]:
        """Return what the button makes: model, size (None: the image's), frames, steps, seed."""
        settings = self.template.settings
        size, frames, steps = settings.size, settings.num_frames, settings.steps
        video = {"size": size, "frames": frames, "steps": steps, "seed": self._seed}
        return {"model": self._title, "prompts": self._prompts, **video}

    def cancel(self) -> None:
        """Stop the job after the step that is running."""
        self._cancel.set()

    def delete(self, video: str) -> None:
        """Remove a result and the files that belong to it.

        Raises:
            OptionError: it is not a result, or cannot be removed.
        """
        with self._lock:
            found = next((r for r in self._progress.results if r["video"] == video), None)
            if found is None:
                raise OptionError(f"video must be one of the results; got {video!r}. Reload.")
            try:
                for name in filter(None, (found["overlay"], found["drawing"], video)):
                    (self.folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise OptionError(f"{video} must be removable; got {error.strerror}.") from error
            self._progress.results = [r for r in self._progress.results if r is not found]

    def start(self, document: str, prompt: str, seed: int | None) -> None:
        """Begin a job.

        Raises:
            OptionError: one is already running.
            WanMoveError: the drawing cannot be read, or none of its tracks acts.
        """
        from ..generation.job import check_job

        with self._lock:
            if self.busy:
                raise OptionError("One video at a time must be made; got a second. Wait for it.")
            video = self._next_name()
            drawing = video.with_suffix(".wanmove.json")
            write_files({drawing: document.encode()})
            job = self._job(prompt, drawing, video, seed)
            try:
                report = check_job(job)
            except WanMoveError:
                drawing.unlink(missing_ok=True)
                raise
            self._cancel.clear()
            told = str(report) if report is not None and report.num_points else ""
            self._progress = Progress("loading", guidance=told, results=self._progress.results)
            self._thread = threading.Thread(target=self._run, args=(job, drawing), daemon=True)
            self._thread.start()

    def _run(self, job: "Job", drawing: Path) -> None:
        from ..generation.job import run_job

        try:
            if self._pipeline is None:
                self._pipeline = self._load()
            self._show(state="running", steps=job.settings.steps)
            self._stepped(0, job.settings.steps)
            with self._around():
                result = run_job(self._pipeline, job, model=self._model, progress=self._stepped)
            self._seconds = result.seconds
            unguided = "" if result.tracks is not None else ", without tracks"
            self._show(
                state="done",
                message=f"{result.seconds:.1f} s{unguided}",
                results=[_entry(job.out), *self._progress.results],
            )
        except _Cancelled:
            drawing.unlink(missing_ok=True)
            self._show(state="cancelled", message="Cancelled")
        except WanMoveError as error:
            self._show(state="failed", message=str(error))
        except Exception as error:
            # The page would wait for ever otherwise; the traceback goes to the terminal.
            self._show(state="failed", message=f"{type(error).__name__}: {error}")
            raise

    def _job(self, prompt: str, drawing: Path, video: Path, seed: int | None) -> "Job":
        seed = self._seed if seed is None else seed
        if seed is None:
            seed = random.SystemRandom().randrange(2**31)
        settings = replace(self.template.settings, seed=seed)
        return replace(
            self.template, prompt=prompt, tracks=(drawing,), out=video, settings=settings
        )

    def _stepped(self, done: int, total: int) -> None:
        if self._cancel.is_set():
            raise _Cancelled("the job must end; got a request to cancel it. Generate again.")
        self._show(step=done, steps=total)

    def _show(self, **values: Any) -> None:
        with self._lock:
            for name, value in values.items():
                setattr(self._progress, name, value)

    def _next_name(self) -> Path:
        number = 1
        while (self.folder / f"draw_{number:03}.mp4").exists():
            number += 1
        return self.folder / f"draw_{number:03}.mp4"

    def _earlier_results(self) -> list[dict[str, Any]]:
        videos = sorted(self.folder.glob("draw_[0-9][0-9][0-9].mp4"), reverse=True)
        return [_entry(video) for video in videos[:60]]


def _entry(video: Path) -> dict[str, Any]:
    overlay = video.with_name(f"{video.stem}_tracks.mp4")
    drawing = video.with_suffix(".wanmove.json")
    try:
        made_of = read_metadata(video) or {}
    except MediaError:
        made_of = {}
    return {
        "video": video.name,
        "overlay": overlay.name if overlay.is_file() else None,
        "drawing": drawing.name if drawing.is_file() else None,
        "label": video.stem,
        "prompt": str(made_of.get("prompt") or ""),
        "seed": made_of.get("seed"),
    }
