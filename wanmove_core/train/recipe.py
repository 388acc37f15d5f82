"""Wan-Move's training recipe: flow matching, with first-frame features copied along tracks.

x_t = (1 - s) x0 + s noise, target noise - x0, timestep 1000 s. The conditioning latent of a sample
carries k ~ U[1, 200] tracks, copied where they are visible; 5 % of samples have no tracks.

Source: flow matching with logit-normal times, Wan report section 4.2.2; tracks, Wan-Move paper
section 3.3. The rates at which text and image features are dropped are ours: neither paper states
them.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..guidance.options import check_ranges
from ..guidance.project import project_tracks
from ..guidance.replicate import replicate_first_frame
from ..shapes import Float
from ..start_image.conditioning import conditioning_input, known_mask
from ..tracks import Tracks
from .attention import Context
from .cache import Cache, Sample
from .player import Draw


@dataclass(frozen=True)
class Recipe:
    """The recipe of a training sample.

    Args:
        no_motion: share of samples without any track.
        max_tracks: largest number of tracks in a sample.
        no_text: share of samples without their caption.
        no_image: share of samples without CLIP's features (zeros in their place).
        shift: flow shift of the times, as in sampling: 3 at 480p, 5 above.
        moving_weight: largest loss weight of cells that change over time; 1: equal weights.

    Raises:
        OptionError: a value outside of its range.
    """

    no_motion: float = 0.05
    max_tracks: int = 200
    no_text: float = 0.1
    no_image: float = 0.1
    shift: float = 3.0
    moving_weight: float = 1.0

    def __post_init__(self) -> None:
        shares = [(name, 0, 1) for name in ("no_motion", "no_text", "no_image")]
        check_ranges(self, [*shares, ("shift", 0.01, 100), ("moving_weight", 1, 1000)])


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples as the model takes them.

    Args:
        clean: the clips' latents.
        given: known mask and conditioning latent with the tracks' features.
        prompts: embeddings without padding.
        image: CLIP's features; no tokens where the model has no CLIP.
        still: what is given without the tracks' features; None where it is not used.
        negative: embedding of the negative prompt; None: no tokens.
    """

    clean: Float[Tensor, "batch channels latent_frames rows cols"]
    given: Float[Tensor, "batch all_channels latent_frames rows cols"]
    prompts: list[Tensor]
    image: Float[Tensor, "batch image_tokens image_width"]
    still: Float[Tensor, "batch all_channels latent_frames rows cols"] | None = None
    negative: Float[Tensor, "tokens width"] | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        return Batch(
            self.clean.to(device),
            self.given.to(device),
            [prompt.to(device) for prompt in self.prompts],
            self.image.to(device),
            None if self.still is None else self.still.to(device),
            None if self.negative is None else self.negative.to(device),
        )


def chosen_tracks(tracks: Tracks, rng: np.random.Generator, recipe: Recipe) -> Tracks | None:
    """The tracks of one training sample, in random order; None without motion."""
    if rng.random() < recipe.no_motion:
        return None
    available = torch.nonzero(tracks.visibility[0]).squeeze(1)
    count = int(rng.integers(1, recipe.max_tracks + 1))
    chosen = available[torch.from_numpy(rng.permutation(len(available))[:count])]
    return Tracks(tracks.positions[:, chosen], tracks.visibility[:, chosen], tracks.frame)


def guided(sample: Sample, tracks: Tracks | None, facts: Any) -> Tensor:
    """The model's conditioning channels [1, 4 + channels, T', H', W'] with these tracks."""
    latent = sample.start[None]
    if tracks is not None and tracks.positions.shape[1]:
        latent = replicate_first_frame(latent, *project_tracks(tracks, facts.grid))
    return conditioning_input(latent, known_mask(facts.grid))


def clips_of_batch(size: int, cells: Sequence[int], index: int) -> int:
    """Number of a cache's clips with about as many cells as `size` of the smallest clips."""
    return max(1, round(size * min(cells) / cells[index]))


def draw_batch(
    caches: Sequence[tuple[Cache, Sequence[int]]],
    shares: Sequence[float],
    size: int,
    recipe: Recipe,
    rng: np.random.Generator,
) -> Batch:
    """Random clips of one of the caches, each with random tracks.

    Args:
        caches: with the clips of each that may be drawn.
        shares: how often each cache is drawn from.
        size: samples per batch from the cache with the smallest clips. From other caches fewer,
            with about the same number of cells in all.
        recipe: what a sample is.
        rng: of this step.
    """
    weights = np.asarray(shares, float) / np.sum(shares)
    index = int(rng.choice(len(caches), p=weights))
    cache, clips = caches[index]
    count = clips_of_batch(size, [cache.facts.cells for cache, _ in caches], index)
    samples = [cache[clips[i]] for i in rng.integers(len(clips), size=count)]
    given = [guided(s, chosen_tracks(s.tracks, rng, recipe), cache.facts) for s in samples]
    still = [guided(s, None, cache.facts) for s in samples]
    none = cache.no_prompt
    prompts = [none.empty if rng.random() < recipe.no_text else s.prompt for s in samples]
    images = [s.image * (rng.random() >= recipe.no_image) for s in samples]
    return Batch(
        torch.stack([s.latent for s in samples]),
        torch.cat(given),
        prompts,
        torch.stack(images),
        torch.cat(still),
        none.negative,
    )


def draw_times(count: int, generator: torch.Generator, shift: float) -> Float[Tensor, " count"]:
    """Logit-normal times, shifted towards noise."""
    even = torch.sigmoid(torch.randn(count, generator=generator))
    return shift * even / (1 + (shift - 1) * even)


def motion_weights(clean: Tensor, most: float) -> Tensor:
    """Compute the loss weight of each latent cell, [B, 1, T', H', W'], 1 on average.

    Moving objects cover a small part of the picture, so cells that change over time get weights up
    to `most`.
    """
    change = (clean - clean[:, :, :1]).square().mean(1, keepdim=True)
    weights = 1 + (2 * change).clamp(max=most - 1)
    return weights / weights.mean()


def velocity(model: Any, context: Context, noisy: Tensor, times: Tensor, batch: Batch) -> Tensor:
    """Predict the velocity, noise - clean.

    Args:
        model: a `WanTransformer3DModel` after `use_short_context`.
        context: what that returned.
        noisy: [B, channels, T', H', W'].
        times: [B], 0 = clean, 1 = noise.
        batch: the rest of the model's input.
    """
    dtype = model.patch_embedding.weight.dtype
    image = batch.image.to(dtype) if batch.image.shape[1] else None
    out: Tensor = model(
        hidden_states=torch.cat([noisy, batch.given], 1).to(dtype),
        timestep=times * 1000,
        encoder_hidden_states=context.join(batch.prompts).to(dtype),
        encoder_hidden_states_image=image,
        return_dict=False,
    )[0]
    return out.float()


# (noisy latents, times, batch) -> velocity.
Velocity = Callable[[Tensor, Tensor, Batch], Tensor]


def flow_loss(predict: Velocity, batch: Batch, draw: Draw, recipe: Recipe) -> dict[str, Tensor]:
    """Mean squared error of the predicted velocity at random times."""
    clean = batch.clean
    times = draw_times(len(clean), draw.generator, recipe.shift).to(clean.device)
    noise = torch.randn(clean.shape, generator=draw.generator).to(clean.device)
    s = times.view(-1, 1, 1, 1, 1)
    flow = predict((1 - s) * clean + s * noise, times, batch)
    weights = motion_weights(clean, recipe.moving_weight) if recipe.moving_weight > 1 else 1.0
    return {"loss": (weights * (flow - (noise - clean)).square()).mean()}


def sigmas(steps: int, shift: float) -> Float[Tensor, " levels"]:
    """Noise levels of `steps` Euler steps, from 1 to 0."""
    even = torch.linspace(1, 0, steps + 1)
    return shift * even / (1 + (shift - 1) * even)


@torch.no_grad()
def sample_latents(
    predict: Velocity,
    batch: Batch,
    *,
    generator: torch.Generator,
    steps: int,
    shift: float,
) -> Tensor:
    """Euler sampling: normalised latents [B, channels, T', H', W']."""
    levels = sigmas(steps, shift)
    device = batch.given.device
    latent = torch.randn(batch.clean.shape, generator=generator).to(device)
    for here, there in itertools.pairwise(levels):
        times = here.expand(len(latent)).to(device)
        latent = latent + (there - here).item() * predict(latent, times, batch)
    return latent
