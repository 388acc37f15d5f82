"""Tracks and latents: the tensor library behind the Wan-Move nodes and command line."""

from importlib import import_module
from typing import TYPE_CHECKING

from .errors import CheckpointError as CheckpointError
from .errors import GridError as GridError
from .errors import MediaError as MediaError
from .errors import OptionError as OptionError
from .errors import ShapeError as ShapeError
from .errors import TrackFormatError as TrackFormatError
from .errors import WanMoveError as WanMoveError

if TYPE_CHECKING:
    from .formats import read_tracks as read_tracks
    from .formats import write_tracks as write_tracks
    from .grid import LatentGrid as LatentGrid
    from .guidance.project import project_tracks as project_tracks
    from .guidance.replicate import replicate_first_frame as replicate_first_frame
    from .guidance.report import GuidanceReport as GuidanceReport
    from .guidance.report import guidance_report as guidance_report
    from .motion.concat import concat_tracks as concat_tracks
    from .motion.fit import fit_tracks as fit_tracks
    from .motion.retime import resample_tracks as resample_tracks
    from .motion.retime import retime_tracks as retime_tracks
    from .start_image.conditioning import conditioning_input as conditioning_input
    from .start_image.conditioning import conditioning_video as conditioning_video
    from .start_image.conditioning import fit_image as fit_image
    from .start_image.conditioning import guide_branches as guide_branches
    from .start_image.conditioning import known_mask as known_mask
    from .start_image.conditioning import reference_size as reference_size
    from .tracks import Tracks as Tracks
    from .view.draw import draw_tracks as draw_tracks

# Where each name lives that needs torch: it is imported when the name is first used, since the
# command line's help must not wait for it.
_HOMES = {
    "read_tracks": "formats",
    "write_tracks": "formats",
    "LatentGrid": "grid",
    "project_tracks": "guidance.project",
    "replicate_first_frame": "guidance.replicate",
    "GuidanceReport": "guidance.report",
    "guidance_report": "guidance.report",
    "concat_tracks": "motion.concat",
    "fit_tracks": "motion.fit",
    "resample_tracks": "motion.retime",
    "retime_tracks": "motion.retime",
    "conditioning_input": "start_image.conditioning",
    "conditioning_video": "start_image.conditioning",
    "fit_image": "start_image.conditioning",
    "guide_branches": "start_image.conditioning",
    "known_mask": "start_image.conditioning",
    "reference_size": "start_image.conditioning",
    "Tracks": "tracks",
    "draw_tracks": "view.draw",
}

__all__ = sorted(  # noqa: PLE0605 (no static list: one place for each name)
    [
        "CheckpointError",
        "GridError",
        "MediaError",
        "OptionError",
        "ShapeError",
        "TrackFormatError",
        "WanMoveError",
        *_HOMES,
    ]
)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
