"""One question to the model: its velocity at a noise level, with all branches of guidance."""

from dataclasses import dataclass
from typing import Any

import torch

from ..shapes import Float, Tensor


@dataclass(frozen=True, eq=False)
class Conditions:
    """What the model is told in each branch of guidance.

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


def draw_noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    """Standard normal noise: the same numbers for a seed on every device and machine."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class Branches:
    """Asks the model for each branch of guidance and puts the answers together.

    Args:
        model: diffusers `WanTransformer3DModel` on its device.
        conditions: on the same device.
    """

    def __init__(self, model: Any, conditions: Conditions) -> None:
        self._model = model
        self._conditions = conditions
        # Of the first layer: others may be float32 or float8 besides.
        self._dtype = model.patch_embedding.weight.dtype

    def velocity(
        self, latent: Tensor, timestep: int, *, guidance_scale: float, motion_scale: float
    ) -> Tensor:
        """What the solver follows: the branches' velocities, weighted.

        Args:
            latent: float32.
            timestep: what the model is told.
            guidance_scale: 1 needs no negative branch.
            motion_scale: 0 needs no branch without tracks.

        Returns:
            New float32 tensor.

        Source:
            Wan-Move wan/wan_move.py:330 @27409be; the motion term is ours.
        """
        told = self._conditions
        positive = self._ask("positive", latent, timestep, told.positive, told.prompt)
        out = positive
        if guidance_scale != 1:
            negative = self._ask("negative", latent, timestep, told.negative, told.negative_prompt)
            out = negative + guidance_scale * (positive - negative)
        if motion_scale != 0:
            still = self._ask("still", latent, timestep, told.still, told.prompt)
            out = out + motion_scale * (positive - still)
        return out

    def _ask(
        self, branch: str, latent: Tensor, timestep: int, told: Tensor, prompt: Tensor
    ) -> Tensor:
        # Caches keep what they remember apart by this name.
        with self._model.cache_context(branch):
            velocity = self._model(
                hidden_states=torch.cat([latent, told], dim=1).to(self._dtype),
                timestep=torch.tensor([timestep], device=latent.device),
                encoder_hidden_states=prompt.to(self._dtype),
                encoder_hidden_states_image=self._conditions.features.to(self._dtype),
                return_dict=False,
            )[0]
        return velocity.float()
