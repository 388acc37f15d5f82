"""The Generate button: one job at a time on a model that is loaded at the first one."""

import argparse
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import OptionError, WanMoveError

if TYPE_CHECKING:
    from ..standalone.pipeline import WanMovePipeline

_log = logging.getLogger("wanmove")
_TOY = Path(__file__).parents[2] / "models" / "toy"
_TOY_FILES = ("wanmove_toy_bf16", "wanmove_toy_vae", "wanmove_toy_prompts")
# What the small model was trained at; it knows no prompts to guide towards.
_TOY_OPTIONS = [
    *("--dtype", "fp32", "--size", "96x64", "--resize", "stretch", "--frames", "17"),
    *("--steps", "20", "--guidance-scale", "1"),
]


def generate_options(given: Sequence[str]) -> list[str]:
    """The options of `wanmove generate` for the button; without a checkpoint, the small model's."""
    if "--checkpoint" in given:
        return list(given)
    files = [str(_TOY / f"{name}.safetensors") for name in _TOY_FILES]
    return ["--checkpoint", *files, *_TOY_OPTIONS, *given]


def _check_small_model(files: Sequence[Path]) -> None:
    """Say what to do where the small model was not installed, as from a wheel.

    Raises:
        OptionError: it is asked for, and is not here.
    """
    missing = [path for path in files if path.parent == _TOY and not path.is_file()]
    if missing:
        raise OptionError(
            f"the small trained model must be in {_TOY}; got no {missing[0].name}. It comes with "
            'the source: use a checkout, or name a model with --generate="--checkpoint PATH".'
        )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(f"--generate: {message}. See wanmove generate --help.")


def _make_parser() -> argparse.ArgumentParser:
    from ..standalone.options import add_job_options, add_model_options

    parser = _Parser(add_help=False)
    add_job_options(parser)
    add_model_options(parser)
    return parser


@dataclass
class Progress:
    """What the page shows of a job. `state`: idle, loading, running, done or failed."""

    state: str = "idle"
    step: int = 0
    steps: int = 0
    message: str = ""
    results: list[dict[str, Any]] = field(default_factory=list)


class Generation:
    """Runs jobs in a thread of its own.

    Args:
        image: the start image.
        folder: where results go; those of earlier runs are shown too.
        options: of `wanmove generate`, from `generate_options`.

    Raises:
        OptionError: a wrong option.
    """

    def __init__(self, image: Path, folder: Path, options: Sequence[str]) -> None:
        self.folder = folder
        self._image = image
        self._options = list(options)
        self._lock = threading.Lock()
        self._pipeline: WanMovePipeline | None = None
        self._progress = Progress(results=self._earlier_results())
        self._thread: threading.Thread | None = None
        from ..standalone.option_values import make_settings

        make_settings(self._arguments("", Path("probe.json"), Path("probe.mp4"), seed=None))

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._thread is not None and self._thread.is_alive()

    def status(self) -> dict[str, Any]:
        """What the page shows, as JSON values."""
        with self._lock:
            return {**vars(self._progress), "results": list(self._progress.results)}

    def start(self, document: str, prompt: str, seed: int | None) -> None:
        """Begin a job.

        Raises:
            OptionError: one is already running.
        """
        with self._lock:
            if self.busy:
                raise OptionError("One video at a time must be made; got a second. Wait for it.")
            self._progress = Progress("loading", results=self._progress.results)
            self._thread = threading.Thread(
                target=self._run, args=(document, prompt, seed), daemon=True
            )
            self._thread.start()

    def _run(self, document: str, prompt: str, seed: int | None) -> None:
        from ..standalone.command import describe_model, load_pipeline
        from ..standalone.generate import run_job
        from ..standalone.option_values import make_job

        try:
            video = self._next_name()
            drawing = video.with_suffix(".wanmove.json")
            drawing.parent.mkdir(parents=True, exist_ok=True)
            drawing.write_text(document, encoding="utf-8")
            args = self._arguments(prompt, drawing, video, seed)
            _check_small_model(args.checkpoint)
            job = make_job(args)
            if self._pipeline is None:
                self._pipeline = load_pipeline(args)
            self._show(state="running", steps=job.settings.steps)
            result = run_job(
                self._pipeline, job, model=describe_model(args), progress=self._stepped
            )
            self._show(
                state="done",
                message=f"{result.seconds:.1f} s",
                results=[_entry(video), *self._progress.results],
            )
        except WanMoveError as error:
            self._show(state="failed", message=str(error))
        except Exception as error:
            # The page would wait for ever otherwise; the traceback goes to the terminal.
            self._show(state="failed", message=f"{type(error).__name__}: {error}")
            raise

    def _arguments(
        self, prompt: str, drawing: Path, video: Path, seed: int | None
    ) -> argparse.Namespace:
        words = [*self._options, "--image", str(self._image), "--tracks", str(drawing)]
        words += ["--out", str(video), f"--prompt={prompt}", "--draw-tracks"]
        words += [] if seed is None else ["--seed", str(seed)]
        return _make_parser().parse_args(words)

    def _stepped(self, done: int, total: int) -> None:
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
    return {
        "video": video.name,
        "overlay": overlay.name if overlay.is_file() else None,
        "drawing": drawing.name if drawing.is_file() else None,
        "label": json.dumps(video.stem)[1:-1],
    }
