"""Conditioning: start image -> video for the VAE -> conditioning latent with its known mask.

Mask polarity, once for the whole project: a **known mask** is 1 where a pixel is given and 0
where the model makes it up. That is what Wan's own code feeds the model (`msk`). ComfyUI's
conditioning key `concat_mask` is the opposite, 1 = to be generated, with one channel; ComfyUI
inverts and repeats it to four channels itself (comfy/model_base.py, `WAN21.concat_cond`).
Whoever hands a mask to ComfyUI passes `1 - known`.
"""

import math
from collections.abc import Collection, Mapping
from typing import get_args

import torch
from einops import rearrange, repeat
from torch.nn import functional

from ..choices import Branch, FitMode
from ..errors import GridError, OptionError, ShapeError
from ..family import WAN21_I2V
from ..grid import Fit, LatentGrid, Size
from ..shapes import Float, Shaped, Tensor

_MULTIPLE = WAN21_I2V.multiple[0]
_AREA = math.prod(WAN21_I2V.size)

# Frames of a clip that are given besides the first, RGB of any size, by their number.
KnownImages = Mapping[int, Tensor]


def fit_image(
    image: Shaped[Tensor, "frames height width channels"],
    size: Size,
    *,
    mode: FitMode = "stretch",
) -> Float[Tensor, "frames 3 to_height to_width"]:
    """Bring a start image to the output size and to the VAE's range.

    Args:
        image: one or more start frames, channels last; uint8, or floating 0..1. Channels beyond
            three (alpha) are left out. Computed in float32.
        size: (width, height) of the output frame.
        mode: "stretch" is the released model's way: bicubic without antialiasing, the aspect
            ratio changes. "crop" is ComfyUI's: bilinear, centre crop. "pad": bilinear, grey
            borders. Use the same for `fit_tracks`.

    Returns:
        New float32 tensor, channels first, -1..1; bicubic may overshoot a little, as it does in
        the reference. At the same size the values are the image's own.

    Raises:
        ShapeError: fewer than three channels.
        OptionError, GridError: as `Fit.between`.

    Source:
        "stretch": Wan-Move wan/wan_move.py:268 @27409be; "crop": `common_upscale`, ComfyUI
        comfy/utils.py:1030 (0.18.1).
    """
    if image.shape[-1] < 3:
        raise ShapeError(
            f"image must have 3 channels (RGB) last; got {list(image.shape)}. Convert it to RGB."
        )
    fit = Fit.between((image.shape[2], image.shape[1]), size, mode)
    pixels = rearrange(image[..., :3], "frames rows cols rgb -> frames rgb rows cols").float()
    if image.dtype == torch.uint8:
        pixels = pixels / 255
    if mode == "stretch":
        pixels = (pixels - 0.5) / 0.5
        return functional.interpolate(pixels, size=(size[1], size[0]), mode="bicubic")
    x, y, width, height = fit.source
    pixels = pixels[:, :, y : y + height, x : x + width]
    x, y, width, height = fit.target
    pixels = functional.interpolate(pixels, size=(height, width), mode="bilinear") * 2 - 1
    return functional.pad(pixels, (x, size[0] - width - x, y, size[1] - height - y))


def conditioning_video(
    image: Float[Tensor, "frames 3 height width"], num_frames: int
) -> Float[Tensor, "1 3 num_frames height width"]:
    """Make the clip that the VAE encodes: the start image, then grey.

    Args:
        image: start frames from `fit_image`, -1..1.
        num_frames: video frames of the clip.

    Returns:
        New tensor; 0 (mid grey) after the start frames.

    Raises:
        ShapeError: more start frames than `num_frames`.
    """
    if image.shape[0] > num_frames:
        raise ShapeError(
            f"image must have at most the clip's {num_frames} frames; got {image.shape[0]}. "
            f"Use image[:{num_frames}]."
        )
    padding = (0, 0, 0, 0, 0, num_frames - image.shape[0])
    clip = rearrange(image, "frames rgb rows cols -> 1 rgb frames rows cols")
    return functional.pad(clip, padding)


def with_known(
    first: Float[Tensor, "1 3 start_frames height width"],
    known: KnownImages | None,
    mode: FitMode,
) -> tuple[tuple[int, ...], Float[Tensor, "1 3 frames height width"]]:
    """Put known frames in their places of a clip, with grey between.

    Args:
        first: the first frames, -1..1.
        known: further known frames, by their number in the clip.
        mode: how they are fitted.

    Returns:
        Places of the further frames, and the frames up to the last known one.
    """
    if not known:
        return (), first
    size = (first.shape[4], first.shape[3])
    clip = functional.pad(first, (0, 0, 0, 0, 0, max(0, max(known) + 1 - first.shape[2])))
    for place, image in known.items():
        clip[:, :, place] = fit_image(image[None], size, mode=mode)[0]
    return tuple(sorted(known)), clip


def known_mask(
    grid: LatentGrid, known_frames: int = 1, more: Collection[int] = ()
) -> Float[Tensor, "stride latent_frames rows cols"]:
    """Say which video frames are given, in the form that the model is fed.

    Args:
        grid: the latent grid of the clip.
        known_frames: leading video frames that are given.
        more: numbers of further video frames that are given.

    Returns:
        float32 mask, 1 = known, 0 = to be generated. The channels of latent frame k are the video
        frames that it covers; latent frame 0 covers one video frame, which fills all channels.

    Raises:
        OptionError: `known_frames` is outside 0..num_frames, or a frame of `more` is outside the
            clip.

    Source:
        Wan-Move wan/wan_move.py:237-243 @27409be. Differs: any length, not 81 alone.
    """
    if not 0 <= known_frames <= grid.num_frames:
        raise OptionError(
            f"known_frames must be 0 to the clip's {grid.num_frames} frames; "
            f"got {known_frames}. Use the number of start frames."
        )
    if any(not 0 <= frame < grid.num_frames for frame in more):
        raise OptionError(
            f"known frames must be 0 to {grid.num_frames - 1}; got {sorted(more)}. Change them."
        )
    stride = grid.strides[0]
    frame = torch.arange(1 - stride, grid.num_frames).clamp(min=0)
    return repeat(
        ((frame < known_frames) | torch.isin(frame, torch.tensor(sorted(more)))).float(),
        "(latent_frames stride) -> stride latent_frames rows cols",
        stride=stride,
        rows=grid.rows,
        cols=grid.cols,
    )


def conditioning_input(
    latent: Float[Tensor, "batch channels latent_frames rows cols"],
    known: Float[Tensor, "stride latent_frames rows cols"],
) -> Float[Tensor, "batch all_channels latent_frames rows cols"]:
    """Join known mask and conditioning latent into the channels that the model takes.

    The model's input is the noisy latent (16 channels) followed by these (4 + 16).

    Args:
        latent: conditioning latent, guided or not.
        known: from `known_mask`, 1 = known.

    Returns:
        New tensor of the latent's dtype and device, mask first.
    """
    mask = repeat(known.to(latent), "... -> batch ...", batch=latent.shape[0])
    return torch.cat([mask, latent], dim=1)


def guide_branches(
    latent: Tensor, guided: Tensor, branch: Branch = "both"
) -> tuple[Tensor, Tensor]:
    """Select the conditioning latents of both branches of classifier-free guidance.

    Args:
        latent: conditioning latent without guidance.
        guided: the same after `replicate_first_frame`.
        branch: "both" is what the released model's own code does (its edit is in place, so the
            unconditional branch holds it too) and made the published figures. "positive" keeps
            the negative branch free of motion, so the guidance scale amplifies the motion.

    Returns:
        (positive, negative): the given tensors themselves.

    Raises:
        OptionError: another branch.

    Source:
        Wan-Move wan/wan_move.py:278-283 @27409be.
    """
    if branch not in get_args(Branch):
        raise OptionError(
            f'branch must be "both" or "positive"; got {branch!r}. '
            'Use "both" to follow the released model.'
        )
    return guided, (guided if branch == "both" else latent)


def reference_size(
    width: int, height: int, area: int = _AREA, *, multiple: int = _MULTIPLE
) -> Size:
    """Choose the output size for an image as the reference does.

    Args:
        width, height: of the start image, pixels.
        area: largest number of output pixels.
        multiple: both sides are multiples of it, pixels.

    Returns:
        (width, height): multiples of `multiple`, about the image's aspect ratio, at most `area`.

    Raises:
        GridError: an image so narrow, or an area so small, that a side would have no pixels.

    Source:
        Wan-Move wan/wan_move.py:207-216 @27409be.
    """
    if min(width, height, area) < 1:
        raise GridError(
            f"width, height and area must be positive; got {width}, {height}, {area}. "
            "Give the size of the start image in pixels."
        )
    to_height = int(math.sqrt(area * (height / width)) // multiple * multiple)
    to_width = int(math.sqrt(area / (height / width)) // multiple * multiple)
    if min(to_width, to_height) < multiple:
        raise GridError(
            f"the image must fit an output of at least {multiple} px a side and {area} px in all; "
            f"got {width}x{height}. Crop it, or allow a larger area."
        )
    return to_width, to_height
