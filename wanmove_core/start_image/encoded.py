"""A start image as the model sees it, independent of tracks and prompts."""

from dataclasses import dataclass

from ..choices import FitMode
from ..grid import LatentGrid, Size
from ..shapes import Float, Tensor


@dataclass(frozen=True, eq=False)
class EncodedStart:
    """An encoded start image, with what guidance must know about it.

    Args:
        latent: conditioning latent without guidance.
        grid: the latent grid of the video.
        image_size: (width, height) of the start image before it was fitted to the video, pixels.
        fit_mode: how the image was fitted to the video: "stretch", "crop" or "pad".
        known_frames: leading video frames that are given.
        more_known: numbers of further video frames that are given.
    """

    latent: Float[Tensor, "batch channels latent_frames rows cols"]
    grid: LatentGrid
    image_size: Size
    fit_mode: FitMode = "stretch"
    known_frames: int = 1
    more_known: tuple[int, ...] = ()

    @property
    def size(self) -> Size:
        """(width, height) of the video, pixels."""
        return self.grid.width, self.grid.height

    @property
    def known_latent_frames(self) -> int:
        """Leading latent frames that encode given pixels."""
        return self.grid.latent_frame_of(self.known_frames - 1) + 1
