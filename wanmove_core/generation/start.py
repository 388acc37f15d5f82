"""The start of a clip: its encoded known frames, and CLIP's features of the first frame."""

from dataclasses import dataclass
from typing import Any

from ..shapes import Float, Tensor
from ..start_image.constant_tail import encode_padded
from ..start_image.encoded import EncodedStart
from .decoding import latent_statistics


@dataclass(frozen=True, eq=False)
class Start(EncodedStart):
    """An encoded start image with its CLIP features.

    Args:
        features: CLIP's features of the whole image; zeros without an image encoder.
    """

    features: Float[Tensor, "1 image_tokens image_width"] | None = None


def encode_clip(
    vae: Any, frames: Float[Tensor, "1 3 start_frames height width"], num_frames: int
) -> Float[Tensor, "1 channels latent_frames rows cols"]:
    """Known frames followed by grey ones as a normalised latent, float32."""
    latent = encode_padded(vae, frames.to(vae.dtype), num_frames)
    mean, std = latent_statistics(vae, latent)
    return ((latent - mean) / std).float()
