"""Recognise a checkpoint by the names and shapes of its weights."""

from collections.abc import Callable
from dataclasses import dataclass

from ..family import WAN21_I2V, WAN22_TI2V, ModelFamily
from .adapters import find_adapter
from .checkpoint import Checkpoint, Weight
from .lora_names import is_lora

TRANSFORMER = "transformer"
VAE = "vae"
TEXT_ENCODER = "text_encoder"
IMAGE_ENCODER = "image_encoder"
PROMPT_EMBEDS = "prompt_embeds"
ADAPTER = "adapter"


# Weights that only one kind of Wan model has, in both namings.
_VARIANTS = {
    "vace_patch_embedding.weight": "a VACE transformer",
    "vace_blocks.0.before_proj.weight": "a VACE control module",
    "vace_blocks.0.proj_in.weight": "a VACE transformer",
    "control_adapter.conv.weight": "a camera-control transformer",
    "casual_audio_encoder.encoder.final_linear.weight": "a speech-to-video transformer",
    "audio_proj.audio_proj_glob_1.layer.bias": "a HuMo transformer",
    "face_adapter.fuser_blocks.0.k_norm.weight": "an Animate transformer",
    "patch_embedding_pose.weight": "a SCAIL transformer",
    "img_emb.emb_pos": "a first-and-last-frame transformer",
    "condition_embedder.image_embedder.pos_embed": "a first-and-last-frame transformer",
}
_IMAGE_EMBEDDING = (
    "img_emb.proj.1.weight",
    "condition_embedder.image_embedder.ff.net.0.proj.weight",
)
INPUT_CHANNELS = WAN21_I2V.input_channels
_MAX_PROMPT_TOKENS = 512


@dataclass(frozen=True)
class Identity:
    """What a checkpoint holds.

    Args:
        part: the part of Wan-Move that it can serve as; None for anything else.
        description: what it is, with an article, for messages.
        resembles: for anything else, the part that it may have been mistaken for.
        family: model family of a transformer or VAE.
    """

    part: str | None
    description: str
    resembles: str | None = None
    family: ModelFamily | None = None


def identify(checkpoint: Checkpoint) -> Identity:
    """Tell what a checkpoint holds. Reads no tensor."""
    names = checkpoint.weights.keys()
    if is_lora(names):
        return Identity(None, "a LoRA")
    adapter = find_adapter(checkpoint)
    if adapter is not None:
        part = ADAPTER if adapter.known else None
        return Identity(part, adapter.description, ADAPTER)
    for marks, identify_kind in _KINDS:
        if names & marks:
            return identify_kind(checkpoint)
    return _identify_other(checkpoint)


def _identify_transformer(checkpoint: Checkpoint) -> Identity:
    """Tell Wan's transformers apart; those of Wan-Move and of Wan 2.1 I2V look the same."""
    weights = checkpoint.weights
    for name, description in _VARIANTS.items():
        if name in weights:
            return Identity(None, description, TRANSFORMER)
    embedding = weights.get("patch_embedding.weight")
    count = embedding.shape[1] if embedding and len(embedding.shape) > 1 else 0
    if count == WAN22_TI2V.input_channels:
        adapter = find_adapter(checkpoint.adapter_part)
        merged = f", merged with {adapter.description}" if adapter else ""
        return Identity(TRANSFORMER, f"a Wan 2.2 5B transformer{merged}", family=WAN22_TI2V)
    if count != INPUT_CHANNELS:
        kind = "a text-to-video transformer" if count == WAN21_I2V.channels else "a transformer"
        return Identity(None, f"{kind} ({count} input channels)", TRANSFORMER)
    if not any(name in weights for name in _IMAGE_EMBEDDING):
        return Identity(
            None, "a Wan 2.2 14B image-to-video transformer (no image embedding)", TRANSFORMER
        )
    return Identity(TRANSFORMER, "an image-to-video transformer", family=WAN21_I2V)


def _identify_vae(checkpoint: Checkpoint) -> Identity:
    weights = checkpoint.weights
    if (
        "decoder.upsamples.0.upsamples.0.residual.2.weight" in weights
        or "decoder.up_blocks.0.upsampler.resample.1.weight" in weights
    ):
        return Identity(VAE, "a Wan 2.2 VAE (48 latent channels)", family=WAN22_TI2V)
    return Identity(VAE, "a Wan 2.1 VAE", family=WAN21_I2V)


def _identify_text_encoder(checkpoint: Checkpoint) -> Identity:
    """Tell umT5 from T5: umT5 has a relative position bias in every block."""
    weights = checkpoint.weights
    second_block = {"blocks.1.attn.q.weight", "encoder.block.1.layer.0.SelfAttention.q.weight"}
    biases = {
        "blocks.1.pos_embedding.embedding.weight",
        "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight",
    }
    if weights.keys() & second_block and not weights.keys() & biases:
        return Identity(None, "a T5 text encoder that is not umT5", TEXT_ENCODER)
    return Identity(TEXT_ENCODER, "a umT5 text encoder")


def _identify_other(checkpoint: Checkpoint) -> Identity:
    weights = checkpoint.weights
    one_width = len({weight.shape[1:] for weight in weights.values()}) == 1
    if one_width and all(_is_prompt(weight) for weight in weights.values()):
        return Identity(PROMPT_EMBEDS, "prompt embeddings")
    if not weights:
        return Identity(None, "a file without weights")
    first = next(iter(weights))
    return Identity(None, f"another model ({len(weights)} weights, the first is {first!r:.80})")


def _is_prompt(weight: Weight) -> bool:
    """A prompt embedding is [tokens, channels] of floats."""
    is_float = weight.dtype is not None and weight.dtype.is_floating_point
    return is_float and len(weight.shape) == 2 and weight.shape[0] <= _MAX_PROMPT_TOKENS


def _identify_image_encoder(_checkpoint: Checkpoint) -> Identity:
    return Identity(IMAGE_ENCODER, "a CLIP image encoder")


# Any one of these names tells the kind; the functions look closer.
_KINDS: tuple[tuple[set[str], Callable[[Checkpoint], Identity]], ...] = (
    (
        {
            "blocks.0.self_attn.q.weight",
            "blocks.0.attn1.to_q.weight",
            "vace_blocks.0.before_proj.weight",
        },
        _identify_transformer,
    ),
    (
        {"decoder.middle.0.residual.0.gamma", "decoder.mid_block.resnets.0.norm1.gamma"},
        _identify_vae,
    ),
    (
        {"blocks.0.attn.q.weight", "encoder.block.0.layer.0.SelfAttention.q.weight"},
        _identify_text_encoder,
    ),
    ({"visual.cls_embedding", "embeddings.class_embedding"}, _identify_image_encoder),
)
