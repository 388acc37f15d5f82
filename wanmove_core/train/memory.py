"""Memory of a training run, computed before anything large is loaded."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..checkpoints.checkpoint import Checkpoint
from ..checkpoints.classify import TRANSFORMER, VAE
from ..checkpoints.keymaps import TRANSFORMER_KEYS
from ..checkpoints.layouts import choose, survey
from ..checkpoints.transformer import infer_config
from ..errors import CheckpointError, OptionError
from ..grid import LatentGrid
from .cache import Cache
from .options import RunOptions
from .recipe import clips_of_batch

_GIB = 2**30
_CHANNELS = 36  # noise, known mask and conditioning latent
# Of a training step besides what is counted: the allocator's slack, workspaces, the batch.
_SLACK = 1.1
# Bytes that a block keeps for the backward pass, per token and channel of the model and of the
# feed-forward: norms in float32, the rest in bf16. Measured (tests/train/test_recipe.py).
_KEPT_LORA, _KEPT_FULL = (58.0, 4.0), (68.0, 8.0)
# Bytes per learning parameter of the optimiser's memory.
_MOMENTS = {"adamw": 8.0, "adamw8bit": 2.1, "muon": 4.0}


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes of one training process.

    Args:
        weights: of the transformer, and of a teacher's copy.
        learning: gradients, the optimiser's memory, the average, float32 copies.
        activations: kept for the backward pass, and the largest block's own.
    """

    weights: float
    learning: float
    activations: float

    @property
    def total(self) -> float:
        """All of it, with slack."""
        return _SLACK * (self.weights + self.learning + self.activations)

    def __str__(self) -> str:
        parts = (("weights", self.weights), ("learning", self.learning))
        listed = ", ".join(f"{name} {size / _GIB:.1f}" for name, size in parts)
        return f"{self.total / _GIB:.1f} GiB ({listed}, activations {self.activations / _GIB:.1f})"


def memory_need(
    config: dict[str, Any],
    grid: LatentGrid,
    *,
    dtype: str,
    lora_rank: int | None,
    optimiser: str = "adamw",
    batch: int = 1,
    checkpointing: bool = True,
    average: bool = True,
    teacher: bool = False,
    processes: int = 1,
) -> MemoryNeed:
    """Estimate a run's memory from the model's shapes alone.

    Args:
        config: arguments of `WanTransformer3DModel`.
        grid: of the clips.
        dtype: the weights are stored as: "bf16", "fp16", "fp32" or "fp8".
        lora_rank: None: every weight is trained, in float32.
        optimiser: a name that `optimisers` knows.
        batch: clips per step.
        checkpointing: gradient checkpointing: keeps one tensor per block and recomputes the rest.
        average: keeps a float32 average of the trained weights.
        teacher: keeps a frozen copy beside a fully trained model.
        processes: number of processes that the weights are sharded over.
    """
    from diffusers import WanTransformer3DModel

    with torch.device("meta"):
        model = WanTransformer3DModel(**config)
    count = sum(p.numel() for p in model.parameters())
    blocks = [m for m in model.blocks.modules() if isinstance(m, torch.nn.Linear)]
    wide = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 2.0}[dtype]
    weights = wide * count
    if dtype == "fp8":  # of the blocks' matrices; the rest is bf16
        weights -= sum(layer.weight.numel() for layer in blocks)
    if lora_rank is None:  # autocast keeps bf16 copies during a step
        weights, learning_count = (6.0 + (2.0 if teacher else 0.0)) * count, count
    else:
        if dtype == "fp8":  # a layer keeps its bf16 weight for the backward pass
            widened = 2.0 * sum(layer.weight.numel() for layer in blocks)
            weights += widened / len(model.blocks) if checkpointing else widened
        shapes = [tuple(layer.weight.shape) for layer in blocks]
        learning_count = sum(lora_rank * (rows + cols) for rows, cols in shapes)
        weights += 4.0 * learning_count
    learning = learning_count * (4.0 + _MOMENTS[optimiser] + (4.0 if average else 0.0))
    tokens = batch * grid.latent_frames * (grid.rows // 2) * (grid.cols // 2)
    dim, hidden = model.config.num_attention_heads * 128, model.config.ffn_dim
    per_dim, per_hidden = _KEPT_FULL if lora_rank is None else _KEPT_LORA
    block = tokens * (per_dim * dim + per_hidden * hidden)
    layers = len(model.blocks)
    kept = 2.0 * tokens * dim * layers + block if checkpointing else block * layers
    # Of spread weights each process also holds the block that it works on.
    whole_block = 4.0 * count / layers if processes > 1 else 0.0
    return MemoryNeed(weights / processes + whole_block, learning / processes, kept)


def plan_memory(options: RunOptions, caches: Sequence[Cache]) -> MemoryNeed:
    """Estimate the run's memory; the cache with the largest clips decides."""
    checkpoint = choose(survey(options.checkpoint), TRANSFORMER, options.dtype)
    sizes = [cache.facts.cells for cache in caches]
    largest = sizes.index(max(sizes))
    need = memory_need(
        config_of(checkpoint),
        caches[largest].facts.grid,
        dtype=options.dtype,
        lora_rank=options.lora_rank,
        optimiser=options.optimiser,
        batch=clips_of_batch(options.batch, sizes, largest),
        checkpointing=options.checkpointing,
        average=options.decay > 0,
        teacher=options.few_steps is not None,
        processes=int(os.environ.get("WORLD_SIZE", "1")) if options.spread else 1,
    )
    if options.held_out == 0:
        return need
    vae = choose(survey(options.checkpoint), VAE, options.dtype).weights.values()
    return replace(need, weights=need.weights + 4.0 * sum(math.prod(w.shape) for w in vae))


def check_memory(need: MemoryNeed, device: torch.device, limit: float | None = None) -> None:
    """Refuse a run that cannot fit.

    Args:
        need: of the run.
        device: whose memory counts.
        limit: bytes, in place of what the device has free.

    Raises:
        OptionError: the run needs more; the message says what would help.
    """
    free = limit if limit is not None else _free(device)
    if free is not None and need.total > free:
        raise OptionError(
            f"The run must fit {free / _GIB:.1f} GiB of memory; got a need of about {need}. "
            "Use --dtype fp8, a LoRA of lower rank, --checkpointing, shorter or smaller clips."
        )


def _free(device: torch.device) -> float | None:
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line for line in lines if line.startswith("MemAvailable:")]
    return 1024.0 * float(found[0].split()[1]) if found else None


def config_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """The transformer's sizes, read off a checkpoint's header.

    Raises:
        CheckpointError: it is not an image-to-video model of 16 latent channels.
    """
    config = infer_config(checkpoint, checkpoint.in_library_names(TRANSFORMER_KEYS))
    if config["in_channels"] != _CHANNELS:
        raise CheckpointError(
            f"{checkpoint.path} must take {_CHANNELS} channels, as Wan-Move does, to be trained; "
            f"got {config['in_channels']}. Use a Wan-Move or Wan 2.1 image-to-video model."
        )
    return config
