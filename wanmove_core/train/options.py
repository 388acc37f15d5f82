"""What a training run is asked for."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunOptions:
    """What to train, on what, and how.

    Args:
        caches: folders that `prepare` wrote.
        checkpoint: files or folders of the model.
        out: folder of the run.
        lora_rank: None: every weight learns.
        shares: how often each cache is drawn from; None: evenly.
        dtype: how the model's weights are kept: "bf16", "fp16", "fp32", or "fp8" under a LoRA.
        batch: clips per step and process, of the smallest clips.
        rate: peak learning rate; None: 1e-4 for a LoRA, 1e-5 for a whole model.
        optimiser: "adamw", "adamw8bit" or "muon".
        checkpointing: compute activations again instead of keeping them.
        decay: of the average of the weights, which is what is written; 0: the weights themselves.
        few_steps: distil to this many sampling steps instead of learning from the clips.
        held_out: clips that are only measured.
        compile: let torch.compile make the step faster; needs a C++ compiler.
        device: of the computation.
        memory_limit: bytes that the run may take; None: what is free.
        spread: keep a share of the weights in each process (FSDP) instead of all of them.
    """

    caches: tuple[Path, ...]
    checkpoint: tuple[Path, ...]
    out: Path
    lora_rank: int | None = 32
    shares: tuple[float, ...] | None = None
    dtype: str = "bf16"
    batch: int = 1
    rate: float | None = None
    optimiser: str = "adamw"
    checkpointing: bool = False
    decay: float = 0.99
    few_steps: int | None = None
    held_out: int = 4
    compile: bool = False
    device: str = "cpu"
    memory_limit: float | None = None
    spread: bool = False
