"""A small model with random weights, which runs every stage of a trained one."""

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel

from ..checkpoints.components import Components
from ..generation.settings import NEGATIVE_PROMPT

_TEXT_DIM = 32
_IMAGE_DIM = 32


def random_components(seed: int = 0) -> Components:
    """Make the parts of a Wan-Move model of about 2 million weights, without encoders.

    Args:
        seed: of the weights. The global RNG is not changed.

    Returns:
        Parts in float32 on the CPU, with embeddings for the empty and the negative prompt.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformer = WanTransformer3DModel(
            num_attention_heads=1,
            in_channels=36,
            out_channels=16,
            text_dim=_TEXT_DIM,
            ffn_dim=256,
            num_layers=2,
            image_dim=_IMAGE_DIM,
            added_kv_proj_dim=128,
        )
        vae = AutoencoderKLWan(base_dim=8)
        embeds = {text: torch.randn(1, _TEXT_DIM) for text in ("", NEGATIVE_PROMPT)}
    return Components(
        transformer.eval().requires_grad_(False),
        vae.eval().requires_grad_(False),
        prompt_embeds=embeds,
    )
