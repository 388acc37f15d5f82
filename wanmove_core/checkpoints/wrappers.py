"""The names of weights without what trainers wrap around a model."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

# What torch's own wrappers put into a name, anywhere in it.
# Source: Wan2.2-TI2V-5B-Turbo convert_checkpoint.py @26d5995.
_INFIXES = ("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod.")
# Of a training state, the model that is meant: the first that is there.
_CONTAINERS = (
    "generator",
    "generator_ema",
    "adapter",
    "controlnet",
    "resnet",
    "model",
    "state_dict",
    "module",
)
# What else a training state holds.
PASSED_OVER = ("critic", "optimizer", "scheduler", "discriminator", "generator_ema", "ema")


@dataclass(frozen=True)
class Unwrapped:
    """Names as a model has them.

    Args:
        names: name -> the name in the file.
        wrapping: the prefix that was taken off, "" for none.
        unread: how many weights belong to other models of a training state.
    """

    names: dict[str, str]
    wrapping: str = ""
    unread: int = 0


def unwrap(names: Iterable[str]) -> Unwrapped:
    """Take wrappers off the names of a file, until a model's own names are left.

    Args:
        names: as in the file; nested dictionaries joined by dots.
    """
    inner = {without_infixes(name): name for name in names}
    wrapping, unread = "", 0
    while (container := _container(inner)) is not None:
        prefix = f"{container}."
        kept = {
            name.removeprefix(prefix): full
            for name, full in inner.items()
            if name.startswith(prefix)
        }
        unread += len(inner) - len(kept)
        inner, wrapping = kept, wrapping + prefix
    return Unwrapped(inner, wrapping, unread)


def without_infixes(name: str) -> str:
    """Remove what torch's own wrappers put into a name."""
    for infix in _INFIXES:
        name = name.replace(infix, "")
    return name


def _container(names: Collection[str]) -> str | None:
    """The wrapper that all of these names are in, beside other models of the same training."""
    first = {name.partition(".")[0] for name in names if "." in name}
    if any("." not in name for name in names) or not first:
        return None
    if first <= {*_CONTAINERS, *PASSED_OVER}:
        return next((name for name in _CONTAINERS if name in first), None)
    (only,) = first if len(first) == 1 else ("",)
    # A name of the trainer's own, shared by all: what is below must look like a transformer.
    return only if only and any(name.startswith(f"{only}.blocks.") for name in names) else None
