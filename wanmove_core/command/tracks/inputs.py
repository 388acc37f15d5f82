"""Read and write what the verbs of the command line share: pictures, masks, keys, tracks."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import MediaError
from ...media.files import check_plain, reason
from ..parse import parse_path
from ..say import say

if TYPE_CHECKING:
    import numpy as np

    from ...grid import Size
    from ...sources.camera.poses import CameraPoses
    from ...tracks import Tracks

Key = TypeVar("Key")


def add_target(parser: Any) -> None:
    """Add the file of tracks that a verb writes."""
    parser.add_argument(
        "target", type=parse_path, metavar="TO", help=".npy, or as of `tracks convert`"
    )


def read_map(path: Path) -> "np.ndarray":
    """Read a picture's grey values, of any number of bits, or a .npy.

    Raises:
        MediaError: a file that is neither.
    """
    import numpy as np

    from ...media.image import read_grey

    if path.suffix.lower() != ".npy":
        return read_grey(path)
    check_plain(path, "picture or .npy")
    try:
        # Mapped, so that a header which promises more than the file holds allocates nothing.
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False)).squeeze()
    except (OSError, ValueError, EOFError, OverflowError, SyntaxError, TypeError) as error:
        raise MediaError(
            f"{path} must be a readable picture or .npy; got {reason(error)}. Check the path."
        ) from error


def read_poses(path: Path) -> "CameraPoses":
    """Read camera poses of another program.

    Raises:
        MediaError: a file that cannot be read.
        TrackFormatError: one that holds no poses.
    """
    from ...formats.text import decode_text
    from ...sources.camera.pose_files import parse_poses

    check_plain(path, "file of camera poses")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MediaError(
            f"{path} must be a readable file; got {reason(error)}. Check the path."
        ) from error
    return parse_poses(decode_text(data, path.name), path.name)


def read_mask(path: Path) -> "np.ndarray":
    """Read a mask: True where the picture is brighter than half of its brightest pixel.

    Raises:
        MediaError: a file that is not a picture, or a .npy that is not a map of numbers.
    """
    grey = read_map(path)
    if grey.ndim != 2 or not grey.size or grey.dtype.kind not in "buif":
        raise MediaError(
            f"{path} must hold a [height, width] map of numbers; got {list(grey.shape)} of "
            f"{grey.dtype}. Save one channel of the mask."
        )
    mask: np.ndarray = grey > grey.max() / 2
    return mask


def read_keys(path: Path, kind: type[Key]) -> list[Key]:
    """Read a JSON list of keys, each an object of the fields of `kind`.

    Raises:
        MediaError: a file that cannot be read.
        TrackFormatError: the file is not such a list.
    """
    from ...sources.keys import parse_keys

    check_plain(path, "text file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        told = "bytes that are not UTF-8" if isinstance(error, ValueError) else reason(error)
        raise MediaError(
            f"{path} must be a readable text file; got {told}. Check the path."
        ) from error
    return parse_keys(text, kind, str(path))


def read_placed(path: Path, size: "Size", num_frames: int | None = None) -> "Tracks":
    """Read tracks and bring them to the frame of a picture.

    Raises:
        TrackFormatError: a file that is not tracks.
        ShapeError: tracks of a frame of another aspect ratio.
    """
    from ...formats import read_tracks
    from ...motion.frame import place_in_frame

    tracks = read_tracks(path, canvas_size=size, num_frames=num_frames)
    return place_in_frame(tracks, size).tracks


def check_target(target: Path) -> None:
    """Check that tracks can be written to a path, before they are made.

    Raises:
        OptionError, TrackFormatError: the suffix is not that of a format, or the path is a folder.
    """
    from ...formats.write import check_path

    check_path(target)


def write_result(tracks: "Tracks", target: Path, size: "Size | None" = None) -> int:
    """Write tracks, say where, and return the exit code.

    Args:
        tracks: what to write.
        target: the file; its suffix names the format.
        size: (width, height) of the picture, for formats of other programs.
    """
    from ...formats import write_tracks

    say(*map(str, write_tracks(tracks, target, size=size)))
    return 0
