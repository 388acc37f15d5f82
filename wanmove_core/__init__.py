"""Tracks and latents: the tensor library behind the Wan-Move nodes and command line."""

from .errors import CheckpointError as CheckpointError
from .errors import GridError as GridError
from .errors import MediaError as MediaError
from .errors import OptionError as OptionError
from .errors import ShapeError as ShapeError
from .errors import TrackFormatError as TrackFormatError
from .errors import WanMoveError as WanMoveError
from .grid import LatentGrid as LatentGrid
from .guidance import project_tracks as project_tracks
from .guidance import replicate_first_frame as replicate_first_frame
from .tracks import Tracks as Tracks

__all__ = [
    "CheckpointError",
    "GridError",
    "LatentGrid",
    "MediaError",
    "OptionError",
    "ShapeError",
    "TrackFormatError",
    "Tracks",
    "WanMoveError",
    "project_tracks",
    "replicate_first_frame",
]
