"""Build a module without memory, then give it a checkpoint's weights one at a time."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers.quantizers.gguf.utils import GGUFLinear, GGUFParameter, dequantize_gguf_tensor
from torch import Tensor, nn

from ..errors import CheckpointError
from .checkpoint import Weight
from .fp8 import FLOAT8, Fp8Linear, round_to_fp8, widen

Module = TypeVar("Module", bound=nn.Module)
_NAMED = 4  # how many names a message lists


def build_empty(make: Callable[[], Module]) -> Module:
    """Call `make` on the meta device: the modules' shapes without their memory or their RNG."""
    with torch.device("meta"):
        return make().eval()


def check_names(
    module: nn.Module, weights: Mapping[str, Weight], path: Path, *, surplus: Collection[str] = ()
) -> None:
    """Compare a checkpoint with the module that it must fill.

    Args:
        module: on the meta device.
        weights: library name -> weight.
        path: the file, for messages.
        surplus: beginnings of names that the checkpoint may have besides.

    Raises:
        CheckpointError: names that are missing, unexpected, or of another shape: all of them in
            one message, the first few by name.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in _own_tensors(module).items()}
    missing = [name for name in wanted if name not in weights]
    unexpected = [
        name for name in weights if name not in wanted and not name.startswith(tuple(surplus))
    ]
    misshapen = [
        f"{name} {list(weights[name].shape)} instead of {list(shape)}"
        for name, shape in wanted.items()
        if name in weights and _squeezed(weights[name].shape) != _squeezed(shape)
    ]
    unreadable = [name for name in wanted if name in weights and not _is_float(weights[name])]
    problems = [
        f"{label} {len(names)} ({_listed(names)})"
        for label, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another shape", misshapen),
            ("of a type that is not float", unreadable),
        )
        if names
    ]
    if problems:
        raise CheckpointError(
            f"{path} must have the weights of {type(module).__name__}; got "
            f"{'; '.join(problems)}. Download the whole file, or use one of this model."
        )


def check_scales(module: nn.Module, scales: Mapping[str, Weight], path: Path) -> None:
    """Check that each scale belongs to a layer, and is one number or one for each output.

    Raises:
        CheckpointError: one that does not.
    """
    tensors = _own_tensors(module)
    for layer, scale in scales.items():
        weight = tensors.get(f"{layer}.weight")
        allowed = [(), *([tuple(weight.shape[:1])] if weight is not None else [])]
        if weight is None or _squeezed(scale.shape) not in allowed or not _is_float(scale):
            raise CheckpointError(
                f"{path}: the scale of {layer} must be one number for each output of a layer "
                f"that there is; got shape {list(scale.shape)}. Download the whole file."
            )


def fill(
    module: nn.Module,
    weights: Mapping[str, Weight],
    scales: Mapping[str, Weight],
    *,
    dtype_of: Callable[[str], torch.dtype],
    device: torch.device | str = "cpu",
    rounded_to_fp8: Callable[[str], bool] | None = None,
) -> None:
    """Give a module on the meta device its weights: each read, converted, and moved by itself.

    Linear layers whose weight is float8 become `Fp8Linear`, and those of a GGUF file's blocks
    diffusers' `GGUFLinear`; any other quantised weight is widened.

    Args:
        module: filled in place; it is ours until we return it.
        weights: library name -> weight; checked by `check_names`.
        scales: path of a layer -> scale of its float8 weight.
        dtype_of: library name -> type to keep it in.
        device: where the weights go.
        rounded_to_fp8: tells which wider weights to round to float8; none by default.
    """
    for name, empty in _own_tensors(module).items():
        path, _, leaf = name.rpartition(".")
        layer = module.get_submodule(path)
        tensor = weights[name].read()
        scale = scales[path].read() if path in scales and leaf == "weight" else torch.ones(())
        dtype = dtype_of(name)
        if isinstance(layer, nn.Linear) and not isinstance(tensor, GGUFParameter):
            tensor = tensor.reshape(empty.shape)  # some layouts write 1x1 convolutions
        is_wide = tensor.is_floating_point() and tensor.dtype not in FLOAT8
        if is_wide and rounded_to_fp8 is not None and rounded_to_fp8(name):
            tensor, scale = round_to_fp8(tensor)
        if isinstance(layer, nn.Linear) and leaf == "weight" and _stays_quantised(tensor, path):
            quantised = _quantised(layer, tensor.to(device), scale.to(device), dtype)
            _replace(module, path, quantised)
            continue
        tensor = _widened(tensor, scale, dtype).reshape(empty.shape).to(device, dtype)
        setattr(layer, leaf, nn.Parameter(tensor, requires_grad=False))


def _stays_quantised(tensor: Tensor, path: str) -> bool:
    """Of GGUF files, only the blocks do: the layers outside them are few, and some float32."""
    if isinstance(tensor, GGUFParameter):
        return path.startswith("blocks.")
    return tensor.dtype in FLOAT8


def _quantised(
    layer: nn.Linear, weight: Tensor, scale: Tensor, compute_dtype: torch.dtype
) -> nn.Linear:
    """Make the layer that keeps this weight. Its bias is filled in its own turn."""
    if not isinstance(weight, GGUFParameter):
        return Fp8Linear(weight, scale, layer.bias, compute_dtype=compute_dtype)
    with torch.device("meta"):
        quantised = GGUFLinear(
            layer.in_features,
            layer.out_features,
            layer.bias is not None,
            compute_dtype=compute_dtype,
        )
    quantised.weight = weight
    return quantised


def _widened(tensor: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """Decode what is quantised; leave the rest as it is."""
    if isinstance(tensor, GGUFParameter):
        return dequantize_gguf_tensor(tensor)
    return widen(tensor, scale, dtype) if tensor.dtype in FLOAT8 else tensor


def _replace(module: nn.Module, path: str, layer: nn.Module) -> None:
    parent, _, leaf = path.rpartition(".")
    setattr(module.get_submodule(parent), leaf, layer)


def _own_tensors(module: nn.Module) -> dict[str, Any]:
    """The parameters that a checkpoint must give; a tied one counts once."""
    return dict(module.named_parameters())


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _is_float(weight: Weight) -> bool:
    return weight.dtype is not None and weight.dtype.is_floating_point


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the axes of length one, which layouts add and drop."""
    return tuple(axis for axis in shape if axis != 1)
