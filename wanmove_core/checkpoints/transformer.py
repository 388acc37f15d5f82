"""Load the diffusion transformer."""

import math
import re
from collections.abc import Mapping
from typing import Any

import torch
from diffusers import WanTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed

from ..errors import CheckpointError
from .assembly import build_empty, check_names, check_scales, fill
from .checkpoint import Checkpoint, Weight, axis_length, count_layers
from .classify import INPUT_CHANNELS
from .fp8 import check_formats, take_scales
from .keymaps import TRANSFORMER_KEYS

_HEAD_DIM = 128  # of every Wan model; the checkpoint cannot tell
_PATCH = (1, 2, 2)
_HEAD = "proj_out.weight"
_IMAGE_NORM = "condition_embedder.image_embedder.norm1.weight"


def load_transformer(
    checkpoint: Checkpoint,
    *,
    compute_dtype: torch.dtype,
    quantize: bool = False,
    device: torch.device | str = "cpu",
) -> WanTransformer3DModel:
    """Build the transformer that a checkpoint's shapes describe, and give it the weights.

    Float8 weights stay float8. Norms, modulation and the time embedder are float32 whatever the
    compute type, as diffusers' `from_pretrained` keeps them.

    Args:
        checkpoint: identified as a transformer.
        compute_dtype: type of the other weights, and of the arithmetic.
        quantize: round the blocks' linear layers to float8 when the file has wider weights.
        device: where the weights go.

    Raises:
        CheckpointError: weights that are missing, surplus, misshapen or of an unreadable type.
    """
    check_formats(checkpoint)
    weights = checkpoint.in_library_names(TRANSFORMER_KEYS)
    scales = take_scales(weights)
    config = infer_config(checkpoint, weights)
    model = build_empty(lambda: WanTransformer3DModel(**config))
    check_names(model, weights, checkpoint.path)
    check_scales(model, scales, checkpoint.path)
    # The frequencies are not in the checkpoint and have no values on the meta device.
    model.rope = WanRotaryPosEmbed(_HEAD_DIM, _PATCH, model.config.rope_max_seq_len).to(device)
    fill(
        model,
        weights,
        scales,
        dtype_of=lambda name: kept_dtype(name, compute_dtype),
        device=device,
        rounded_to_fp8=is_block_linear if quantize else None,
    )
    return model


def infer_config(checkpoint: Checkpoint, weights: Mapping[str, Weight]) -> dict[str, Any]:
    """Read the model's size off its weights' shapes.

    Returns:
        Arguments of `WanTransformer3DModel`.
    """

    def size(name: str, axis: int) -> int:
        return axis_length(checkpoint.path, weights, name, axis)

    has_image = size("patch_embedding.weight", 1) == INPUT_CHANNELS
    dim = size("patch_embedding.weight", 0)
    if dim % _HEAD_DIM:
        raise CheckpointError(
            f"{checkpoint.path} must have a width that is a multiple of {_HEAD_DIM}; got {dim}. "
            "Use a Wan transformer."
        )
    return {
        "patch_size": _PATCH,
        "num_attention_heads": dim // _HEAD_DIM,
        "attention_head_dim": _HEAD_DIM,
        "in_channels": size("patch_embedding.weight", 1),
        "out_channels": size(_HEAD, 0) // math.prod(_PATCH) if _HEAD in weights else None,
        "text_dim": size("condition_embedder.text_embedder.linear_1.weight", 1),
        "freq_dim": size("condition_embedder.time_embedder.linear_1.weight", 1),
        "ffn_dim": size("blocks.0.ffn.net.0.proj.weight", 0),
        "num_layers": count_layers(weights, "blocks."),
        "image_dim": size(_IMAGE_NORM, 0) if has_image else None,
        "added_kv_proj_dim": dim if has_image else None,
        "cross_attn_norm": True,
        "eps": 1e-6,
    }


def kept_dtype(name: str, compute_dtype: torch.dtype) -> torch.dtype:
    """The type that a weight is kept in: some are float32 whatever the rest is."""
    kept = WanTransformer3DModel._keep_in_fp32_modules
    return torch.float32 if set(kept) & set(name.split(".")) else compute_dtype


def is_block_linear(name: str) -> bool:
    """Of the blocks, the matrices of the linear layers: what ComfyUI's fp8 files round."""
    return bool(re.fullmatch(r"blocks\.\d+\.(attn[12]|ffn)\.(?!norm).*weight", name))
