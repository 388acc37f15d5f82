"""The interface of a renderer. OpenCV is the fast one; Pillow draws where OpenCV is missing.

Both draw in place into uint8 arrays, [height, width] or [height, width, 3]. Coordinates are int32
in 1/16 px, and pixel centres are integers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from ..opencv import find_opencv

SHIFT = 4  # bits of a coordinate behind the point

Colour = tuple[int, ...]


@runtime_checkable
class Canvas(Protocol):
    """A renderer."""

    def lines(
        self, image: np.ndarray, runs: Sequence[np.ndarray], colour: Colour, width: int
    ) -> None:
        """Draw antialiased lines with round ends through the points [points, 2] of each run."""

    def marks(self, image: np.ndarray, ends: np.ndarray, colours: np.ndarray, width: int) -> None:
        """Draw hard-edged lines between `ends` [lines, 2, 2], in colours [lines, 3]."""

    def polygons(self, image: np.ndarray, corners: np.ndarray, colours: np.ndarray) -> None:
        """Fill smooth polygons [polygons, corners, 2] in colours [polygons, 3], later on top."""

    def grow(self, layer: np.ndarray) -> np.ndarray:
        """Give each pixel the largest value of its 3x3 surroundings; a new array."""

    def fade(self, layer: np.ndarray, amount: int) -> None:
        """Subtract from all pixels, down to 0."""

    def mix(self, first: np.ndarray, second: np.ndarray, share: float | int) -> np.ndarray:
        """Take `share` of the first and the rest of the second; a new array."""

    def to_bytes(self, values: np.ndarray) -> np.ndarray:
        """Turn float 0..1 into 0..255; NaN becomes 0."""

    def overlay(
        self, below: np.ndarray, layers: "Layers", *, opacity: float | int, darkness: float
    ) -> np.ndarray:
        """Lay trails over groups of pixels [groups, 3 * group]; a new array.

        Args:
            below: the pixels under the trails.
            layers: the trails.
            opacity: of a trail at full life, 0..1.
            darkness: of its outline, as a share of that.
        """


@dataclass(frozen=True, eq=False)
class Layers:
    """Trails at groups of pixels: life and shadow [groups, group], colour [groups, 3 * group]."""

    life: np.ndarray
    shadow: np.ndarray
    colour: np.ndarray


def find_canvas() -> Canvas:
    """The fastest renderer that is installed."""
    cv2 = find_opencv()
    if cv2 is None:
        from .canvas_pillow import PillowCanvas

        return PillowCanvas()
    from .canvas_opencv import OpenCvCanvas

    return OpenCvCanvas(cv2)
