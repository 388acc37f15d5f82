"""Trajectory maps: one picture per frame with boxes or masks where objects shall be.

FlashMotion and MagicMotion take these in place of point tracks. The background is black and each
object has one colour; frame 0 has filled masks, every later frame rectangles (or filled masks).
"""

import logging
from collections.abc import Collection, Sequence

import numpy as np
import torch

from ..choices import MapShape
from ..errors import OptionError, ShapeError
from ..shapes import Bool, Int, Shaped, Tensor, UInt8
from .map_objects import MapObject, check_same_length

_log = logging.getLogger("wanmove")

# Half of the annotation library's default colours, from its second on: over black at its default
# opacity these are what the published sample maps show.
# Source: supervision 0.31.2 draw/color.py (MIT), DEFAULT_COLOR_PALETTE, by object number.
_PALETTE = """
    FF4040 FFA1A0 FF7633 FFB633 D1D435 4CFB12 94CF1A 40DE8A 1B9640 00D6C1 2E9CAA
    00C4FF 364797 6675FF 0019EF 863AFF 530087 CD3AFF FF97CA FF39C9 A351FB
""".split()  # noqa: SIM905 -- a table of words
MAP_COLOURS: tuple[tuple[int, int, int], ...] = tuple(
    (round(red / 2), round(green / 2), round(blue / 2))
    for red, green, blue in map(bytes.fromhex, _PALETTE)
)


BACKGROUND = 24  # of 255: more than a codec makes of black, less than any colour's highest channel


def line_width(size: tuple[int, int]) -> int:
    """The thickness that boxes are drawn with in a frame of (width, height) pixels.

    Source: MagicMotion trajectory_construction/plan_box.py:213 @7642d61.
    """
    return max(1, min(size) // 100)


def draw_trajectory_maps(
    objects: Sequence[MapObject],
    size: tuple[int, int],
    *,
    shape: MapShape = "box",
    given: Collection[int] | None = None,
) -> UInt8[Tensor, "frames height width 3"]:
    """Draw the maps of a clip.

    Frame 0 shows filled masks whatever the shape, as the models were trained. A later object
    lies on top. An object that is hidden or outside the frame is not drawn; a warning tells of
    those that are not in frame 0.

    Args:
        objects: of one length.
        size: (width, height) of the frame that the objects are in.
        shape: what later frames show: rectangles around the objects, or the objects filled.
        given: numbers of the later frames that show boxes or masks, the others are black; None:
            all.

    Returns:
        RGB on the CPU.

    Raises:
        OptionError: a frame that the clip does not have.
        ShapeError: no objects, of different lengths, or none of them in frame 0.
    """
    num_frames = check_same_length(objects)
    check_frames(given, num_frames)
    maps = np.zeros((num_frames, size[1], size[0], 3), dtype=np.uint8)
    for frame in range(num_frames):
        if frame and given is not None and frame not in given:
            continue
        for index, one in enumerate(objects):
            mask = one.mask_at(frame)
            if mask is None:
                continue
            colour = MAP_COLOURS[index % len(MAP_COLOURS)]
            if frame == 0 or shape == "mask":
                maps[frame][mask] = colour
            else:
                _draw_box(maps[frame], mask, colour, line_width(size))
    check_first_map(maps[0])
    _warn_of_late(objects)
    return torch.from_numpy(maps)


def _warn_of_late(objects: Sequence[MapObject]) -> None:
    masks = [one.mask_at(0) for one in objects]
    late = [str(i) for i, mask in enumerate(masks, 1) if mask is None or not mask.any()]
    if late:
        _log.warning(
            "object %s of %d is not in the picture in frame 0, so the model is not shown what "
            "shall move. Let it begin there, or choose another resize.",
            ", ".join(late),
            len(objects),
        )


def check_first_map(picture: UInt8[np.ndarray, "height width 3"]) -> None:
    """Refuse maps whose first picture is black: the models need a filled shape there.

    Raises:
        ShapeError: no object in it.
    """
    if picture.max(initial=0) <= BACKGROUND:
        raise ShapeError(
            "maps must show an object in frame 0, as a filled shape; got a black picture. Let the "
            "object begin in the first frame, inside the picture."
        )


def check_frames(given: Collection[int] | None, num_frames: int) -> None:
    """Check that all frame numbers lie within the clip.

    Raises:
        OptionError: a frame number outside the clip.
    """
    wrong = sorted(frame for frame in given or () if not 0 <= frame < num_frames)
    if wrong:
        raise OptionError(
            f"the frames with boxes must be 0 to {num_frames - 1}; got {wrong[0]}. Leave it out."
        )


def map_boxes(objects: Sequence[MapObject]) -> Int[np.ndarray, "frames objects 4"]:
    """The rectangle around each object: x, y, width, height in pixels; width 0 where hidden."""
    boxes = np.zeros((check_same_length(objects), len(objects), 4), dtype=np.int64)
    for frame in range(len(boxes)):
        for index, one in enumerate(objects):
            mask = one.mask_at(frame)
            if mask is not None:
                boxes[frame, index] = bounds(mask)
    return boxes


def bounds(mask: Bool[np.ndarray, "height width"]) -> tuple[int, int, int, int]:
    """The rectangle around what is True: x, y, width, height; all 0 where nothing is."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        return 0, 0, 0, 0
    return int(cols[0]), int(rows[0]), int(cols[-1] - cols[0] + 1), int(rows[-1] - rows[0] + 1)


def half_line(width: int) -> int:
    """How far OpenCV's line reaches to each side: a width above 1 is drawn odd."""
    return (width + 1) // 2 if width > 1 else 0


def _draw_box(
    picture: Shaped[np.ndarray, "height width 3"],
    mask: np.ndarray,
    colour: tuple[int, int, int],
    width: int,
) -> None:
    """Outline a mask's bounding rectangle, as the reference draws it: to x + width, y + height.

    The same pixels as OpenCV's `rectangle`, whose thick lines have round ends.
    """
    x, y, across, down = bounds(mask)
    if not across:
        return
    half = half_line(width)
    left, top = max(x - half, 0), max(y - half, 0)
    patch = picture[top : y + down + half + 1, left : x + across + half + 1]
    col = np.arange(patch.shape[1])[None] + left
    row = np.arange(patch.shape[0])[:, None] + top
    to_side = np.minimum(abs(col - x), abs(col - x - across))
    to_end = np.minimum(abs(row - y), abs(row - y - down))
    past_side = np.maximum(np.maximum(x - col, col - x - across), 0)
    past_end = np.maximum(np.maximum(y - row, row - y - down), 0)
    round_off = (past_side > 0) & (past_end > 0) & (past_side**2 + past_end**2 > half**2)
    patch[(np.minimum(to_side, to_end) <= half) & ~round_off] = colour
