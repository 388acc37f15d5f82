"""Read trajectory maps: objects by colour, their boxes, and tracks of the boxes' centres."""

from dataclasses import dataclass

import numpy as np
import torch

from ..errors import ShapeError
from ..shapes import Bool, Int, UInt8
from ..tracks import Tracks
from .trajectory_maps import BACKGROUND, MAP_COLOURS, bounds, half_line, line_width

LOSSY_TOLERANCE = 24  # of 255, per channel: video codecs spread a colour by 4, and darken edges
_SOLID = 5  # px: blends at the edges of a lossy map are thinner than that
_MOST_OBJECTS = 256


@dataclass(frozen=True, eq=False)
class MapContents:
    """The objects that a clip's maps show.

    Args:
        colours: RGB of each object.
        masks: mask of each object in frame 0.
        boxes: x, y, width, height of each object in each frame, pixels; width 0 where it is not.
    """

    colours: UInt8[np.ndarray, "objects 3"]
    masks: Bool[np.ndarray, "objects height width"]
    boxes: Int[np.ndarray, "frames objects 4"]

    @property
    def present(self) -> Bool[np.ndarray, "frames objects"]:
        """Whether each object is drawn in each frame."""
        return self.boxes[..., 2] > 0

    def tracks(self) -> Tracks:
        """The centre of each object's box: visible where it is drawn, interpolated between."""
        middles = self.boxes[..., :2] + self.boxes[..., 2:] / 2
        present, frames = self.present, np.arange(len(self.boxes))
        for index in range(len(self.colours)):
            known = frames[present[:, index]]
            for axis in range(2):
                middles[:, index, axis] = np.interp(frames, known, middles[known, index, axis])
        return Tracks(torch.from_numpy(middles).float(), torch.from_numpy(present.copy()))


def read_trajectory_maps(
    maps: UInt8[np.ndarray, "frames height width 3"], *, tolerance: int = 0
) -> MapContents:
    """Find the objects of a clip's maps.

    Args:
        maps: RGB; frame 0 filled, later ones outlined or filled, or black.
        tolerance: how far a channel may be from its object's colour: 0 for lossless pictures,
            `LOSSY_TOLERANCE` for video. A box that lies on the frame's edge is found to within
            half of its line.

    Raises:
        ShapeError: frame 0 is black, or has too many colours.
    """
    colours = _object_colours(maps[0], tolerance)
    masks = np.stack([_matches(maps[0], colour, tolerance) for colour in colours])
    boxes = np.zeros((len(maps), len(colours), 4), dtype=np.int64)
    for frame, picture in enumerate(maps):
        for index, colour in enumerate(colours):
            found = masks[index] if frame == 0 else _matches(picture, colour, tolerance)
            boxes[frame, index] = _box(found)
    return MapContents(colours, masks, boxes)


def _object_colours(picture: np.ndarray, tolerance: int) -> np.ndarray:
    """The colours of frame 0 without black and blends, in the order of the palette."""
    left = picture.max(-1) > (BACKGROUND if tolerance else 0)
    found: list[np.ndarray] = []
    while left.any():
        values, counts = np.unique(picture[left], axis=0, return_counts=True)
        colour = values[counts.argmax()]
        near = _matches(picture, colour, tolerance)
        if not tolerance or _is_solid(near):
            found.append(colour)
        left &= ~near
        if len(found) > _MOST_OBJECTS:
            raise ShapeError(
                f"maps must have at most {_MOST_OBJECTS} colours in frame 0; got more. "
                "Use a lossless map, or say that it is a video."
            )
    if not found:
        raise ShapeError(
            "maps must show objects in frame 0; got a black picture. "
            "Frame 0 is where their masks are."
        )
    return np.array(sorted(found, key=lambda one: _order(picture, one, tolerance)), dtype=np.uint8)


def _order(picture: np.ndarray, colour: np.ndarray, tolerance: int) -> tuple[int, int]:
    """Colours of the palette by their numbers; others behind them, from the top left on."""
    apart = np.abs(np.array(MAP_COLOURS, dtype=np.int64) - colour).max(1)
    known = int(apart.argmin()) if apart.min() <= tolerance else len(MAP_COLOURS)
    return known, int(_matches(picture, colour, tolerance).argmax())


def _matches(picture: np.ndarray, colour: np.ndarray, tolerance: int) -> np.ndarray:
    apart = np.abs(picture.astype(np.int16) - colour.astype(np.int16)).max(-1)
    near: np.ndarray = apart <= tolerance
    return near


def _is_solid(found: np.ndarray) -> bool:
    """Whether a square of `_SOLID` pixels lies in it."""
    if min(found.shape) < _SOLID:
        return False
    windows = np.lib.stride_tricks.sliding_window_view(found, (_SOLID, _SOLID))
    return bool(windows.all((2, 3)).any())


def _box(found: np.ndarray) -> tuple[int, int, int, int]:
    """The rectangle that was drawn, or the bounds of what is filled."""
    x, y, across, down = bounds(found)
    half = half_line(line_width((found.shape[1], found.shape[0])))
    line = 2 * half + 1
    hole = found[y + line : y + down - line, x + line : x + across - line]
    if hole.size and hole.mean() > _FILLED:
        return x, y, across, down
    left, top = x + half * (x > 0), y + half * (y > 0)
    right, bottom = x + across - 1, y + down - 1
    right -= half * (right < found.shape[1] - 1)
    bottom -= half * (bottom < found.shape[0] - 1)
    return left, top, max(right - left, 1 if across else 0), max(bottom - top, 1 if across else 0)


_FILLED = 0.5  # share of a rectangle's inside that has the object's colour
