"""A small model whose weights follow from a formula, the same on every machine and version."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel

from wanmove_core import Tracks
from wanmove_core.checkpoints.components import Components
from wanmove_core.generation.settings import NEGATIVE_PROMPT

TEXT_DIM = 48
IMAGE_DIM = 160
PROMPT = "a cat walks"


@cache
def small_components() -> Components:
    """All parts in float32; prompts from a table. Shared: leave them as they are."""
    transformer = WanTransformer3DModel(
        num_attention_heads=2,
        in_channels=36,
        out_channels=16,
        text_dim=TEXT_DIM,
        ffn_dim=320,
        num_layers=3,
        image_dim=IMAGE_DIM,
        added_kv_proj_dim=256,
    )
    clip = CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=IMAGE_DIM,
            intermediate_size=176,
            num_hidden_layers=3,
            num_attention_heads=2,
            image_size=56,
            patch_size=14,
            hidden_act="gelu",
        )
    )
    parts = [transformer, AutoencoderKLWan(base_dim=8), clip]
    for part in parts:
        set_weights(part.eval().requires_grad_(False))
    embeds = {
        text: numbers(f"prompt {index}", (tokens, TEXT_DIM))
        for index, (text, tokens) in enumerate([(PROMPT, 7), (NEGATIVE_PROMPT, 11), ("", 1)])
    }
    return Components(parts[0], parts[1], image_encoder=parts[2], prompt_embeds=embeds)


def fresh_components() -> Components:
    """A copy of the transformer to change; the other parts are shared."""
    shared = small_components()
    transformer = WanTransformer3DModel(**shared.transformer.config)
    transformer.load_state_dict(shared.transformer.state_dict())
    return replace(shared, transformer=transformer.eval().requires_grad_(False))


def numbers(name: str, shape: tuple[int, ...]) -> Tensor:
    """Even numbers of variance 1, which depend on the name alone."""
    seed = int.from_bytes(name.encode()[-8:], "little") % 2**32
    draw = np.random.Generator(np.random.MT19937(seed)).random(math.prod(shape))
    return torch.from_numpy((draw * 2 - 1) * 3**0.5).float().reshape(shape)


def set_weights(module: nn.Module) -> None:
    """Matrices that keep the size of what they multiply; norms and biases off 1 and 0."""
    for name, weight in module.named_parameters():
        values = numbers(f"{len(name)}{name}", tuple(weight.shape))
        if weight.ndim >= 2 and "scale_shift_table" not in name and "gamma" not in name:
            values = values / math.prod(weight.shape[1:]) ** 0.5
        else:
            values = values * 0.1
            is_norm = "norm" in name.split(".")[-2] if "." in name else False
            if (is_norm and name.endswith("weight")) or "gamma" in name:
                values = values + 1
        weight.data = values


def small_image(width: int = 112, height: int = 80) -> Tensor:
    """A picture with a colour gradient and a pattern."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    red = 120 + 100 * torch.sin(x / 9)
    return torch.stack([red, y * 2 + 20, (x + y) % 200], -1).byte()


def small_tracks(frames: int = 17, width: int = 112, height: int = 80) -> Tracks:
    """Three tracks that never share a cell; the second ends hidden."""
    time = torch.linspace(0, 1, frames)
    positions = torch.stack(
        [
            torch.stack([10 + 0.5 * width * time, 0.2 * height + 10 * time], -1),
            torch.stack([0.9 * width - 20 * time, 0.8 * height - 0 * time], -1),
            torch.stack([0.1 * width + 5 * time, 0.6 * height + 10 * time], -1),
        ],
        1,
    )
    visibility = torch.ones(frames, 3, dtype=torch.bool)
    visibility[frames // 2 :, 1] = False
    return Tracks(positions, visibility)
