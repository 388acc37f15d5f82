"""The renderer by OpenCV."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .canvas import SHIFT, Colour, Layers

_SURROUNDINGS = np.ones((3, 3), np.uint8)


class OpenCvCanvas:
    """See `Canvas`. Takes the module, since importing it takes a while."""

    def __init__(self, cv2: Any) -> None:
        self._cv2 = cv2

    def lines(
        self, image: np.ndarray, runs: Sequence[np.ndarray], colour: Colour, width: int
    ) -> None:
        self._cv2.polylines(image, list(runs), False, colour, width, self._cv2.LINE_AA, SHIFT)

    def marks(self, image: np.ndarray, ends: np.ndarray, colours: np.ndarray, width: int) -> None:
        line, hard = self._cv2.line, self._cv2.LINE_8
        for (begin, end), colour in zip(ends.tolist(), colours.tolist(), strict=True):
            line(image, begin, end, colour, width, hard, SHIFT)

    def polygons(self, image: np.ndarray, corners: np.ndarray, colours: np.ndarray) -> None:
        fill, smooth = self._cv2.fillConvexPoly, self._cv2.LINE_AA
        for shape, colour in zip(corners, colours.tolist(), strict=True):
            fill(image, shape, colour, smooth, SHIFT)

    def grow(self, layer: np.ndarray) -> np.ndarray:
        grown: np.ndarray = self._cv2.dilate(layer, _SURROUNDINGS)
        return grown

    def fade(self, layer: np.ndarray, amount: int) -> None:
        self._cv2.subtract(layer, amount, dst=layer)

    def mix(self, first: np.ndarray, second: np.ndarray, share: float | int) -> np.ndarray:
        mixed: np.ndarray = self._cv2.addWeighted(first, share, second, 1 - share, 0)
        return mixed

    def to_bytes(self, values: np.ndarray) -> np.ndarray:
        # Rounds and saturates, NaN to 0, in one pass; NumPy takes five.
        whole: np.ndarray = self._cv2.addWeighted(values, 255, values, 0, 0, dtype=self._cv2.CV_8U)
        return whole

    def overlay(
        self, below: np.ndarray, layers: Layers, *, opacity: float | int, darkness: float
    ) -> np.ndarray:
        cv2 = self._cv2
        over = cv2.convertScaleAbs(layers.life, alpha=opacity)
        under = cv2.convertScaleAbs(layers.shadow, alpha=-opacity * darkness, beta=255)
        under = cv2.multiply(under, cv2.bitwise_not(over), scale=1 / 255)
        over, under = (cv2.merge([x, x, x]).reshape(below.shape) for x in (over, under))
        painted = cv2.multiply(layers.colour, over, scale=1 / 255)
        laid: np.ndarray = cv2.add(painted, cv2.multiply(below, under, scale=1 / 255))
        return laid
