"""Names of weights, against diffusers' own converters and in both directions."""

import pytest
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from diffusers.loaders.single_file_utils import (
    convert_wan_transformer_to_diffusers,
    convert_wan_vae_to_diffusers,
)
from transformers import CLIPVisionConfig, CLIPVisionModel, UMT5Config, UMT5EncoderModel

from wanmove_core.checkpoints.keymaps import (
    IMAGE_ENCODER_KEYS,
    TEXT_ENCODER_KEYS,
    TRANSFORMER_KEYS,
    VAE_KEYS,
    fused_projection,
)
from wanmove_core.errors import CheckpointError


def transformer_state():
    with torch.device("meta"):
        return WanTransformer3DModel(
            num_attention_heads=2,
            in_channels=36,
            out_channels=16,
            ffn_dim=512,
            num_layers=11,  # two-digit layer numbers
            image_dim=1280,
            added_kv_proj_dim=256,
        ).state_dict()


def vae_state():
    with torch.device("meta"):
        return AutoencoderKLWan(base_dim=8).state_dict()


@pytest.mark.parametrize(
    ("keys", "state", "convert"),
    [
        (TRANSFORMER_KEYS, transformer_state, convert_wan_transformer_to_diffusers),
        (VAE_KEYS, vae_state, convert_wan_vae_to_diffusers),
    ],
)
def test_diffusers_converter_undoes_the_renaming(keys, state, convert):
    weights = state()
    back = convert(keys.original_state(weights))
    assert back.keys() == weights.keys()
    assert all(back[name] is weights[name] for name in weights)


@pytest.mark.parametrize("keys", [TRANSFORMER_KEYS, VAE_KEYS])
def test_renaming_is_its_own_inverse(keys):
    for name in (transformer_state if keys is TRANSFORMER_KEYS else vae_state)():
        assert keys.to_library(keys.to_original(name)) == name


def test_text_encoder_names_cover_the_module():
    config = UMT5Config(d_model=32, d_kv=8, d_ff=64, num_layers=11, num_heads=4, vocab_size=97)
    with torch.device("meta"):
        names = UMT5EncoderModel(config).state_dict().keys() - {"encoder.embed_tokens.weight"}
    originals = {TEXT_ENCODER_KEYS.to_original(name) for name in names if ".wi." not in name}
    assert None not in originals
    assert (
        TEXT_ENCODER_KEYS.to_original(
            "encoder.block.10.layer.0.SelfAttention.relative_attention_bias.weight"
        )
        == "blocks.10.pos_embedding.embedding.weight"
    )
    assert TEXT_ENCODER_KEYS.to_library("blocks.3.ffn.gate.0.weight") == (
        "encoder.block.3.layer.1.DenseReluDense.wi_0.weight"
    )


def test_image_encoder_names_cover_the_module():
    config = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2
    )
    with torch.device("meta"):
        names = CLIPVisionModel(config).state_dict()
    for name in names:
        fused = fused_projection(name)
        assert IMAGE_ENCODER_KEYS.to_original(fused[0] if fused else name) is not None, name
    assert fused_projection("encoder.layers.1.self_attn.k_proj.bias") == (
        "encoder.layers.1.self_attn.qkv_proj.bias",
        1,
    )
    assert IMAGE_ENCODER_KEYS.to_original("encoder.layers.1.self_attn.qkv_proj.bias") == (
        "visual.transformer.1.attn.to_qkv.bias"
    )


def test_scales_follow_their_weight():
    assert TRANSFORMER_KEYS.to_library("blocks.7.cross_attn.k_img.scale_weight") == (
        "blocks.7.attn2.add_k_proj.scale_weight"
    )


def test_unknown_name_is_named():
    assert TRANSFORMER_KEYS.to_library("blocks.0.surprise.weight") is None
    with pytest.raises(CheckpointError, match=r"got blocks\.0\.surprise\.weight"):
        TRANSFORMER_KEYS.original_state({"blocks.0.surprise.weight": torch.zeros(1)})
