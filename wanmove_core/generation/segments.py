"""A long video as segments that share a frame, and where each track's feature comes from."""

from dataclasses import dataclass

import torch

from ..errors import OptionError
from ..shapes import Bool, Int, Tensor
from ..tracks import Tracks

_STRIDE = 4  # video frames in a latent frame


@dataclass(frozen=True)
class Segment:
    """Some frames of a long video; the first of them is known: the last one of the segment before.

    Args:
        index: 0 for the first.
        first: the video frame that it starts with.
        num_frames: with the known frame, a multiple of 4 plus 1.
    """

    index: int
    first: int
    num_frames: int

    @property
    def last(self) -> int:
        """The video frame that it ends with."""
        return self.first + self.num_frames - 1

    def cut(self, tracks: Tracks) -> Tracks:
        """The part of tracks of the whole video."""
        part = slice(self.first, self.last + 1)
        return Tracks(tracks.positions[part], tracks.visibility[part])


def plan_segments(num_frames: int, window: int) -> list[Segment]:
    """Divide a video into segments of `window` frames; the last may be shorter.

    Args:
        num_frames: of the video, a multiple of 4 plus 1.
        window: frames of a segment; see `check_window`.
    """
    if num_frames <= window:
        return [Segment(0, 0, num_frames)]
    starts = range(0, num_frames - 1, window - 1)
    return [
        Segment(index, first, min(window, num_frames - first)) for index, first in enumerate(starts)
    ]


def check_window(window: int) -> None:
    """Refuse a length that no segment can have.

    Raises:
        OptionError: it is not a multiple of 4 plus 1, or below 5.
    """
    if window < _STRIDE + 1 or (window - 1) % _STRIDE:
        raise OptionError(
            f"window must be a multiple of 4 plus 1, and at least 5; got {window}. Use 81."
        )


def anchored(
    origins: Int[Tensor, "points 3"],
    cells: Int[Tensor, "points latent_frames 2"],
    visible: Bool[Tensor, "points latent_frames"],
    index: int,
) -> Int[Tensor, "points 3"]:
    """Give tracks that are seen in a segment's known frame for the first time their origin there.

    Args:
        origins: (known frame, row, col) of each track's feature; known frame -1: none so far.
        cells, visible: of the segment, from `project_tracks`.
        index: which known frame the segment starts with.

    Returns:
        New origins. A track keeps the origin that it has: hidden for a while, it goes on with
        the feature that it started with.
    """
    here = torch.cat([torch.full_like(cells[:, 0, :1], index), cells[:, 0]], dim=1)
    fresh = (origins[:, :1] < 0) & visible[:, :1]
    return torch.where(fresh, here, origins)
