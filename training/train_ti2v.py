"""Train the small model in the layout of Wan2.2-TI2V-5B, and distil it to FlashMotion's four steps.

    python -m training.train_ti2v base training/runs/ti2v --vae FILE --minutes 30 --out FOLDER
    python -m training.train_ti2v few training/runs/few --model FOLDER --minutes 10 --out FILE

It begins with those weights of the small Wan-Move model that fit, and learns from scenes with and
without their captions. `base` writes the model's files to a folder; `few` a LoRA, FlashMotion's
second stage. Both go on where they stopped; under torchrun several processes train together. The
adapters are then trained by `training.train_boxes` and `training.train_fast_boxes` with --model, on
scenes that the base model has never seen: from those whose motion it knows by heart they would
learn nothing.
"""

import argparse
import logging
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training.boxes import BoxCache, add_options, captions_of, make_caches
from training.dit_model import IMAGE_DIM, velocity_of
from training.export import METADATA, to_fp8
from training.prompts import embed, table
from training.shipped import FOLDER as SHIPPED
from training.ti2v_model import start_from
from wanmove_core.checkpoints.autoencoder import load_vae
from wanmove_core.checkpoints.checkpoint import open_checkpoint
from wanmove_core.checkpoints.components import Components
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.family import WAN22_TI2V
from wanmove_core.train.adapters import (
    full_weights,
    learn_everything,
    learn_lora,
    lora_weights,
    optimisers,
)
from wanmove_core.train.attention import use_matrix_attention
from wanmove_core.train.few_steps import few_step_loss
from wanmove_core.train.loop import Loop
from wanmove_core.train.plan import Plan
from wanmove_core.train.player import Draw, Player
from wanmove_core.train.processes import Processes
from wanmove_core.train.recipe import Batch, Recipe, Velocity, flow_loss

NAME = "wanmove_toy_5b"
STEPS, SUBSTEPS = 4, 8
_FIRST_SEED = 4_000_000  # of the base model's scenes
# Adapters are trained without a prompt, so half of the batches have none.
RECIPE = Recipe(no_text=0.5, shift=WAN22_TI2V.shifts[0], moving_weight=5.0)


class Scenes:
    """Cached scenes as batches.

    Args:
        cache: of `make_caches`.
        captions: of the scenes.
    """

    def __init__(self, cache: BoxCache, captions: list[str]) -> None:
        self._cache = cache
        self._prompts = [embed(caption) for caption in captions]

    def batch(self, chosen: np.ndarray, *, prompted: np.ndarray) -> Batch:
        """The chosen scenes, some of them with their captions."""
        nothing = embed("")
        prompts = [
            self._prompts[i] if p else nothing for i, p in zip(chosen, prompted, strict=True)
        ]
        clean, given = (self._cache[name][chosen].float() for name in ("clean", "given"))
        return Batch(clean, given, prompts, torch.zeros(len(chosen), 0, IMAGE_DIM))

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """Random scenes."""
        chosen = rng.integers(len(self._cache["clean"]), size=size)
        return self.batch(chosen, prompted=rng.random(size) >= RECIPE.no_text)


def held_out_loss(predict: Velocity, cache: BoxCache) -> float:
    """The flow loss of held-out scenes without prompts."""
    count = len(cache["clean"])
    scenes = Scenes(cache, [""] * count)
    draw = Draw(0, 0, np.random.default_rng(0), torch.Generator().manual_seed(0))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        batch = scenes.batch(np.arange(count), prompted=np.zeros(count, bool))
        return float(flow_loss(predict, batch, draw, RECIPE)["loss"])


def train_base(args: argparse.Namespace) -> None:
    """The first latent frame and noise to the video; writes model, VAE and prompts."""
    shipped = load_components([SHIPPED], dtype="bf16", needs=("transformer",)).transformer
    vae = load_vae(open_checkpoint([args.vae]))
    model = start_from(shipped.float())
    learn_everything(model)
    parts = Components(model, vae, family=WAN22_TI2V)
    player = train(args, parts, model, lambda predict, scenes: of_flow(predict, scenes, args.batch))
    with player.averaged():
        if _is_first():
            write_folder(args.out, full_weights(model), args.vae)


def of_flow(predict: Velocity, scenes: Scenes, size: int) -> Callable[[Draw], Mapping[str, Tensor]]:
    """The loss of the base model."""
    return lambda draw: flow_loss(predict, scenes.draw(size, draw.rng), draw, RECIPE)


def train_few(args: argparse.Namespace) -> None:
    """Distil the base model to four steps from fresh noise; writes a LoRA."""
    parts = load_components([args.model], dtype="fp32", needs=("transformer", "vae"))
    teacher = deepcopy(parts.transformer).requires_grad_(False)
    use_matrix_attention(teacher)
    taught = velocity_of(teacher)
    model = parts.transformer
    learn_lora(model, args.rank, seed=0)

    def of(predict: Velocity, scenes: Scenes) -> Callable[[Draw], Mapping[str, Tensor]]:
        return lambda draw: few_step_loss(
            predict,
            taught,
            scenes.draw(args.batch, draw.rng),
            draw,
            steps=STEPS,
            shift=RECIPE.shift,
            substeps=SUBSTEPS,
            moving_weight=RECIPE.moving_weight,
            fresh_noise=True,
        )

    player = train(args, parts, model, of)
    with player.averaged():
        if _is_first():
            args.out.parent.mkdir(parents=True, exist_ok=True)
            weights = {name: w.contiguous() for name, w in lora_weights(model).items()}
            save_file(weights, args.out, {"format": "pt", "license": "Apache-2.0"})


def _is_first() -> bool:
    """Whether this process writes the files."""
    return Processes.join(torch.device("cpu")).rank == 0


def train(
    args: argparse.Namespace,
    parts: Components,
    model: nn.Module,
    loss_of: Callable[[Velocity, Scenes], Callable[[Draw], Mapping[str, Tensor]]],
) -> Player:
    """Run the loop; returns the player with the trained weights."""
    folder = args.cache or args.folder
    own_scenes = {"first_seed": _FIRST_SEED, "with_maps": False} if args.stage == "base" else {}
    cache, held_out = make_caches(folder, parts, args.scenes, **own_scenes)
    scenes = Scenes(cache, captions_of(folder))
    use_matrix_attention(model)
    predict = velocity_of(model, fewest=1)
    own = optimisers(model, args.optimiser, args.rate)
    player = Player(args.stage, model, own, loss_of(predict, scenes), decay=0.998)

    def report(_step: int) -> dict[str, float]:
        with player.averaged():
            return {"held_out": held_out_loss(predict, held_out)}

    Loop(args.folder, [player], Plan(minutes=args.minutes), report=report).run()
    return player


def write_folder(folder: Path, weights: dict[str, Tensor], vae: Path) -> None:
    """Write transformer (scaled float8), VAE and prompts, as both doors load them."""
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {name: value for name, value in METADATA.items() if name != "image_encoder"}
    wide = {name: weight.float() for name, weight in weights.items()}
    prompts = {prompt: embedding.bfloat16() for prompt, embedding in table().items()}
    files = {"fp8_scaled": to_fp8(wide), "vae": load_file(vae), "prompts": prompts}
    for name, state in files.items():
        path = folder / f"{NAME}_{name}.safetensors"
        save_file({key: value.contiguous() for key, value in state.items()}, path, metadata)
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", flush=True)


def main() -> None:
    """Train a stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    stages = parser.add_subparsers(dest="stage", required=True)
    base = stages.add_parser("base", help="the model itself")
    base.add_argument("--vae", type=Path, required=True, help="of training.train_vae")
    base.set_defaults(run=train_base, optimiser="muon", rate=1e-3)
    few = stages.add_parser("few", help="a LoRA of four steps")
    few.add_argument("--rank", type=int, default=32)
    few.set_defaults(run=train_few, optimiser="adamw", rate=5e-4)
    for stage, batch in ((base, 24), (few, 8)):
        add_options(stage)
        stage.add_argument("--rate", type=float, default=stage.get_default("rate"))
        stage.add_argument("--batch", type=int, default=batch, help="scenes of each process")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    args.run(args)


if __name__ == "__main__":
    main()
