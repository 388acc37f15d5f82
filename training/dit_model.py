"""Wan's image-to-video transformers at a small size, and a plain sampler for them.

    python -m training.dit_model training/runs/fresh.safetensors

writes one that has learned nothing, for `wanmove train run --full` to begin with.
"""

import argparse
import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from diffusers import WanTransformer3DModel
from safetensors.torch import save_file
from torch import Tensor, nn

from wanmove_core.checkpoints.adapter_modules import ControlNetAdapter
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS
from wanmove_core.family import WAN21_I2V, WAN22_TI2V, ModelFamily
from wanmove_core.train.attention import Context, use_short_context
from wanmove_core.train.recipe import Batch, Velocity, sigmas, velocity

DIM, LAYERS = 256, 6
TEXT_TOKENS, TEXT_DIM = 512, 4096
IMAGE_TOKENS, IMAGE_DIM = 257, 1280
# Sampling times move towards noise by this much, in training and in sampling.
SHIFT = 3.0
# Of all that TI2V is given; Wan 2.1 is given a known mask and 16 channels.
_TI2V_CHANNELS = WAN22_TI2V.input_channels


def build_dit(
    family: ModelFamily = WAN21_I2V, *, dim: int = DIM, layers: int = LAYERS
) -> WanTransformer3DModel:
    """A family's architecture with `dim` channels in `layers`.

    The released ones have 5120 in 40 (Wan 2.1 14B), and 3072 in 30 (TI2V 5B).
    """
    return WanTransformer3DModel(
        num_attention_heads=dim // 128,
        attention_head_dim=128,
        in_channels=family.input_channels,
        out_channels=family.channels,
        text_dim=TEXT_DIM,
        freq_dim=256,
        ffn_dim=3 * dim,
        num_layers=layers,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        image_dim=IMAGE_DIM if family.has_clip else None,
        added_kv_proj_dim=dim if family.has_clip else None,
    )


@torch.no_grad()
def initialise(model: WanTransformer3DModel, *, seed: int) -> None:
    """Residual branches start small, the output at zero, and the image branch stays at zero.

    A host without a CLIP encoder may feed the image branch anything (ComfyUI feeds it the text);
    with its values at zero it adds nothing, whatever it is fed.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv3d):
            fan_in = module.weight[0].numel()
            module.weight.copy_(torch.randn(module.weight.shape, generator=generator))
            module.weight.mul_(fan_in**-0.5)
            nn.init.zeros_(module.bias)
    for block in model.blocks:
        for out in (block.attn1.to_out[0], block.attn2.to_out[0], block.ffn.net[2]):
            out.weight.mul_((2 * len(model.blocks)) ** -0.5)
        # Rows: shift, scale, gate of attention, then of the feed-forward.
        block.scale_shift_table.zero_()
        block.scale_shift_table[:, [2, 5]] = 1.0
        if block.attn2.add_v_proj is not None:
            nn.init.zeros_(block.attn2.add_v_proj.weight)
    model.condition_embedder.time_proj.weight.mul_(0.1)
    model.scale_shift_table.zero_()
    nn.init.zeros_(model.proj_out.weight)


# (noisy latents, times, conditioning channels) -> noise - clean.
Predict = Callable[[Tensor, Tensor, Tensor], Tensor]


def velocity_of(
    model: WanTransformer3DModel, adapter: nn.Module | None = None, *, fewest: int = 0
) -> Velocity:
    """What the model predicts, cross-attention cut short, in place.

    Args:
        model: a `WanTransformer3DModel` of either family.
        adapter: attached to it; the copy of a ControlNet is given the same prompts.
        fewest: words that a batch's prompts are padded to; see `Context`.
    """
    from training.ti2v_model import first_frame_velocity

    context = use_short_context(model, Context(fewest))
    if isinstance(adapter, ControlNetAdapter):
        use_short_context(adapter.copy, context)
    own = first_frame_velocity if model.config.in_channels == _TI2V_CHANNELS else velocity
    return partial(own, model, context)


def predictor(model: WanTransformer3DModel, adapter: nn.Module | None = None) -> Predict:
    """The same without a prompt and without an image."""
    own = velocity_of(model, adapter)

    def predict(noisy: Tensor, times: Tensor, given: Tensor) -> Tensor:
        prompts = [torch.zeros(0, TEXT_DIM)] * len(noisy)
        batch = Batch(noisy, given, prompts, torch.zeros(len(noisy), 0, IMAGE_DIM))
        return own(noisy, times, batch)

    return predict


@torch.no_grad()
def sample(
    predict: Predict,
    given: Tensor,
    *,
    generator: torch.Generator,
    steps: int = 8,
    shift: float = SHIFT,
    fresh_noise: bool = False,
    unguided: Tensor | None = None,
    motion_scale: float = 1.0,
) -> Tensor:
    """Euler sampling, or FlashMotion's loop.

    Args:
        predict: from `predictor`.
        given: [B, 20, T', H', W'], or [B, 48, T', H', W'] for TI2V.
        generator: of the noise.
        steps: model calls, twice as many with a motion scale other than 1.
        shift: of the noise levels.
        fresh_noise: each step goes to the clean latent and adds fresh noise.
        unguided: `given` without tracks, for the motion scale.
        motion_scale: unguided + scale * (guided - unguided).

    Returns:
        Normalised latents [B, 16 or 48, T', H', W'].
    """
    levels = sigmas(steps, shift)
    channels = _TI2V_CHANNELS if given.shape[1] == _TI2V_CHANNELS else WAN21_I2V.channels
    shape = (len(given), channels, *given.shape[2:])
    latent = torch.randn(shape, generator=generator)
    for here, there in itertools.pairwise(levels):
        times = here.expand(len(given))
        flow = predict(latent, times, given)
        if unguided is not None and motion_scale != 1.0:
            base = predict(latent, times, unguided)
            flow = base + motion_scale * (flow - base)
        latent = next_latent(latent, flow, here, there, generator if fresh_noise else None)
    return latent


def next_latent(
    latent: Tensor, flow: Tensor, here: Tensor, there: Tensor, noise: torch.Generator | None
) -> Tensor:
    """One step: straight along the flow, or with fresh noise from the clean latent it points at."""
    if noise is None:
        return latent + (there - here) * flow.float()
    clean = latent - here * flow.float()
    return (1 - there) * clean + there * torch.randn(clean.shape, generator=noise)


def main() -> None:
    """Write a fresh model in the original names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    model = build_dit()
    initialise(model, seed=0)
    weights = TRANSFORMER_KEYS.original_state(model.state_dict())
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: weight.contiguous() for name, weight in weights.items()},
        args.out,
        {"format": "pt", "image_encoder": "none", "license": "Apache-2.0"},
    )


if __name__ == "__main__":
    main()
