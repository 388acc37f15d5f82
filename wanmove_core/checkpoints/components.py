"""The loaded parts of a model, whatever layout their files had."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..family import WAN21_I2V, ModelFamily


@dataclass(frozen=True)
class Components:
    """What generation needs. Made by `load_components`, used by `WanMovePipeline`.

    Args:
        transformer: diffusers `WanTransformer3DModel` with 36 input channels, or the 5B's 48.
        vae: diffusers `AutoencoderKLWan`, float32.
        text_encoder: transformers `UMT5EncoderModel`; None when `prompt_embeds` replace it.
        tokenizer: the umT5 tokenizer; None with the encoder.
        image_encoder: transformers `CLIPVisionModel`; None feeds the model zeros, as a model
            trained without CLIP expects.
        prompt_embeds: embeddings shipped with the model, name -> [tokens, channels]; the names are
            the only prompts that the model understands.
        family: the model family.
    """

    transformer: Any
    vae: Any
    text_encoder: Any = None
    tokenizer: Any = None
    image_encoder: Any = None
    prompt_embeds: dict[str, Tensor] = field(default_factory=dict)
    family: ModelFamily = WAN21_I2V
