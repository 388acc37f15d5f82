"""A benchmark's clips as jobs of `wanmove generate`."""

import argparse
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..bench.case import Case, DataSet
from ..bench.clips import clip_length, digest_of, read_clip, with_followed_tracks
from ..bench.datasets import open_dataset
from ..errors import MediaError, OptionError, WanMoveError
from ..family import WAN21_I2V
from ..generation.job import Job
from ..generation.settings import GenerationSettings
from ..media.video import read_metadata
from ..media.writer import write_image
from ..shapes import Tensor
from ..tracks import Tracks
from .batch import Line
from .option_values import make_extension, make_settings
from .parse import check_fps

_log = logging.getLogger("wanmove")
Tracker = Callable[[Tensor, Tensor], Tracks]


def movebench_jobs(args: argparse.Namespace) -> list[Line]:
    """List MoveBench's videos as jobs, as the reference's `--eval_bench` makes them.

    Raises:
        MediaError: the list is not where MoveBench has it.
        OptionError: an option of a single video, which would have no effect.

    Source:
        Wan-Move generate.py:373 @27409be. Its default language is Chinese, ours is English; it
        draws a random seed where none is given, we take 0.
    """
    for lone in ("image", "tracks", "visibility", "tracks_size", "prompt", "out"):
        if getattr(args, lone):
            option = f"--{lone.replace('_', '-')}"
            raise OptionError(
                f"{option} must be MoveBench's own; got one beside --movebench. Leave out {option}."
            )
    mode, out_dir = args.mode or "single", args.out_dir or Path("results")
    language = args.language or getattr(args, "default_language", "en")
    dataset = open_dataset(args.movebench, mode=mode, language=language)
    lines = jobs_of(dataset, args, make_settings(args), out_dir)
    _warn_of_one_folder(lines, mode)
    _log.info(
        "To score them: wanmove bench score %s --against %s --mode %s --language %s "
        "--protocol movebench --out scores/%s",
        out_dir,
        args.movebench,
        mode,
        language,
        mode,
    )
    return lines


def jobs_of(
    dataset: DataSet,
    args: argparse.Namespace,
    settings: GenerationSettings,
    out_dir: Path,
    *,
    tracker: Tracker | None = None,
) -> list[Line]:
    """Turn clips into jobs: the prompt is the caption, the seed is the base seed plus position.

    Args:
        dataset: the clips. MoveBench's have the size of their own start image.
        args: with `negative_prompt`, `fps` and the options of a single video.
        settings: of all of them.
        out_dir: for ID.mp4.
        tracker: makes the tracks if the data set has masks instead of tracks.
    """
    if args.fps is not None:
        check_fps(args.fps)
    return [_line(case, dataset, args, settings, out_dir, tracker) for case in dataset.cases]


def _line(  # noqa: PLR0917, one clip with all that is the same for all clips
    case: Case,
    dataset: DataSet,
    args: argparse.Namespace,
    settings: GenerationSettings,
    out_dir: Path,
    tracker: Tracker | None,
) -> Line:
    try:
        if case.problem is not None:
            raise OptionError(case.problem)
        if dataset.kind == "DAVIS" and tracker is not None:
            case = with_followed_tracks(case, out_dir.parent / "tracks", tracker)
        if case.tracks is None:
            raise OptionError(
                f"{case.id} must have tracks; got none in {dataset.kind}. Make its videos "
                "elsewhere, and score them by wanmove bench score."
            )
        settings = replace(settings, seed=settings.seed + case.position, retime=case.retime)
        if dataset.kind == "MoveBench":
            settings = replace(settings, resize="native")
        job = Job(
            image=case.image or _first_frame(case, out_dir.parent / "first_frame"),
            out=out_dir / f"{case.id}.mp4",
            prompt=case.caption,
            tracks=(case.tracks,),
            visibility=case.visibility,
            negative_prompt=args.negative_prompt,
            fps=WAN21_I2V.fps if args.fps is None else args.fps,
            draw_tracks=getattr(args, "draw_tracks", False),
            settings=_no_longer_than(settings, case),
            extension=make_extension(args),
            refuse_idle=False,  # as the reference goes on
        )
    except WanMoveError as error:
        return Line(case.id, error=error)
    return Line(case.id, job)


def _no_longer_than(settings: GenerationSettings, case: Case) -> GenerationSettings:
    """A folder of pictures may be shorter than the video that is asked for."""
    length = clip_length(case.reference) if case.reference is not None else None
    if length is None or length >= settings.num_frames:
        return settings
    return replace(settings, num_frames=max(1, (length - 1) // 4 * 4 + 1))


def _first_frame(case: Case, folder: Path) -> Path:
    if case.reference is None:
        raise MediaError(f"{case.id} must have a start image; got none. Check the data set.")
    path = folder / f"{case.id}.png"
    if not path.is_file():
        write_image(path, read_clip(case.reference)[0])
    return path


def _warn_of_one_folder(lines: list[Line], mode: str) -> None:
    """The reference's README writes single and multi clips of one name to one folder."""
    for job in (line.job for line in lines if line.job is not None and line.job.out.is_file()):
        made_of = read_metadata(job.out) or {}
        before = [track.get("sha256") for track in made_of.get("tracks") or []]
        if before and before != [digest_of(path) for path in job.tracks]:
            _log.warning(
                "%s was made with other tracks than those of --mode %s, and is made again. Give "
                "single and multi a folder each, or score the first before you make the second.",
                job.out,
                mode,
            )
        return
