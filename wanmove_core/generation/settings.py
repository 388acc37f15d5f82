"""The settings of one generation, checked before anything slow starts."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from ..choices import Blend, Branch, Collision, FitMode, Resize, Retime, Temporal
from ..errors import OptionError
from ..family import WAN21_I2V, ModelFamily
from ..grid import LatentGrid, Size
from ..guidance.options import GuidanceOptions, check_choice, check_ranges
from ..guidance.segments import check_window
from ..motion.retime import check_num_frames
from ..start_image.conditioning import reference_size
from .sampling import Schedule, SolverName, make_schedule

# The reference's own, in Chinese: camera shake, garish, overexposed, static, blurred details,
# subtitles, painting, still, grey, worst quality, JPEG artefacts, ugly, deformed hands and faces,
# fused fingers, messy background, three legs, crowds, walking backwards. Escaped, since Windows
# may read source files as cp1252.
NEGATIVE_PROMPT = (
    "\u955c\u5934\u6643\u52a8\uff0c\u8272\u8c03\u8273\u4e3d\uff0c\u8fc7\u66dd\uff0c\u9759\u6001"
    "\uff0c\u7ec6\u8282\u6a21\u7cca\u4e0d\u6e05\uff0c\u5b57\u5e55\uff0c\u98ce\u683c\uff0c\u4f5c"
    "\u54c1\uff0c\u753b\u4f5c\uff0c\u753b\u9762\uff0c\u9759\u6b62\uff0c\u6574\u4f53\u53d1\u7070"
    "\uff0c\u6700\u5dee\u8d28\u91cf\uff0c\u4f4e\u8d28\u91cf\uff0cJPEG\u538b\u7f29\u6b8b\u7559"
    "\uff0c\u4e11\u964b\u7684\uff0c\u6b8b\u7f3a\u7684\uff0c\u591a\u4f59\u7684\u624b\u6307\uff0c"
    "\u753b\u5f97\u4e0d\u597d\u7684\u624b\u90e8\uff0c\u753b\u5f97\u4e0d\u597d\u7684\u8138\u90e8"
    "\uff0c\u7578\u5f62\u7684\uff0c\u6bc1\u5bb9\u7684\uff0c\u5f62\u6001\u7578\u5f62\u7684\u80a2"
    "\u4f53\uff0c\u624b\u6307\u878d\u5408\uff0c\u9759\u6b62\u4e0d\u52a8\u7684\u753b\u9762\uff0c"
    "\u6742\u4e71\u7684\u80cc\u666f\uff0c\u4e09\u6761\u817f\uff0c\u80cc\u666f\u4eba\u5f88\u591a"
    "\uff0c\u5012\u7740\u8d70"
)
_FAMILY = WAN21_I2V
_MAX_FRAMES = 4 * 1023 + 1  # the model tells 1024 latent frames apart


@dataclass(frozen=True)
class GenerationSettings:
    """Everything about a video but its image, tracks and prompt. Defaults are the reference's.

    Args:
        size: (width, height) in pixels; see `resize`.
        num_frames: video frames, a multiple of 4 plus 1.
        steps: denoising steps.
        shift: of the noise levels; None is 3 up to 480p and 5 above.
        guidance_scale: classifier-free guidance; 1 turns it off and halves the time.
        solver: "unipc", "dpm++", "euler" or "lcm".
        sigmas: explicit noise levels in place of `steps` and `shift`.
        seed: of the noise; the same on every device.
        branch: which branches of classifier-free guidance see the tracks: "both" or "positive".
        motion_scale: above 0 pushes away from the video without tracks; costs one more pass per
            step.
        guidance_range: (start, end), shares of the steps between which both scales are used.
        strength: of the tracks, 0 to 2.
        collision: which track wins a shared cell.
        temporal: how video frames map to latent frames.
        resize: how image and tracks are fitted to the output size.
        retime: how tracks are brought to `num_frames`.
        window: frames of one clip; longer videos are made of several clips. None: the longest clip
            that the model was trained on; 0: one clip of any length.
        blend: how clips are joined: "chain" continues from the last frame, "windows" denoises
            overlapping windows together.
        match_colour: for a chain: give known frames the mean and deviation of the first frame's
            latent.
        family: of the model; sets grid, sizes and shifts.

    Raises:
        OptionError, GridError: a value outside of its range.
    """

    size: Size = _FAMILY.size
    num_frames: int = _FAMILY.longest_clip
    steps: int = _FAMILY.steps
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
    window: int | None = None
    blend: Blend = "chain"
    match_colour: bool = False
    family: ModelFamily = _FAMILY

    def __post_init__(self) -> None:
        check_choice("resize", self.resize, Resize)
        check_choice("blend", self.blend, Blend)
        self.guidance_options  # noqa: B018, checks them
        check_ranges(self, _RANGES)
        start, end = self.guidance_range
        if not 0 <= start <= end <= 1:
            raise OptionError(
                f"guidance_range must be two shares of the steps, 0 to 1, in order; "
                f"got {start}, {end}. Use 0 and 1 for all steps."
            )
        self.schedule(self.size)
        across, down = self.family.multiple
        LatentGrid(self.num_frames, down, across, self.family.strides)
        check_num_frames(self.num_frames)
        if self.window:
            check_window(self.window)
        if self.clip_frames > _MAX_FRAMES:
            raise OptionError(
                f"a clip must have at most {_MAX_FRAMES} frames, the model's last place in time; "
                f"got {self.clip_frames}. Use --window {self.family.longest_clip}."
            )
        if self.resize in ("stretch", "crop", "pad"):
            check_multiple(self.size, self.family)

    @property
    def clip_frames(self) -> int:
        """Frames of one clip."""
        if self.window == 0 or not self.family.conditioned:
            return self.num_frames
        return min(self.window or self.family.longest_clip, self.num_frames)

    @property
    def is_long(self) -> bool:
        """Whether the video is made of several clips."""
        return self.clip_frames < self.num_frames

    def schedule(self, size: Size) -> Schedule:
        """The noise levels for a video of this size."""
        shift = self.family.shift(size) if self.shift is None else self.shift
        return make_schedule(self.solver, self.steps, shift, sigmas=self.sigmas)

    @property
    def fit_mode(self) -> FitMode:
        """How image and tracks are fitted to the output frame: "stretch", "crop" or "pad"."""
        modes: dict[Resize, FitMode] = {"crop": "crop", "pad": "pad"}
        # Otherwise image and frame have one shape, up to the rounding to cells.
        return modes.get(self.resize, "stretch")

    @property
    def guidance_options(self) -> GuidanceOptions:
        """How the tracks, which are in pixels of the start image, guide."""
        return GuidanceOptions(
            strength=self.strength,
            collision=self.collision,
            temporal=self.temporal,
            branch=self.branch,
            retime=self.retime,
            track_space="start image",
            seed=self.seed,
        )

    def output_size(self, image_size: Size) -> Size:
        """Return the video's (width, height) for an image of this size, pixels.

        Raises:
            GridError: no size of the model fits the image.
        """
        if self.resize == "area":
            area, multiple = self.size[0] * self.size[1], max(self.family.multiple)
            return reference_size(*image_size, area=area, multiple=multiple)
        size = image_size if self.resize == "native" else self.size
        check_multiple(size, self.family)
        return size

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON holds them; the first family goes without saying."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        family = values.pop("family")
        if family != _FAMILY:
            values["family"] = family.name
        if not self.is_long:
            # Videos of one clip are called what they were called before there were longer ones.
            for name in ("window", "blend", "match_colour"):
                del values[name]
        else:
            values["window"] = self.clip_frames
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


_RANGES = (
    ("guidance_scale", 0, 100),
    ("motion_scale", 0, 100),
    ("seed", 0, 2**64 - 1),
)


def check_multiple(size: Size, family: ModelFamily) -> None:
    """Check that a size fits a family's latent cells and patches.

    Raises:
        OptionError: it does not; the message names the nearest that does.
    """
    multiple = max(family.multiple)
    if min(size) < multiple or size[0] % multiple or size[1] % multiple:
        near = "x".join(str(max(multiple, round(side / multiple) * multiple)) for side in size)
        raise OptionError(
            f"size must be multiples of {multiple} px; got {size[0]}x{size[1]}. Use {near}."
        )
