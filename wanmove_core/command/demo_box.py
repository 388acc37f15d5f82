"""The demo's strip of boxes: a thing goes where its box was moved, in four distilled steps."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..demo.scenes import BOX, BOX_ADAPTER
from ..demo.small_model import SOLVER, STEPS
from .job_maps import MapFiles

if TYPE_CHECKING:
    import numpy as np

    from ..demo.page import Row
    from ..generation.job import Job, Result
    from ..generation.settings import GenerationSettings
    from ..shapes import Tensor

_log = logging.getLogger("wanmove")

_COLOUR = (255, 140, 30)
# Where points are followed, in shares of the box's sides: inside of the thing, not in its corners.
_INSIDE = (0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True)
class BoxStrip:
    """The strip, and how far the thing was from its box's way, px, with the box and without."""

    row: "Row"
    errors: tuple[float, float]


def make_box_strip(
    components: Any, model: Path, settings: "GenerationSettings", out: Path
) -> BoxStrip | None:
    """Make the two videos of the strip, measured; None where a file of it is missing.

    Args:
        components: the small model with the LoRA of four steps.
        model: its folder.
        settings: of the demo.
        out: folder of the demo.
    """
    image, drawing = BOX.files(model)
    adapter = model / f"{BOX_ADAPTER}.safetensors"
    missing = [path for path in (image, drawing, adapter) if not path.is_file()]
    if missing:
        _log.info("The strip of boxes is left out: %s is not there.", missing[0])
        return None
    import torch

    from ..checkpoints.adapter_loading import load_adapter
    from ..generation.guided import MapPipeline
    from ..generation.job import Job, read_inputs, run_job
    from ..view.map_objects import OutlinedObject
    from .generate import progress_bar
    from .tracks.maps import read_objects

    pipeline = MapPipeline(components, adapter=load_adapter(adapter, compute_dtype=torch.float32))
    guided = Job(
        image=image,
        out=out / BOX.name / "guided.mp4",
        prompt="",
        tracks=(drawing,),
        settings=replace(settings, steps=STEPS, solver=SOLVER),
        maps=MapFiles(None, (), "box"),
    )
    start, _ = read_inputs(guided)
    size = (start.shape[1], start.shape[0])
    guided = replace(guided, settings=replace(guided.settings, size=size))
    results = []
    for job in (guided, replace(guided, out=guided.out.with_name("without_boxes.mp4"), tracks=())):
        with progress_bar(f"{BOX.name}/{job.out.name}") as progress:
            results.append(run_job(pipeline, job, model={"demo": True}, progress=progress))
    objects, _ = read_objects(drawing, size=size, frames=settings.num_frames)
    outline = next(one.outline for one in objects if isinstance(one, OutlinedObject))
    errors = _measure(outline, results)
    return BoxStrip(_row(_draw(start, outline, guided), results, errors), errors)


def _measure(outline: "np.ndarray", results: list["Result"]) -> tuple[float, float]:
    """How far points inside of the box are from going with it, px."""
    import numpy as np

    from ..evaluate.metrics import end_point_error
    from ..media.video import read_video
    from ..tracking.video import track_points
    from ..tracks import Tracks

    low, high = outline.min(1), outline.max(1)
    shares = np.stack(np.meshgrid(_INSIDE, _INSIDE), -1).reshape(-1, 2)
    inside = low[:, None] + shares * (high - low)[:, None]
    asked = Tracks.from_arrays(inside.astype(np.float32))
    guided, free = (
        end_point_error(asked, track_points(read_video(one.video), asked.positions[0])).mean
        for one in results
    )
    return guided, free


def _draw(start: "Tensor", outline: "np.ndarray", job: "Job") -> tuple[Path, Path]:
    """Write the request, and the video with its box drawn on it."""
    import numpy as np

    from ..generation.files import enlarge
    from ..media.video import read_video
    from ..media.video_writer import write_video
    from ..media.writer import write_image
    from ..tracks import Tracks
    from ..view.draw import draw_outlines, draw_paths

    files = (job.out.with_name("request.png"), job.out.with_name("guided_boxes.mp4"))
    video, corners = enlarge(read_video(job.out), Tracks.from_arrays(outline.astype(np.float32)))
    write_video(files[1], draw_outlines(video, corners, _COLOUR), fps=job.fps)
    middle = Tracks.from_arrays(outline.mean(1, keepdims=True).astype(np.float32))
    picture, way = enlarge(start[None], middle)
    for ends in (corners.positions[:1], corners.positions[-1:]):
        picture = draw_outlines(picture, Tracks.from_arrays(ends.numpy()), _COLOUR)
    write_image(files[0], draw_paths(picture[0], way))
    return files


def _row(drawn: tuple[Path, Path], results: list["Result"], errors: tuple[float, float]) -> "Row":
    from ..demo.page import Figure, Panel, Row

    request, over = drawn
    panels = [
        Panel(request, "What was drawn", "The start image, with the box at its start and end."),
        Panel(
            results[0].video,
            "What came out",
            "Four steps from noise, guided by the box through an adapter.",
            over=over,
        ),
        Panel(results[1].video, "Without the box", "The same picture, noise and four steps."),
    ]
    figures = [
        Figure("off its way", f"{errors[0]:.1f} px", lead=True),
        Figure("without", f"{errors[1]:.1f} px"),
    ]
    return Row(BOX.title, BOX.caption, panels, figures)
