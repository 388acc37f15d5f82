"""A checkpoint: one file or the shards of one, seen under the library's weight names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from ..errors import CheckpointError
from .keymaps import KeyMap, fused_projection
from .merged import split_merged
from .weight_files import WeightFile, open_weights
from .wrappers import unwrap

_SHARD = re.compile(
    r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>(?:\.\w{1,20}){1,4})"
)
# What ComfyUI, transformers and the video wrapper's VAE files put before a model's names.
_PREFIXES = ("model.diffusion_model.", "diffusion_model.", "vision_model.", "model.")


@dataclass(frozen=True)
class Weight:
    """One tensor of a checkpoint, not read yet.

    Args:
        file: where it lies.
        name: its name there.
        shape: its axes, after taking the third.
        dtype: its type; None for one that cannot be read.
        third: which third of the rows this is, in a fused query-key-value weight.
    """

    file: WeightFile
    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype | None
    third: int | None = None

    def read(self) -> Tensor:
        """Read the tensor from its file."""
        tensor = self.file.read(self.name)
        # A copy, for a view would keep the other two thirds in memory.
        return tensor if self.third is None else tensor.chunk(3)[self.third].clone()


@dataclass(frozen=True)
class Checkpoint:
    """The weights of one file, or of all shards of one, by their names without a prefix.

    Args:
        path: the file, or the first shard: what messages name.
        weights: name -> weight.
        metadata: strings of the safetensors header.
        wrapping: prefix that was removed from the names of a training state.
        unread: number of weights in the file that belong to other models, such as a critic.
        merged: weights of an adapter that is in the same file as the model; empty for none.
    """

    path: Path
    weights: Mapping[str, Weight]
    metadata: Mapping[str, str]
    wrapping: str = ""
    unread: int = 0
    merged: Mapping[str, Weight] = field(default_factory=dict)

    @property
    def adapter_part(self) -> "Checkpoint":
        """The adapter of a merged file; any other checkpoint is returned as it is."""
        return replace(self, weights=self.merged, merged={}) if self.merged else self

    def in_library_names(self, keys: KeyMap) -> dict[str, Weight]:
        """Rename the weights to diffusers' or transformers' names.

        A name that the map does not know stays as it is: it is either a library name already
        or a surplus that the loader reports.
        """
        renamed: dict[str, Weight] = {}
        for name, weight in self.weights.items():
            library = keys.to_library(name) or name
            if "qkv_proj" in library:
                renamed.update(_split(library, weight))
            else:
                renamed[library] = weight
        return renamed


def _split(fused: str, weight: Weight) -> dict[str, Weight]:
    """Divide CLIP's fused query-key-value weight into the three that transformers has."""
    thirds = {}
    for letter in "qkv":
        name = fused.replace("qkv_proj", f"{letter}_proj")
        place = fused_projection(name)
        if place is not None:
            shape = (weight.shape[0] // 3, *weight.shape[1:])
            thirds[name] = Weight(weight.file, weight.name, shape, weight.dtype, place[1])
    return thirds


def group_shards(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Group files that are shards of one checkpoint; any other file is a group of its own."""
    groups: dict[Path, list[Path]] = {}
    for path in sorted(paths):
        match = _SHARD.fullmatch(path.name)
        # With their count: a stale set may lie beside a whole one.
        whole = f"{match['stem']}-of-{match['count']}{match['suffix']}" if match else path.name
        key = path.with_name(whole)
        groups.setdefault(key, []).append(path)
    return [tuple(group) for group in groups.values()]


def open_checkpoint(paths: Sequence[Path]) -> Checkpoint:
    """Read the index of a file, or of all shards of one.

    Raises:
        CheckpointError: a shard is missing, or a file is not weights.
    """
    _check_shards(paths)
    weights: dict[str, Weight] = {}
    metadata: dict[str, str] = {}
    for path in paths:
        file = open_weights(path)
        metadata.update(file.metadata)
        for name, info in file.weights.items():
            weights[name] = Weight(file, name, info.shape, info.dtype)
    two = split_merged({name: weight.shape for name, weight in weights.items()})
    if two is not None:
        base, adapter = (
            {name: weights[full] for name, full in names.items()}
            for names in (two.base, two.adapter)
        )
        return Checkpoint(paths[0], base, metadata, two.wrapping, two.unread, adapter)
    found = unwrap(weights)
    inner = {name: weights[full] for name, full in found.names.items()}
    return Checkpoint(paths[0], _strip_prefix(inner), metadata, found.wrapping, found.unread)


def _check_shards(paths: Sequence[Path]) -> None:
    match = _SHARD.fullmatch(paths[0].name)
    if match is None:
        return
    present = {path.name for path in paths}
    wanted = [
        f"{match['stem']}-{number:05d}-of-{match['count']}{match['suffix']}"
        for number in range(1, int(match["count"]) + 1)
    ]
    missing = [name for name in wanted if name not in present]
    if missing:
        raise CheckpointError(
            f"{paths[0].parent} must hold all {int(match['count'])} shards of {match['stem']}; "
            f"got {len(present)}, without {', '.join(missing[:3])}. Download the missing ones."
        )


def _strip_prefix(weights: dict[str, Weight]) -> dict[str, Weight]:
    """Drop the prefix that a single model's names have; names without it stay."""
    for prefix in _PREFIXES:
        if any(name.startswith(prefix) for name in weights):
            return {name.removeprefix(prefix): weight for name, weight in weights.items()}
    return weights


def without_prefix(name: str) -> str:
    """Drop the prefix that ComfyUI or transformers put before a name, if any."""
    prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
    return name.removeprefix(prefix)


def axis_length(path: Path, weights: Mapping[str, Weight], name: str, axis: int) -> int:
    """Look up the length of a weight's axis, from which a model's size is told.

    Raises:
        CheckpointError: the weight is missing or has too few axes.
    """
    shape = weights[name].shape if name in weights else ()
    if len(shape) <= axis:
        got = f"shape {list(shape)}" if name in weights else "none"
        raise CheckpointError(
            f"{path} must have the weight {name} with {axis + 1} or more axes; got {got}. "
            "Download the whole file, or use one of this model."
        )
    return shape[axis]


def count_layers(weights: Mapping[str, Weight], prefix: str) -> int:
    """Count the different numbers that follow a prefix in the names."""
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.")
    return len({match[1] for name in weights if (match := pattern.match(name))})
