"""A small moving picture of the video while it is sampled: the clean latent so far."""

from pathlib import Path

import torch

from ..errors import OptionError
from ..family import WAN21_I2V, ModelFamily
from ..media.writer import check_writable, replacing
from ..shapes import Float, Tensor

SUFFIXES = (".webp", ".gif")
_ENLARGED = 4
# What a latent channel adds to red, green and blue, in -1..1: fitted to Wan 2.1's VAE.
# Source: `Wan21.latent_rgb_factors`, ComfyUI comfy/latent_formats.py:732 (0.33.0).
_FACTORS = (
    (-0.1299, -0.1692, 0.2932),
    (0.0671, 0.0406, 0.0442),
    (0.3568, 0.2548, 0.1747),
    (0.0372, 0.2344, 0.1420),
    (0.0313, 0.0189, -0.0328),
    (0.0296, -0.0956, -0.0665),
    (-0.3477, -0.4059, -0.2925),
    (0.0166, 0.1902, 0.1975),
    (-0.0412, 0.0267, -0.1364),
    (-0.1293, 0.0740, 0.1636),
    (0.0680, 0.3019, 0.1128),
    (0.0032, 0.0581, 0.0639),
    (-0.1251, 0.0927, 0.1699),
    (0.0060, -0.0633, 0.0005),
    (0.3477, 0.2275, 0.2950),
    (0.1984, 0.0913, 0.1861),
)
_BIAS = (-0.1835, -0.0868, -0.3360)


class Preview:
    """Writes the video so far after each step: one picture a latent frame.

    Args:
        path: .webp or .gif; complete at any time, and replaced after the next step.
        fps: of the video.
    """

    def __init__(self, path: Path, fps: int) -> None:
        self._path = path
        self._duration = round(1000 * WAN21_I2V.strides[0] / fps)

    def show(self, latent: Float[Tensor, "1 16 latent_frames rows cols"]) -> None:
        """Write a clean latent, as the model expects it, normalised.

        Raises:
            MediaError: the file cannot be written.
        """
        from PIL import Image

        factors = torch.tensor(_FACTORS, device=latent.device)
        bias = torch.tensor(_BIAS, device=latent.device)
        pixels = (latent[0].float().movedim(0, -1) @ factors + bias + 1) * 127.5
        frames = pixels.clamp(0, 255).round().byte().cpu().numpy()
        size = (frames.shape[2] * _ENLARGED, frames.shape[1] * _ENLARGED)
        first, *rest = (Image.fromarray(frame).resize(size) for frame in frames)
        with replacing(self._path) as temporary:
            first.save(
                temporary, save_all=True, append_images=rest, duration=self._duration, loop=0
            )


def make_preview(path: Path | None, fps: int, family: ModelFamily) -> Preview | None:
    """Make a preview where one is asked for, before minutes go into loading the model.

    Raises:
        OptionError: another suffix, or a family whose latents are others.
        MediaError: the file cannot be written.
    """
    if path is None:
        return None
    if path.suffix.lower() not in SUFFIXES:
        raise OptionError(
            f"--preview must end in {' or '.join(SUFFIXES)}; got {path.name}. Rename it."
        )
    if family.channels != len(_FACTORS):
        raise OptionError(
            f"--preview must come with a Wan 2.1 model; got {family.title}. Leave it out."
        )
    check_writable(path)
    return Preview(path, fps)
