"""Add LoRA files to the transformer.

Plain weights are changed once, at loading, so that a LoRA costs nothing while sampling. Float8
and GGUF weights stay as they are, and the low-rank product is added to their layer's output.

diffusers' own converter is not used: it drops the changes of norms, and stops at files that have
`k_img` without `v_img`.
"""

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers.quantizers.gguf.utils import GGUFLinear
from torch import Tensor, nn

from ..errors import CheckpointError, printable
from ..shapes import Float
from .checkpoint import Checkpoint, Weight, open_checkpoint
from .fp8 import Fp8Linear
from .lora_names import is_lora, sort_names

_log = logging.getLogger("wanmove")

_STATED = "lora_adapter_metadata"
_PATCH_EMBEDDING = "patch_embedding"
_QUANTISED = (Fp8Linear, GGUFLinear)
# What a file says about one layer: "down", "up", "alpha", "weight" or "bias" -> weight.
Change = dict[str, Weight]


class LowRankLinear(nn.Module):
    """A quantised layer with a low-rank product added to its output.

    Args:
        base: the layer, kept as it is.
        down, up: the product's factors, [rank, in] and [out, rank], the strength included.
    """

    def __init__(
        self, base: nn.Module, down: Float[Tensor, "rank in_"], up: Float[Tensor, "out rank"]
    ) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(down, requires_grad=False)
        self.up = nn.Parameter(up, requires_grad=False)

    @property
    def bias(self) -> Any:
        """The layer's own bias."""
        return self.base.bias

    def forward(self, input: Float[Tensor, "*batch in_"]) -> Float[Tensor, "*batch out"]:
        """Add the product, in the layer's compute type, to its output."""
        product = nn.functional.linear(nn.functional.linear(input, self.down), self.up)
        return self.base(input) + product


def add_loras(transformer: nn.Module, loras: Sequence[tuple[Path, float]]) -> None:
    """Add LoRA files to a loaded transformer, in place, each with its strength.

    Raises:
        CheckpointError: as `apply_lora`; files before the refused one have been added.
    """
    for path, strength in loras:
        apply_lora(transformer, path, strength=strength)


def apply_lora(transformer: nn.Module, path: Path, *, strength: float = 1.0) -> int:
    """Add a LoRA file to a transformer, in place. Several add up.

    Args:
        transformer: a `WanTransformer3DModel` that `load_components` made.
        path: a LoRA in any spelling that `lora_names` knows.
        strength: factor of its changes; negative values turn them round.

    Returns:
        How many layers changed.

    Raises:
        CheckpointError: not a LoRA, or one of another model; the message names what does not fit,
            and the transformer is as it was.
    """
    checkpoint = open_lora(path)
    changes = _collect(transformer, checkpoint)
    stated = _stated_strength(checkpoint)
    if _is_for_fewer_channels(transformer, changes.get(_PATCH_EMBEDDING, {})):
        # Text-to-video LoRAs serve image-to-video models too, but for this one layer.
        _log.warning("%s: its change of the patch embedding is left out: other width", path.name)
        del changes[_PATCH_EMBEDDING]
    for target, change in changes.items():
        _check(transformer, path, target, change)
    for target, change in changes.items():
        _apply(transformer, target, change, strength, stated)
    _log.info("%s: changed %d layers at strength %g", path.name, len(changes), strength)
    return len(changes)


def open_lora(path: Path) -> Checkpoint:
    """Open a LoRA file; reads no weight.

    Raises:
        CheckpointError: not a LoRA, by the names of its weights.
    """
    checkpoint = open_checkpoint([path])
    if not is_lora(checkpoint.weights):
        raise _no_lora(checkpoint)
    return checkpoint


def _stated_strength(checkpoint: Checkpoint) -> float:
    """Alpha over rank of a file of diffusers or peft that states it in its header; 1 without.

    Files with a weight `alpha` beside each pair state it there.

    Source: diffusers loaders/lora_base.py, LORA_ADAPTER_METADATA_KEY.
    """
    if any(name.endswith(".alpha") for name in checkpoint.weights):
        return 1.0
    try:
        stated = json.loads(checkpoint.metadata.get(_STATED, "{}"))
        alpha, rank = (float(stated[f"transformer.{name}"]) for name in ("lora_alpha", "r"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return 1.0
    if stated.get("transformer.alpha_pattern") or stated.get("transformer.rank_pattern"):
        _log.warning("%s: its alphas differ by layer; one is used for all", checkpoint.path.name)
    root = rank**0.5 if stated.get("transformer.use_rslora") else rank
    return alpha / root if rank > 0 and math.isfinite(alpha / root) else 1.0


def _no_lora(checkpoint: Checkpoint) -> CheckpointError:
    return CheckpointError(
        f"{checkpoint.path} must be a LoRA of a Wan transformer; got weights like "
        f"{next(iter(checkpoint.weights), 'none')}. Use one made for Wan 2.1 14B."
    )


def _collect(transformer: nn.Module, checkpoint: Checkpoint) -> dict[str, Change]:
    """Sort a file's weights by the layer that they change."""
    names = sort_names(checkpoint.weights, (name for name, _ in transformer.named_parameters()))
    path = checkpoint.path
    if names.other_kinds:
        raise CheckpointError(
            f"{path} must be a plain LoRA; got {len(names.other_kinds)} weights of another kind "
            f"({', '.join(names.other_kinds[:3])}). Convert it to a LoRA, or merge it."
        )
    if names.absent and names.known:
        raise CheckpointError(
            f"{path} must change layers that the transformer has; got {len(names.absent)} "
            f"others ({', '.join(names.absent[:3])}). Use a LoRA made for Wan 2.1 14B."
        )
    if not names.known:
        raise _no_lora(checkpoint)
    if names.skipped:
        _log.warning(
            "%s: %d weights of other parts are left out (%s)",
            printable(path.name),
            len(names.skipped),
            printable(", ".join(names.skipped[:3]), 200),
        )
    changes: dict[str, Change] = {}
    for name, (target, role) in names.known.items():
        changes.setdefault(target, {})[role] = checkpoint.weights[name]
    # A rank without its product says nothing.
    return {target: change for target, change in changes.items() if change.keys() != {"alpha"}}


def _is_for_fewer_channels(transformer: nn.Module, change: Change) -> bool:
    own = transformer.get_parameter(f"{_PATCH_EMBEDDING}.weight").shape
    return "weight" in change and change["weight"].shape[1:2] != own[1:2]


def _check(transformer: nn.Module, path: Path, target: str, change: Change) -> None:
    """See that a change fits its layer, before anything is changed."""
    base = _layer(transformer, target)
    while isinstance(base, LowRankLinear):
        base = base.base
    is_linear = isinstance(base, nn.Linear)
    shape = (base.out_features, base.in_features) if is_linear else _shape(base)
    wanted: dict[str, tuple[int, ...]] = {}
    if {"down", "up"} & change.keys() and is_linear:
        rank = change["down"].shape[0] if "down" in change else 0
        wanted = {"down": (rank, shape[1]), "up": (shape[0], rank)}
    if "weight" in change and not isinstance(base, _QUANTISED):
        wanted["weight"] = shape
    if "bias" in change and getattr(base, "bias", None) is not None:
        wanted["bias"] = shape[:1]
    # What is left has no counterpart: a product for a norm, a difference of quantised weights.
    wanted.update(dict.fromkeys(change.keys() - wanted.keys() - {"alpha"}, ()))
    for role, expected in wanted.items():
        got = change[role].shape if role in change else None
        if got != expected or not expected:
            raise CheckpointError(
                f"{path}: the LoRA's {role} of {target} must have shape {list(expected)}; got "
                f"{'none' if got is None else list(got)}. Use a LoRA made for this model."
            )


def _apply(
    transformer: nn.Module, target: str, change: Change, strength: float, stated: float
) -> None:
    layer = _layer(transformer, target)
    own = layer if isinstance(layer, nn.Parameter) else next(layer.parameters())
    # On the layer's device: the products of a 14B model are 2 TFLOP.
    read = {role: weight.read().to(own.device, torch.float32) for role, weight in change.items()}
    if "weight" in read:
        _add(layer if isinstance(layer, nn.Parameter) else layer.weight, read["weight"] * strength)
    if "bias" in read:
        _add(layer.bias, read["bias"] * strength)
    if "down" not in read:
        return
    of_alpha = float(read["alpha"]) / read["down"].shape[0] if "alpha" in read else stated
    up = read["up"] * (strength * of_alpha)
    if not isinstance(layer, (*_QUANTISED, LowRankLinear)):
        _add(layer.weight, up @ read["down"])
        return
    # The bias is on the layer's device and of its compute type.
    like = layer.bias
    parent, _, leaf = target.rpartition(".")
    wrapped = LowRankLinear(layer, read["down"].to(like), up.to(like))
    setattr(transformer.get_submodule(parent), leaf, wrapped)


def _layer(transformer: nn.Module, target: str) -> Any:
    """The module at a path, or the parameter of a module that is more than one layer."""
    parent, _, leaf = target.rpartition(".")
    return getattr(transformer.get_submodule(parent), leaf)


def _shape(layer: Any) -> tuple[int, ...]:
    return tuple((layer if isinstance(layer, nn.Parameter) else layer.weight).shape)


def _add(parameter: nn.Parameter, change: Tensor) -> None:
    wide = parameter.data.to(torch.float32) + change.to(parameter.device)
    parameter.data = wide.to(parameter.dtype)
