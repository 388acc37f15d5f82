"""`wanmove draw --generate="..."`: the options of `wanmove generate` for the page's button."""

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ..demo.small_model import (
    FILES,
    FRAMES,
    LORA,
    SIZE,
    SOLVER,
    STEPS,
    quick_arithmetic,
    small_model_folder,
)
from ..errors import OptionError
from .generate import load_pipeline, model_settings
from .generation_options import add_job_options, add_model_options
from .option_values import make_job

if TYPE_CHECKING:
    from ..draw_page.generation import Generation
    from ..generation.pipeline import WanMovePipeline

_TOY = small_model_folder()
# What the small model was trained at; it knows no prompts to guide towards.
_TOY_DEFAULTS = {
    "dtype": "fp32",
    "size": SIZE,
    "resize": "stretch",
    "frames": FRAMES,
    "lora": [str(_TOY / f"{LORA}.safetensors")],
    "steps": STEPS,
    "solver": SOLVER,
    "guidance_scale": 1.0,
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(f"--generate: {message}. See wanmove generate --help.")


def make_generation(image: Path, results: Path, options: Sequence[str]) -> "Generation":
    """Make the page's Generate button from options; without a checkpoint, with the small model.

    Raises:
        WanMoveError: a wrong option.
    """
    from ..draw_page.generation import Generation

    args = _parse(options)
    args.image, args.prompt, args.draw_tracks = image, "", True
    args.out, args.tracks = results / "probe.mp4", [results / "probe.json"]
    job = make_job(args)

    def load() -> "WanMovePipeline":
        _check_small_model(args.checkpoint)
        return load_pipeline(args)

    small = args.checkpoint[0].parent == _TOY
    return Generation(
        replace(job, tracks=()),
        results,
        load,
        model=model_settings(args),
        seed=None if args.seed < 0 else args.seed,
        title="the small trained model" if small else args.checkpoint[0].name,
        prompts=not small,
        around=quick_arithmetic if small else nullcontext,
    )


def _parse(options: Sequence[str]) -> argparse.Namespace:
    """Parse options; those of the small model are defaults only where no checkpoint is named."""
    parser = _Parser(add_help=False)
    add_job_options(parser)
    add_model_options(parser)
    args = parser.parse_args(options)
    if args.checkpoint is not None:
        return args
    files = [_TOY / f"{name}.safetensors" for name in FILES]
    parser.set_defaults(checkpoint=files, **_TOY_DEFAULTS)
    return parser.parse_args(options)


def _check_small_model(files: Sequence[Path]) -> None:
    """Check that the small model is installed; a wheel does not hold it.

    Raises:
        OptionError: the small model is not installed.
    """
    missing = [path for path in files if path.parent == _TOY and not path.is_file()]
    if missing:
        raise OptionError(
            f"the small trained model must be in {_TOY}; got no {missing[0].name}. It comes with "
            'the source: use a checkout, or name a model with --generate="--checkpoint PATH".'
        )
