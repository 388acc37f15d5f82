"""The start of a clip: its known frames encoded, with what CLIP saw of the first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..choices import FitMode
from ..grid import LatentGrid
from ..shapes import Float, Tensor
from ..start_image.conditioning import fit_image
from ..start_image.constant_tail import encode_padded
from ..start_image.encoded import EncodedStart
from .decoding import latent_statistics

# Frames of a clip that are given besides the first, RGB uint8 of any size, by their number.
KnownImages = Mapping[int, Tensor]


@dataclass(frozen=True, eq=False)
class Start(EncodedStart):
    """An encoded start image with what CLIP saw of it.

    Args:
        features: CLIP's features of the whole image; zeros without an image encoder.
    """

    features: Float[Tensor, "1 image_tokens image_width"] | None = None


def with_known(
    first: Float[Tensor, "1 3 1 height width"],
    grid: LatentGrid,
    known: KnownImages | None,
    mode: FitMode,
) -> tuple[tuple[int, ...], Float[Tensor, "1 3 frames height width"]]:
    """A clip with its known frames in their places and grey between; the first alone without.

    Args:
        first: the first frame, -1..1.
        grid: of the clip.
        known: further known frames.
        mode: how they are fitted.

    Returns:
        Places of the further frames, and the frames.
    """
    if not known:
        return (), first
    clip = first.new_zeros(1, 3, grid.num_frames, *first.shape[3:])
    clip[:, :, :1] = first
    for place, image in known.items():
        clip[:, :, place] = fit_image(image[None], (grid.width, grid.height), mode=mode)[0]
    return tuple(sorted(known)), clip


def encode_clip(
    vae: Any, frames: Float[Tensor, "1 3 start_frames height width"], num_frames: int
) -> Float[Tensor, "1 channels latent_frames rows cols"]:
    """Known frames followed by grey ones as a normalised latent, float32."""
    latent = encode_padded(vae, frames.to(vae.dtype), num_frames)
    mean, std = latent_statistics(vae, latent)
    return ((latent - mean) / std).float()
