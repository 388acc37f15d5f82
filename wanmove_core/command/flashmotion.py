"""`wanmove generate` by trajectory maps: FlashMotion's options, maps and adapters."""

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..choices import MapShape
from ..errors import CheckpointError, OptionError
from ..family import WAN21_I2V, ModelFamily
from .job_maps import MapFiles
from .parse import parse_path

if TYPE_CHECKING:
    import torch

    from ..generation.settings import GenerationSettings

_log = logging.getLogger("wanmove")

# The noise levels of FlashMotion's four-step base model; see docs of `--few-step`.
# Source: Wan2.2-TI2V-5B-Turbo configs/inference/wan22.yaml and model/base.py:24 @26d5995.
FEW_STEP = {
    "published": (1.0, 0.75, 0.5, 0.25),
    "trained": (1.0, 0.9375, 5 / 6, 0.625),
}

_FEW = 8  # most steps for which a generator is taken for a distilled one


def add_flashmotion_options(parser: Any) -> None:
    """Add the options of one video that maps guide."""
    group = parser.add_argument_group("boxes and masks (FlashMotion, with --adapter)")
    group.add_argument(
        "--maps",
        type=parse_path,
        metavar="PATH",
        help="trajectory maps: a folder of PNG, or a video",
    )
    group.add_argument(
        "--mask",
        type=parse_path,
        nargs="+",
        metavar="FILE",
        help="with --tracks, in place of --maps: one mask per object, white on the object in the "
        "start image",
    )
    group.add_argument("--map-shape", choices=get_args(MapShape), default="box", help="(box)")
    group.add_argument(
        "--few-step",
        choices=tuple(FEW_STEP),
        help="four steps of the distilled 5B: the noise levels of its published inference "
        "(1,.75,.5,.25), or of its training (1,.9375,.8333,.625)",
    )


def add_adapter_options(group: Any) -> None:
    """Add the adapter to the options of the model."""
    group.add_argument(
        "--adapter",
        type=parse_path,
        metavar="FILE",
        help="of FlashMotion, made for this model: boxes and masks guide it in place of tracks",
    )
    group.add_argument(
        "--adapter-dtype", choices=("bf16", "fp8"), default="bf16", help="of a ControlNet (bf16)"
    )


def find_family(paths: list[Path]) -> ModelFamily:
    """Return the family of the checkpoint's transformer; Wan-Move's if it is missing or unknown.

    Bad files raise an error later, when they are loaded.
    """
    from ..checkpoints.layouts import survey

    try:
        return survey(paths).family
    except CheckpointError:
        return WAN21_I2V


def check_family(args: argparse.Namespace, family: ModelFamily) -> None:
    """Refuse what does not go with the checkpoint's family, and an adapter of another model.

    Raises:
        WanMoveError: options of another family, or an adapter that does not fit.
    """
    if args.adapter is not None:
        _check_fit(args)
        if args.cache != "none":
            raise OptionError(
                f"--adapter must be without --cache; got --cache {args.cache}. Leave it out."
            )
    if not family.conditioned and args.cache != "none":
        raise OptionError(
            f"--cache must come with a Wan-Move checkpoint; got {family.title}. Leave it out."
        )
    if family.conditioned and getattr(args, "few_step", None):
        raise OptionError(
            f"--few-step must come with Wan2.2-TI2V-5B; got a checkpoint of {family.title}. "
            "Leave it out, or give the 5B."
        )
    maps_alone = args.adapter is not None or not family.conditioned
    if args.movebench is not None and maps_alone:
        raise OptionError(
            "--movebench must come with a Wan-Move checkpoint and without --adapter: its tracks "
            f"have no masks; got {family.title}. Make videos by --batch."
        )


def transformer_config(args: argparse.Namespace) -> dict[str, Any]:
    """Read the transformer's sizes off its file's header; {} where that is not possible.

    What is wrong with the file is said in full when the model is loaded.
    """
    from ..checkpoints.keymaps import TRANSFORMER_KEYS
    from ..checkpoints.layouts import TRANSFORMER, choose, survey
    from ..checkpoints.transformer import infer_config

    try:
        model = choose(survey(args.checkpoint), TRANSFORMER, args.dtype)
        return infer_config(model, model.in_library_names(TRANSFORMER_KEYS))
    except CheckpointError:
        return {}


def _check_fit(args: argparse.Namespace) -> None:
    """Refuse an adapter of another model before anything is loaded; reads no tensor."""
    from ..checkpoints.adapter_loading import open_adapter

    _, found = open_adapter(args.adapter)
    config = transformer_config(args)
    if not config:
        return
    width = config["num_attention_heads"] * config["attention_head_dim"]
    own = (config["num_layers"], width, config["out_channels"])
    if own != (found.blocks, found.width, found.latent_channels):
        raise OptionError(
            f"--adapter must fit the model's {own[0]} blocks of width {own[1]} and latent of "
            f"{own[2]} channels; got {found.blocks} of {found.width}, {found.latent_channels} "
            f"channels in {args.adapter}. Use the adapter that was trained for this model."
        )


def find_maps(args: argparse.Namespace, settings: "GenerationSettings") -> MapFiles | None:
    """Return where the job's maps come from; None for a job that its tracks guide.

    Raises:
        OptionError: options that do not go together.
    """
    family, adapter = getattr(args, "family", WAN21_I2V), getattr(args, "adapter", None)
    maps, masks = getattr(args, "maps", None), getattr(args, "mask", None)
    drawn = masks or (args.tracks and not family.conditioned)
    if maps is not None and (masks or args.tracks):
        other = "--tracks" if args.tracks else "--mask"
        raise OptionError(f"one of --maps and {other} may be given; got both. Drop one.")
    if masks and not args.tracks:
        raise OptionError(
            "--mask must come with --tracks, which move its object; got none. Add it."
        )
    if adapter is None and (maps is not None or drawn):
        raise OptionError(
            "--adapter must be given for boxes and masks, and for tracks to guide the 5B; got "
            "none. Add --adapter FILE."
        )
    if family.conditioned and adapter is None:
        return None
    if adapter is not None and (settings.is_long or args.goes_on_from is not None):
        raise OptionError(
            f"--adapter must be with one clip, at most {settings.clip_frames} frames and without "
            f"--continue; got {settings.num_frames} frames. Make one clip."
        )
    return MapFiles(maps, tuple(masks or ()), getattr(args, "map_shape", "box"))


def load_adapter_option(args: argparse.Namespace, compute_dtype: "torch.dtype") -> Any:
    """Load the adapter that the options name; None without one.

    Raises:
        WanMoveError: the file is not an adapter, or does not fit the model.
    """
    if args.adapter is None:
        return None
    from ..checkpoints.adapter_loading import load_adapter, open_adapter

    _, found = open_adapter(args.adapter)
    steps = len(args.sigmas) - 1 if args.sigmas else args.steps
    few = args.few_step or (steps is not None and steps <= _FEW)
    if found.stage == "slow" and few:
        _log.warning(
            "--adapter must be a fast one for few steps; got a slow one, whose videos are blurred "
            "(FID 22.8 against 15.8 as published). Use the FastAdapter."
        )
    return load_adapter(
        args.adapter, compute_dtype=compute_dtype, quantize=args.adapter_dtype == "fp8"
    )
