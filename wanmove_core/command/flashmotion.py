"""`wanmove generate` by trajectory maps: FlashMotion's options, maps and adapters."""

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass
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
    from ..generation.settings import GenerationSettings
    from ..shapes import Tensor

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


def _check_fit(args: argparse.Namespace) -> None:
    """Refuse an adapter of another model before anything is loaded; reads no tensor."""
    from ..checkpoints.adapter_loading import open_adapter
    from ..checkpoints.keymaps import TRANSFORMER_KEYS
    from ..checkpoints.layouts import TRANSFORMER, choose, survey
    from ..checkpoints.transformer import infer_config

    _, found = open_adapter(args.adapter)
    try:
        model = choose(survey(args.checkpoint), TRANSFORMER, args.dtype)
    except CheckpointError:
        return  # said in full when the model is loaded
    config = infer_config(model, model.in_library_names(TRANSFORMER_KEYS))
    width = config["num_attention_heads"] * config["attention_head_dim"]
    own = (config["num_layers"], width, config["out_channels"])
    if own != (found.blocks, found.width, found.latent_channels):
        raise OptionError(
            f"--adapter must fit the model's {own[0]} blocks of width {own[1]} and latent of "
            f"{own[2]} channels; got {found.blocks} of {found.width}, {found.latent_channels} "
            f"channels in {args.adapter}. Use the adapter that was trained for this model."
        )


@dataclass(frozen=True)
class MapFiles:
    """Maps of files, or drawn from a job's tracks.

    Args:
        maps: a folder or a video of maps; None: drawn.
        masks: one an object, in the start image; with none the tracks are a drawing with regions.
        shape: how objects are drawn.
    """

    maps: Path | None
    masks: tuple[Path, ...]
    shape: MapShape

    def read(self, job: "Job", image_size: tuple[int, int]) -> "Tensor | None":
        """Return the maps, of the video's frames and size; None where nothing guides."""
        return read_motion(self, job, image_size)

    def describe(self, tracks: tuple[Path, ...], digest: Callable[[Path], Any]) -> dict[str, Any]:
        """What the maps depend on besides the tracks, as JSON values."""
        files = [self.maps] if self.maps else []
        if self.maps is not None and self.maps.is_dir():
            files = sorted(file for file in self.maps.iterdir() if file.is_file())
        files += self.masks
        return {
            **({"map_shape": self.shape} if tracks else {}),
            **({"maps": [digest(path) for path in files]} if files else {}),
        }

    def absolute(self) -> "MapFiles":
        """Return the same with files that are found from any folder."""
        maps = self.maps and self.maps.absolute()
        return MapFiles(maps, tuple(path.absolute() for path in self.masks), self.shape)


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


def read_motion(given: MapFiles, job: "Job", image_size: tuple[int, int]) -> "Tensor | None":
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
    if given.maps is not None:
        maps, _ = read_maps(given.maps)
        if len(maps) != frames:
            raise MediaError(
                f"{given.maps} must have the video's {frames} frames; got {len(maps)}. "
                f"Draw them so, or give --frames {len(maps)}."
            )
        maps = fit_frames(maps, size, settings.fit_mode)
        check_first_map(maps[0])
        return torch.from_numpy(maps)
    if not job.tracks:
        return None
    if not given.masks:
        (source, *rest) = job.tracks
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
        return draw_trajectory_maps(moved, size, shape=given.shape)
    from ..generation.job import read_inputs
    from ..motion.retime import retime_tracks

    _, tracks = read_inputs(job)
    if tracks is None:
        raise OptionError(
            f"--tracks must move the object of each --mask; got no tracks in {job.tracks[0]}. "
            "Draw one for each."
        )
    tracks = fit_tracks(
        retime_tracks(tracks, frames, settings.retime), image_size, size, mode=settings.fit_mode
    )
    masks = fit_masks(_read_masks(given.masks, image_size), size, settings.fit_mode)
    return draw_trajectory_maps(objects_from_masks(masks, tracks), size, shape=given.shape)


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


def _read_masks(paths: tuple[Path, ...], size: tuple[int, int]) -> "np.ndarray":
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
