"""`wanmove generate` with Wan2.2-TI2V-5B: family, trajectory maps and adapters."""

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..choices import MapShape
from ..errors import CheckpointError, MediaError, OptionError
from ..family import WAN21_I2V, ModelFamily
from .parse import parse_path

if TYPE_CHECKING:
    import numpy as np
    import torch

    from ..generation.job import Job
    from ..shapes import Tensor

_log = logging.getLogger("wanmove")

# The noise levels of FlashMotion's four-step base model; see docs of `--few-step`.
# Source: Wan2.2-TI2V-5B-Turbo configs/inference/wan22.yaml and model/base.py:24 @26d5995.
FEW_STEP = {
    "published": (1.0, 0.75, 0.5, 0.25),
    "trained": (1.0, 0.9375, 5 / 6, 0.625),
}
_ONLY_5B = ("adapter", "maps", "mask", "few_step")


def add_flashmotion_options(parser: Any) -> None:
    """Add the options of one video that only the 5B takes."""
    group = parser.add_argument_group("boxes and masks (FlashMotion, with Wan2.2-TI2V-5B)")
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
        help="four steps of the distilled generator: the noise levels of its published inference "
        "(1,.75,.5,.25), or of its training (1,.9375,.8333,.625)",
    )


def add_adapter_options(group: Any) -> None:
    """Add the options of the model that only the 5B takes."""
    group.add_argument(
        "--adapter", type=parse_path, metavar="FILE", help="of FlashMotion, for the 5B"
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
    """Refuse options that belong to another family.

    Raises:
        OptionError: an option of another family, or options that do not go together.
    """
    if family.conditioned:
        for name in _ONLY_5B:
            if getattr(args, name, None):
                raise OptionError(
                    f"--{name.replace('_', '-')} must come with Wan2.2-TI2V-5B; got a checkpoint "
                    f"of {family.title}. Leave it out, or give the 5B."
                )
        return
    if args.batch is not None or args.movebench is not None:
        raise OptionError(
            "--batch and --movebench must come with a Wan-Move checkpoint; got "
            f"{family.title}. Make one video at a time."
        )
    if args.maps is not None and (args.mask or args.tracks):
        raise OptionError("one of --maps and --tracks may be given; got both. Drop one.")
    if (args.maps is not None or args.tracks) and args.adapter is None:
        raise OptionError(
            "--adapter must be given for boxes or tracks to guide the 5B; got none. "
            "Add --adapter FILE."
        )


def map_files(args: argparse.Namespace) -> tuple[Path, ...]:
    """List the files that trajectory maps are made of, besides the tracks."""
    maps = [args.maps] if args.maps else []
    if args.maps is not None and args.maps.is_dir():
        maps = sorted(file for file in args.maps.iterdir() if file.is_file())
    return (*maps, *(args.mask or ()))


def read_motion(
    args: argparse.Namespace, job: "Job", image_size: tuple[int, int]
) -> "Tensor | None":
    """Read or draw the trajectory maps, with the video's frames and size; None without maps.

    Raises:
        WanMoveError: a file that cannot be read, or does not fit.
    """
    import torch

    from ..media.map_files import read_maps
    from ..motion.fit import fit_tracks
    from ..view.map_objects import OutlinedObject, fit_frames, fit_masks, objects_from_masks
    from ..view.trajectory_maps import check_first_map, draw_trajectory_maps
    from .tracks.maps import read_objects

    settings = job.settings
    size, frames = settings.output_size(image_size), settings.num_frames
    if args.maps is not None:
        maps, _ = read_maps(args.maps)
        if len(maps) != frames:
            raise MediaError(
                f"{args.maps} must have the video's {frames} frames; got {len(maps)}. "
                f"Draw them so, or give --frames {len(maps)}."
            )
        maps = fit_frames(maps, size, settings.fit_mode)
        check_first_map(maps[0])
        return torch.from_numpy(maps)
    if not args.tracks:
        return None
    if not args.mask:
        (source, *rest) = args.tracks
        if rest:
            raise OptionError("--tracks must be one file without --mask; got several. Add --mask.")
        objects, _ = read_objects(source, size=image_size, frames=frames)
        moved = [
            OutlinedObject(
                _fitted(one.outline, image_size, size, settings.fit_mode), one.shown, size
            )
            for one in objects
            if isinstance(one, OutlinedObject)
        ]
        return draw_trajectory_maps(moved, size, shape=args.map_shape)
    from ..generation.job import read_inputs
    from ..motion.retime import retime_tracks

    _, tracks = read_inputs(job)
    if tracks is None:
        return None
    tracks = fit_tracks(
        retime_tracks(tracks, frames, settings.retime), image_size, size, mode=settings.fit_mode
    )
    masks = fit_masks(_read_masks(args.mask, image_size), size, settings.fit_mode)
    return draw_trajectory_maps(objects_from_masks(masks, tracks), size, shape=args.map_shape)


def _fitted(outline: "np.ndarray", image_size: Any, size: Any, mode: Any) -> "np.ndarray":
    import torch

    from ..motion.fit import fit_tracks
    from ..tracks import Tracks

    positions = torch.from_numpy(outline)
    shown = torch.ones(positions.shape[:2], dtype=torch.bool)
    fitted: np.ndarray = fit_tracks(
        Tracks(positions, shown), image_size, size, mode=mode
    ).positions.numpy()
    return fitted


def _read_masks(paths: list[Path], size: tuple[int, int]) -> "np.ndarray":
    import numpy as np

    from .tracks.inputs import read_mask

    masks = [read_mask(path) for path in paths]
    for path, mask in zip(paths, masks, strict=True):
        if mask.shape != (size[1], size[0]):
            raise MediaError(
                f"{path} must be of the start image's size, {size[0]}x{size[1]}; got "
                f"{mask.shape[1]}x{mask.shape[0]}. Resize it."
            )
    return np.stack(masks)


def load_adapter_option(
    args: argparse.Namespace, compute_dtype: "torch.dtype", transformer: Any
) -> Any:
    """Load the adapter that the options name; None without one.

    Raises:
        WanMoveError: the file is not an adapter, or does not fit the model.
    """
    if args.adapter is None:
        return None
    from ..checkpoints.adapter_loading import load_adapter, open_adapter
    from ..generation.adapters import check_fit

    _, found = open_adapter(args.adapter)
    check_fit(transformer, found.blocks, found.width)
    if found.stage == "slow" and getattr(args, "few_step", None):
        _log.warning(
            "--adapter must be a fast one for four steps; got a slow one, whose videos are blurred "
            "(FID 22.8 against 15.8 as published). Use the FastAdapter."
        )
    return load_adapter(
        args.adapter, compute_dtype=compute_dtype, quantize=args.adapter_dtype == "fp8"
    )
