"""Load FlashMotion's adapters into modules, and write them in this project's layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import WanTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed
from torch import nn

from ..errors import CheckpointError
from ..shapes import Tensor
from .adapter_modules import ControlNetAdapter, ResNetAdapter
from .adapters import FORMAT, PROJECTORS, Adapter, find_adapter
from .assembly import build_empty, check_names, check_scales, fill
from .checkpoint import Checkpoint, Weight, open_checkpoint
from .classify import identify
from .fp8 import check_formats, take_scales
from .keymaps import TRANSFORMER_KEYS
from .transformer import infer_config, is_block_linear, kept_dtype


def open_adapter(path: Path) -> tuple[Checkpoint, Adapter]:
    """Open an adapter, alone or merged with the model, and tell its kind. Reads no tensor.

    Raises:
        CheckpointError: another kind of file, or an adapter whose layout is not known.
    """
    checkpoint = open_checkpoint([path]).adapter_part
    found = find_adapter(checkpoint)
    if found is None or not found.known:
        got = identify(checkpoint).description if found is None else found.description
        raise CheckpointError(
            f"{path} must be a FlashMotion adapter in a layout that is known; got {got}. "
            f"Run: wanmove inspect {path}, and send us what it prints."
        )
    return checkpoint, found


def load_adapter(
    path: Path,
    *,
    compute_dtype: torch.dtype = torch.bfloat16,
    quantize: bool = False,
    device: torch.device | str = "cpu",
) -> ResNetAdapter | ControlNetAdapter:
    """Load an adapter for diffusers' model.

    Args:
        path: safetensors, or a torch archive.
        compute_dtype: type of the weights, and of the arithmetic.
        quantize: keep the ControlNet's matrices as float8, which halves their memory.
        device: where the weights go.

    Raises:
        CheckpointError: another kind of file, an unknown layout, or weights that do not fit.
    """
    checkpoint, found = open_adapter(path)
    if found.kind == "resnet":
        return _load_resnet(checkpoint, found, compute_dtype, device)
    return _load_controlnet(checkpoint, found, compute_dtype, quantize, device)


def _load_resnet(
    checkpoint: Checkpoint, found: Adapter, dtype: torch.dtype, device: torch.device | str
) -> ResNetAdapter:
    adapter = build_empty(
        lambda: ResNetAdapter(
            channels=found.channels,
            width=found.width,
            blocks=found.blocks,
            latent_channels=found.latent_channels,
        )
    )
    check_names(adapter, checkpoint.weights, checkpoint.path)
    fill(adapter, checkpoint.weights, {}, dtype_of=lambda _name: dtype, device=device)
    return adapter


def _load_controlnet(
    checkpoint: Checkpoint,
    found: Adapter,
    dtype: torch.dtype,
    quantize: bool,
    device: torch.device | str,
) -> ControlNetAdapter:
    check_formats(checkpoint)
    weights = controlnet_weights(checkpoint, found)
    scales = take_scales(weights)
    copy = {
        name.removeprefix("copy."): weight
        for name, weight in weights.items()
        if name.startswith("copy.")
    }
    config = infer_config(checkpoint, copy)

    def make() -> ControlNetAdapter:
        model = WanTransformer3DModel(**config)
        # The copy's own prediction is not used, so it has none.
        del model.proj_out, model.norm_out, model.scale_shift_table
        return ControlNetAdapter(model, found.width)

    adapter: ControlNetAdapter = build_empty(make)
    check_names(adapter, weights, checkpoint.path)
    check_scales(adapter, scales, checkpoint.path)
    heads = config["attention_head_dim"]
    rope: nn.Module = WanRotaryPosEmbed(heads, config["patch_size"], 1024)
    adapter.copy.rope = rope.to(device)
    fill(
        adapter,
        weights,
        scales,
        dtype_of=lambda name: kept_dtype(name, dtype),
        device=device,
        rounded_to_fp8=_is_matrix if quantize else None,
    )
    return adapter


def controlnet_weights(checkpoint: Checkpoint, found: Adapter) -> dict[str, Weight]:
    """Name a ControlNet's weights as `ControlNetAdapter` does; its head, if any, is dropped."""
    own: dict[str, Weight] = {}
    rest: dict[str, Weight] = {}
    for name, weight in checkpoint.weights.items():
        if name.startswith(f"{found.family}."):
            own[PROJECTORS + name.removeprefix(found.family)] = weight
        elif not name.startswith(("head.", "proj_out.", "norm_out.", "scale_shift_table")):
            rest[name] = weight
    renamed = Checkpoint(checkpoint.path, rest, {}).in_library_names(TRANSFORMER_KEYS)
    return {**own, **{f"copy.{name}": weight for name, weight in renamed.items()}}


def _is_matrix(name: str) -> bool:
    inner = name.removeprefix("copy.")
    return is_block_linear(inner) or (name.startswith(PROJECTORS) and name.endswith("weight"))


def adapter_state(
    adapter: ResNetAdapter | ControlNetAdapter, stage: str
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The weights and metadata of an adapter in this project's layout, for a safetensors file.

    Args:
        adapter: trained.
        stage: "slow" or "fast".
    """
    state: Mapping[str, Any] = adapter.state_dict()
    metadata = {"format": FORMAT, "stage": stage}
    if isinstance(adapter, ResNetAdapter):
        out = {name: tensor.contiguous() for name, tensor in state.items()}
        return out, {**metadata, "adapter": "resnet", "input": "trajectory"}
    out = {}
    for name, tensor in state.items():
        if name.startswith("copy."):
            original = TRANSFORMER_KEYS.to_original(name.removeprefix("copy."))
            out[str(original)] = tensor.contiguous()
        else:  # published as 1x1 convolutions
            out[name] = tensor[..., None, None].contiguous() if tensor.ndim > 1 else tensor
    return out, {**metadata, "adapter": "controlnet", "input": "joined"}
