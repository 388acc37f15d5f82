"""Trails and dots on the frames of a clip, one frame after the other.

The trails are kept in layers from frame to frame. Every step of every track is drawn once, at full
opacity; each frame lowers the opacity of all pixels. So the cost of a frame does not grow with the
length of the trails.
"""

import math
from dataclasses import dataclass

import numpy as np

from .canvas import SHIFT, Canvas, Colour, Layers

_SHADOW, _THIN_SHADOW = 0.55, 0.3  # opacity of a trail's outline, as a share of the trail's
_MARGIN = 3  # px around a dot that antialiasing and rounding may reach


@dataclass(frozen=True, eq=False)
class Dots:
    """The dots of one frame, in fixed-point units of 1/16 px.

    Args:
        centres: int32 [points, 2].
        colours: uint8 [points, 3].
        corners: int32 [2, corners, 2] around 0, of an outline and of a disc.
    """

    centres: np.ndarray
    colours: np.ndarray
    corners: np.ndarray


class TrailPainter:
    """Paints the frames of a clip one after the other. Owns the layers of the trails.

    `life` is the opacity of the trails, which fades; their dark outline is the same, a pixel wider.
    `colour` is who was there last, also a pixel wider, so that soft edges find it.
    """

    def __init__(
        self, canvas: Canvas, size: tuple[int, int], *, width: int, trail: int, outline: Colour
    ) -> None:
        self._canvas, self._size, self._width, self._trail = canvas, size, width, trail
        self._outline = outline
        self._darkness = _SHADOW if width > 1 else _THIN_SHADOW
        self._life = np.zeros(size, np.uint8)
        self._colour, self._painted = np.zeros((2, *size, 3), np.uint8)
        self._group = math.gcd(math.prod(size), 8)
        self._frame = 0

    def advance(self, steps: np.ndarray, colours: np.ndarray) -> None:
        """Let all trails fade by one frame, then add `steps` [points, 2 ends, 2]."""
        # Whole numbers that add up to 255 over the length of a trail.
        fade = (self._frame + 1) * 255 // self._trail - self._frame * 255 // self._trail
        self._frame += 1
        self._canvas.fade(self._life, fade)
        self._canvas.lines(self._life, list(steps), (255,), self._width)
        self._canvas.marks(self._colour, steps, colours, self._width + 2)

    def paint(self, frame: np.ndarray, dots: Dots, *, opacity: float | int) -> None:
        """Paint the trails and the dots into `frame`, contiguous, uint8 or float 0..1.

        Trails and dots cover little of a frame, so only the groups of pixels that they touch are
        read and written.
        """
        shadow = self._canvas.grow(self._life)
        touched = self._touched(shadow, dots)
        if not touched.size:
            return
        before = np.take(frame.reshape(-1, 3 * self._group), touched, axis=0)
        exact = before.dtype == np.uint8
        given = before if exact else self._canvas.to_bytes(before)
        painted = _items(self._painted, self._group)
        painted[touched] = _items(self._blend(given, shadow, touched, opacity), self._group)
        draw_dots(self._canvas, self._painted, dots, self._outline)
        after = painted[touched]
        if not exact:
            after = _items(after.view(np.uint8) / np.float32(255), self._group)
        _items(frame, self._group)[touched] = after

    def _touched(self, shadow: np.ndarray, dots: Dots) -> np.ndarray:
        """Flat indices of the groups of pixels that trails or dots lie on."""
        mask = shadow.copy()
        reach = (int(dots.corners.max()) >> SHIFT) + _MARGIN
        for x, y in (dots.centres >> SHIFT).tolist():
            mask[
                max(y - reach, 0) : max(y + reach + 1, 0), max(x - reach, 0) : max(x + reach + 1, 0)
            ] = 1
        return np.flatnonzero(mask.reshape(-1).view(f"u{self._group}"))

    def _blend(
        self, before: np.ndarray, shadow: np.ndarray, touched: np.ndarray, opacity: float | int
    ) -> np.ndarray:
        """The trails over groups of pixels [groups, 3 * group], uint8."""
        layers = (
            np.take(layer.reshape(-1, size), touched, axis=0)
            for layer, size in (
                (self._life, self._group),
                (shadow, self._group),
                (self._colour, 3 * self._group),
            )
        )
        return self._canvas.overlay(
            before, Layers(*layers), opacity=opacity, darkness=self._darkness
        )


def draw_dots(canvas: Canvas, image: np.ndarray, dots: Dots, outline: Colour) -> None:
    """Draw the dots into an image, later ones above earlier ones."""
    # The ring and the disc of one dot, then those of the next.
    shapes = (dots.centres[:, None, None] + dots.corners).reshape(-1, *dots.corners.shape[1:])
    shades = np.repeat(dots.colours, 2, axis=0)
    shades[::2] = outline
    canvas.polygons(image, shapes, shades)


def _items(pixels: np.ndarray, group: int) -> np.ndarray:
    """A view with one item for each group: NumPy copies it at once, and rows value by value."""
    return pixels.reshape(-1).view(f"V{3 * group * pixels.itemsize}")
