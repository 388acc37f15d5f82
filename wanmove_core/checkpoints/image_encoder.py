"""Load CLIP's image half, and encode the start image as the reference does."""

import math

import torch
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel

from ..errors import CheckpointError
from ..shapes import Float
from .assembly import build_empty, check_names, fill
from .checkpoint import Checkpoint, axis_length, count_layers
from .keymaps import IMAGE_ENCODER_KEYS

_HEAD_DIM = 80  # of ViT-H/14; the checkpoint cannot tell
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)
# The text half, the projections into the space shared with it, and old transformers' buffer.
_SURPLUS = (
    "textual.",
    "text_model.",
    "visual.head",
    "visual_projection.",
    "text_projection.",
    "log_scale",
    "logit_scale",
    "embeddings.position_ids",
)


def load_image_encoder(
    checkpoint: Checkpoint, *, dtype: torch.dtype, device: torch.device | str = "cpu"
) -> CLIPVisionModel:
    """Build the CLIP vision transformer that a checkpoint's shapes describe.

    Args:
        checkpoint: identified as an image encoder.
        dtype: type of the weights and of the arithmetic.
        device: where the weights go.

    Raises:
        CheckpointError: weights that are missing, surplus or misshapen, or another CLIP.
    """
    weights = checkpoint.in_library_names(IMAGE_ENCODER_KEYS)

    def size(name: str, axis: int) -> int:
        return axis_length(checkpoint.path, weights, name, axis)

    width = size("embeddings.patch_embedding.weight", 0)
    if width % _HEAD_DIM:
        raise CheckpointError(
            f"{checkpoint.path} must be CLIP ViT-H/14 (heads of {_HEAD_DIM} channels); got one "
            f"of width {width}. Download clip_vision_h.safetensors."
        )
    patch = size("embeddings.patch_embedding.weight", 3)
    # The original's positions have a leading axis of one.
    positions = math.prod(weights["embeddings.position_embedding.weight"].shape) // width
    config = CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=size("encoder.layers.0.mlp.fc1.weight", 0),
        num_hidden_layers=count_layers(weights, "encoder.layers."),
        num_attention_heads=width // _HEAD_DIM,
        image_size=math.isqrt(positions - 1) * patch,
        patch_size=patch,
        hidden_act="gelu",
    )
    model = build_empty(lambda: CLIPVisionModel(config))
    check_names(model, weights, checkpoint.path, surplus=_SURPLUS)
    model.embeddings.position_ids = nn.Buffer(
        torch.arange(positions, device=device).expand(1, -1), persistent=False
    )
    fill(model, weights, {}, dtype_of=lambda _name: dtype, device=device)
    return model


@torch.no_grad()
def encode_image(
    image_encoder: CLIPVisionModel, image: Float[Tensor, "batch 3 height width"]
) -> Float[Tensor, "batch tokens channels"]:
    """Encode images into the features of CLIP's last block but one.

    Args:
        image_encoder: as `load_image_encoder` returns it.
        image: RGB in [-1, 1], of any size: it is squashed to a square, not cropped.

    Returns:
        The features, [batch, 257, 1280] for ViT-H/14, in the encoder's type.

    Source:
        `CLIPModel.visual`, Wan-Move wan/modules/clip.py:527 @27409be: bicubic resize without
        antialiasing, mean and deviation in [0, 1], 31 of 32 blocks, no final norm.
    """
    side = image_encoder.config.image_size
    square = nn.functional.interpolate(
        image.float(), size=(side, side), mode="bicubic", align_corners=False
    )
    mean = torch.tensor(_MEAN, device=image.device).view(1, 3, 1, 1)
    std = torch.tensor(_STD, device=image.device).view(1, 3, 1, 1)
    pixels = ((square * 0.5 + 0.5) - mean) / std
    hidden = image_encoder(pixels.to(image_encoder.dtype), output_hidden_states=True)
    return hidden.hidden_states[-2]
