"""Depth maps as distances, and the lens that turns pixels into rays.

Space: the camera of frame 0 looks along z from the origin, x goes right, y down, as in OpenCV.
A distance is measured along z, not along the ray.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch

from ..choices import FitMode
from ..errors import OptionError, ShapeError
from ..grid import Fit, Size
from ..shapes import Float, Number, Shaped
from ..tracks import Tracks

DepthKind = Literal["inverse", "relative", "metric"]
# Depth nodes round their output's sides, often to a multiple of 14 or 64 px.
_SAME_PROPORTIONS = 0.06


@dataclass(frozen=True)
class Lens:
    """A pinhole camera's lens: the frame in pixels and the angle that it sees.

    Args:
        width, height: of the frame in pixels.
        fov: degrees between its left and right edge, above 0 and below 180. A phone's main
            camera sees about 65, a portrait lens about 25.
        shift: (x, y) pixels from the frame's middle to the optical axis, right and down.

    Raises:
        OptionError: a value outside of its range.
    """

    width: int
    height: int
    fov: Number = 50.0
    shift: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1:
            raise OptionError(
                f"size must be at least 1x1 px; got {self.width}x{self.height}. "
                "Use that of the start image."
            )
        if not 0 < self.fov < 180:
            raise OptionError(f"fov must be above 0 and below 180 degrees; got {self.fov}. Use 50.")

    @property
    def size(self) -> Size:
        """(width, height) of the frame, pixels."""
        return self.width, self.height

    @property
    def focal(self) -> float:
        """Focal length in pixels, the same across and down."""
        return self.width / 2 / math.tan(math.radians(self.fov) / 2)

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the optical axis; pixel centres lie at .5."""
        return self.width / 2 + self.shift[0], self.height / 2 + self.shift[1]

    def lift(
        self, pixels: Float[np.ndarray, "*shape 2"], distance: Float[np.ndarray, "*shape"]
    ) -> Float[np.ndarray, "*shape 3"]:
        """Put pixels of frame 0 into space."""
        rays = (pixels - self.centre) / self.focal
        return np.concatenate([rays * distance[..., None], distance[..., None]], axis=-1)


def distance_map(
    depth: Any, kind: str = "inverse", *, near: Number = 1.0, far: Number = 10.0
) -> Float[np.ndarray, "height width"]:
    """Turn a depth map of any convention into distances from the camera.

    Args:
        depth: [height, width] of numbers.
        kind: what the numbers are. "inverse": more is nearer, linear in 1 / distance, of any
            scale and offset: MiDaS, Depth Anything, and the grey pictures that ComfyUI's depth
            nodes make of them (white is near). "relative": more is farther, linear in distance,
            of any scale and offset: Marigold. "metric": distances already, kept as they are:
            ZoeDepth, UniDepth, Depth Anything's metric models, renderers.
        near, far: for "inverse" and "relative": the distance of the nearest and the farthest
            pixel. Their ratio sets the strength of the parallax; the scale is free.

    Returns:
        New float64 distances, all positive. A constant map gives `near` everywhere.

    Raises:
        ShapeError: not a map, or values that are not finite.
        OptionError: an unknown kind, near and far out of order, metric values of 0 or less.
    """
    if kind not in get_args(DepthKind):
        raise OptionError(
            f"depth kind must be one of {', '.join(get_args(DepthKind))}; got {kind!r}. "
            'Use "inverse" for pictures in which white is near.'
        )
    values = _depth_values(depth)
    if kind == "metric":
        if values.min() <= 0:
            raise OptionError(
                f"metric depth must be above 0 everywhere; got {values.min():g}. Fill the holes "
                'of the map, or use depth kind "inverse" for pictures in which white is near.'
            )
        return values
    if not 0 < near <= far < math.inf:
        raise OptionError(
            f"near and far must be above 0 and in this order; got {near} and {far}. Use 1 and 10."
        )
    low, high = values.min(), values.max()
    if high == low:
        return np.full_like(values, near)
    share = (values - low) / (high - low)
    if kind == "relative":
        return near + share * (far - near)
    return 1.0 / (1.0 / far + share * (1.0 / near - 1.0 / far))


def sample_distance(
    distance: Float[np.ndarray, "height width"], pixels: Float[np.ndarray, "*shape 2"]
) -> Float[np.ndarray, "*shape"]:
    """Read the distance of the pixel below each position; outside, of the nearest one.

    Not interpolated: a mean across the edge of an object is the distance of nothing.
    """
    height, width = distance.shape
    col, row = np.moveaxis(np.nan_to_num(pixels), -1, 0)
    col = np.clip(np.floor(col), 0, width - 1).astype(np.int64)
    row = np.clip(np.floor(row), 0, height - 1).astype(np.int64)
    return distance[row, col]


def start_distance(
    tracks: Tracks, distance: Float[np.ndarray, "height width"]
) -> Float[torch.Tensor, " points"]:
    """Read how far away each track is where it is first visible."""
    first = tracks.visibility.int().argmax(0)
    start = tracks.positions[first, torch.arange(tracks.num_points, device=first.device)]
    return torch.from_numpy(sample_distance(distance, start.double().cpu().numpy()))


def centre_distance(distance: Float[np.ndarray, "height width"]) -> float:
    """The median distance of the picture's middle ninth: what an orbit turns about."""
    height, width = distance.shape
    middle = distance[height // 3 : height - height // 3, width // 3 : width - width // 3]
    return float(np.median(middle))


def check_map_size(name: str, values: np.ndarray, size: Size) -> None:
    """Refuse a depth map or mask of another size than the frame.

    Raises:
        ShapeError: the sizes differ.
    """
    width, height = size
    if values.shape != (height, width):
        raise ShapeError(
            f"{name} must be of the frame's size, {width}x{height} px; got "
            f"{'x'.join(map(str, values.shape[1::-1] + values.shape[2:]))}. "
            "Resize it as the start image is resized."
        )


def fit_map(
    values: Shaped[np.ndarray, "height width"],
    size: Size,
    mode: FitMode,
    *,
    outside: Any = None,
) -> Shaped[np.ndarray, "rows cols"]:
    """Fit a depth map or mask to the frame as the start image is fitted.

    Args:
        values: of the picture, of its size or of the same proportions.
        size: (width, height) of the frame.
        mode: as for `fit_tracks`.
        outside: value that "pad" puts around the picture; None repeats the edge.

    Returns:
        New values [height, width], by the nearest pixel: values are not mixed across an object's
            edge.

    Raises:
        OptionError: another mode.
    """
    fit = Fit.between((values.shape[1], values.shape[0]), size, mode)
    index, inside = [], []
    for axis, length in ((1, size[1]), (0, size[0])):
        place = np.arange(length) + 0.5 - fit.target[axis]
        inside.append((place > 0) & (place < fit.target[axis + 2]))
        source = np.floor(place * fit.source[axis + 2] / fit.target[axis + 2]).astype(np.int64)
        index.append(source.clip(0, fit.source[axis + 2] - 1) + fit.source[axis])
    fitted: np.ndarray = values[index[0][:, None], index[1]]
    if outside is None:
        return fitted
    return np.where(inside[0][:, None] & inside[1], fitted, outside)


def check_proportions(name: str, size: Size, other_name: str, other_size: Size) -> None:
    """Check that two pictures of one scene have the same proportions.

    Raises:
        ShapeError: the proportions differ by more than rounding explains.
    """
    ratio = size[0] / size[1] * other_size[1] / other_size[0]
    if abs(math.log(ratio)) > _SAME_PROPORTIONS:
        raise ShapeError(
            f"{name} must have the proportions of {other_name}, {other_size[0]}x{other_size[1]} "
            f"px; got {size[0]}x{size[1]}. Make both from the same picture."
        )


def _depth_values(depth: Any) -> Float[np.ndarray, "height width"]:
    values = np.asarray(depth)
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "biuf":
        raise ShapeError(
            f"depth must be a [height, width] map of numbers; got {list(values.shape)} of "
            f"{values.dtype}. Take one channel of the depth picture."
        )
    values = values.astype(np.float64)
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise ShapeError(
            f"depth must be finite everywhere; got {wrong} pixels with NaN or infinity. "
            "Fill the holes of the map first."
        )
    return values
