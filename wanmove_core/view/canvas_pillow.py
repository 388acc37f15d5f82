"""The renderer by Pillow and NumPy: slower than OpenCV's, and always there.

Pillow draws no smooth edges. Shapes are drawn five times as large and made smaller again.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .canvas import SHIFT, Colour, Layers

_FINE = 5  # fine pixels a pixel, in each direction; odd: a pixel's centre is one's centre
# What OpenCV's smooth edges add to a shape, measured: its finest line is this wide, px.
_FINEST = 1.34


class PillowCanvas:
    """See `Canvas`."""

    def lines(
        self, image: np.ndarray, runs: Sequence[np.ndarray], colour: Colour, width: int
    ) -> None:
        runs = [run for run in runs if len(run)]
        if not runs:
            return
        thick = _thickness(width)
        box = _box(np.concatenate(runs), thick, image)
        if box is None:
            return
        mask, pen = _fine_mask(box)
        for run in runs:
            _stroke(pen, _fine(run, box), round(thick * _FINE))
        _paste(image, box, mask, colour)

    def marks(self, image: np.ndarray, ends: np.ndarray, colours: np.ndarray, width: int) -> None:
        picture = Image.fromarray(image)
        pen = ImageDraw.Draw(picture)
        whole = (ends + (1 << SHIFT - 1)) >> SHIFT
        for line, colour in zip(whole.tolist(), colours.tolist(), strict=True):
            # Wider: OpenCV's hard lines reach as far as its smooth ones.
            _stroke(pen, [(x, y) for x, y in line], width + 2, tuple(colour))
        image[...] = np.asarray(picture)

    def polygons(self, image: np.ndarray, corners: np.ndarray, colours: np.ndarray) -> None:
        picture = Image.fromarray(image)
        for shape, colour in zip(_swollen(corners), colours.tolist(), strict=True):
            box = _box(shape, 0.0, image)
            if box is None:
                continue
            mask, pen = _fine_mask(box)
            pen.polygon(_fine(shape, box), fill=255)
            picture.paste(tuple(colour), box, mask.reduce(_FINE))
        image[...] = np.asarray(picture)

    def grow(self, layer: np.ndarray) -> np.ndarray:
        grown = layer.copy()
        np.maximum(grown[1:], layer[:-1], out=grown[1:])
        np.maximum(grown[:-1], layer[1:], out=grown[:-1])
        tall = grown.copy()
        np.maximum(grown[:, 1:], tall[:, :-1], out=grown[:, 1:])
        np.maximum(grown[:, :-1], tall[:, 1:], out=grown[:, :-1])
        return grown

    def fade(self, layer: np.ndarray, amount: int) -> None:
        np.maximum(layer, amount, out=layer)
        layer -= np.uint8(amount)

    def mix(self, first: np.ndarray, second: np.ndarray, share: float | int) -> np.ndarray:
        return _whole(first.astype(np.float32) * share + second.astype(np.float32) * (1 - share))

    def to_bytes(self, values: np.ndarray) -> np.ndarray:
        return _whole(np.nan_to_num(values, nan=0.0) * 255)

    def overlay(
        self, below: np.ndarray, layers: Layers, *, opacity: float | int, darkness: float
    ) -> np.ndarray:
        life, shadow = (layer.astype(np.float32) / 255 for layer in (layers.life, layers.shadow))
        over = np.repeat(life * opacity, 3, axis=1)
        edge = np.repeat(shadow * (opacity * darkness), 3, axis=1)
        return _whole(layers.colour * over + below * (1 - edge) * (1 - over))


def _swollen(corners: np.ndarray) -> np.ndarray:
    """Convex polygons whose edges lie half of the finest line further out."""
    # Pillow fills the pixels on the edge too: half a fine pixel.
    reach = (_FINEST - 1 / _FINE) / 2 * (1 << SHIFT)
    shapes = corners.astype(np.float64)
    edges = np.roll(shapes, -1, axis=1) - shapes
    x, y = edges[..., 0], edges[..., 1]
    normals = np.stack([y, -x], -1) / np.maximum(np.hypot(x, y), 1e-9)[..., None]
    before = np.roll(normals, 1, axis=1)
    turn = 1 + (normals * before).sum(-1, keepdims=True)
    # Positive where the corners go clockwise on screen: then the normals point outwards.
    side = np.sign((shapes[..., 0] * y - shapes[..., 1] * x).sum(1))[:, None, None]
    out = side * (normals + before) / np.maximum(turn, 0.5)
    return np.rint(shapes + reach * out).astype(np.int64)


def _whole(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _thickness(width: int) -> float:
    """How wide OpenCV makes a smooth line of this width, in px."""
    return _FINEST if width <= 1 else 2 * ((width + 1) // 2) + _FINEST


Box = tuple[int, int, int, int]


def _box(points: np.ndarray, reach: float, image: np.ndarray) -> Box | None:
    """(left, top, right, bottom) of what a shape may touch; None outside of the image."""
    margin = int(np.ceil(reach / 2)) + 1
    left, top = ((points.min(0) >> SHIFT) - margin).clip(0)
    right, bottom = np.minimum((points.max(0) >> SHIFT) + margin + 2, image.shape[1::-1])
    if left >= right or top >= bottom:
        return None
    return int(left), int(top), int(right), int(bottom)


def _fine_mask(box: Box) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    left, top, right, bottom = box
    mask = Image.new("L", ((right - left) * _FINE, (bottom - top) * _FINE))
    return mask, ImageDraw.Draw(mask)


def _fine(points: np.ndarray, box: Box) -> list[tuple[int, int]]:
    """Points in fine pixels of the box, whose centres are whole too."""
    places = (points / (1 << SHIFT) - box[:2] + 0.5) * _FINE - 0.5
    return [(x, y) for x, y in np.rint(places).astype(int).tolist()]


def _stroke(
    pen: ImageDraw.ImageDraw,
    points: Sequence[tuple[int, int]],
    width: int,
    colour: int | Colour = 255,
) -> None:
    """A line with round joints and ends."""
    pen.line(points, fill=colour, width=width, joint="curve")
    if width > 2:
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)


def _paste(image: np.ndarray, box: Box, mask: Image.Image, colour: Colour) -> None:
    left, top, right, bottom = box
    part = Image.fromarray(image[top:bottom, left:right])
    part.paste(colour if image.ndim == 3 else colour[0], (0, 0), mask.reduce(_FINE))
    image[top:bottom, left:right] = np.asarray(part)
