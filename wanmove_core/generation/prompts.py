"""Prompts to embeddings, by the text encoder or by the model's own table."""

import html
import re

import torch
from torch import Tensor

from ..checkpoints.components import Components
from ..errors import OptionError
from ..shapes import Float

_TOKENS = 512


@torch.no_grad()
def embed_prompt(
    components: Components, text: str, device: torch.device | str
) -> Float[Tensor, "1 tokens channels"]:
    """Embed a prompt, zero-padded to 512 tokens.

    Args:
        components: with a text encoder and tokenizer, or with prompt embeddings.
        text: of any length; what goes beyond 512 tokens is cut off.
        device: where the text encoder is.

    Raises:
        OptionError: the model has no text encoder, and the prompt is not in its table.

    Source:
        `T5EncoderModel.__call__`, Wan-Move wan/modules/t5.py:505 @27409be: cleaned, cut to 512
        tokens, encoded, what was padding set to zero.
    """
    if components.text_encoder is None:
        known = components.prompt_embeds
        if text not in known:
            raise OptionError(
                f"prompt must be one that this model knows ({', '.join(map(repr, known))}); "
                f"got {text!r}. Use one of them, or give a umT5 text encoder."
            )
        embed = known[text].to(device)
    else:
        ids = components.tokenizer.encode(_clean(text))
        if len(ids) > _TOKENS:
            ids = [*ids[: _TOKENS - 1], components.tokenizer.end_token]
        # Padding changes nothing but the rounding: the encoder masks it.
        tokens = torch.tensor([ids], device=device)
        embed = components.text_encoder(tokens).last_hidden_state[0]
    padded = embed.new_zeros(_TOKENS, embed.shape[-1])
    padded[: len(embed)] = embed[:_TOKENS]
    return padded[None]


def _clean(text: str) -> str:
    """Repair broken unicode and HTML entities, and make runs of white space one space."""
    import ftfy

    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return re.sub(r"\s+", " ", text).strip()
