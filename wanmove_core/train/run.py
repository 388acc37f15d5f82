"""One training run: caches and a checkpoint in, a LoRA or a whole model out."""

import hashlib
import json
import logging
import os
import warnings
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..checkpoints.classify import TRANSFORMER, VAE
from ..checkpoints.layouts import choose, survey
from ..checkpoints.loading import load_components
from ..errors import OptionError
from ..generation.parallel import own_device
from ..media.files import reason
from ..media.writer import replacing
from .adapters import (
    full_weights,
    learn_everything,
    learn_lora,
    lora_weights,
    optimisers,
    without_lora,
)
from .attention import Context, use_matrix_attention, use_short_context
from .cache import Cache
from .few_steps import few_step_loss
from .held_out import Check, check_held_out
from .loop import Loop
from .memory import check_memory, plan_memory
from .options import RunOptions
from .plan import Plan
from .player import Draw, Player
from .processes import Processes
from .recipe import Batch, Recipe, draw_batch, flow_loss, velocity

_MOST_GRAPHS = 64
_log = logging.getLogger("wanmove")


class Run:
    """A run that is ready to start or to resume.

    Args:
        options: what to train, and on what.
        plan: how long.
        recipe: what a sample is.
        check: how held-out clips are measured.

    Raises:
        WanMoveError: inputs that do not fit together, or too little memory.
    """

    def __init__(
        self, options: RunOptions, plan: Plan, recipe: Recipe, check: Check | None = None
    ) -> None:
        self.options, self.recipe, self.plan = options, recipe, plan
        self.check = check or Check(steps=options.few_steps or 8, shift=recipe.shift)
        self.device = own_device(options.device)
        self.caches = [Cache(path) for path in options.caches]
        splits = [cache.split(options.held_out) for cache in self.caches]
        self.train_on = [
            (cache, clips) for cache, (clips, _) in zip(self.caches, splits, strict=True)
        ]
        self.held_out = [out for _, out in splits]
        self._refuse_misfits()
        self.need = plan_memory(options, self.caches)
        check_memory(self.need, self.device, options.memory_limit)
        self.model = self._load_model()
        self.process_count = Processes.join(self.device).count
        context = Context(int(self.process_count > 1), few_lengths=options.compile)
        self.context = use_short_context(self.model, context)
        if self.device.type == "cpu":
            use_matrix_attention(self.model)
        self.teacher = self._make_teacher()
        if options.spread:
            for model in (self.model, self.teacher):
                if model is not None:
                    Processes.join(self.device).spread(model)
        needs_vae = options.held_out > 0
        self.vae = self._load(VAE).vae if needs_vae else None
        self.rate = options.rate or (1e-4 if options.lora_rank else 1e-5)
        self.player = Player(
            "model",
            self.model,
            optimisers(self.model, options.optimiser, self.rate),
            self._loss,
            decay=options.decay,
        )
        if options.compile:  # one block's code serves all
            self.model.compile_repeated_blocks(dynamic=False)
        self.predict = partial(velocity, self.model, self.context)
        self.loop = Loop(
            options.out,
            [self.player],
            plan,
            report=self.report,
            device=self.device,
            options=self._kept_options(),
        )

    def train(self) -> Path:
        """Train to the plan's end.

        Returns:
            The file that was written: `lora.safetensors` or `model.safetensors`.

        Raises:
            KeyboardInterrupt: after Ctrl+C, with everything saved.
        """
        _log.info("about %s in all; %s", self.need, _counted(self.model))
        with warnings.catch_warnings():
            # A norm's float32 weights on bf16 input: right, and only a little slower.
            warnings.filterwarnings("ignore", "Mismatch dtype between input and weight")
            self._run_loop()
        return self.write()

    def _run_loop(self) -> None:
        if not self.options.compile:
            self.loop.run()
            return
        from torch._inductor.exc import InductorError

        # A LoRA takes two or three graphs for each of the prompts' lengths, sizes and batches.
        graphs = torch._dynamo.config.patch(recompile_limit=_MOST_GRAPHS)
        try:
            with graphs:
                self.loop.run()
        except InductorError as error:
            raise OptionError(
                "--compile must have a C++ compiler that works, and Triton for a GPU; got "
                f"{reason(error)}. Install it, or leave --compile out."
            ) from error

    def report(self, step: int) -> dict[str, float]:
        """Measure held-out clips with the averaged weights, and write the weights."""
        figures: dict[str, float] = {}
        # A few clips of another shape are not worth compiling for.
        with self.player.averaged(), torch.compiler.set_stance("force_eager"):
            for number, (cache, clips) in enumerate(zip(self.caches, self.held_out, strict=True)):
                if not clips or self.vae is None:
                    continue
                errors = check_held_out(
                    self.predict,
                    self.vae,
                    cache,
                    clips,
                    check=self.check,
                    device=self.device,
                    videos=self.options.out / "samples" / f"step_{step:06d}",
                )
                name = "held-out EPE px" + (f" {number + 1}" if len(self.caches) > 1 else "")
                figures[name] = float(np.mean(errors))
        self.write()
        return figures

    def write(self) -> Path:
        """Write the averaged weights, with metadata."""
        is_lora = self.options.lora_rank is not None
        path = self.options.out / ("lora.safetensors" if is_lora else "model.safetensors")
        with self.player.averaged():
            weights = lora_weights(self.model) if is_lora else full_weights(self.model)
        if self.loop.processes.rank == 0:
            whole = {name: tensor.cpu().contiguous() for name, tensor in weights.items()}
            with replacing(path) as temporary:
                save_file(whole, temporary, self.metadata())
        return path

    def metadata(self) -> dict[str, str]:
        """Return the trained file's safetensors metadata."""
        chosen = choose(survey(self.options.checkpoint), TRANSFORMER, self.options.dtype)
        kept = ("image_encoder", "license")
        base = {name: chosen.metadata[name] for name in kept if name in chosen.metadata}
        facts = {
            "base": {"name": chosen.path.name, "sha256": _digest(chosen.path)},
            "clips": [
                {"folder": cache.folder.name, "clips": len(cache), **cache.facts.made_from}
                for cache in self.caches
            ],
            "recipe": asdict(self.recipe),
            "steps": self.loop.step,
            "lora_rank": self.options.lora_rank,
            "few_steps": self.options.few_steps,
            "teacher_guidance": asdict(self.options.teacher_guidance),
        }
        return {"format": "pt", **base, "wanmove_train": json.dumps(facts, sort_keys=True)}

    def _kept_options(self) -> dict[str, Any]:
        """What a resumed run must have as it began, besides what the weights themselves show."""
        options = self.options
        names = ("lora_rank", "dtype", "batch", "optimiser", "decay", "few_steps", "shares")
        return {
            "checkpoint": choose(survey(options.checkpoint), TRANSFORMER, options.dtype).path.name,
            "caches": [cache.folder.name for cache in self.caches],
            **{name: getattr(options, name) for name in names},
            "rate": self.rate,
            "held_out": options.held_out,
            "teacher_guidance": asdict(options.teacher_guidance),
            "recipe": asdict(self.recipe),
            "seed": self.plan.seed,
            "number of processes": self.process_count,
        }

    def _loss(self, draw: Draw) -> dict[str, Tensor]:
        options = self.options
        batch = draw_batch(
            self.train_on,
            options.shares or (1.0,) * len(self.caches),
            options.batch,
            self.recipe,
            draw.rng,
        ).to(self.device)
        if options.few_steps is None:
            return flow_loss(self.predict, batch, draw, self.recipe)
        return few_step_loss(
            self.predict,
            options.teacher_guidance.guide(self._teach),
            batch,
            draw,
            steps=options.few_steps,
            shift=self.recipe.shift,
            moving_weight=self.recipe.moving_weight,
        )

    def _teach(self, noisy: Tensor, times: Tensor, batch: Batch) -> Tensor:
        if self.teacher is not None:
            return velocity(self.teacher, self.context, noisy, times, batch)
        with without_lora(self.model):
            return velocity(self.model, self.context, noisy, times, batch)

    def _load(self, part: str) -> Any:
        # Weights that are spread never lie on one card as a whole.
        on_cpu = self.options.spread and part == TRANSFORMER
        return load_components(
            self.options.checkpoint,
            dtype=self.options.dtype,
            device="cpu" if on_cpu else self.device,
            needs=(part,),
        )

    def _load_model(self) -> Any:
        model = self._load(TRANSFORMER).transformer
        if self.options.lora_rank is None:
            model = model.float()
            learn_everything(model)
        else:
            learn_lora(model, self.options.lora_rank, seed=self.plan.seed)
        if self.options.checkpointing:
            model.enable_gradient_checkpointing()
        return model.train()

    def _make_teacher(self) -> nn.Module | None:
        if self.options.few_steps is None or self.options.lora_rank is not None:
            return None
        teacher = deepcopy(self.model).requires_grad_(False)
        use_short_context(teacher, self.context)
        return teacher

    def _refuse_misfits(self) -> None:
        options = self.options
        if options.spread and (options.optimiser != "adamw" or "RANK" not in os.environ):
            raise OptionError(
                "--spread must go with --optimiser adamw and several processes; got "
                f"{options.optimiser} in {os.environ.get('WORLD_SIZE', '1')}. Start the command "
                "with torchrun or accelerate launch."
            )
        for cache, (clips, _) in zip(self.caches, self.train_on, strict=True):
            del clips
            if len(cache) < 2:
                raise OptionError(
                    f"{cache.folder} must hold at least 2 clips; got {len(cache)}. Prepare more."
                )


def _counted(model: nn.Module) -> str:
    learning = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return f"{learning / 1e6:.1f} million weights learn"


def _digest(path: Path) -> str:
    """The start of a file's SHA-256, of its first 64 MiB and its size: enough to tell files."""
    with path.open("rb") as file:
        start = file.read(2**26)
    return hashlib.sha256(start + str(path.stat().st_size).encode()).hexdigest()[:16]
