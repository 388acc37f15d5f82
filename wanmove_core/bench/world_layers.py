"""Layers that move by known transforms: the geometry of the synthetic world.

A scene is a stack of layers, each a picture that moves by a similarity transform per frame.
Because every transform is known, the track of any pixel of frame 0, and whether a nearer layer
hides it, is exact.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

# Layers are drawn at twice the resolution and averaged down, so that edges are anti-aliased.
SUPERSAMPLE = 2
# Pixel centres are whole numbers, as in OpenCV: output x lies at 2x + 0.5 of the fine picture.
_TO_FINE = np.array([[SUPERSAMPLE, 0, 0.5], [0, SUPERSAMPLE, 0.5], [0, 0, 1]], dtype=np.float64)


@dataclass(frozen=True)
class Layer:
    """One picture and where it is in every frame.

    Args:
        colour: float32 [rows, cols, 3] in 0..1.
        alpha: float32 [rows, cols] in 0..1; above 0.5 the layer owns the pixel.
        to_frame: float64 [frames, 3, 3], picture (x, y, 1) -> output pixel (x, y, 1).
    """

    colour: np.ndarray
    alpha: np.ndarray
    to_frame: np.ndarray

    def covers(self, points: np.ndarray, frame: int) -> np.ndarray:
        """Bool [N]: does this layer own these output pixels [N, 2] in this frame?"""
        local = apply(np.linalg.inv(self.to_frame[frame]), points)
        maps = local.astype(np.float32)[None]
        sampled = cv2.remap(self.alpha, maps, None, cv2.INTER_LINEAR, borderValue=0)
        return sampled[0] > 0.5


@dataclass(frozen=True)
class Scene:
    """A rendered clip with its layers, farthest first.

    Args:
        frames: uint8 [frames, height, width, 3].
        layers: layer 0 is the background and covers everything.
        story: what happens, `world_v2.Story`, where the version tells.
    """

    frames: np.ndarray
    layers: tuple[Layer, ...]
    story: Any = None

    def owner(self, points: np.ndarray, frame: int = 0) -> np.ndarray:
        """Int [N]: the nearest layer at each point [N, 2]; 0 is the background."""
        owner = np.zeros(len(points), dtype=np.int64)
        for index, layer in enumerate(self.layers[1:], start=1):
            owner[layer.covers(points, frame)] = index
        return owner

    def tracks(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Follow frame-0 points exactly.

        Args:
            points: [N, 2] (x, y) in frame 0.

        Returns:
            positions float32 [frames, N, 2] and visibility bool [frames, N]; hidden where a
            nearer layer covers the point or it has left the frame.
        """
        count, height, width = self.frames.shape[:3]
        owner = self.owner(points)
        positions = np.empty((count, len(points), 2))
        visible = np.empty((count, len(points)), dtype=bool)
        for index, layer in enumerate(self.layers):
            mine = owner == index
            local = apply(np.linalg.inv(layer.to_frame[0]), points[mine])
            for frame in range(count):
                positions[frame, mine] = apply(layer.to_frame[frame], local)
        for frame in range(count):
            x, y = positions[frame].T
            inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
            visible[frame] = inside & (self.owner(positions[frame], frame) <= owner)
        return positions.astype(np.float32), visible


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Transform [N, 2] points by a 3x3 affine matrix."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def similarity(centre: np.ndarray, angle: float, scale: float, pivot: np.ndarray) -> np.ndarray:
    """3x3 matrix that puts the picture point `pivot` at `centre`, turned and scaled."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = centre - linear @ pivot
    return matrix


def render(layers: list[Layer], height: int, width: int, *, whole: bool = False) -> np.ndarray:
    """Composite the layers to uint8 [frames, height, width, 3].

    `whole` warps every layer over the whole frame: slower, equal but for single units of 1/255,
    and what version 1 did.
    """
    fine = (width * SUPERSAMPLE, height * SUPERSAMPLE)
    clip = np.empty((len(layers[0].to_frame), height, width, 3), dtype=np.uint8)
    ground = None
    for frame in range(len(clip)):
        matrix = (_TO_FINE @ layers[0].to_frame[frame])[:2]
        if ground is None or not np.array_equal(layers[0].to_frame[frame], layers[0].to_frame[0]):
            ground = cv2.warpAffine(
                layers[0].colour,
                matrix,
                fine,
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            )
        canvas = ground.copy()
        for layer in layers[1:]:
            _lay_over(canvas, layer, _TO_FINE @ layer.to_frame[frame], whole=whole)
        small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
        clip[frame] = np.clip(small * 255 + 0.5, 0, 255).astype(np.uint8)
    return clip


def _lay_over(canvas: np.ndarray, layer: Layer, matrix: np.ndarray, *, whole: bool) -> None:
    """Blend one layer over the canvas, in place; unless `whole`, within its picture's bounds."""
    rows, cols = layer.alpha.shape
    corners = apply(matrix, np.array([[0, 0], [cols, 0], [0, rows], [cols, rows]], np.float64))
    left, top = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
    right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 3, canvas.shape[1::-1])
    if whole:
        (left, top), (right, bottom) = (0, 0), canvas.shape[1::-1]
    if right <= left or bottom <= top:
        return
    moved = matrix[:2].copy()
    moved[:, 2] -= (left, top)
    size = (int(right - left), int(bottom - top))
    colour = cv2.warpAffine(
        layer.colour, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    alpha = cv2.warpAffine(layer.alpha, moved, size, flags=cv2.INTER_LINEAR)[..., None]
    part = canvas[top:bottom, left:right]
    part += alpha * (colour - part)
