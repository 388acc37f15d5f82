"""A start image as the model sees it: the same for any tracks and prompts."""

from dataclasses import dataclass

from ..choices import FitMode
from ..grid import LatentGrid, Size
from ..shapes import Float, Tensor


@dataclass(frozen=True, eq=False)
class EncodedStart:
    """An encoded start image, with what guidance must know about how it was made.

    Args:
        latent: conditioning latent without guidance.
        grid: the latent grid of the video.
        image_size: (width, height) of the start image before it was fitted to the video, pixels.
        fit_mode: how it was fitted.
        known_frames: leading video frames that are given.
        more_known: further video frames that are given, by their number.
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
