"""Every tool's spelling of a LoRA's names means the same change of the same layer."""

import pytest

from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS
from wanmove_core.checkpoints.lora_names import is_lora, sort_names

LAYERS = {
    "blocks.0.attn1.to_q": "blocks.0.self_attn.q",
    "blocks.1.attn1.to_out.0": "blocks.1.self_attn.o",
    "blocks.1.attn2.add_k_proj": "blocks.1.cross_attn.k_img",
    "blocks.11.ffn.net.0.proj": "blocks.11.ffn.0",
    "blocks.1.ffn.net.2": "blocks.1.ffn.2",
    "condition_embedder.time_proj": "time_projection.1",
    "condition_embedder.image_embedder.ff.net.0.proj": "img_emb.proj.1",
    "condition_embedder.text_embedder.linear_1": "text_embedding.0",
    "proj_out": "head.head",
}
PARAMETERS = [f"{layer}.{leaf}" for layer in LAYERS for leaf in ("weight", "bias")]
PARAMETERS += ["scale_shift_table", "blocks.0.scale_shift_table", "blocks.1.norm2.weight"]


def flat(name):
    return name.replace(".", "_")


# (tool, layer's name from the original and diffusers' one, down, up)
TOOLS = [
    ("ComfyUI", lambda o, _: f"diffusion_model.{o}", ".lora_A.weight", ".lora_B.weight"),
    ("lightx2v", lambda o, _: f"diffusion_model.{o}", ".lora_down.weight", ".lora_up.weight"),
    ("kijai", lambda o, _: f"model.diffusion_model.{o}", ".lora_down.weight", ".lora_up.weight"),
    ("original", lambda o, _: o, ".lora_down.weight", ".lora_up.weight"),
    ("musubi", lambda o, _: f"lora_unet_{flat(o)}", ".lora_down.weight", ".lora_up.weight"),
    ("kohya", lambda o, _: f"lora_unet__{flat(o)}", ".lora_down.weight", ".lora_up.weight"),
    ("half flat", lambda o, _: f"lora_unet_{o.replace('.', '_', 1)}", ".lora_down.weight",
     ".lora_up.weight"),
    ("dotted prefix", lambda o, _: f"lora_unet.{o}", ".lora_A.weight", ".lora_B.weight"),
    ("diffusers", lambda _, d: f"transformer.{d}", ".lora_A.weight", ".lora_B.weight"),
    ("old diffusers", lambda _, d: f"transformer.{d}", ".lora.down.weight", ".lora.up.weight"),
    ("linear layer", lambda _, d: f"unet.{d}", ".lora_linear_layer.down.weight",
     ".lora_linear_layer.up.weight"),
    ("peft", lambda o, _: f"base_model.model.{o}", ".lora_A.weight", ".lora_B.weight"),
    ("peft, named", lambda _, d: f"base_model.model.{d}", ".lora_A.default.weight",
     ".lora_B.default.weight"),
    ("peft, other name", lambda o, _: o, ".lora_A.my_style.weight", ".lora_B.my_style.weight"),
    ("DiffSynth", lambda o, _: f"pipe.dit.{o}", ".lora_A.default.weight", ".lora_B.default.weight"),
    ("OneTrainer", lambda _, d: f"lora_transformer_{flat(d)}", ".lora_down.weight",
     ".lora_up.weight"),
    ("OneTrainer, dots", lambda _, d: f"transformer.{d}", ".lora_down.weight", ".lora_up.weight"),
    ("LyCORIS", lambda o, _: f"lycoris_{flat(o)}", ".lora_down.weight", ".lora_up.weight"),
    ("without weight", lambda o, _: f"diffusion_model.{o}", ".lora_A", ".lora_B"),
    ("underscores alone", lambda o, _: f"lora_unet_{flat(o)}", "_lora_down_weight",
     "_lora_up_weight"),
]  # fmt: skip


@pytest.mark.parametrize("tool, prefixed, down, up", TOOLS, ids=[tool[0] for tool in TOOLS])
def test_every_spelling_means_the_same_layer(tool, prefixed, down, up):
    for ours, original in LAYERS.items():
        name = prefixed(original, ours)
        file = [name + down, name + up, f"{name}.alpha"]
        found = sort_names(file, PARAMETERS)
        assert list(found.known.values()) == [(ours, "down"), (ours, "up"), (ours, "alpha")], tool
        assert is_lora(file[:2])


def test_differences_and_modulations():
    found = sort_names(
        [
            "diffusion_model.blocks.0.diff_m",
            "diffusion_model.head.diff_m",
            "diffusion_model.blocks.1.norm3.diff",
            "diffusion_model.blocks.0.self_attn.q.diff_b",
            "lora_unet_blocks_0_self_attn_q.diff",
        ],
        PARAMETERS,
    )
    assert list(found.known.values()) == [
        ("blocks.0.scale_shift_table", "weight"),
        ("scale_shift_table", "weight"),
        ("blocks.1.norm2", "weight"),
        ("blocks.0.attn1.to_q", "bias"),
        ("blocks.0.attn1.to_q", "weight"),
    ]


def test_other_parts_are_skipped_and_other_kinds_told():
    found = sort_names(
        [
            "lora_te1_text_model_encoder_layers_0_mlp_fc1.lora_down.weight",
            "text_encoder.blocks.0.attn.q.lora_A.weight",
            "rank",
            "vace_blocks.0.self_attn.q.lora_A.weight",
            "blocks.12.self_attn.q.lora_A.weight",
            "lora_unet_blocks_0_self_attn_q.hada_w1_a",
            "blocks.0.self_attn.q.dora_scale",
            "a" * 500_000 + ".lora_A.weight",
        ],
        PARAMETERS,
    )
    assert not found.known
    assert [len(names) for names in (found.skipped, found.absent, found.other_kinds)] == [5, 1, 2]


def test_every_layer_has_one_spelling_without_separators():
    """Otherwise two layers would be taken for each other."""
    pairs = [(o.replace("{n}", "7"), d.replace("{n}", "7")) for o, d in TRANSFORMER_KEYS.pairs]
    plain = {}
    for original, library in pairs:
        for name in (original, library):
            assert plain.setdefault(flat(name), library) == library
