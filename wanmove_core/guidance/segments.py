"""A long video as segments that share a frame, and where each track's feature comes from."""

from dataclasses import dataclass, replace

import torch

from ..errors import OptionError
from ..shapes import Tensor
from ..start_image.encoded import EncodedStart
from ..tracks import Tracks
from .project import project_tracks
from .replicate import FeatureSource

_STRIDE = 4  # video frames in a latent frame


@dataclass(frozen=True)
class Segment:
    """Some frames of a long video; the first is known: the last one of the previous segment.

    Args:
        index: 0 for the first.
        first: the video frame that it starts with.
        num_frames: including the known frame; a multiple of 4 plus 1.
    """

    index: int
    first: int
    num_frames: int

    @property
    def last(self) -> int:
        """The last video frame of the segment."""
        return self.first + self.num_frames - 1

    def cut(self, tracks: Tracks) -> Tracks:
        """Return the segment's frames of tracks that span the whole video."""
        part = slice(self.first, self.last + 1)
        return Tracks(tracks.positions[part], tracks.visibility[part], tracks.frame)


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
    """Check the length of a segment.

    Raises:
        OptionError: it is not a multiple of 4 plus 1, or below 5.
    """
    if window < _STRIDE + 1 or (window - 1) % _STRIDE:
        raise OptionError(
            f"window must be a multiple of 4 plus 1, and at least 5; got {window}. Use 81."
        )


class KnownFrames:
    """The known frames of a video so far, from which tracks take their features.

    A track keeps the feature of the known frame in which it was first visible, also after frames in
    which it is hidden.

    Args:
        tracks: in pixels and frames of the whole video.
    """

    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks
        self._latents: list[Tensor] = []
        self._origins = torch.full((tracks.num_points, 3), -1)

    def add(self, start: EncodedStart, frame: int) -> FeatureSource:
        """Add a known frame; tracks take features from it that were not visible in an earlier one.

        Args:
            start: the clip that starts with it.
            frame: its number in the whole video.
        """
        here = slice(frame, frame + 1)
        shown = Tracks(self._tracks.positions[here], self._tracks.visibility[here])
        cells, visible = project_tracks(shown, replace(start.grid, num_frames=1))
        place = torch.full_like(cells[:, 0, :1], len(self._latents))
        origins = torch.cat([place, cells[:, 0]], dim=1).cpu()
        fresh = (self._origins[:, :1] < 0) & visible.cpu()
        self._origins = torch.where(fresh, origins, self._origins)
        self._latents.append(start.latent[:, :, :1])
        return FeatureSource(torch.cat(self._latents, 2), self._origins)
