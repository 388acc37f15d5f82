"""Distillation to a few steps: one step of the student replaces several of the teacher's.

Between two of the student's noise levels the teacher takes `substeps` Euler steps from a noised
clip; the student learns the straight line to their end. Deterministic, without a critic.

Source: Salimans and Ho, "Progressive Distillation for Fast Sampling of Diffusion Models", 2022,
with the velocity of flow matching; a guided teacher, Meng et al., "On Distillation of Guided
Diffusion Models", 2023. FlashMotion's second stage distils by distribution matching.
"""

import itertools
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..guidance.options import check_ranges
from ..shapes import Float
from .player import Draw
from .recipe import Batch, Velocity, motion_weights, sigmas


@dataclass(frozen=True)
class TeacherGuidance:
    """Guidance that the teacher has, so that the student follows as well without.

    Args:
        guidance_scale: of the prompt against none; 1: off.
        motion_scale: of the tracks against none; 0: off.

    Raises:
        OptionError: a scale outside of 0 to 100.
    """

    guidance_scale: float = 1.0
    motion_scale: float = 0.0

    def __post_init__(self) -> None:
        check_ranges(self, (("guidance_scale", 0, 100), ("motion_scale", 0, 100)))

    def guide(self, predict: Velocity) -> Velocity:
        """The guided velocity of a model; a sample without tracks has no motion guidance."""

        def guided(noisy: Tensor, times: Tensor, batch: Batch) -> Tensor:
            positive = predict(noisy, times, batch)
            out = positive
            if self.guidance_scale != 1:
                none = batch.prompts[0][:0] if batch.negative is None else batch.negative
                untold = replace(batch, prompts=[none] * len(batch.prompts))
                negative = predict(noisy, times, untold)
                out = negative + self.guidance_scale * (positive - negative)
            if self.motion_scale != 0:
                still = predict(noisy, times, replace(batch, given=batch.still))
                out = out + self.motion_scale * (positive - still)
            return out

        return guided


@torch.no_grad()
def teacher_end(
    teacher: Velocity, noisy: Tensor, times: tuple[Tensor, Tensor], batch: Batch, substeps: int
) -> Tensor:
    """Take the teacher's Euler steps from the first to the second of `times`, [B] each."""
    start, end = times
    latent = noisy
    shares = torch.linspace(0, 1, substeps + 1, device=noisy.device)
    for here, there in itertools.pairwise(shares):
        step = _wide((there - here) * (end - start))
        latent = latent + step * teacher(latent, start + here * (end - start), batch)
    return latent


def few_step_loss(
    student: Velocity,
    teacher: Velocity,
    batch: Batch,
    draw: Draw,
    *,
    steps: int,
    shift: float,
    substeps: int = 2,
    moving_weight: float = 1.0,
    fresh_noise: bool = False,
) -> dict[str, Tensor]:
    """Mean squared error of the student's velocity to the teacher's end point.

    Args:
        student, teacher: the trained model, and the model before distillation.
        batch: clips and what is given of them.
        draw: random numbers.
        steps: number of sampling steps of the student, at the noise levels of `sigmas`.
        shift: of these levels.
        substeps: of the teacher in each step.
        moving_weight: as in `Recipe`.
        fresh_noise: every step aims at the clean end, for a sampler that adds fresh noise to it
            (`lcm`).
    """
    clean = batch.clean
    levels = sigmas(steps, shift)
    chosen = torch.randint(steps, (len(clean),), generator=draw.generator)
    following = torch.zeros_like(levels[1:]) if fresh_noise else levels[1:]
    start, end = levels[chosen].to(clean.device), following[chosen].to(clean.device)
    noise = torch.randn(clean.shape, generator=draw.generator).to(clean.device)
    s = _wide(start)
    noisy = (1 - s) * clean + s * noise
    goal = teacher_end(teacher, noisy, (start, end), batch, substeps)
    wanted = (goal - noisy) / _wide(end - start)
    weights = motion_weights(clean, moving_weight) if moving_weight > 1 else 1.0
    return {"loss": (weights * (student(noisy, start, batch) - wanted).square()).mean()}


def _wide(times: Float[Tensor, " batch"]) -> Tensor:
    return times.view(-1, 1, 1, 1, 1)
