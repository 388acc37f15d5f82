"""The options of a training run."""

from dataclasses import dataclass
from pathlib import Path

from .few_steps import TeacherGuidance


@dataclass(frozen=True)
class RunOptions:
    """The options of a training run.

    Args:
        caches: folders that `prepare` wrote.
        checkpoint: files or folders of the model.
        out: folder of the run.
        lora_rank: None: every weight is trained.
        shares: how often each cache is drawn from; None: evenly.
        dtype: how the model's weights are kept: "bf16", "fp16", "fp32", or "fp8" under a LoRA.
        batch: clips per step and process, of the smallest clips.
        rate: peak learning rate; None: 1e-4 for a LoRA, 1e-5 for a whole model.
        optimiser: "adamw", "adamw8bit" or "muon".
        checkpointing: compute activations again instead of keeping them.
        decay: of the average of the weights, which is written; 0: the weights themselves are
            written.
        few_steps: distil to this number of sampling steps instead of training on the clips.
        teacher_guidance: of the model that is distilled.
        held_out: number of clips that are measured and not trained on.
        compile: let torch.compile make the step faster; needs a C++ compiler.
        device: of the computation.
        memory_limit: bytes that the run may use; None: the free memory.
        spread: shard the weights over the processes (FSDP).
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
    teacher_guidance: TeacherGuidance = TeacherGuidance()  # noqa: RUF009, frozen
    held_out: int = 4
    compile: bool = False
    device: str = "cpu"
    memory_limit: float | None = None
    spread: bool = False
