"""Wan 2.1's image-to-video transformer at a small size, and a plain sampler for it."""

import itertools

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor, nn

DIM, LAYERS = 256, 6
TEXT_TOKENS, TEXT_DIM = 512, 4096
IMAGE_TOKENS, IMAGE_DIM = 257, 1280
# Sampling times move towards noise by this much, in training and in sampling.
SHIFT = 3.0


def build_dit(*, dim: int = DIM, layers: int = LAYERS) -> WanTransformer3DModel:
    """The released model's architecture with `dim` channels (5120 there) in `layers` (40)."""
    return WanTransformer3DModel(
        num_attention_heads=dim // 128,
        attention_head_dim=128,
        in_channels=36,
        out_channels=16,
        text_dim=TEXT_DIM,
        freq_dim=256,
        ffn_dim=3 * dim,
        num_layers=layers,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        image_dim=IMAGE_DIM,
        added_kv_proj_dim=dim,
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
        nn.init.zeros_(block.attn2.add_v_proj.weight)
    model.condition_embedder.time_proj.weight.mul_(0.1)
    model.scale_shift_table.zero_()
    nn.init.zeros_(model.proj_out.weight)
    freeze_unused(model)


def freeze_unused(model: WanTransformer3DModel) -> None:
    """Leave out what uniform text and no image give no gradient to, and the image values."""
    for block in model.blocks:
        attention = block.attn2
        unused = (attention.add_k_proj, attention.add_v_proj, attention.norm_added_k)
        for module in (*unused, attention.to_q, attention.to_k, attention.norm_q, attention.norm_k):
            module.requires_grad_(False)
        block.norm2.requires_grad_(False)
    model.condition_embedder.image_embedder.requires_grad_(False)


class UniformContext:
    """Cross-attention to tokens that are all equal: the weighted mean is the value itself.

    Exact for a zero prompt and an image branch at zero, and a large part of the time saved.
    """

    def __call__(self, attn, _hidden_states, encoder_hidden_states=None, *_args, **_kwargs):
        """The same vector for every query, [batch, 1, dim]."""
        return attn.to_out[0](attn.to_v(encoder_hidden_states[:, -1:]))


def use_uniform_context(model: WanTransformer3DModel) -> None:
    """Switch all cross-attention to `UniformContext`, in place."""
    for block in model.blocks:
        block.attn2.set_processor(UniformContext())


class MatrixAttention:
    """Self-attention as two matrix products and a softmax.

    At 120 tokens half the time of torch's fused attention, which on a CPU works in float32.
    """

    def __call__(self, attn, hidden_states, _context=None, _mask=None, rotary_emb=None):
        """[batch, tokens, dim] -> the same."""
        query = attn.norm_q(attn.to_q(hidden_states)).unflatten(2, (attn.heads, -1))
        key = attn.norm_k(attn.to_k(hidden_states)).unflatten(2, (attn.heads, -1))
        value = attn.to_v(hidden_states).unflatten(2, (attn.heads, -1)).transpose(1, 2)
        query, key = (_rotate(x, *rotary_emb).transpose(1, 2) for x in (query, key))
        scores = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5
        out = torch.softmax(scores, -1).to(value.dtype) @ value
        return attn.to_out[0](out.transpose(1, 2).flatten(2, 3))


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of neighbouring pairs, x [B, tokens, heads, size]."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = cos[..., 0::2], sin[..., 1::2]
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1)
    return turned.flatten(-2).type_as(x)


def use_matrix_attention(model: WanTransformer3DModel) -> None:
    """Switch all self-attention to `MatrixAttention`, in place."""
    for block in model.blocks:
        block.attn1.set_processor(MatrixAttention())


def velocity(model: WanTransformer3DModel, noisy: Tensor, times: Tensor, given: Tensor) -> Tensor:
    """Predict noise - clean for a model with uniform context.

    Args:
        model: after `use_uniform_context`.
        noisy: [B, 16, T', H', W'].
        times: [B], 0 = clean, 1 = noise.
        given: [B, 20, T', H', W'], known mask and conditioning latent.
    """
    prompt = torch.zeros(len(noisy), 1, TEXT_DIM)
    return model(
        hidden_states=torch.cat([noisy, given], 1),
        timestep=times * 1000,
        encoder_hidden_states=prompt,
        return_dict=False,
    )[0]


def sigmas(steps: int, *, shift: float = SHIFT) -> Tensor:
    """Noise levels [steps + 1], from 1 to 0."""
    even = torch.linspace(1, 0, steps + 1)
    return shift * even / (1 + (shift - 1) * even)


@torch.no_grad()
def sample(
    model: WanTransformer3DModel,
    given: Tensor,
    *,
    generator: torch.Generator,
    steps: int = 8,
    unguided: Tensor | None = None,
    motion_scale: float = 1.0,
) -> Tensor:
    """Euler sampling.

    Args:
        model: after `use_uniform_context`.
        given: [B, 20, T', H', W'].
        generator: of the starting noise.
        steps: model calls, twice as many with a motion scale other than 1.
        unguided: `given` without tracks, for the motion scale.
        motion_scale: unguided + scale * (guided - unguided).

    Returns:
        Normalised latents [B, 16, T', H', W'].
    """
    levels = sigmas(steps)
    shape = (len(given), 16, *given.shape[2:])
    latent = torch.randn(shape, generator=generator)
    for here, there in itertools.pairwise(levels):
        times = here.expand(len(given))
        flow = velocity(model, latent, times, given)
        if unguided is not None and motion_scale != 1.0:
            base = velocity(model, latent, times, unguided)
            flow = base + motion_scale * (flow - base)
        latent = latent + (there - here) * flow.float()
    return latent
