"""Describe a file of weights in a few lines, for `wanmove inspect`."""

import math
from collections import Counter
from collections.abc import Mapping

from .adapters import find_adapter
from .checkpoint import Checkpoint, Weight
from .classify import Identity, identify
from .fp8 import FLOAT8, SCALE_SUFFIXES
from .layouts import storage

_MOST_NAMES = 30
_GIB = 1 << 30


def describe(checkpoint: Checkpoint, *, names: bool = False) -> list[str]:
    """Describe a checkpoint by the names and shapes of its weights.

    Args:
        checkpoint: opened; no tensor is read.
        names: also list the names and shapes of a known file.

    Returns:
        Lines with its kind, size, types, wrapping, scales and settings; for an unknown file also
            the first names with shapes.
    """
    identity = identify(checkpoint)
    lines = [identity.description + _role(identity), _size(checkpoint)]
    if checkpoint.wrapping:
        unread = f"; left unread: {checkpoint.unread} weights" if checkpoint.unread else ""
        lines.append(f"wrapped in {checkpoint.wrapping}{unread}")
    scales = [name for name in checkpoint.weights if name.endswith(SCALE_SUFFIXES)]
    if scales:
        lines.append(f"scaled fp8: {len(scales)} scales, as {scales[0]}")
    adapter = find_adapter(checkpoint.adapter_part)
    if adapter is not None:
        lines.append(
            f"adapter: {adapter.kind}, output layers {adapter.family}.0 to "
            f"{adapter.family}.{adapter.blocks - 1}, stage {adapter.stage or 'not told'}"
        )
    settings = [f"{key}={value:.60}" for key, value in sorted(checkpoint.metadata.items())]
    if settings:
        lines.append("metadata: " + ", ".join(settings[:6]))
    if names or not is_known(identity):
        lines += _listed(checkpoint.weights)
    return lines


def is_known(identity: Identity) -> bool:
    """Tell whether this kind of file can be loaded."""
    return identity.part is not None or identity.description == "a LoRA"


def _role(identity: Identity) -> str:
    if identity.part is None:
        return "" if is_known(identity) else ": not a file that this program loads"
    family = f" of {identity.family.title}" if identity.family else ""
    return f": the {identity.part.replace('_', ' ')}{family}"


def _size(checkpoint: Checkpoint) -> str:
    weights = checkpoint.weights
    if not weights:
        return "no weights"
    count = sum(math.prod(weight.shape) for weight in weights.values())
    stored = sum(weight.file.weights[weight.name].bytes for weight in weights.values())
    types = Counter(_type(weight) for weight in weights.values())
    listed = ", ".join(f"{number} {kind}" for kind, number in types.most_common())
    return (
        f"{len(weights)} weights, {count:,} numbers, {stored / _GIB:.2f} GiB, stored as "
        f"{storage(checkpoint)} ({listed})"
    )


def _type(weight: Weight) -> str:
    if weight.file.is_gguf:
        return "gguf"
    if weight.dtype in FLOAT8:
        return "fp8"
    return "unreadable" if weight.dtype is None else str(weight.dtype).removeprefix("torch.")


def _listed(weights: Mapping[str, Weight]) -> list[str]:
    lines = [
        f"  {name:.120} {list(weight.shape)} {_type(weight)}"
        for name, weight in list(weights.items())[:_MOST_NAMES]
    ]
    left = len(weights) - len(lines)
    return [*lines, f"  ... and {left} more"] if left > 0 else lines
