"""Move, turn, reverse, smooth, repeat and thin out tracks."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from ..errors import OptionError
from ..shapes import Bool, Float, Tensor
from ..tracks import Tracks
from .retime import MAX_FRAMES

Pivot = Literal["centre", "start"]


@dataclass(frozen=True)
class Transform:
    """Options of `transform_tracks`, applied in this order. The defaults change nothing.

    Args:
        max_points: keep at most this many points, evenly chosen by index; 0 keeps all.
        reverse: play backwards.
        repeat: play this many times in a row; multiplies the number of frames.
        smooth: standard deviation, in frames, of a Gaussian over time; 0 does nothing.
        scale: factor of the distances from the pivot.
        rotate: degrees about the pivot, clockwise on the screen.
        pivot: "centre" is the mean of all points where they first are visible, so scale and
            rotation change the arrangement and the motion alike; "start" is each point's own
            first visible position, so they change the motion alone.
        offset: (x, y) pixels added to every position.

    Raises:
        OptionError: a value outside of its range.
    """

    max_points: int = 0
    reverse: bool = False
    repeat: int = 1
    smooth: float = 0.0
    scale: float = 1.0
    rotate: float = 0.0
    pivot: str = "centre"
    offset: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if self.max_points < 0 or self.repeat < 1 or not 0 <= self.smooth < math.inf:
            raise OptionError(
                "max_points and smooth must be 0 or more and repeat 1 or more; got "
                f"{self.max_points}, {self.smooth} and {self.repeat}. Use 0, 0 and 1 for no change."
            )
        if self.pivot not in get_args(Pivot):
            raise OptionError(
                f"pivot must be centre or start; got {self.pivot!r}. "
                'Use "start" to change the motion and keep where it begins.'
            )


def transform_tracks(tracks: Tracks, transform: Transform) -> Tracks:
    """Apply a transform to all points and frames.

    Args:
        tracks: of any length.
        transform: what to do.

    Returns:
        New tracks, or the same object when there is nothing to do. Hidden positions are transformed
        too.
    """
    if transform == Transform():
        return tracks
    positions, visibility = tracks.positions, tracks.visibility
    if 0 < transform.max_points < tracks.num_points:
        kept = torch.linspace(0, tracks.num_points - 1, transform.max_points).round().long()
        kept = kept.to(positions.device)
        positions, visibility = positions[:, kept], visibility[:, kept]
    if len(positions) * transform.repeat > MAX_FRAMES:
        raise OptionError(
            f"repeat must give at most {MAX_FRAMES} frames; got {transform.repeat} times "
            f"{len(positions)}. Repeat less often."
        )
    if transform.reverse:
        positions, visibility = positions.flip(0), visibility.flip(0)
    positions = positions.repeat(transform.repeat, 1, 1)
    visibility = visibility.repeat(transform.repeat, 1)
    if transform.smooth:
        positions = _smooth(positions, visibility, transform.smooth)
    return Tracks(_turn(positions, visibility, transform), visibility, tracks.frame)


def _smooth(
    positions: Float[Tensor, "frames points 2"],
    visibility: Bool[Tensor, "frames points"],
    deviation: float,
) -> Float[Tensor, "frames points 2"]:
    """Average over the visible frames around each one; hidden positions stay."""
    time = torch.arange(positions.shape[0], dtype=positions.dtype, device=positions.device)
    seen = visibility.to(positions.dtype)
    least = torch.finfo(positions.dtype).tiny
    smooth = []
    # Frames against frames in one piece would take gigabytes for long tracks.
    for part in time.split(1024):
        # Below a hundredth of a frame neighbours weigh nothing, and dividing by less gives NaN.
        weight = torch.exp(-0.5 * ((part[:, None] - time) / max(deviation, 0.01)) ** 2)
        total = torch.einsum("ts,sn,snc->tnc", weight, seen, positions)
        smooth.append(total / (weight @ seen).clamp(min=least)[..., None])
    return torch.where(visibility[..., None], torch.cat(smooth), positions)


def _turn(
    positions: Float[Tensor, "frames points 2"],
    visibility: Bool[Tensor, "frames points"],
    transform: Transform,
) -> Float[Tensor, "frames points 2"]:
    offset = positions.new_tensor(transform.offset)
    if transform.scale == 1 and transform.rotate == 0:
        return positions + offset
    # argmax finds the first True; a point that is never visible counts from its frame 0.
    first = visibility.int().argmax(0)
    start = positions[first, torch.arange(positions.shape[1], device=positions.device)]
    if transform.pivot == "centre":
        seen = visibility.any(0)
        start = (start[seen] if seen.any() else start).mean(0, keepdim=True)
    angle = math.radians(transform.rotate)
    matrix = positions.new_tensor(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    )
    turned = (positions - start) @ matrix * transform.scale + start
    return turned + offset
