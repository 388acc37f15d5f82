"""The latent grid: how video pixels and frames map to latent cells and latent frames."""

from dataclasses import dataclass
from typing import get_args

from .choices import FitMode
from .errors import GridError, OptionError
from .family import WAN21_I2V, Size


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
    strides: tuple[int, int, int] = WAN21_I2V.strides

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

    def latent_frame_of(self, frame: int) -> int:
        """The latent frame that holds video frame `frame`."""
        return -(-frame // self.strides[0])


@dataclass(frozen=True)
class Fit:
    """How a picture fits a frame of another size: a source box is scaled onto a target box.

    Boxes are (x, y, width, height) in integer pixels. Pictures and tracks are fitted by the same
    boxes, so a point stays on the content that it marks.
    """

    source: tuple[int, int, int, int]
    target: tuple[int, int, int, int]

    @classmethod
    def between(cls, from_size: Size, to_size: Size, mode: FitMode) -> "Fit":
        """Choose the boxes.

        Args:
            from_size: (width, height) of the picture, pixels.
            to_size: (width, height) of the frame, pixels.
            mode: "stretch" scales the whole picture to the frame and changes the aspect ratio;
                "crop" fills the frame with the centre of the picture; "pad" centres the whole
                picture.

        Raises:
            OptionError: another mode.
            GridError: a size that is not positive.

        Source:
            "crop" cuts the same pixels as `common_upscale(..., crop="center")`, ComfyUI
            comfy/utils.py:1030 (0.18.1), so that pictures resized by either line up.
        """
        if mode not in get_args(FitMode):
            raise OptionError(
                f"mode must be one of {', '.join(get_args(FitMode))}; got {mode!r}. "
                'Use "stretch" to follow the released model.'
            )
        for name, size in (("from_size", from_size), ("to_size", to_size)):
            if min(size) < 1:
                raise GridError(
                    f"{name} must be (width, height) of at least 1 px; got {tuple(size)}. "
                    "Give the size of the picture in pixels."
                )
        (width, height), (to_width, to_height) = from_size, to_size
        whole, frame = (0, 0, width, height), (0, 0, to_width, to_height)
        if mode == "stretch":
            return cls(whole, frame)
        aspect, to_aspect = width / height, to_width / to_height
        if mode == "crop":
            # The host rounds half of the surplus, so what stays may be off by a pixel: keep that.
            x = round((width - width * (to_aspect / aspect)) / 2) if aspect > to_aspect else 0
            y = round((height - height * (aspect / to_aspect)) / 2) if aspect < to_aspect else 0
            x, y = min(x, (width - 1) // 2), min(y, (height - 1) // 2)
            return cls((x, y, width - 2 * x, height - 2 * y), frame)
        scale = min(to_width / width, to_height / height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        x, y = (to_width - inner[0]) // 2, (to_height - inner[1]) // 2
        return cls(whole, (x, y, *inner))
