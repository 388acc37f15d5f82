"""The model's velocity at a noise level, with all branches of guidance."""

from dataclasses import dataclass
from typing import Any

import torch

from ..shapes import Float, Tensor
from .caches import Caching
from .parallel import ALONE, Ranks


@dataclass(frozen=True, eq=False)
class Conditions:
    """The model's inputs in each branch of guidance.

    Args:
        positive: known mask and conditioning latent of the positive branch.
        negative: of the negative branch.
        still: without tracks, for motion guidance.
        prompt, negative_prompt: zero-padded embeddings.
        features: CLIP's features.
    """

    positive: Float[Tensor, "1 channels latent_frames rows cols"]
    negative: Float[Tensor, "1 channels latent_frames rows cols"]
    still: Float[Tensor, "1 channels latent_frames rows cols"]
    prompt: Float[Tensor, "1 tokens width"]
    negative_prompt: Float[Tensor, "1 tokens width"]
    features: Float[Tensor, "1 image_tokens image_width"]


class Noise:
    """Standard normal noise from a seed, the same on every device and machine.

    Args:
        seed: of the noise.
        shape: of each draw.
        device: of the noise.
    """

    def __init__(self, seed: int, shape: tuple[int, ...], device: torch.device | str) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._shape, self._device = shape, device

    def __call__(self) -> Tensor:
        """Draw the next noise."""
        return torch.randn(self._shape, generator=self._generator).to(self._device)


class Branches:
    """Runs the model for each branch of guidance and combines the velocities.

    Args:
        model: diffusers `WanTransformer3DModel` on its device.
        conditions: on the same device.
        ranks: the processes that share the branches; each one gets every velocity.
        reuse: from `caching`.
        context: name that separates the caches of several `Branches` of one model.
    """

    def __init__(
        self,
        model: Any,
        conditions: Conditions,
        ranks: Ranks = ALONE,
        *,
        reuse: Caching = Caching(),  # noqa: B008, holds nothing
        context: str = "",
    ) -> None:
        self._model = model
        self._conditions = conditions
        self._ranks = ranks
        self._attention, self._guidance = reuse.attention, reuse.guidance()
        self._context = context
        self._step = -1
        # Of the first layer: others may be float32 or float8 besides.
        self._dtype = model.patch_embedding.weight.dtype

    def velocity(
        self, latent: Tensor, timestep: float | int, *, guidance_scale: float, motion_scale: float
    ) -> Tensor:
        """Compute the guided velocity: the weighted sum of the branches' velocities.

        Args:
            latent: float32.
            timestep: the model's time input, 0..1000.
            guidance_scale: 1 needs no negative branch.
            motion_scale: 0 needs no branch without tracks.

        Returns:
            New float32 tensor.

        Source:
            Wan-Move wan/wan_move.py:330 @27409be; the motion term is ours.
        """
        told = self._conditions
        self._step += 1
        positive = self._ask("positive", latent, timestep, told.positive, told.prompt)
        out = positive
        if guidance_scale != 1:
            negative = self._negative(latent, timestep, positive)
            out = negative + guidance_scale * (positive - negative)
        if motion_scale != 0:
            still = self._ask("still", latent, timestep, told.still, told.prompt)
            out = out + motion_scale * (positive - still)
        return out

    def _negative(self, latent: Tensor, timestep: float | int, positive: Tensor) -> Tensor:
        told, reuse = self._conditions, self._guidance
        kept = reuse.negative(self._step, positive) if reuse is not None else None
        if kept is not None:
            return kept
        negative = self._ask("negative", latent, timestep, told.negative, told.negative_prompt)
        if reuse is not None:
            reuse.remember(positive, negative)
        return negative

    def _ask(
        self, branch: str, latent: Tensor, timestep: float | int, told: Tensor, prompt: Tensor
    ) -> Tensor:
        if not self._ranks.computes(branch):
            return self._ranks.shared(branch, torch.empty_like(latent, dtype=torch.float32))
        # Caches keep what they remember apart by this name.
        name = branch + self._context
        if self._attention is not None:
            self._attention.enter(name, timestep)
        with self._model.cache_context(name):
            velocity = self._model(
                hidden_states=torch.cat([latent, told], dim=1).to(self._dtype),
                timestep=torch.tensor([timestep], device=latent.device),
                encoder_hidden_states=prompt.to(self._dtype),
                encoder_hidden_states_image=self._conditions.features.to(self._dtype),
                return_dict=False,
            )[0]
        return self._ranks.shared(branch, velocity.float())
