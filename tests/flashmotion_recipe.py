"""Weights and inputs that the public implementation was run on: formulas in place of files."""

import math
from collections.abc import Mapping

import torch
from diffusers import WanTransformer3DModel

from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS

SHAPE = (1, 48, 3, 4, 6)


def fill(parameters: Mapping[str, torch.Tensor]) -> None:
    """Fill a module's parameters in the order of their names; see PROVENANCE.md."""
    for index, (name, parameter) in enumerate(sorted(parameters.items())):
        count = torch.arange(parameter.numel(), dtype=torch.float64)
        values = torch.sin(0.731 * count + 1.37 * index)
        if parameter.ndim > 1 and "modulation" not in name:
            values = values / math.sqrt(parameter[0].numel())
        else:
            values = values * 0.1
        if "norm" in name and name.endswith("weight"):
            values = values + 1
        parameter.data.copy_(values.reshape(parameter.shape))


def fill_wan(model: WanTransformer3DModel) -> None:
    """Fill a diffusers model in the order of Wan's own names."""
    fill({str(TRANSFORMER_KEYS.to_original(n)): p for n, p in model.named_parameters()})


def small_transformer(
    *,
    inputs: int = 48,
    heads: int = 4,
    head_dim: int = 24,
    ffn: int = 192,
    text: int = 64,
) -> WanTransformer3DModel:
    """Wan2.2-TI2V-5B's architecture with three narrow blocks."""
    return WanTransformer3DModel(
        num_attention_heads=heads,
        attention_head_dim=head_dim,
        in_channels=inputs,
        out_channels=48,
        text_dim=text,
        freq_dim=256,
        ffn_dim=ffn,
        num_layers=3,
        cross_attn_norm=True,
        eps=1e-6,
    ).eval()


def recipe_text() -> torch.Tensor:
    """Five tokens of text, padded with zeros to sixteen."""
    text = torch.zeros(1, 16, 64)
    text[:, :5] = torch.sin(0.211 * torch.arange(320, dtype=torch.float64)).reshape(1, 5, 64)
    return text
