"""Label pictures, and how well the masks and boxes of two videos overlap."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import MediaError
from ..shapes import Int

_MOST_OBJECTS = 64
_MAX_PIXELS = 16384 * 16384
_NUMBER = re.compile(r"(?<!\d)(\d+)$")


@dataclass(frozen=True)
class Overlap:
    """Intersection over union, mean over the frames and objects of the annotation.

    Args:
        mean: 0..1.
        counted: how many pairs of frame and object were counted.
        objects: how many objects the annotation has.
    """

    mean: float
    counted: int
    objects: int


def label_files(folder: Path) -> list[Path]:
    """The label pictures of a clip in the order of their numbers.

    Raises:
        MediaError: no folder, or no PNG with a number in it.
    """
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() == ".png"]
    except OSError as error:
        raise MediaError(
            f"{folder} must be a folder of label pictures; got {error.strerror}. Check the path."
        ) from error
    numbered = [(match, path) for path in found if (match := _NUMBER.search(path.stem))]
    if not numbered:
        raise MediaError(
            f"{folder} must hold label pictures like annotated_frame_00000.png; got none. "
            "Check the path."
        )
    return [path for _, path in sorted(numbered, key=lambda pair: (int(pair[0][1]), pair[1].name))]


def read_labels(path: Path) -> Int[np.ndarray, "height width"]:
    """Read a label picture; every colour that is not black is an object.

    Returns:
        Int64. Of palettes and greys the stored value; of RGB red * 65536 + green * 256 + blue;
        0 is the background.

    Raises:
        MediaError: no picture, or more colours than objects can be: not a label picture.
    """
    try:
        with Image.open(path) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise MediaError(f"{path} must be a video's size; got {image.size}. Check it.")
            plain = image if image.mode in ("1", "L", "P", "I", "I;16") else image.convert("RGB")
            values = np.asarray(plain).astype(np.int64)
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise MediaError(
            f"{path} must be a readable picture; got {str(error).splitlines()[0].rstrip('.')}. "
            "Check the file."
        ) from error
    labels = values if values.ndim == 2 else values @ np.array([65536, 256, 1])
    count = len(np.unique(labels[labels != 0]))
    if count > _MOST_OBJECTS:
        raise MediaError(
            f"{path} must have one plain colour per object, {_MOST_OBJECTS} at most; got {count} "
            "colours. Save label pictures as PNG, without smoothing."
        )
    return labels


def overlap(asked: Path, got: Path, num_frames: int, *, boxes: bool = False) -> Overlap:
    """Compare the label pictures of a generated clip with those of its annotation.

    An object keeps its colour through both. A frame in which the annotation does not show an object
    is not counted for it; a generated mask that is missing counts 0.

    Args:
        asked: folder of the annotation, one picture a frame.
        got: folder of the masks that were found in the generated clip.
        num_frames: how many frames to compare; frame 0 is the start image and is left out.
        boxes: compare the boxes around the masks.

    Raises:
        MediaError: pictures that are missing, damaged or of another size.
    """
    wanted, found = label_files(asked)[1:num_frames], label_files(got)[1:num_frames]
    if len(found) < len(wanted):
        raise MediaError(
            f"{got} must have {len(wanted) + 1} label pictures like {asked}; "
            f"got {len(found) + 1}. Segment the whole clip."
        )
    shape = box_of if boxes else np.asarray
    values: list[float] = []
    objects: set[int] = set()
    for one, other in zip(wanted, found, strict=False):
        first, second = read_labels(one), read_labels(other)
        if first.shape != second.shape:
            raise MediaError(
                f"{other} must have the size of {one}, {first.shape[1]}x{first.shape[0]}; "
                f"got {second.shape[1]}x{second.shape[0]}. Scale it without smoothing."
            )
        for label in np.unique(first[first != 0]).tolist():
            objects.add(label)
            values.append(mask_overlap(shape(first == label), shape(second == label)))
    if not values:
        raise MediaError(
            f"{asked} must show an object after its first frame; got none. Check the pictures."
        )
    return Overlap(float(np.mean(values)), len(values), len(objects))


def mask_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boolean pictures; 1 where both are empty."""
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def box_of(mask: np.ndarray) -> np.ndarray:
    """The mask of the box around a mask."""
    box = np.zeros_like(mask)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows):
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box
