"""Turn the options of `wanmove generate` into jobs, settings and speed options."""

import argparse
import math
import random
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OptionError
from ..family import WAN21_I2V
from .companions import check_companions
from .flashmotion import FEW_STEP, find_maps
from .parse import check_fps, parse_path

if TYPE_CHECKING:
    from ..generation.job import Job
    from ..generation.prompt_extension import Extension
    from ..generation.settings import GenerationSettings
    from ..generation.speed import SpeedOptions


def make_settings(args: argparse.Namespace) -> "GenerationSettings":
    """Turn parsed options into settings.

    Raises:
        OptionError, GridError: an option outside of its range.
    """
    from ..generation.settings import GenerationSettings

    if len(args.guidance_range) != 2:
        raise OptionError(
            f"--guidance-range must be two numbers; got {len(args.guidance_range)}. Use 0,1."
        )
    if args.sigmas is not None and args.shift is not None:
        raise OptionError("one of --sigmas and --shift may be given; got both. Drop one.")
    family = getattr(args, "family", WAN21_I2V)
    few = getattr(args, "few_step", None)
    if few is not None and (args.sigmas is not None or args.shift is not None):
        raise OptionError(
            "one of --few-step, --sigmas and --shift may be given; got several. Drop one."
        )
    return GenerationSettings(
        size=args.size or family.size,
        num_frames=family.longest_clip if args.frames is None else args.frames,
        steps=family.steps if args.steps is None else args.steps,
        shift=args.shift,
        guidance_scale=_scale(args.guidance_scale, few),
        solver=args.solver or ("lcm" if few else "unipc"),
        sigmas=FEW_STEP[few] if few else args.sigmas,
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
        window=args.window,
        blend=args.blend,
        match_colour=args.match_colour,
        family=family,
    )


def _scale(given: float | None, few: str | None) -> float:
    """The reference's 5; models of few steps were distilled with the guidance in them."""
    default = 1.0 if few else 5.0
    return default if given is None else given


def make_job(args: argparse.Namespace) -> "Job":
    """Turn parsed options into a job.

    Raises:
        OptionError, GridError: an option that is missing or outside of its range.
    """
    from ..generation.job import Job

    check_companions(args, ("tracks_of_whole", "goes_on_from"))
    if args.goes_on_from is not None and args.draw_tracks:
        raise OptionError(
            "--draw-tracks must be without --continue, whose tracks do not span the old frames; "
            "got both. Draw them with wanmove tracks show."
        )
    if args.goes_on_from is not None and args.image is not None:
        raise OptionError(
            "one of --image and --continue may be given; got both. Drop --image: the video begins "
            "with the last frames of the old one."
        )
    image = args.goes_on_from or args.image
    for name, value in (("image", image), ("prompt", args.prompt), ("out", args.out)):
        if value is None:
            raise OptionError(f"--{name} must be given; got none. See wanmove generate --help.")
    check_companions(args, ("draw_tracks", "tracks"), ("tracks_size", "tracks"))
    if args.visibility is not None and len(args.tracks) != 1:
        raise OptionError(
            f"--visibility must come with one --tracks file; got {len(args.tracks)}. "
            "Name the files NAME_tracks.npy and NAME_visibility.npy instead."
        )
    if args.out.suffix.lower() != ".mp4":
        raise OptionError(f"--out must end in .mp4; got {args.out.name}. Rename it.")
    fps = getattr(args, "family", WAN21_I2V).fps if args.fps is None else args.fps
    check_fps(fps)
    settings = make_settings(args)
    maps = find_maps(args, settings)
    return Job(
        image=image,
        out=args.out,
        prompt=args.prompt,
        tracks=tuple(args.tracks),
        visibility=args.visibility,
        tracks_size=args.tracks_size,
        negative_prompt=args.negative_prompt,
        fps=fps,
        draw_tracks=args.draw_tracks,
        settings=settings,
        extension=make_extension(args),
        maps=maps,
        known=_known(args, settings.num_frames),
        goes_on_from=args.goes_on_from,
        tracks_of_whole=args.tracks_of_whole,
        seed_is_drawn=args.seed < 0,
    )


def _known(args: argparse.Namespace, num_frames: int) -> "tuple[tuple[int, Path], ...]":
    """The frames that are given besides the first, the last one under its number."""
    last = [] if args.last_image is None else [(num_frames - 1, args.last_image)]
    known = dict([*args.known, *last])
    if 0 in known:
        raise OptionError("--frame must be 1 or later; got 0. Frame 0 is --image.")
    return tuple(sorted(known.items()))


def make_extension(args: argparse.Namespace) -> "Extension | None":
    """Turn parsed options into an `Extension`; None if prompts are not extended.

    Raises:
        OptionError: options that do not go together.
    """
    from ..generation.prompt_extension import Extension

    needed = "extend_prompt"
    check_companions(args, ("extend_model", needed), ("extend_language", needed))
    if args.extend_prompt is None:
        return None
    return Extension(args.extend_prompt, args.extend_model, args.extend_language or "zh")


def make_speed_options(args: argparse.Namespace) -> "SpeedOptions":
    """Turn parsed options into speed options.

    Raises:
        OptionError: options that do not go together.
    """
    from ..generation.speed import SpeedOptions

    return SpeedOptions(
        cache=args.cache,
        cache_threshold=args.cache_threshold,
        mag_ratios=args.mag_ratios,
        attention=args.attention,
        compile=args.compile,
        fp8_gemm=args.fp8_gemm,
    )


def check_machine(args: argparse.Namespace, device: str) -> None:
    """Refuse a device or a kernel that this machine does not have, before a model is loaded.

    Raises:
        OptionError: no such device, or what it cannot do.
    """
    from ..generation.placement import check_device
    from ..generation.speed import check_speed

    check_speed(make_speed_options(args), check_device(device))


def parse_lora(text: str) -> tuple[Path, float]:
    """Parse `FILE` or `FILE:STRENGTH`; a Windows drive's colon is part of the file.

    Raises:
        OptionError: the strength is not a number.
    """
    name, colon, strength = text.rpartition(":")
    if not colon or strength.startswith(("\\", "/")):
        return _lora_path(text), 1.0
    try:
        number = float(strength)
        if not math.isfinite(number):
            raise ValueError(strength)
        return _lora_path(name), number
    except ValueError as error:
        if _lora_path(text).is_file():
            return Path(text), 1.0
        raise OptionError(
            f"--lora must be FILE or FILE:STRENGTH; got {text!r}. Use FILE:1."
        ) from error


def _lora_path(text: str) -> Path:
    try:
        return parse_path(text)
    except argparse.ArgumentTypeError as error:
        raise OptionError(f"--lora {error}. Correct it.") from error
