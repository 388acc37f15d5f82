"""One job: files in, video file out, with all inputs and settings in the video's metadata."""

import hashlib
import json
import logging
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from ..errors import OptionError
from ..grid import LatentGrid, Size
from ..guidance.guide import place_tracks
from ..guidance.report import GuidanceReport, check_effect, guidance_report
from ..media.video import probe_video, read_video
from ..shapes import Tensor
from ..tracks import Tracks
from .files import write_frames
from .inputs import read_inputs, read_known, read_start
from .job_record import describe, drawing_of
from .long_video import Before, sample_chain
from .map_source import MapSource
from .pipeline import Progress, WanMovePipeline
from .prompt_extension import Extender, Extension
from .segment_store import SegmentStore
from .settings import NEGATIVE_PROMPT, GenerationSettings

_MOST_SQUASHED = 0.08  # sides are rounded to latent cells
_log = logging.getLogger("wanmove")


@dataclass(frozen=True)
class Job:
    """The files and settings of one video.

    Args:
        image: the start image.
        out: the video to write, .mp4.
        prompt: what happens in the video.
        tracks: files of tracks, joined in order; later ones lie on top. None: without guidance.
        visibility: visibility .npy, if `tracks` is one .npy file that needs it.
        tracks_size: (width, height) of the picture that the tracks were drawn on, if the file does
            not state it and it is not the start image.
        negative_prompt: None for the reference's own.
        fps: frames per second of the file; the model was trained at 16.
        draw_tracks: write a second video with the tracks drawn on it.
        settings: everything else.
        extension: how a language model extends the prompt; None: it is not extended.
        extended_prompt: the extended prompt.
        maps: reads or draws the trajectory maps that guide the video; None: the tracks guide it.
        refuse_idle: whether tracks without any effect are an error.
        known: further given frames of the video: their numbers and pictures.
        goes_on_from: a video that this one continues; its last frame is the start image.
        tracks_of_whole: whether the tracks span both videos.
        seed_is_drawn: whether the seed was drawn: a video with another one is the same job.
    """

    image: Path
    out: Path
    prompt: str
    tracks: tuple[Path, ...] = ()
    visibility: Path | None = None
    tracks_size: Size | None = None
    negative_prompt: str | None = None
    fps: int = 16
    draw_tracks: bool = False
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    extension: Extension | None = None
    extended_prompt: str | None = None
    maps: MapSource | None = None
    known: tuple[tuple[int, Path], ...] = ()
    goes_on_from: Path | None = None
    tracks_of_whole: bool = False
    refuse_idle: bool = True
    seed_is_drawn: bool = False


@dataclass(frozen=True)
class Result:
    """The files that a job made.

    Args:
        video: the file.
        overlay: the file with the tracks drawn; None when not asked for.
        tracks: in pixels of the video; None without guidance.
        seconds: duration of the job, without loading the model.
    """

    video: Path
    overlay: Path | None
    tracks: Tracks | None
    seconds: float


def run_job(
    pipeline: WanMovePipeline,
    job: Job,
    *,
    model: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> Result:
    """Make one video; of several ranks, rank 0 decodes and writes it.

    Args:
        pipeline: with the model loaded.
        job: the files and settings.
        model: which model this is, for the metadata.
        progress: as for `WanMovePipeline.generate`.

    Raises:
        WanMoveError: an input that cannot be read, or does not fit together.
    """
    begin = time.perf_counter()
    image, tracks = read_inputs(job)
    maps = None if job.maps is None else job.maps.read(job, (image.shape[1], image.shape[0]))
    if tracks is None and maps is None:
        _log.info("No tracks given: plain image-to-video, without guidance.")
    negative = job.negative_prompt
    if negative is None:
        negative = default_negative_prompt(pipeline)
    prompts = (job.extended_prompt or job.prompt, negative)
    # Trajectory maps act by themselves: a job with them is not asked for cells.
    refuse = job.refuse_idle and job.maps is None
    on_video = None
    # A drawing that boxes are taken from is stretched to the image: as tracks it need not fit.
    if tracks is not None and job.goes_on_from is None and (not job.maps or job.draw_tracks):
        on_video, report = _on_video(tracks, image, job.settings)
        if refuse:
            check_effect(report, job.settings.strength)
    motion: Any = tracks if job.maps is None else maps
    frames, store = _frames(pipeline, job, (image, motion, prompts), model, progress)
    overlay = None
    if pipeline.ranks.writes:
        made_of = describe(job, model)
        if job.extended_prompt is not None:
            made_of["extended_prompt"] = job.extended_prompt
        drawing = drawing_of(job)
        if drawing is not None:
            made_of["drawing"] = drawing
        overlay = write_frames(
            job.out,
            frames,
            fps=job.fps,
            metadata=made_of,
            drawn=on_video if job.draw_tracks else None,
        )
    else:
        deque(frames, maxlen=0)  # a chain samples as it goes
    if store is not None and pipeline.ranks.writes:
        store.clear()
    return Result(job.out, overlay, on_video, time.perf_counter() - begin)


def check_job(job: Job) -> GuidanceReport | None:
    """Refuse what can be refused before a model is loaded; report what the tracks will do.

    Returns:
        None without tracks, and for a job that continues a video.

    Raises:
        WanMoveError: an input that cannot be read, or tracks of which none acts.
    """
    image, tracks = read_inputs(job)
    read_known(job)
    if job.goes_on_from is not None:
        _check_old(job, job.goes_on_from, (image.shape[1], image.shape[0]))
    if job.maps is not None:
        job.maps.read(job, (image.shape[1], image.shape[0]))
    if tracks is None or job.goes_on_from is not None or (job.maps and not job.draw_tracks):
        return None
    report = _on_video(tracks, image, job.settings)[1]
    if job.refuse_idle and job.maps is None:
        check_effect(report, job.settings.strength)
    return report


def _check_old(job: Job, old: Path, size: Size) -> None:
    """Refuse an old video that the new frames do not fit, and tell of another rate."""
    settings, found = job.settings, probe_video(old)
    if not settings.family.conditioned:
        raise OptionError(
            f"--continue must come with a Wan-Move checkpoint; got {settings.family.title}. "
            "Leave it out, and give the old video's last frame as --image."
        )
    width, height = settings.output_size(size)
    if abs(width * size[1] / (height * size[0]) - 1) > _MOST_SQUASHED:
        raise OptionError(
            f"size must have the aspect ratio of {old.name}, {size[0]}x{size[1]}, which goes on; "
            f"got {width}x{height}. Leave --resize out, or crop the old video first."
        )
    if found.fps and abs(found.fps - job.fps) > 0.01 * job.fps:
        _log.warning(
            "%s has %g frames per second; the whole is written with %g. Give --fps %g to keep "
            "its pace: the new frames are made for %g.",
            old.name,
            found.fps,
            job.fps,
            found.fps,
            settings.family.fps,
        )
    frames = len(read_video(old)) if job.tracks_of_whole else 1
    if (frames - 1) % settings.family.strides[0]:
        raise OptionError(
            f"{old.name} must have a multiple of {settings.family.strides[0]} frames plus 1 for "
            f"--tracks-of-whole; got {frames}. Cut it to {frames - (frames - 1) % 4}."
        )


def _frames(
    pipeline: WanMovePipeline,
    job: Job,
    asked: tuple[Tensor, Any, tuple[str, str]],
    model: dict[str, Any] | None,
    progress: Progress | None,
) -> tuple[Iterable[Tensor], SegmentStore | None]:
    """The job's frames as they come, and where a long video's finished clips are kept."""
    settings, before = job.settings, job.goes_on_from
    known = read_known(job)
    is_chain = before is not None or (settings.is_long and settings.blend == "chain")
    if not (is_chain and pipeline.family.conditioned):
        latent = pipeline.sample(*asked, settings, known=known, progress=progress)
        return (pipeline.decode_stream(latent) if pipeline.ranks.writes else ()), None
    digest = hashlib.sha256(json.dumps(describe(job, model), sort_keys=True).encode()).hexdigest()
    store = SegmentStore(job.out, digest[:16])
    old = read_video(before) if before is not None else None
    whole = Before(old[0], len(old)) if old is not None and job.tracks_of_whole else None
    new = sample_chain(
        pipeline, *asked, settings, known=known, before=whole, store=store, progress=progress
    )
    # Of old frames all but the last, which the new ones start with.
    return chain([] if old is None or len(old) < 2 else [old[:-1]], new), store


def _on_video(
    tracks: Tracks, image: Tensor, settings: GenerationSettings
) -> tuple[Tracks, GuidanceReport]:
    """The tracks in pixels of the video, and what they do there."""
    image_size = (image.shape[1], image.shape[0])
    width, height = settings.output_size(image_size)
    grid = LatentGrid(settings.num_frames, height, width)
    placed = place_tracks(
        tracks,
        grid,
        settings.guidance_options,
        image_size=image_size,
        fit_mode=settings.fit_mode,
    ).tracks
    return placed, guidance_report(placed, grid, temporal=settings.temporal)


def extend_prompt(job: Job, extender: Extender) -> Job:
    """Return the job with its prompt extended.

    Raises:
        WanMoveError: the image cannot be read, or the language model does not answer.
    """
    text = extender(job.prompt, read_start(job))
    _log.info("%s: prompt extended to: %s", job.out.name, text)
    return replace(job, extended_prompt=text)


def default_negative_prompt(pipeline: WanMovePipeline) -> str:
    """Return the reference's negative prompt; "" for a model without a text encoder."""
    parts = pipeline.components
    if parts.text_encoder is not None or NEGATIVE_PROMPT in parts.prompt_embeds:
        return NEGATIVE_PROMPT
    return ""
