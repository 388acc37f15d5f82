"""What the verbs of the command line read and write: pictures, masks, keys, tracks."""

import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import MediaError, TrackFormatError

if TYPE_CHECKING:
    import numpy as np

    from ..tracks import Tracks

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
            raise _unreadable(path, error) from error
    return _read_picture(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)


def read_mask(path: Path) -> "np.ndarray":
    """Read a mask: True where the picture is brighter than half of its brightest pixel.

    Raises:
        MediaError: a file that is no picture.
    """
    grey = read_grey(path)
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
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(
            f"{path} must be a readable text file; got {type(error).__name__}. Check it."
        ) from error
    return parse_keys(text, kind, str(path))


def parse_keys(text: str, kind: type[Key], name: str) -> list[Key]:
    """Parse a JSON list of keys, each an object of the fields of `kind`.

    Args:
        text: as in `[{"frame": 0}, {"frame": 80, "rotate": 30, "ease": "out"}]`.
        kind: a dataclass of numbers and an ease.
        name: of the file or input, for the message.

    Raises:
        TrackFormatError: not such a list.
    """
    fields = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    try:
        keys = [kind(**key) for key in json.loads(text)]
        for index, key in enumerate(keys):
            for field, value in vars(key).items():
                if not (_is_ease(value) if field == "ease" else _is_number(value)):
                    raise ValueError(f"key {index}: {field} {value!r}")
    except (ValueError, TypeError, RecursionError) as error:
        raise TrackFormatError(
            f"{name} must be a JSON list of keys with {', '.join(fields)}; got "
            f'{str(error)[:80]!r}. Write [{{"frame": 0}}, {{"frame": 80, "{fields[1]}": 20}}].'
        ) from error
    return keys


def write_result(tracks: "Tracks", target: Path) -> int:
    """Write tracks, say where, and return the exit code."""
    from ..formats import write_tracks

    for path in write_tracks(tracks, target):
        sys.stdout.write(f"{path}\n")
    return 0


def _read_picture(path: Path, flags: int) -> "np.ndarray":
    import cv2
    import numpy as np

    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        picture: Any = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:  # a size beyond OpenCV's limit
        picture = None
    if picture is None:
        raise MediaError(f"{path} must be a picture; got another kind of file. Convert it to PNG.")
    return picture


def _unreadable(path: Path, error: Exception) -> MediaError:
    return MediaError(
        f"{path} must be a readable picture or .npy; got {type(error).__name__}. Check it."
    )


def _is_ease(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 4 and all(map(_is_number, value))
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
