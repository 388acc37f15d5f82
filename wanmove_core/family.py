"""What differs between the model families: one `ModelFamily` per family. Imports nothing heavy."""

from dataclasses import dataclass

Size = tuple[int, int]

_AREA_480P = 480 * 832


@dataclass(frozen=True)
class ModelFamily:
    """The shape of a family's latents, what conditions it, and what it was made for.

    Args:
        name: of the family, in files and metadata.
        title: of the family, for people.
        channels: of a latent.
        strides: pixels per latent step in (time, height, width).
        patch: latent steps per token in (time, rows, columns).
        conditioned: whether known mask and conditioning latent join the noisy latent at the input.
        image_tokens: of CLIP's features of the start image; 0 for a family without CLIP.
        longest_clip: frames that the model was trained to make at most.
        size: (width, height) that it was trained at, pixels.
        steps: denoising steps of its own code.
        shifts: flow shift up to 480p, and above it.
        fps: frames per second that it was trained at.
    """

    name: str
    title: str
    channels: int
    strides: tuple[int, int, int]
    patch: tuple[int, int, int]
    conditioned: bool
    image_tokens: int
    longest_clip: int
    size: Size
    steps: int
    shifts: tuple[float, float]
    fps: int

    @property
    def input_channels(self) -> int:
        """Channels of the transformer's input: noisy latent, known mask, conditioning latent."""
        return self.channels + (self.strides[0] + self.channels if self.conditioned else 0)

    @property
    def multiple(self) -> Size:
        """What width and height must be multiples of: cells that fill whole tokens, pixels."""
        return self.strides[2] * self.patch[2], self.strides[1] * self.patch[1]

    @property
    def has_clip(self) -> bool:
        """Whether the model sees CLIP's features of the start image."""
        return self.image_tokens > 0

    def shift(self, size: Size) -> float:
        """Return the flow shift of the family's own code for (width, height) pixels."""
        return self.shifts[size[0] * size[1] > _AREA_480P]


# Wan2.1-I2V-14B and what is tuned from it; 257 = 16 x 16 patches and a class token of ViT-H/14.
WAN21_I2V = ModelFamily(
    name="wan2.1-i2v",
    title="Wan 2.1 image-to-video",
    channels=16,
    strides=(4, 8, 8),
    patch=(1, 2, 2),
    conditioned=True,
    image_tokens=257,
    longest_clip=81,
    size=(832, 480),
    steps=40,
    shifts=(3.0, 5.0),
    fps=16,
)
# The first frame's latent is part of the noisy latent. FlashMotion's generators have its shape.
WAN22_TI2V = ModelFamily(
    name="wan2.2-ti2v-5b",
    title="Wan 2.2 TI2V 5B",
    channels=48,
    strides=(4, 16, 16),
    patch=(1, 2, 2),
    conditioned=False,
    image_tokens=0,
    longest_clip=121,
    size=(1280, 704),
    steps=50,
    shifts=(5.0, 5.0),
    fps=24,
)
FAMILIES = (WAN21_I2V, WAN22_TI2V)
