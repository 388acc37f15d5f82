"""What the verbs of the command line read and write: pictures, masks, keys, tracks."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import MediaError

if TYPE_CHECKING:
    import numpy as np

    from ...grid import Size
    from ...tracks import Tracks

Key = TypeVar("Key")


def read_grey(path: Path) -> "np.ndarray":
    """Read a picture's grey values, 8 or 16 bits, or a .npy.

    Raises:
        MediaError: a file that is neither.
    """
    import cv2
    import numpy as np

    if path.suffix.lower() == ".npy":
        try:
            # Mapped, so that a header which promises more than the file holds allocates nothing.
            return np.array(np.load(path, mmap_mode="r", allow_pickle=False)).squeeze()
        except (OSError, ValueError, EOFError) as error:
            raise _unreadable(path, _reason(error)) from error
    return _read_picture(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)


def read_mask(path: Path) -> "np.ndarray":
    """Read a mask: True where the picture is brighter than half of its brightest pixel.

    Raises:
        MediaError: a file that is no picture, or a .npy that is no map of numbers.
    """
    grey = read_grey(path)
    if grey.ndim != 2 or not grey.size or grey.dtype.kind not in "buif":
        raise MediaError(
            f"{path} must hold a [height, width] map of numbers; got {list(grey.shape)} of "
            f"{grey.dtype}. Save one channel of the mask."
        )
    mask: np.ndarray = grey > grey.max() / 2
    return mask


def read_colours(path: Path) -> "np.ndarray":
    """Read a picture as RGB.

    Raises:
        MediaError: a file that is no picture.
    """
    import cv2

    picture: np.ndarray = _read_picture(path, cv2.IMREAD_COLOR)[..., ::-1].copy()
    return picture


def read_keys(path: Path, kind: type[Key]) -> list[Key]:
    """Read a JSON list of keys, each an object of the fields of `kind`.

    Raises:
        MediaError: a file that cannot be read.
        TrackFormatError: not such a list.
    """
    from ...sources.keys import parse_keys

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise MediaError(
            f"{path} must be a readable text file; got {_reason(error)}. Check the path."
        ) from error
    return parse_keys(text, kind, str(path))


def check_target(target: Path) -> None:
    """Refuse a name that no tracks can be written to, before they are made.

    Raises:
        OptionError, TrackFormatError: a name of no format, or of a folder.
    """
    from ...formats.write import check_path

    check_path(target)


def write_result(tracks: "Tracks", target: Path, size: "Size | None" = None) -> int:
    """Write tracks, say where, and return the exit code.

    Args:
        tracks: what to write.
        target: where to; its name says the format.
        size: (width, height) of the picture, for formats of other programs.
    """
    from ...formats import write_tracks

    for path in write_tracks(tracks, target, size=size):
        sys.stdout.write(f"{path}\n")
    return 0


def _read_picture(path: Path, flags: int) -> "np.ndarray":
    import cv2
    import numpy as np

    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise _unreadable(path, _reason(error)) from error
    # What OpenCV itself says of a damaged picture would stand beside our line.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        picture: Any = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:  # a size beyond OpenCV's limit
        picture = None
    if picture is None:
        raise MediaError(
            f"{path} must be a picture; got another kind of file, or a damaged one. "
            "Save it as PNG again."
        )
    return picture


def _unreadable(path: Path, reason: str) -> MediaError:
    return MediaError(f"{path} must be a readable picture or .npy; got {reason}. Check the path.")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "bytes that are not UTF-8"
    text = getattr(error, "strerror", None) or str(error).split("\n")[0].rstrip(".")
    return text[:1].lower() + text[1:120]
