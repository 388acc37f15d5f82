"""The latent grid: how video pixels and frames map to latent cells and latent frames."""

from dataclasses import dataclass

from .errors import GridError


@dataclass(frozen=True)
class LatentGrid:
    """The grid that a causal video VAE encodes a clip of this size to.

    Latent frame 0 holds video frame 0 alone; latent frame k holds frames 4k-3 .. 4k
    (for a time stride of 4). A cell is an 8x8 block of pixels.

    Args:
        num_frames: video frames; one more than a multiple of the time stride (81 = 4*20 + 1).
        height: output height in pixels, a multiple of the height stride.
        width: output width in pixels, a multiple of the width stride.
        strides: pixels per latent step in (time, height, width).

    Raises:
        GridError: a size that is not positive or does not fit the strides.
    """

    num_frames: int
    height: int
    width: int
    strides: tuple[int, int, int] = (4, 8, 8)

    def __post_init__(self) -> None:
        time, height, width = self.strides
        if self.num_frames < 1 or (self.num_frames - 1) % time:
            raise GridError(
                f"num_frames must be a multiple of {time} plus 1; got {self.num_frames}. "
                f"Use {max(self.num_frames - 1, 0) // time * time + 1} or "
                f"{max(self.num_frames - 1, 0) // time * time + time + 1}."
            )
        for name, size, stride in (("height", self.height, height), ("width", self.width, width)):
            if size < stride or size % stride:
                raise GridError(
                    f"{name} must be a positive multiple of {stride} px; got {size}. "
                    f"Use {max(stride, round(size / stride) * stride)}."
                )

    @property
    def latent_frames(self) -> int:
        """T', the number of latent frames."""
        return (self.num_frames - 1) // self.strides[0] + 1

    @property
    def rows(self) -> int:
        """H', cells from top to bottom."""
        return self.height // self.strides[1]

    @property
    def cols(self) -> int:
        """W', cells from left to right."""
        return self.width // self.strides[2]
