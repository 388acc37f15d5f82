"""A file that holds the 5B model and an adapter for it: which weight belongs to which."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..family import WAN22_TI2V
from .wrappers import PASSED_OVER, without_infixes

_HEAD, _INPUT, _ATTENTION = "head.head.weight", "patch_embedding.weight", "blocks.0.self_attn.q."
_BASE = (
    "patch_embedding.",
    "text_embedding.",
    "time_embedding.",
    "time_projection.",
    "blocks.",
    "head.",
)


@dataclass(frozen=True)
class Merged:
    """The two models of one file.

    Args:
        base: name -> the name in the file, of the model.
        adapter: the same of the adapter.
        wrapping: the prefix that was removed from the model's names, "" for none.
        unread: number of weights of other models, such as a critic.
    """

    base: dict[str, str]
    adapter: dict[str, str]
    wrapping: str
    unread: int


def split_merged(shapes: Mapping[str, tuple[int, ...]]) -> Merged | None:
    """Divide a file of model and adapter by their prefixes; None for any other file.

    The model is complete, and takes a latent alone. The adapter has an input of its own: a patch
    embedding that takes more (ControlNet), or 3x3 convolutions (ResNet).

    Args:
        shapes: of all weights, by their names in the file.
    """
    inner = {without_infixes(name): name for name in shapes}
    kept = {name: full for name, full in inner.items() if name.split(".")[0] not in PASSED_OVER}
    prefix = _base_prefix(kept, shapes)
    if prefix is None:
        return None
    starts = tuple(prefix + start for start in _BASE)
    base = {name.removeprefix(prefix): full for name, full in kept.items() if _in(name, starts)}
    rest = {name: full for name, full in kept.items() if not _in(name, starts)}
    if not any(_is_input(name, shapes[full]) for name, full in rest.items()):
        return None
    shared = _shared_prefix(list(rest))
    adapter = {name.removeprefix(shared): full for name, full in rest.items()}
    return Merged(base, adapter, prefix, len(inner) - len(kept))


def _in(name: str, starts: tuple[str, ...]) -> bool:
    return name.startswith(starts)


def _base_prefix(names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """What stands before the names of a complete model of the 5B's latent."""
    for name in names:
        prefix = name.removesuffix(_HEAD)
        if prefix == name or (prefix and not prefix.endswith(".")):
            continue
        shape = shapes[names[prefix + _INPUT]] if prefix + _INPUT in names else ()
        attends = f"{prefix}{_ATTENTION}weight" in names
        if attends and len(shape) > 1 and shape[1] == WAN22_TI2V.channels:
            return prefix
    return None


def _is_input(name: str, shape: tuple[int, ...]) -> bool:
    if name.endswith(_INPUT):
        return len(shape) > 1 and shape[1] != WAN22_TI2V.channels
    return shape[2:] in ((3, 3), (3, 3, 3))


def _shared_prefix(names: list[str]) -> str:
    """The whole words that all names begin with, each with its dot."""
    first, last = min(names).split("."), max(names).split(".")
    words = []
    for one, other in zip(first[:-1], last[:-1], strict=False):
        if one != other:
            break
        words.append(f"{one}.")
    return "".join(words)
