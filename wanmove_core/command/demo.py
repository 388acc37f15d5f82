"""`wanmove demo`: image and tracks to video on a small model, measured and shown on a page."""

import argparse
import logging
import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..demo.scenes import BOX, SCENES, DemoScene
from ..demo.small_model import (
    FILES,
    FRAMES,
    LORA,
    SOLVER,
    STEPS,
    quick_arithmetic,
    small_model_folder,
)
from ..errors import OptionError
from .demo_box import make_box_strip
from .parse import parse_path

if TYPE_CHECKING:
    from ..demo.page import Page, Row
    from ..generation.job import Job, Result
    from ..generation.pipeline import WanMovePipeline
    from ..generation.settings import GenerationSettings

_log = logging.getLogger("wanmove")

TOY = small_model_folder()
_MOVING = 2.0  # px from its start that a point goes at least
_NO_TOY = (
    "The trained small model is not here, so this one has random weights: it shows that all "
    "parts work together, not what a trained model draws."
)


@dataclass(frozen=True)
class _Made:
    """One request and what came of it, with and without its tracks."""

    scene: DemoScene
    job: "Job"
    request: Path
    guided: "Result"
    free: "Result"
    errors: tuple[float, float]  # px, guided and without


def add_demo_parser(commands: Any) -> None:
    """Add `demo` to the commands of `wanmove`."""
    parser = commands.add_parser(
        "demo",
        help="make and measure a small video, without a download",
        description="Run image + tracks -> video on a small model, measure it, and show it.",
    )
    parser.add_argument(
        "--out", type=parse_path, default=Path("wanmove_demo"), metavar="DIR", help="(wanmove_demo)"
    )
    parser.add_argument(
        "--model",
        type=parse_path,
        default=TOY,
        metavar="DIR",
        help="the trained small model's folder",
    )
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N", help=f"({STEPS})")
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
    from ..demo.page import render_page
    from ..generation.pipeline import WanMovePipeline
    from ..generation.settings import GenerationSettings
    from ..media.writer import check_writable, replacing

    if args.steps < 1:
        raise OptionError(f"--steps must be 1 or more; got {args.steps}. Use {STEPS}.")
    index = args.out / "index.html"
    check_writable(index)
    files = [args.model / f"{name}.safetensors" for name in FILES]
    lora = args.model / f"{LORA}.safetensors"
    needed = [*files, lora, *(path for scene in SCENES for path in scene.files(args.model))]
    settings = GenerationSettings(
        resize="stretch",
        num_frames=FRAMES,
        steps=args.steps,
        solver=SOLVER,
        # Without a prompt there is nothing to guide towards.
        guidance_scale=1.0,
        seed=args.seed,
    )
    missing = [path for path in needed if not path.is_file()]
    if missing and args.model != TOY:
        raise OptionError(
            f"--model must be a folder with the small model; got {args.model} without "
            f"{missing[0].relative_to(args.model)}. Leave --model out."
        )
    trained = not missing
    if trained:
        components, requests = _load(files, lora), SCENES
    else:
        _log.warning("%s", _NO_TOY)
        from ..demo.random_model import random_components

        components, requests = random_components(), (_paint_scene(args.out),)
    pipeline = WanMovePipeline(components)
    folder = args.model if trained else args.out
    with quick_arithmetic():
        made = [_make(pipeline, each, each.files(folder), settings, args.out) for each in requests]
        strip = make_box_strip(components, args.model, settings, args.out) if trained else None
    command = _command(files, lora, made[0]) if trained else "wanmove demo"
    rows = [_row(one, trained=trained) for one in made] + ([strip.row] if strip else [])
    page = _make_page(made, rows, command, note="" if trained else _NO_TOY)
    with replacing(index) as temporary:
        temporary.write_text(render_page(page), encoding="utf-8")
    if trained:
        _log.info("End-point error of the moving points, guided and without tracks:")
        for one in made:
            _log.info("  %-8s %5.2f px  %5.2f px", one.scene.name, *one.errors)
    if strip is not None:
        _log.info("  %-8s %5.2f px  %5.2f px, of its box, four steps", BOX.name, *strip.errors)
    _log.info("Everything took %.0f s. Open %s", time.perf_counter() - begin, index.resolve())
    return 0


def _load(files: list[Path], lora: Path) -> Any:
    from ..checkpoints.loading import load_components
    from ..checkpoints.lora import add_loras

    components = load_components(files, dtype="fp32")
    add_loras(components.transformer, [(lora, 1.0)])
    return components


def _paint_scene(out: Path) -> DemoScene:
    """A scene of our own, for when there is no model with scenes of its own."""
    from ..demo.scene import make_scene
    from ..formats import write_tracks
    from ..media.writer import write_image

    scene = DemoScene("ball", "A ball", "The ball is asked to fly in a bow.")
    picture, request = make_scene(FRAMES)
    image, tracks = scene.files(out)
    write_image(image, picture)
    write_tracks(request, tracks)
    return scene


def _make(
    pipeline: "WanMovePipeline",
    scene: DemoScene,
    files: tuple[Path, Path],
    settings: "GenerationSettings",
    folder: Path,
) -> _Made:
    """The two videos of a request, measured."""
    from ..generation.job import Job, read_inputs, run_job
    from ..media.image import read_image
    from .generate import progress_bar

    image, tracks = files
    height, width = read_image(image).shape[:2]
    settings = replace(settings, size=(width, height))
    out = folder / scene.name
    guided = Job(
        image=image,
        out=out / "guided.mp4",
        prompt="",
        tracks=(tracks,),
        draw_tracks=True,
        settings=settings,
    )
    free = replace(guided, out=out / "without_tracks.mp4", tracks=(), draw_tracks=False)
    results = []
    for job in (guided, free):
        with progress_bar(f"{scene.name}/{job.out.name}") as progress:
            results.append(run_job(pipeline, job, model={"demo": True}, progress=progress))
    request = _write_request(*read_inputs(guided), out / "request.png")
    return _Made(scene, guided, request, results[0], results[1], _measure(results))


def _write_request(image: Any, tracks: Any, path: Path) -> Path:
    """The start image with the paths that were asked for, large enough to see them."""
    from ..generation.files import enlarge
    from ..media.writer import write_image
    from ..view.draw import draw_paths

    frames, drawn = enlarge(image[None], tracks)
    write_image(path, draw_paths(frames[0], drawn))
    return path


def _measure(results: list["Result"]) -> tuple[float, float]:
    """How far each video's moving points are from the request, px.

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
    guided, free = (
        end_point_error(asked, track_points(read_video(result.video), asked.positions[0])).mean
        for result in results
    )
    return guided, free


def _make_page(made: list[_Made], rows: list["Row"], command: str, *, note: str) -> "Page":
    from ..demo.page import Figure, Page

    settings = made[0].job.settings
    return Page(
        title="Draw where things go",
        lead="A picture and tracks go in; a video comes out in which things move along them. "
        "Every video here was made on this machine by the code that runs the 14B model.",
        note=note,
        rows=rows,
        figures=[
            Figure("Time for a guided video", f"{made[-1].guided.seconds:.1f} s"),
            Figure("Frames", f"{settings.num_frames} at {settings.size[0]}x{settings.size[1]}"),
        ],
        command=command,
        settings=settings.as_dict(),
        size=settings.size,
    )


def _row(one: _Made, *, trained: bool) -> "Row":
    from ..demo.page import Figure, Panel, Row

    panels = [
        Panel(one.request, "What was drawn", "The start image, with the path of each track."),
        Panel(
            one.guided.video,
            "What came out",
            "Made from noise, guided by the tracks.",
            over=one.guided.overlay,
        ),
        Panel(one.free.video, "Without tracks", "The same picture, the same noise, no guidance."),
    ]
    # What random weights draw cannot be followed, so its error would mean nothing.
    guided, free = one.errors
    figures = [
        Figure("off its path", f"{guided:.1f} px", lead=True),
        Figure("without", f"{free:.1f} px"),
    ]
    return Row(one.scene.title, one.scene.caption, panels, figures if trained else [])


def _command(files: list[Path], lora: Path, made: _Made) -> str:
    """The command line that makes the first guided video."""
    job = made.job
    words = [
        *("wanmove", "generate", "--checkpoint", *map(str, files), "--lora", str(lora)),
        *("--image", str(job.image), "--tracks", *map(str, job.tracks or ()), "--prompt", ""),
        *("--out", "guided.mp4", "--size", "x".join(map(str, job.settings.size))),
        *("--resize", "stretch", "--frames", str(job.settings.num_frames)),
        *("--steps", str(job.settings.steps), "--solver", SOLVER, "--guidance-scale", "1"),
        *("--seed", str(job.settings.seed), "--dtype", "fp32", "--draw-tracks"),
    ]
    return shlex.join(words).replace(" --", " \\\n  --")
