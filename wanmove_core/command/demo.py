"""`wanmove demo`: image and tracks to video on a small model, measured and shown on a page."""

import argparse
import logging
import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..demo.page import Figure, Page, Panel, render_page
from ..demo.small_model import FILES, small_model_folder
from ..errors import OptionError

if TYPE_CHECKING:
    from ..checkpoints.components import Components
    from ..evaluate.metrics import EndPointError
    from ..generation.job import Job, Result

_log = logging.getLogger("wanmove")

TOY = small_model_folder()
_FRAMES, _SIZE, _STEPS = 17, (96, 64), 20
_MOVING = 2.0  # px from its start that a point goes at least
_NO_TOY = (
    "The trained small model is not here, so this one has random weights: it shows that all "
    "parts work together, not what a trained model draws."
)


@dataclass(frozen=True)
class _Source:
    """Which model and scene the demo takes."""

    components: "Components"
    image: Path
    tracks: Path
    trained: bool


def add_demo_parser(commands: Any) -> None:
    """Add `demo` to the commands of `wanmove`."""
    parser = commands.add_parser(
        "demo",
        help="make and measure a small video, without a download",
        description="Run image + tracks -> video on a small model, measure it, and show it.",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("wanmove_demo"), metavar="DIR", help="(wanmove_demo)"
    )
    parser.add_argument(
        "--model", type=Path, default=TOY, metavar="DIR", help="the trained small model's folder"
    )
    parser.add_argument("--steps", type=int, default=_STEPS, metavar="N", help=f"({_STEPS})")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(0)")
    parser.set_defaults(run=run_demo)


def run_demo(args: argparse.Namespace) -> int:
    """Run `wanmove demo`; returns the exit code.

    Raises:
        WanMoveError: bad options, or a folder that cannot be written to.
    """
    begin = time.perf_counter()
    if args.seed < 0:
        raise OptionError(f"--seed must be 0 or more; got {args.seed}. Use 0.")
    from ..generation.job import Job, read_inputs
    from ..generation.settings import GenerationSettings
    from ..media.writer import check_writable, replacing

    settings = GenerationSettings(
        size=_SIZE,
        resize="stretch",
        num_frames=_FRAMES,
        steps=args.steps,
        # The small model knows no prompts, so there is nothing to guide towards.
        guidance_scale=1.0,
        seed=args.seed,
    )
    check_writable(args.out / "index.html")
    source = _choose_source(args)
    guided = Job(
        image=source.image,
        out=args.out / "guided.mp4",
        prompt="",
        tracks=(source.tracks,),
        draw_tracks=True,
        settings=settings,
    )
    free = replace(guided, out=args.out / "without_tracks.mp4", tracks=(), draw_tracks=False)
    image, tracks = read_inputs(guided)
    results = _generate(source.components, guided, free)
    asked = _write_request(image, tracks, args.out / "request.png")
    errors = _measure(results)
    page = _make_page(source, guided, results, errors, asked)
    index = args.out / "index.html"
    with replacing(index) as temporary:
        temporary.write_text(render_page(page), encoding="utf-8")
    _report(source, results, errors, index, time.perf_counter() - begin)
    return 0


def _choose_source(args: argparse.Namespace) -> _Source:
    """The trained model and its scene when they are there, else random weights and our own."""
    files = [args.model / f"{name}.safetensors" for name in FILES]
    scene = args.model / "demo"
    image, tracks = scene / "start.png", scene / "curve_tracks.npy"
    trained = all(path.is_file() for path in (*files, image, tracks))
    if trained:
        from ..checkpoints.loading import load_components

        return _Source(load_components(files, dtype="fp32"), image, tracks, trained=True)
    _log.warning("%s", _NO_TOY)
    from ..demo.random_model import random_components
    from ..demo.scene import make_scene
    from ..formats import write_tracks
    from ..media.writer import write_image

    picture, request = make_scene(_FRAMES)
    image, tracks = args.out / "start.png", args.out / "curve_tracks.npy"
    write_image(image, picture)
    write_tracks(request, tracks)
    return _Source(random_components(), image, tracks, trained=False)


def _generate(components: "Components", *jobs: "Job") -> list["Result"]:
    from ..generation.job import run_job
    from ..generation.pipeline import WanMovePipeline
    from .generate import progress_bar

    pipeline = WanMovePipeline(components)
    results = []
    for job in jobs:
        with progress_bar(job.out.name) as progress:
            results.append(run_job(pipeline, job, model={"demo": True}, progress=progress))
    return results


def _write_request(image: Any, tracks: Any, path: Path) -> Path:
    """The start image with the paths that were asked for, large enough to see them."""
    from ..generation.files import enlarge
    from ..media.writer import write_image
    from ..view.draw import draw_paths

    frames, drawn = enlarge(image[None], tracks)
    write_image(path, draw_paths(frames[0], drawn))
    return path


def _measure(results: list["Result"]) -> list["EndPointError"]:
    """How far each video's moving points are from the request.

    Pinned points are left out: a video in which nothing moves does well on them.
    """
    from ..evaluate.metrics import end_point_error
    from ..media.video import read_video
    from ..tracking.video import track_points
    from ..tracks import Tracks

    asked = results[0].tracks
    if asked is None:
        raise OptionError("the demo must have tracks; got none. Restore the demo's files.")
    moving = (asked.positions - asked.positions[:1]).norm(dim=-1).amax(0) > _MOVING
    asked = Tracks(asked.positions[:, moving], asked.visibility[:, moving])
    return [
        end_point_error(asked, track_points(read_video(result.video), asked.positions[0]))
        for result in results
    ]


def _make_page(
    source: _Source,
    job: "Job",
    results: list["Result"],
    errors: list["EndPointError"],
    request: Path,
) -> Page:
    guided, free = results
    figures = [
        Figure("Moving points off their path, guided", f"{errors[0].mean:.2f} px", lead=True),
        Figure("The same without tracks", f"{errors[1].mean:.2f} px"),
    ]
    # What random weights draw cannot be followed, so its error would mean nothing.
    figures = figures if source.trained else []
    figures += [
        Figure("Time for the guided video", f"{guided.seconds:.1f} s"),
        Figure(
            "Frames", f"{job.settings.num_frames} at {job.settings.size[0]}x{job.settings.size[1]}"
        ),
    ]
    overlay = guided.overlay or guided.video
    return Page(
        title="Draw where things go",
        lead="An image and tracks go in; a video comes out in which things move along them. "
        "Every video here was made on this machine by the code that runs the 14B model.",
        note="" if source.trained else _NO_TOY,
        panels=[
            Panel(request, "What was asked", "The start image, with the path of each track."),
            Panel(guided.video, "What came out", "Generated from noise, guided by the tracks."),
            Panel(overlay, "Result and request", "The same video with the tracks drawn on it."),
            Panel(free.video, "Without tracks", "Same image, same noise, no guidance."),
        ],
        figures=figures,
        command=_command(source, job),
        settings=job.settings.as_dict(),
        size=job.settings.size,
    )


def _command(source: _Source, job: "Job") -> str:
    """The command line that makes the guided video."""
    if not source.trained:
        return "wanmove demo"
    folder = source.image.parents[1]
    words = [
        *("wanmove", "generate", "--checkpoint"),
        *(str(folder / f"{name}.safetensors") for name in FILES),
        *("--image", str(source.image), "--tracks", str(source.tracks), "--prompt", ""),
        *("--out", "guided.mp4", "--size", "x".join(map(str, job.settings.size))),
        *("--resize", "stretch", "--frames", str(job.settings.num_frames)),
        *("--steps", str(job.settings.steps), "--guidance-scale", "1"),
        *("--seed", str(job.settings.seed), "--dtype", "fp32", "--draw-tracks"),
    ]
    return shlex.join(words).replace(" --", " \\\n  --")


def _report(
    source: _Source,
    results: list["Result"],
    errors: list["EndPointError"],
    index: Path,
    seconds: float,
) -> None:
    if source.trained:
        _log.info(
            "End-point error of the moving points: %.2f px guided, %.2f px without tracks.",
            errors[0].mean,
            errors[1].mean,
        )
    _log.info("Guided video: %s, made in %.1f s.", results[0].video, results[0].seconds)
    _log.info("Everything took %.0f s. Open %s", seconds, index.resolve())
