"""A long video denoised at once in overlapping windows: the alternative to segments."""

from dataclasses import replace
from typing import Any

import torch

from ..family import WAN21_I2V
from ..shapes import Float, Tensor
from .caches import Caching
from .denoising import Branches, Conditions
from .parallel import Ranks
from .settings import GenerationSettings


def plan_windows(latent_frames: int, window: int, overlap: int | None = None) -> list[list[int]]:
    """Choose the latent frames of each window; each window begins with latent frame 0.

    Args:
        latent_frames: of the video.
        window: latent frames of a window, including frame 0.
        overlap: latent frames that neighbours share, below `window` - 1; None: a quarter.

    Returns:
        For each window its latent frames. The last window ends with the video, and so shares more.
    """
    if latent_frames <= window:
        return [list(range(latent_frames))]
    length = window - 1
    overlap = length // 4 if overlap is None else overlap
    starts = [*range(1, latent_frames - length, max(length - overlap, 1)), latent_frames - length]
    return [[0, *range(start, start + length)] for start in starts]


def pyramid(length: int) -> Float[Tensor, " frames"]:
    """Return weights that rise to the middle of a window and fall towards its borders."""
    rising = torch.arange(1, length + 1)
    return torch.minimum(rising, rising.flip(0)).float()


class WindowedBranches:
    """Runs the model window by window and blends the velocities; replaces `Branches`.

    Each window sees the noisy latent, mask and guided latent of frame 0 in its first place, as a
    clip of the length that the model knows.

    Args:
        model, conditions, ranks, reuse: as for `Branches`, of the whole video.
        windows: from `plan_windows`.
    """

    def __init__(
        self,
        model: Any,
        conditions: Conditions,
        ranks: Ranks,
        windows: list[list[int]],
        *,
        reuse: Caching,
    ) -> None:
        self._windows = [
            (index, Branches(model, _part(conditions, index), ranks, reuse=reuse, context=f" {n}"))
            for n, index in enumerate(windows)
        ]

    def velocity(
        self, latent: Tensor, timestep: float | int, *, guidance_scale: float, motion_scale: float
    ) -> Tensor:
        """See `Branches.velocity`; `latent` is that of the whole video."""
        total = torch.zeros_like(latent)
        weight = torch.zeros(latent.shape[2], device=latent.device)
        for number, (index, branches) in enumerate(self._windows):
            velocity = branches.velocity(
                latent[:, :, index],
                timestep,
                guidance_scale=guidance_scale,
                motion_scale=motion_scale,
            )
            # The known frame is the first window's; the others only look at it.
            first = 0 if number == 0 else 1
            share = pyramid(len(index) - 1).to(latent.device)
            share = torch.cat([share.new_ones(1), share])[first:]
            places = index[first:]
            total[:, :, places] += share.view(-1, 1, 1) * velocity[:, :, first:]
            weight[places] += share
        return total / weight.view(-1, 1, 1)


def make_branches(
    model: Any, conditions: Conditions, ranks: Ranks, reuse: Caching, settings: GenerationSettings
) -> Branches | WindowedBranches:
    """Make the `Branches` of a clip, or the `WindowedBranches` of a long video."""
    if not (settings.is_long and settings.blend == "windows"):
        return Branches(model, conditions, ranks, reuse=reuse)
    frames, latent_frames = settings.num_frames - 1, conditions.positive.shape[2] - 1
    window = (settings.clip_frames - 1) * latent_frames // frames + 1
    windows = plan_windows(latent_frames + 1, window)
    return WindowedBranches(model, conditions, ranks, windows, reuse=reuse)


def _part(conditions: Conditions, index: list[int]) -> Conditions:
    """The conditions of one window: what a clip of its length has.

    The VAE codes each of the empty frames after the start image a little differently, and the model
    has learned those of a clip. Cells without tracks are therefore the first window's.
    """
    still, first = conditions.still[:, :, index], conditions.still[:, :, : len(index)]
    masks = WAN21_I2V.strides[0]  # channels in front
    known = ((still[:, :masks] > 0) | (first[:, :masks] > 0)).any(1, keepdim=True)

    def part(whole: Tensor) -> Tensor:
        own = whole[:, :, index]
        guided = (own != still).any(1, keepdim=True)
        return torch.where(guided | known, own, first)

    return replace(
        conditions,
        positive=part(conditions.positive),
        negative=part(conditions.negative),
        still=part(conditions.still),
    )
