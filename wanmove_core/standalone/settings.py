"""What one generation is asked to do, checked before anything slow starts."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..conditioning import Branch, reference_size
from ..errors import OptionError
from ..grid import FitMode, LatentGrid, Size
from ..guidance import MAX_STRENGTH, Collision, Temporal
from ..motion import Retime
from .sampling import Schedule, SolverName, make_schedule

# "area" keeps the image's aspect ratio within the area of `size`, as the reference does; "native"
# is the image's own size, as it does for MoveBench; the others make exactly `size`.
Resize = Literal["area", "native", "stretch", "crop", "pad"]

NEGATIVE_PROMPT = (
    "镜头晃动，色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，"  # noqa: RUF001
    "最差质量，低质量，JPEG压缩残留，丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，"  # noqa: RUF001
    "毁容的，形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走"  # noqa: RUF001
)
_MULTIPLE = 16  # 8 px per latent cell times 2 cells per patch of the model
_AREA_480P = 480 * 832


@dataclass(frozen=True)
class GenerationSettings:
    """Everything about a video but its image, tracks and prompt. Defaults are the reference's.

    Args:
        size: (width, height) in pixels; see `resize`.
        num_frames: video frames, a multiple of 4 plus 1.
        steps: denoising steps.
        shift: of the noise levels; None is 3 up to 480p and 5 above.
        guidance_scale: classifier-free guidance; 1 turns it off and halves the time.
        solver: "unipc", "dpm++" or "euler".
        sigmas: explicit noise levels in place of `steps` and `shift`.
        seed: of the noise; the same on every device.
        branch: which branches of classifier-free guidance see the tracks.
        motion_scale: above 0 pushes away from the same video without tracks; costs a pass.
        guidance_range: (start, end), shares of the steps in which both scales are used.
        strength: of the tracks, 0 to 2.
        collision: which track wins a shared cell.
        temporal: how video frames map to latent frames.
        resize: how image and tracks come to the output size.
        retime: how tracks come to `num_frames`.

    Raises:
        OptionError, GridError: a value outside of its range.
    """

    size: Size = (832, 480)
    num_frames: int = 81
    steps: int = 40
    shift: float | None = None
    guidance_scale: float = 5.0
    solver: SolverName = "unipc"
    sigmas: tuple[float, ...] | None = None
    seed: int = 0
    branch: Branch = "both"
    motion_scale: float = 0.0
    guidance_range: tuple[float, float] = (0.0, 1.0)
    strength: float = 1.0
    collision: Collision = "last"
    temporal: Temporal = "sample"
    resize: Resize = "area"
    retime: Retime = "time"

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(kind):
                raise OptionError(
                    f"{name} must be one of {', '.join(get_args(kind))}; got {value!r}. "
                    "Choose one of them."
                )
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise OptionError(f"{name} must be {low:g} to {high:g}; got {value}. Change it.")
        start, end = self.guidance_range
        if not 0 <= start <= end <= 1:
            raise OptionError(
                f"guidance_range must be two shares of the steps, 0 to 1, in order; "
                f"got {start}, {end}. Use 0 and 1 for all steps."
            )
        self.schedule(self.size)
        LatentGrid(self.num_frames, _MULTIPLE, _MULTIPLE)
        if self.resize in ("stretch", "crop", "pad"):
            _check_multiple(self.size)

    def schedule(self, size: Size) -> Schedule:
        """The noise levels for a video of this size."""
        shift = self.shift
        if shift is None:
            shift = 3.0 if size[0] * size[1] <= _AREA_480P else 5.0
        return make_schedule(self.solver, self.steps, shift, sigmas=self.sigmas)

    @property
    def fit_mode(self) -> FitMode:
        """How image and tracks go into the output frame, whose size `resize` decides."""
        modes: dict[Resize, FitMode] = {"crop": "crop", "pad": "pad"}
        # Otherwise image and frame have one shape, up to the rounding to cells.
        return modes.get(self.resize, "stretch")

    def output_size(self, image_size: Size) -> Size:
        """The (width, height) of the video of an image of this size, pixels.

        Raises:
            GridError: no size of the model fits the image.
        """
        if self.resize == "area":
            return reference_size(*image_size, area=self.size[0] * self.size[1])
        size = image_size if self.resize == "native" else self.size
        _check_multiple(size)
        return size

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON holds them."""
        values = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


_CHOICES = {
    "branch": Branch,
    "collision": Collision,
    "temporal": Temporal,
    "resize": Resize,
    "retime": Retime,
}
_RANGES = (
    ("guidance_scale", 0.0, 100.0),
    ("motion_scale", 0.0, 100.0),
    ("strength", 0.0, MAX_STRENGTH),
    ("seed", 0, 2**63 - 1),
)


def _check_multiple(size: Size) -> None:
    if min(size) < _MULTIPLE or size[0] % _MULTIPLE or size[1] % _MULTIPLE:
        near = "x".join(str(max(_MULTIPLE, round(side / _MULTIPLE) * _MULTIPLE)) for side in size)
        raise OptionError(
            f"size must be multiples of {_MULTIPLE} px; got {size[0]}x{size[1]}. Use {near}."
        )
