"""The options of a training run."""

import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import OptionError
from ..guidance.options import check_ranges
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

    Raises:
        OptionError: a value outside of its range, or options that do not go together.
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

    def __post_init__(self) -> None:
        check_ranges(
            self,
            (
                ("batch", 1, 10**6),
                ("rate", 1e-9, 1),
                ("decay", 0, 0.999999),
                ("few_steps", 1, 1000),
                ("held_out", 0, 10**6),
                ("memory_limit", 1, 2**60),
            ),
        )
        if self.shares is not None and not (
            len(self.shares) == len(self.caches) and all(0 < s < math.inf for s in self.shares)
        ):
            raise OptionError(
                f"shares must be a positive number for each of the {len(self.caches)} caches; got "
                f"{', '.join(f'{share:g}' for share in self.shares)}. Give as many."
            )
        if self.lora_rank is None and self.dtype == "fp8":
            raise OptionError(
                "Full training must start from bf16, fp16 or fp32 weights; got --dtype fp8. "
                "Train a LoRA, or use --dtype bf16."
            )
        if self.spread and self.compile:
            raise OptionError(
                "--compile must be without --spread, with which it was never tried; got both. "
                "Leave one out."
            )
