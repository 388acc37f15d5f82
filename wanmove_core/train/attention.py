"""Attention processors that make a training step cheaper, with the same result."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

_TOKENS = 512  # of a prompt, zero-padded
_SHORTEST = 8  # of the few lengths


class Context:
    """Prompts without their padding: the zero tokens after a prompt are all equal.

    Attention to n equal tokens equals attention to one of them with log(n) added to its score, so
    one token replaces all. The bias is set before each call of the model.

    Args:
        fewest: words that a batch is padded to. With 0, a batch without a prompt does not reach the
            weights that look for words; several processes must all have gradients for the same
            weights, so there it is 1.
        few_lengths: pad to 8, 16, 32, ... tokens, since a model is compiled anew for each length.
    """

    def __init__(self, fewest: int = 0, *, few_lengths: bool = False) -> None:
        self.fewest = fewest
        self.few_lengths = few_lengths
        self.bias: Tensor = torch.zeros(1, 1)

    def join(self, prompts: Sequence[Tensor]) -> Tensor:
        """Put prompts of a batch together and set the bias.

        Args:
            prompts: [tokens, width] each, without padding; one may have no tokens at all.

        Returns:
            [batch, length, width]: zero-padded to one token more than the longest has, or than
            `fewest`, or to the next of the few lengths.
        """
        longest = max(self.fewest, *(len(prompt) for prompt in prompts)) + 1
        if self.few_lengths:
            longest = max(_SHORTEST, 1 << (longest - 1).bit_length())
        joined = prompts[0].new_zeros(len(prompts), longest, prompts[0].shape[-1])
        bias = torch.full((len(prompts), longest), -math.inf, device=joined.device)
        for row, prompt in enumerate(prompts):
            joined[row, : len(prompt)] = prompt
            bias[row, : len(prompt)] = 0
            if len(prompt) < _TOKENS:
                bias[row, -1] = math.log(_TOKENS - len(prompt))
        self.bias = bias
        return joined

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        rotary_emb: Any = None,
    ) -> Tensor:
        """Cross-attention to the prompt, and to the image's tokens where there are any."""
        del attention_mask, rotary_emb
        count = encoder_hidden_states.shape[1] - self.bias.shape[1]
        image, text = encoder_hidden_states[:, :count], encoder_hidden_states[:, count:]
        value = _heads(attn, attn.to_v(text))
        if text.shape[1] == 1:  # of one token the mean is its value, whatever the query
            out = value.transpose(1, 2).flatten(2)
            query = None
        else:
            query = _heads(attn, attn.norm_q(attn.to_q(hidden_states)))
            key = _heads(attn, attn.norm_k(attn.to_k(text)))
            bias = self.bias[:, None, None].to(query.dtype)
            out = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
            out = out.transpose(1, 2).flatten(2)
        if count:
            if query is None:
                query = _heads(attn, attn.norm_q(attn.to_q(hidden_states)))
            key = _heads(attn, attn.norm_added_k(attn.add_k_proj(image)))
            seen = nn.functional.scaled_dot_product_attention(
                query, key, _heads(attn, attn.add_v_proj(image))
            )
            out = out + seen.transpose(1, 2).flatten(2)
        return attn.to_out[0](out)


class MatrixAttention:
    """Self-attention as two matrix products and a softmax.

    At 120 tokens it takes half the time of torch's fused attention, which computes in float32 on a
    CPU.
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: Any = None,
    ) -> Tensor:
        """[batch, tokens, dim] -> the same."""
        del encoder_hidden_states, attention_mask
        query = attn.norm_q(attn.to_q(hidden_states)).unflatten(2, (attn.heads, -1))
        key = attn.norm_k(attn.to_k(hidden_states)).unflatten(2, (attn.heads, -1))
        value = attn.to_v(hidden_states).unflatten(2, (attn.heads, -1)).transpose(1, 2)
        query, key = (_rotated(x, *rotary_emb).transpose(1, 2) for x in (query, key))
        scores = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5
        out = torch.softmax(scores, -1).to(value.dtype) @ value
        return attn.to_out[0](out.transpose(1, 2).flatten(2, 3))


def use_short_context(model: Any, context: Context | None = None) -> Context:
    """Let cross-attention leave a prompt's padding out, in place; returns what joins prompts."""
    context = context or Context()
    for block in model.blocks:
        block.attn2.set_processor(context)
    return context


def use_matrix_attention(model: Any) -> None:
    """Switch all self-attention to `MatrixAttention`, in place."""
    for block in model.blocks:
        block.attn1.set_processor(MatrixAttention())


def _heads(attn: Any, x: Tensor) -> Tensor:
    return x.unflatten(2, (attn.heads, -1)).transpose(1, 2)


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of neighbouring pairs, x [B, tokens, heads, size]."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = cos[..., 0::2], sin[..., 1::2]
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1)
    return turned.flatten(-2).type_as(x)
