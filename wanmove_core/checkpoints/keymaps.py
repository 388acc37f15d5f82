"""Names of weights: diffusers and transformers modules <-> the original release files.

ComfyUI's single files use the original names for the transformer and the VAE, and the
transformers names for umT5 and CLIP (the latter below `vision_model.`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from ..errors import CheckpointError


@dataclass(frozen=True)
class KeyMap:
    """Pairs of module paths, (original, library), that mean the same weights.

    `{n}` in both stands for one layer number. A path covers the weights directly below it
    (`.weight`, `.bias`, `.gamma`, the scales of fp8 weights) and the path itself.

    Args:
        part: the model part that the names belong to, for messages.
        pairs: (original path, library path).
    """

    part: str
    pairs: tuple[tuple[str, str], ...]

    def to_library(self, name: str) -> str | None:
        """Rename an original weight to diffusers' or transformers' name; None if unknown."""
        return _rename(name, self._original_paths)

    def to_original(self, name: str) -> str | None:
        """Rename a diffusers or transformers weight to the original name; None if unknown."""
        return _rename(name, self._library_paths)

    def original_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename a module's `state_dict()` to the original names, sharing its tensors.

        Raises:
            CheckpointError: a name that the map does not know.
        """
        renamed = {name: self.to_original(name) for name in state}
        unknown = [name for name, original in renamed.items() if original is None]
        if unknown:
            raise CheckpointError(
                f"{self.part} weights must have known names; got {', '.join(unknown[:3])}. "
                "Export an unmodified module."
            )
        return {str(renamed[name]): tensor for name, tensor in state.items()}

    @cached_property
    def _original_paths(self) -> dict[str, str]:
        return dict(self.pairs)

    @cached_property
    def _library_paths(self) -> dict[str, str]:
        return {library: original for original, library in self.pairs}


def _rename(name: str, paths: Mapping[str, str]) -> str | None:
    """Look the path up with its layer number as `{n}`: whole name first, then without its leaf."""
    path, _, leaf = name.rpartition(".")
    for stem, suffix in ((name, ""), (path, f".{leaf}")):
        # The first number is the layer; numbers after it belong to the path.
        layer = re.search(r"(?<=\.)\d+(?=\.)", stem)
        if stem in paths:
            return paths[stem] + suffix
        if layer:
            template = stem[: layer.start()] + "{n}" + stem[layer.end() :]
            if template in paths:
                return paths[template].replace("{n}", layer.group()) + suffix
    return None


_Pairs = tuple[tuple[str, str], ...]


def _below(original: str, library: str, pairs: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{original}.{a}", f"{library}.{b}") for a, b in pairs.items())


_ATTENTION = {
    "q": "to_q",
    "k": "to_k",
    "v": "to_v",
    "o": "to_out.0",
    "norm_q": "norm_q",
    "norm_k": "norm_k",
}
_IMAGE_ATTENTION = {"k_img": "add_k_proj", "v_img": "add_v_proj", "norm_k_img": "norm_added_k"}

# diffusers numbers the norms by their order in the block, the original by their kind:
# norm3 (before cross attention, the only one with weights) is diffusers' norm2.
TRANSFORMER_KEYS = KeyMap(
    "transformer",
    (
        ("patch_embedding", "patch_embedding"),
        ("text_embedding.0", "condition_embedder.text_embedder.linear_1"),
        ("text_embedding.2", "condition_embedder.text_embedder.linear_2"),
        ("time_embedding.0", "condition_embedder.time_embedder.linear_1"),
        ("time_embedding.2", "condition_embedder.time_embedder.linear_2"),
        ("time_projection.1", "condition_embedder.time_proj"),
        ("img_emb.proj.0", "condition_embedder.image_embedder.norm1"),
        ("img_emb.proj.1", "condition_embedder.image_embedder.ff.net.0.proj"),
        ("img_emb.proj.3", "condition_embedder.image_embedder.ff.net.2"),
        ("img_emb.proj.4", "condition_embedder.image_embedder.norm2"),
        ("head.head", "proj_out"),
        ("head.modulation", "scale_shift_table"),
        ("blocks.{n}.modulation", "blocks.{n}.scale_shift_table"),
        ("blocks.{n}.norm3", "blocks.{n}.norm2"),
        ("blocks.{n}.ffn.0", "blocks.{n}.ffn.net.0.proj"),
        ("blocks.{n}.ffn.2", "blocks.{n}.ffn.net.2"),
        *_below("blocks.{n}.self_attn", "blocks.{n}.attn1", _ATTENTION),
        *_below("blocks.{n}.cross_attn", "blocks.{n}.attn2", _ATTENTION | _IMAGE_ATTENTION),
    ),
)

_RESIDUAL = {
    "residual.0": "norm1",
    "residual.2": "conv1",
    "residual.3": "norm2",
    "residual.6": "conv2",
    "shortcut": "conv_shortcut",
}
_RESAMPLE = {"resample.1": "resample.1", "time_conv": "time_conv"}
_STAGES = 4
_RESNETS = 3  # of one decoder stage; its upsampler follows them in the original's flat list


def _vae_half(half: str) -> tuple[tuple[str, str], ...]:
    """The layers that encoder and decoder have in common."""
    attention = {"norm": "norm", "to_qkv": "to_qkv", "proj": "proj"}
    return (
        (f"{half}.conv1", f"{half}.conv_in"),
        (f"{half}.head.0", f"{half}.norm_out"),
        (f"{half}.head.2", f"{half}.conv_out"),
        *_below(f"{half}.middle.0", f"{half}.mid_block.resnets.0", _RESIDUAL),
        *_below(f"{half}.middle.1", f"{half}.mid_block.attentions.0", attention),
        *_below(f"{half}.middle.2", f"{half}.mid_block.resnets.1", _RESIDUAL),
    )


def _vae_upsamples() -> tuple[tuple[str, str], ...]:
    pairs: tuple[tuple[str, str], ...] = ()
    for stage in range(_STAGES):
        first = stage * (_RESNETS + 1)
        block = f"decoder.up_blocks.{stage}"
        for resnet in range(_RESNETS):
            original = f"decoder.upsamples.{first + resnet}"
            pairs += _below(original, f"{block}.resnets.{resnet}", _RESIDUAL)
        original = f"decoder.upsamples.{first + _RESNETS}"
        pairs += _below(original, f"{block}.upsamplers.0", _RESAMPLE)
    return pairs


VAE_KEYS = KeyMap(
    "VAE",
    (
        ("conv1", "quant_conv"),
        ("conv2", "post_quant_conv"),
        *_vae_half("encoder"),
        *_vae_half("decoder"),
        *_below("encoder.downsamples.{n}", "encoder.down_blocks.{n}", _RESIDUAL | _RESAMPLE),
        *_vae_upsamples(),
    ),
)


def _vae_2_2_stages(half: str, stages: str, library: str, sampler: str, resnets: int) -> _Pairs:
    """Residual stages: each a list of its own, its sampler the last in it."""
    pairs: _Pairs = ()
    for stage in range(_STAGES):
        original, block = f"{half}.{stages}.{stage}.{stages}", f"{half}.{library}.{stage}"
        for resnet in range(resnets):
            pairs += _below(f"{original}.{resnet}", f"{block}.resnets.{resnet}", _RESIDUAL)
        pairs += _below(f"{original}.{resnets}", f"{block}.{sampler}", _RESAMPLE)
    return pairs


VAE_2_2_KEYS = KeyMap(
    "Wan 2.2 VAE",
    (
        ("conv1", "quant_conv"),
        ("conv2", "post_quant_conv"),
        *_vae_half("encoder"),
        *_vae_half("decoder"),
        *_vae_2_2_stages("encoder", "downsamples", "down_blocks", "downsampler", 2),
        *_vae_2_2_stages("decoder", "upsamples", "up_blocks", "upsampler", 3),
    ),
)

TEXT_ENCODER_KEYS = KeyMap(
    "umT5",
    (
        ("token_embedding", "shared"),
        ("norm", "encoder.final_layer_norm"),
        *_below(
            "blocks.{n}",
            "encoder.block.{n}",
            {
                "norm1": "layer.0.layer_norm",
                "attn.q": "layer.0.SelfAttention.q",
                "attn.k": "layer.0.SelfAttention.k",
                "attn.v": "layer.0.SelfAttention.v",
                "attn.o": "layer.0.SelfAttention.o",
                "pos_embedding.embedding": "layer.0.SelfAttention.relative_attention_bias",
                "norm2": "layer.1.layer_norm",
                "ffn.gate.0": "layer.1.DenseReluDense.wi_0",
                "ffn.fc1": "layer.1.DenseReluDense.wi_1",
                "ffn.fc2": "layer.1.DenseReluDense.wo",
            },
        ),
    ),
)

# The original has one projection for queries, keys and values. `qkv_proj` is our name for the
# three of them together; `fused_projection` tells which third a transformers weight is.
IMAGE_ENCODER_KEYS = KeyMap(
    "CLIP image encoder",
    (
        ("visual.patch_embedding", "embeddings.patch_embedding"),
        ("visual.cls_embedding", "embeddings.class_embedding"),
        ("visual.pos_embedding", "embeddings.position_embedding.weight"),
        ("visual.pre_norm", "pre_layrnorm"),
        ("visual.post_norm", "post_layernorm"),
        *_below(
            "visual.transformer.{n}",
            "encoder.layers.{n}",
            {
                "norm1": "layer_norm1",
                "attn.to_qkv": "self_attn.qkv_proj",
                "attn.proj": "self_attn.out_proj",
                "norm2": "layer_norm2",
                "mlp.0": "mlp.fc1",
                "mlp.2": "mlp.fc2",
            },
        ),
    ),
)


def fused_projection(name: str) -> tuple[str, int] | None:
    """Tell where a query, key or value weight of CLIP lies in the original: (`qkv_proj`, third)."""
    match = re.fullmatch(r"(.*\.self_attn\.)([qkv])(_proj\.\w+)", name)
    if match is None:
        return None
    return f"{match[1]}qkv{match[3]}", "qkv".index(match[2])
