"""The options of `wanmove generate`, and what they mean as settings."""

import argparse
import random
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OptionError
from ..grid import Size

if TYPE_CHECKING:
    from .generate import Job
    from .settings import GenerationSettings
    from .speed import SpeedOptions

_DTYPES = ("bf16", "fp16", "fp32", "fp8")


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of one video; a line of a batch file takes the same."""
    files = parser.add_argument_group("one video")
    files.add_argument("--image", type=Path, metavar="FILE", help="start image")
    files.add_argument(
        "--tracks",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="tracks in any format; later files lie on top; none: plain image-to-video",
    )
    files.add_argument("--visibility", type=Path, metavar="FILE", help=".npy of a tracks .npy")
    files.add_argument(
        "--tracks-size",
        type=parse_size,
        metavar="WxH",
        help="picture that the tracks were drawn on, if it is not the start image",
    )
    files.add_argument("--prompt", metavar="TEXT", help="what happens in the video")
    files.add_argument("--negative-prompt", metavar="TEXT", help="default: the reference's")
    files.add_argument("--out", type=Path, metavar="FILE.mp4", help="video to write")
    files.add_argument("--fps", type=int, default=16, metavar="N", help="of the file (16)")
    files.add_argument(
        "--draw-tracks", action="store_true", help="also write FILE_tracks.mp4 with them drawn"
    )
    _add_frame_options(parser)
    _add_sampling_options(parser)
    _add_motion_options(parser)


def _add_frame_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("picture and time")
    group.add_argument(
        "--size", type=parse_size, default=(832, 480), metavar="WxH", help="(832x480)"
    )
    group.add_argument(
        "--resize",
        choices=("area", "native", "stretch", "crop", "pad"),
        default="area",
        help="area: the image's shape within SIZE's area (default); native: the image's own "
        "size; stretch, crop, pad: SIZE exactly",
    )
    group.add_argument(
        "--frames", type=int, default=81, metavar="N", help="a multiple of 4 plus 1 (81)"
    )
    group.add_argument(
        "--retime",
        choices=("time", "cut", "hold"),
        default="time",
        help="tracks of another length: stretch in time (default), cut, or hold their end",
    )


def _add_sampling_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sampling")
    group.add_argument("--steps", type=int, default=40, metavar="N", help="(40)")
    group.add_argument(
        "--shift", type=float, metavar="X", help="of the noise levels; 3 up to 480p, else 5"
    )
    group.add_argument(
        "--guidance-scale", type=float, default=5.0, metavar="X", help="of the prompt; 1: off (5)"
    )
    group.add_argument(
        "--solver", choices=("unipc", "dpm++", "euler"), default="unipc", help="(unipc)"
    )
    group.add_argument(
        "--sigmas",
        type=parse_numbers,
        metavar="S,S,..",
        help="noise levels for few-step models, as 1,.9375,.8333,.625,0 with --solver euler",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="-1 draws one (0)")


def _add_motion_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("motion")
    group.add_argument(
        "--strength", type=float, default=1.0, metavar="X", help="of the tracks, 0 to 2 (1)"
    )
    group.add_argument(
        "--guidance-branch",
        choices=("both", "positive"),
        default="both",
        help="which branches of the prompt's guidance see the tracks (both)",
    )
    group.add_argument(
        "--motion-scale",
        type=float,
        default=0.0,
        metavar="X",
        help="push away from the video without tracks; a third pass per step (0)",
    )
    group.add_argument(
        "--guidance-range",
        type=parse_numbers,
        default=(0.0, 1.0),
        metavar="FROM,TO",
        help="shares of the steps in which both scales are used (0,1)",
    )
    group.add_argument(
        "--collision",
        choices=("last", "first", "mean", "random"),
        default="last",
        help="who gets a cell that several tracks visit (last)",
    )
    group.add_argument(
        "--temporal",
        choices=("sample", "mean"),
        default="sample",
        help="of four frames of tracks: the last, or their mean (sample)",
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the model and how it runs."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--checkpoint",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="a folder (official, diffusers, ComfyUI's models) or the files",
    )
    group.add_argument("--dtype", choices=_DTYPES, default="bf16", help="(bf16)")
    group.add_argument("--text-encoder-dtype", choices=_DTYPES, default="bf16", help="(bf16)")
    group.add_argument(
        "--lora", nargs="+", default=[], metavar="FILE[:X]", help="LoRA files, with strength X (1)"
    )
    group.add_argument("--device", metavar="NAME", help="default: cuda if there is one, else cpu")
    group.add_argument(
        "--text-encoder-device", metavar="NAME", help="cpu saves memory; default: as --device"
    )
    group.add_argument(
        "--offload",
        choices=("none", "model", "layer"),
        default="none",
        help="what waits in host memory: nothing (default), parts not in use, all but a few layers",
    )
    group.add_argument("--vae-tiling", action="store_true", help="decode in tiles; less memory")
    group = parser.add_argument_group("speed")
    group.add_argument(
        "--cache",
        choices=("none", "firstblock", "magcache"),
        default="none",
        help="reuse work between steps (none)",
    )
    group.add_argument(
        "--cache-threshold", type=float, metavar="X", help="higher is faster and less exact"
    )
    group.add_argument(
        "--mag-ratios", type=Path, metavar="FILE", help="of magcache; measured if not there"
    )
    group.add_argument(
        "--attention",
        choices=("native", "flash", "flash3", "sage", "flex", "xformers", "cudnn"),
        default="native",
        help="kernel (native)",
    )
    group.add_argument("--compile", action="store_true", help="compile the blocks")


def make_settings(args: argparse.Namespace) -> "GenerationSettings":
    """Turn parsed options into settings.

    Raises:
        OptionError, GridError: an option outside of its range.
    """
    from .settings import GenerationSettings

    if len(args.guidance_range) != 2:
        raise OptionError(
            f"--guidance-range must be two numbers; got {len(args.guidance_range)}. Use 0,1."
        )
    return GenerationSettings(
        size=args.size,
        num_frames=args.frames,
        steps=args.steps,
        shift=args.shift,
        guidance_scale=args.guidance_scale,
        solver=args.solver,
        sigmas=args.sigmas,
        # A drawn seed is a setting like any other from here on, so the video can be made again.
        seed=args.seed if args.seed >= 0 else random.SystemRandom().randrange(2**31),
        branch=args.guidance_branch,
        motion_scale=args.motion_scale,
        guidance_range=args.guidance_range,
        strength=args.strength,
        collision=args.collision,
        temporal=args.temporal,
        resize=args.resize,
        retime=args.retime,
    )


def make_job(args: argparse.Namespace) -> "Job":
    """Turn parsed options into a job.

    Raises:
        OptionError, GridError: an option that is missing or outside of its range.
    """
    from .generate import Job

    for name in ("image", "prompt", "out"):
        if getattr(args, name) is None:
            raise OptionError(f"--{name} must be given; got none. See wanmove generate --help.")
    if args.visibility is not None and len(args.tracks) != 1:
        raise OptionError(
            f"--visibility must come with one --tracks file; got {len(args.tracks)}. "
            "Name the files NAME_tracks.npy and NAME_visibility.npy instead."
        )
    if args.out.suffix.lower() != ".mp4":
        raise OptionError(f"--out must end in .mp4; got {args.out.name}. Rename it.")
    if args.fps < 1:
        raise OptionError(f"--fps must be 1 or more; got {args.fps}. Use 16.")
    return Job(
        image=args.image,
        out=args.out,
        prompt=args.prompt,
        tracks=tuple(args.tracks),
        visibility=args.visibility,
        tracks_size=args.tracks_size,
        negative_prompt=args.negative_prompt,
        fps=args.fps,
        draw_tracks=args.draw_tracks,
        settings=make_settings(args),
    )


def make_speed_options(args: argparse.Namespace) -> "SpeedOptions":
    """Turn parsed options into speed options.

    Raises:
        OptionError: options that do not go together.
    """
    from .speed import SpeedOptions

    return SpeedOptions(
        cache=args.cache,
        cache_threshold=args.cache_threshold,
        mag_ratios=args.mag_ratios,
        attention=args.attention,
        compile=args.compile,
    )


def parse_size(text: str) -> Size:
    """Parse `832x480`; the reference's `832*480` means the same."""
    parts = text.lower().replace("*", "x").replace(",", "x").split("x")
    try:
        width, height = (int(part) for part in parts)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be WIDTHxHEIGHT; got {text!r}") from error
    if min(width, height) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1x1; got {text!r}")
    return width, height


def parse_numbers(text: str) -> tuple[float, ...]:
    """Parse numbers with commas between them."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"must be numbers with commas between; got {text!r}"
        ) from error
