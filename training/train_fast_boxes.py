"""Train a slow adapter on for the four-step generator: FlashMotion's third stage.

The generator, a small model with its four-step LoRA, is frozen at its four noise levels.
A discriminator learns alone, then it and the adapter take turns; the adapter's loss is L_G + lambda
L_diff, the latter the flow loss of real clips at the four levels. Goes on where it stopped.

    python -m training.train_fast_boxes training/runs/fast --slow FILE --few-steps LORA --out FILE

How lambda changes with the adapter's steps is told in two ways (`--lambda`): it rises from 0.1, or
falls from 10. `models/toy/README.md` has the figures of both.
"""

import argparse
import itertools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from training.boxes import BoxCache, add_options, flow_loss, make_caches, write_adapter
from training.discriminator import Discriminator
from training.dit_model import SHIFT, next_latent, predictor
from wanmove_core.checkpoints.adapter_loading import load_adapter
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.checkpoints.lora import apply_lora
from wanmove_core.generation.adapters import attached
from wanmove_core.train.attention import use_matrix_attention
from wanmove_core.train.loop import Loop
from wanmove_core.train.plan import Plan
from wanmove_core.train.player import Draw, Player
from wanmove_core.train.recipe import sigmas

STEPS = 4
TURNS = 5  # of the adapter for one of the discriminator
_MOST_NOISE = 0.25  # that the discriminator sees; with 0.5 it learned slower


def weight_of_diffusion(schedule: str, step: int) -> float:
    """Lambda at a step of the adapter."""
    if schedule == "rising":
        return step / 4 * 1e-3 + 0.1
    return 1 / (4e-3 * step + 0.1)


class Stage:
    """The models of the stage, and the losses of its two players.

    Args:
        generator: the few-step model, frozen.
        adapter: is trained.
        critic: the discriminator.
        scenes: from `make_caches`.
        batch: scenes a turn.
        schedule: of lambda.
        shift: of the noise levels.
        fresh_noise: how TI2V takes its steps; see `sample`.
    """

    def __init__(
        self,
        generator: Any,
        adapter: Any,
        critic: Discriminator,
        scenes: BoxCache,
        *,
        batch: int,
        schedule: str,
        shift: float = SHIFT,
        fresh_noise: bool = False,
    ) -> None:
        self._generator, self._adapter, self._critic = generator, adapter, critic
        self._scenes, self._batch, self._schedule = scenes, batch, schedule
        self._levels, self._fresh_noise = sigmas(STEPS, shift), fresh_noise
        self._predict = predictor(generator, adapter)

    def of_critic(self, draw: Draw) -> dict[str, Tensor]:
        """f(-D(real)) + f(D(made)), f = softplus."""
        batch = self._draw_scenes(draw)
        with torch.no_grad():
            made = self._make(batch, draw.generator, first=STEPS)
        real = self._score(batch["clean"], batch, draw.generator)
        fake = self._score(made, batch, draw.generator)
        told = ((real > 0).float().mean() + (fake < 0).float().mean()) / 2
        return {"loss": (softplus(-real) + softplus(fake)).mean(), "told": told}

    def of_adapter(self, draw: Draw) -> dict[str, Tensor]:
        """f(-D(made)) + lambda times the flow loss at the four levels."""
        batch = self._draw_scenes(draw)
        first = int(torch.randint(STEPS, (), generator=draw.generator))
        made = self._make(batch, draw.generator, first=first)
        deceived = softplus(-self._score(made, batch, draw.generator)).mean()
        times = self._levels[torch.randint(STEPS, (self._batch,), generator=draw.generator)]
        flow = flow_loss(
            self._generator, self._predict, self._adapter, batch, times=times, draw=draw.generator
        )
        weight = weight_of_diffusion(self._schedule, draw.step * TURNS + draw.turn)
        return {"loss": deceived + weight * flow, "gan": deceived, "flow": flow}

    def _draw_scenes(self, draw: Draw) -> dict[str, Tensor]:
        chosen = draw.rng.integers(len(self._scenes["clean"]), size=self._batch)
        batch = {name: values[chosen].float() for name, values in self._scenes.items()}
        return {**batch, "maps": batch["box"]}

    def _make(self, batch: dict[str, Tensor], noise: torch.Generator, *, first: int) -> Tensor:
        """Four steps from noise; the steps from `first` on carry the gradient."""
        latent = torch.randn(batch["clean"].shape, generator=noise)
        fresh = noise if self._fresh_noise else None
        with attached(self._generator, self._adapter, batch["maps"], strength=1.0):
            for step, (here, there) in enumerate(itertools.pairwise(self._levels)):
                with torch.set_grad_enabled(step >= first):
                    flow = self._predict(latent, here.expand(len(latent)), batch["given"])
                    latent = next_latent(latent, flow, here, there, fresh)
        return latent

    def _score(self, clean: Tensor, batch: dict[str, Tensor], draw: torch.Generator) -> Tensor:
        times = _MOST_NOISE * torch.rand(len(clean), generator=draw)
        s = times.view(-1, 1, 1, 1, 1)
        noisy = (1 - s) * clean + s * torch.randn(clean.shape, generator=draw)
        score: Tensor = self._critic(noisy, times, batch["given"], batch["maps"]).float()
        return score


def main() -> None:
    """Train, and write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--slow", type=Path, required=True, help="the adapter of the first stage")
    parser.add_argument("--few-steps", type=Path, required=True, help="the LoRA of the second")
    parser.add_argument("--lambda", dest="schedule", choices=("rising", "falling"))
    parser.set_defaults(schedule="rising")
    parser.add_argument("--alone", type=int, default=200, help="steps of the discriminator alone")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=3e-4)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    parts = load_components([args.model], dtype="fp32", needs=("transformer", "vae"))
    scenes, _ = make_caches(args.cache or args.folder, parts, args.scenes)
    generator = parts.transformer.requires_grad_(False)
    apply_lora(generator, args.few_steps)
    adapter = load_adapter(args.slow, compute_dtype=torch.float32).requires_grad_(True)
    judge = load_components([args.model], dtype="fp32", needs=("transformer",)).transformer
    for module in (generator, judge, getattr(adapter, "copy", generator)):
        use_matrix_attention(module)
    frames, rows, cols = scenes["clean"].shape[2:]
    critic = Discriminator(judge, frames * rows * cols // 4)
    stage = Stage(
        generator,
        adapter,
        critic,
        scenes,
        batch=args.batch,
        schedule=args.schedule,
        shift=parts.family.shifts[0],
        fresh_noise=not parts.family.conditioned,
    )
    betas = {"betas": (0.0, 0.99)}
    heads = torch.optim.AdamW(critic.heads.parameters(), lr=1e-3, **betas)
    own = torch.optim.AdamW(adapter.parameters(), lr=args.rate, **betas)
    players = [
        Player("critic", critic, [heads], stage.of_critic),
        Player("adapter", adapter, [own], stage.of_adapter, turns=TURNS, decay=0.99),
    ]
    # Without this the first hundreds of the adapter's steps would please a discriminator that knows
    # nothing.
    alone = Plan(steps=args.alone, warm_up=10, constant=1.0)
    Loop(args.folder / "critic", players[:1], alone).run()
    plan = Plan(minutes=args.minutes, warm_up=4)
    Loop(args.folder, players, plan).run()
    with players[1].averaged():
        write_adapter(args.out, adapter, "fast")


if __name__ == "__main__":
    main()
