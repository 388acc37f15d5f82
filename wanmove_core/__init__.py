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
    from .conditioning import conditioning_input as conditioning_input
    from .conditioning import conditioning_video as conditioning_video
    from .conditioning import fit_image as fit_image
    from .conditioning import guide_branches as guide_branches
    from .conditioning import known_mask as known_mask
    from .conditioning import reference_size as reference_size
    from .draw import draw_tracks as draw_tracks
    from .formats import read_tracks as read_tracks
    from .formats import write_tracks as write_tracks
    from .grid import LatentGrid as LatentGrid
    from .guidance import project_tracks as project_tracks
    from .guidance import replicate_first_frame as replicate_first_frame
    from .motion import concat_tracks as concat_tracks
    from .motion import fit_tracks as fit_tracks
    from .motion import resample_tracks as resample_tracks
    from .motion import retime_tracks as retime_tracks
    from .report import GuidanceReport as GuidanceReport
    from .report import guidance_report as guidance_report
    from .tracks import Tracks as Tracks

__all__ = [
    "CheckpointError",
    "GridError",
    "GuidanceReport",
    "LatentGrid",
    "MediaError",
    "OptionError",
    "ShapeError",
    "TrackFormatError",
    "Tracks",
    "WanMoveError",
    "concat_tracks",
    "conditioning_input",
    "conditioning_video",
    "draw_tracks",
    "fit_image",
    "fit_tracks",
    "guidance_report",
    "guide_branches",
    "known_mask",
    "project_tracks",
    "read_tracks",
    "reference_size",
    "replicate_first_frame",
    "resample_tracks",
    "retime_tracks",
    "write_tracks",
]

# Where each name lives that needs torch: it is imported when the name is first used, since the
# command line's help must not wait for it.
_HOMES = {
    "conditioning_input": "conditioning",
    "conditioning_video": "conditioning",
    "fit_image": "conditioning",
    "guide_branches": "conditioning",
    "known_mask": "conditioning",
    "reference_size": "conditioning",
    "draw_tracks": "draw",
    "read_tracks": "formats",
    "write_tracks": "formats",
    "LatentGrid": "grid",
    "project_tracks": "guidance",
    "replicate_first_frame": "guidance",
    "concat_tracks": "motion",
    "fit_tracks": "motion",
    "resample_tracks": "motion",
    "retime_tracks": "motion",
    "GuidanceReport": "report",
    "guidance_report": "report",
    "Tracks": "tracks",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
