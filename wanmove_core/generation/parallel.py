"""One video on several processes (ranks), which share branches of guidance, tokens or weights."""

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar, get_args

import torch
import torch.distributed as dist
from torch import Tensor

from ..checkpoints.components import Components
from ..errors import OptionError
from .placement import Placement

_log = logging.getLogger("wanmove")

Parallel = Literal["auto", "branch", "ulysses", "ring", "none"]
# Who computes which branch when there are two groups.
_OWNERS = {"positive": 0, "negative": 1, "still": 0}
_LONGEST_WAIT = timedelta(hours=6)  # the other ranks wait while one loads, or rank 0 writes

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Ranks:
    """The processes that make one video together. The default: this process alone.

    Args:
        rank, world: number of this process, and how many there are.
        branches: number of groups that compute different branches of guidance, 1 or 2.
        ulysses, ring: in how many parts the tokens are split.
        mesh: of ("branch", "ring", "ulysses"); None for one process.
    """

    rank: int = 0
    world: int = 1
    branches: int = 1
    ulysses: int = 1
    ring: int = 1
    mesh: Any = None

    @property
    def writes(self) -> bool:
        """Tell whether this process decodes and writes."""
        return self.rank == 0

    @property
    def splits_tokens(self) -> int:
        """The number of parts that the tokens are split into."""
        return self.ulysses * self.ring

    def computes(self, branch: str) -> bool:
        """Tell whether this process computes a branch."""
        return self.branches == 1 or self._group_index == _OWNERS[branch]

    def shared(self, branch: str, velocity: Tensor) -> Tensor:
        """Return the velocity of a branch from the processes that computed it.

        Args:
            branch: its name.
            velocity: the computed velocity, or a buffer for it where `computes` is False; written
                to.
        """
        if self.branches == 1:
            return velocity
        velocity = velocity.contiguous()
        dist.broadcast(velocity, group=self.mesh.get_group("branch"), group_src=_OWNERS[branch])
        return velocity

    def from_first(self, value: Value) -> Value:
        """Return the value of rank 0, such as a drawn seed or an extended prompt."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def wait(self) -> None:
        """Return when every rank has come here: one that ends with an error ends the others."""
        if self.world > 1:
            dist.barrier()

    @property
    def _group_index(self) -> int:
        return int(self.mesh.get_local_rank("branch"))


ALONE = Ranks()


def launched() -> tuple[int, int, int] | None:
    """(rank, world, local rank) where torchrun started this process; None where it did not."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    if not all(os.environ.get(name, "").isdigit() for name in (*names, "MASTER_PORT")):
        return None
    rank, world, local = (int(os.environ[name]) for name in names)
    return rank, world, local


def own_device(name: str) -> torch.device:
    """The device of this process: "cuda" is the card of its local rank."""
    device, found = torch.device(name), launched()
    if device.type == "cuda" and device.index is None and found is not None:
        return torch.device("cuda", found[2])
    return device


def plan_ranks(
    parallel: str, world: int, *, ulysses: int = 1, ring: int = 1, guided: bool = True
) -> tuple[int, int, int]:
    """Choose how ranks share the work of one video.

    Args:
        parallel: "branch": two groups for the branches of guidance, the rest splits tokens;
            "ulysses", "ring": all split tokens; "auto": branch where there is guidance and an
            even number of ranks, else ulysses; "none": all compute the same.
        world: how many ranks.
        ulysses, ring: the reference's own options; above 1 they override `parallel`.
        guided: whether there is a negative branch.

    Returns:
        (branches, ulysses, ring), whose product is `world`.

    Raises:
        OptionError: the processes cannot be divided evenly.
    """
    if parallel not in get_args(Parallel):
        raise OptionError(
            f"parallel must be one of {', '.join(get_args(Parallel))}; got {parallel!r}. Use auto."
        )
    if ulysses > 1 or ring > 1:
        branches, left = divmod(world, ulysses * ring)
        if left or branches != (2 if parallel == "branch" else 1):
            raise OptionError(
                f"ulysses_size * ring_size must be the {world} processes that torchrun started, or "
                f"half of them with --parallel branch; got {ulysses} * {ring}. "
                f"Start {ulysses * ring} processes."
            )
        return branches, ulysses, ring
    if parallel == "auto":
        parallel = "branch" if guided and world % 2 == 0 else "ulysses"
    if parallel == "branch":
        if world % 2 or not guided:
            got = f"{world} processes" if guided else "a guidance scale of 1, one branch"
            raise OptionError(
                f"parallel branch must have an even number of processes and two branches; got "
                f"{got}. Use --parallel ulysses."
            )
        return 2, world // 2, 1
    return {"ulysses": (1, world, 1), "ring": (1, 1, world), "none": (1, 1, 1)}[parallel]


def check_split(tokens: int, heads: int, ranks: Ranks) -> None:
    """Refuse a video whose tokens cannot be split evenly, before anything is loaded.

    Args:
        tokens: of the video.
        heads: of the model; 0 where none is loaded yet.
        ranks: how many parts.

    Raises:
        OptionError: not divisible; the message names a number of parts that is.
    """
    parts = ranks.splits_tokens
    if tokens % parts == 0 and heads % ranks.ulysses == 0:
        return
    fitting = [n for n in range(2, 9) if heads and tokens % n == 0 and heads % n == 0]
    way = f"Use {' or '.join(map(str, fitting))} parts" if fitting else "Use --parallel branch"
    of_model = f" and the model's {heads} heads" if heads else ""
    raise OptionError(
        f"the video's {tokens} tokens{of_model} must divide by the {parts} "
        f"parts of ulysses and ring; got a remainder. {way}, or another --size."
    )


def join_group(ranks: tuple[int, int, int], device: torch.device) -> Ranks:
    """Meet the other processes.

    Args:
        ranks: (branches, ulysses, ring) from `plan_ranks`.
        device: this process's own.
    """
    found = launched()
    if found is None:
        return Ranks()
    rank, world, _ = found
    if not dist.is_initialized():
        cuda = device.type == "cuda"
        # Small things go over gloo also where NCCL carries the tensors.
        dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=_LONGEST_WAIT)
    branches, ulysses, ring = ranks
    mesh = None
    if branches * ulysses * ring == world > 1:
        names = ("branch", "ring", "ulysses")
        mesh = dist.init_device_mesh(device.type, (branches, ring, ulysses), mesh_dim_names=names)
    return Ranks(rank, world, branches, ulysses, ring, mesh)


@contextmanager
def splitting_tokens(transformer: Any, ranks: Ranks) -> Iterator[None]:
    """Split a transformer's tokens over ranks within a `with` block.

    Enable caches before: they must see the tokens of this rank.

    Args:
        transformer: diffusers `WanTransformer3DModel`; as before when the block ends.
        ranks: with a mesh.

    Source:
        `ModelMixin.enable_parallelism`, diffusers 0.42, which cannot be undone or repeated, and
        divides by zero on a machine without accelerator.
    """
    if ranks.splits_tokens == 1:
        yield
        return
    from diffusers.hooks.context_parallel import apply_context_parallel, remove_context_parallel
    from diffusers.models._modeling_parallel import ContextParallelConfig, ParallelConfig

    config = ContextParallelConfig(
        ulysses_degree=ranks.ulysses, ring_degree=ranks.ring, mesh=ranks.mesh["ring", "ulysses"]
    )
    device = next(transformer.parameters()).device
    config.setup(ranks.rank, ranks.world, device, mesh=ranks.mesh["ring", "ulysses"])
    processors = [m.processor for m in transformer.modules() if hasattr(m, "processor")]
    plan = transformer._cp_plan
    for processor in processors:
        processor._parallel_config = ParallelConfig(context_parallel_config=config)
    apply_context_parallel(transformer, config, plan)
    # It warns that Wan 2.1's timestep, one number, cannot be split, and of its own calls to torch.
    notices = logging.getLogger("diffusers.hooks.context_parallel")
    level = notices.level
    notices.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")
            yield
    finally:
        notices.setLevel(level)
        remove_context_parallel(transformer, plan)
        for processor in processors:
            processor._parallel_config = None


def spread_weights(
    components: Components, placement: Placement, parts: Sequence[str] = ("transformer",)
) -> None:
    """Shard weights over all ranks, in place (FSDP); each rank gathers a block when it needs it.

    Args:
        components: on the CPU, before kernels, caches and the splitting of tokens.
        placement: where the parts will work.
        parts: of "transformer", "text_encoder".
    """
    from torch.distributed.fsdp import fully_shard

    for name in parts:
        model: Any = getattr(components, name)
        if model is None:
            continue
        is_text = name == "text_encoder"
        device = placement.text_encoder_device if is_text else placement.device
        mesh = dist.init_device_mesh(device.type, (dist.get_world_size(),))
        for block in model.encoder.block if is_text else model.blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
