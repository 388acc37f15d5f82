"""LoRA files of every naming change the model as their definition says."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from wanmove_core.checkpoints.fp8 import Fp8Linear
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.checkpoints.lora import apply_lora
from wanmove_core.errors import CheckpointError

from . import checkpoint_writers as writers

REPORTED = Path(__file__).parents[1] / "fixtures" / "reported"
RANK, ALPHA, STRENGTH = 3, 1.5, 0.7
PRODUCTS = ("blocks.0.attn1.to_q", "blocks.1.attn2.add_k_proj", "blocks.1.ffn.net.0.proj")


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 0.1


def original(path):
    return TRANSFORMER_KEYS.to_original(f"{path}.weight").removesuffix(".weight")


def lora_file(state, naming):
    """A LoRA of three products, and what it means: {weight name: change at strength 1}."""
    names = {
        "comfyui": lambda p: (f"diffusion_model.{original(p)}", "lora_A.weight", "lora_B.weight"),
        "lightx2v": lambda p: (
            f"diffusion_model.{original(p)}",
            "lora_down.weight",
            "lora_up.weight",
        ),
        "no prefix": lambda p: (original(p), "lora_down.weight", "lora_up.weight"),
        "diffusers": lambda p: (f"transformer.{p}", "lora_A.weight", "lora_B.weight"),
        "peft": lambda p: (
            f"base_model.model.{p}",
            "lora_A.default.weight",
            "lora_B.default.weight",
        ),
        "musubi": lambda p: (
            "lora_unet_" + original(p).replace(".", "_"),
            "lora_down.weight",
            "lora_up.weight",
        ),
    }[naming]
    has_alpha = naming in ("musubi", "lightx2v")
    file, meaning = {}, {}
    for seed, path in enumerate(PRODUCTS):
        out_features, in_features = state[f"{path}.weight"].shape
        down, up = random(RANK, in_features, seed=seed), random(out_features, RANK, seed=seed + 9)
        prefix, down_name, up_name = names(path)
        file |= {f"{prefix}.{down_name}": down, f"{prefix}.{up_name}": up}
        if has_alpha:
            file[f"{prefix}.alpha"] = torch.tensor(ALPHA)
        meaning[f"{path}.weight"] = up @ down * (ALPHA / RANK if has_alpha else 1)
    return file, meaning


def run(transformer):
    dtype = transformer.dtype
    with torch.no_grad():
        return transformer(
            random(1, 36, 1, 4, 6, seed=1).to(dtype) * 10,
            torch.tensor([500]),
            random(1, 512, 48, seed=2).to(dtype),
            random(1, 17, 160, seed=3).to(dtype),
        ).sample


def load(folder, dtype="fp32"):
    return load_components([folder], dtype=dtype, needs=["transformer"]).transformer


@pytest.fixture(scope="module")
def model():
    return writers.small_model()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return writers.write_comfyui(tmp_path_factory.mktemp("lora") / "m", model)


@pytest.mark.parametrize(
    "naming", ["comfyui", "lightx2v", "no prefix", "diffusers", "peft", "musubi"]
)
def test_every_naming_changes_the_weights_as_defined(naming, model, folder, tmp_path):
    file, meaning = lora_file(model.transformer, naming)
    save_file(file, tmp_path / "lora.safetensors")
    transformer = load(folder)
    assert apply_lora(transformer, tmp_path / "lora.safetensors", strength=STRENGTH) == 3
    for name, weight in transformer.state_dict().items():
        want = model.transformer[name] + STRENGTH * meaning.get(name, 0)
        torch.testing.assert_close(weight, want, rtol=0, atol=1e-6, msg=name)


@pytest.mark.parametrize(("use_rslora", "factor"), [(False, 4 / RANK), (True, 4 / RANK**0.5)])
def test_the_alpha_in_a_header_of_diffusers_counts(use_rslora, factor, model, folder, tmp_path):
    file, meaning = lora_file(model.transformer, "diffusers")
    stated = {"r": RANK, "lora_alpha": 4, "use_rslora": use_rslora, "alpha_pattern": {}}
    told = json.dumps({f"transformer.{name}": value for name, value in stated.items()})
    save_file(file, tmp_path / "lora.safetensors", {"lora_adapter_metadata": told})
    transformer = load(folder)
    apply_lora(transformer, tmp_path / "lora.safetensors")
    for name, weight in transformer.state_dict().items():
        want = model.transformer[name] + factor * meaning.get(name, 0)
        torch.testing.assert_close(weight, want, rtol=0, atol=1e-6, msg=name)


def test_differences_of_biases_norms_and_modulation_count(model, folder, tmp_path):
    changes = {
        "blocks.0.attn1.to_q.bias": ("blocks.0.self_attn.q.diff_b", random(256, seed=4)),
        "blocks.0.norm2.weight": ("blocks.0.norm3.diff", random(256, seed=5)),
        "blocks.1.scale_shift_table": ("blocks.1.modulation.diff", random(1, 6, 256, seed=6)),
        "proj_out.weight": ("head.head.diff", random(64, 256, seed=7)),
    }
    file = {f"diffusion_model.{name}": value for name, value in changes.values()}
    save_file(file, tmp_path / "lora.safetensors")
    transformer = load(folder)
    apply_lora(transformer, tmp_path / "lora.safetensors", strength=STRENGTH)
    state = transformer.state_dict()
    for name, (_, change) in changes.items():
        want = model.transformer[name] + STRENGTH * change
        torch.testing.assert_close(state[name], want, rtol=0, atol=1e-6, msg=name)


@pytest.mark.parametrize("layout", ["fp8", "gguf"])
def test_quantised_layers_stay_quantised(layout, model, tmp_path):
    write = {
        "fp8": lambda path: writers.write_comfyui(
            path, model, transformer=writers.legacy_scaled_fp8
        ),
        "gguf": lambda path: writers.write_gguf(path, model),
    }[layout]
    transformer = load(write(tmp_path / "m"))
    plain = run(transformer)
    file, meaning = lora_file(model.transformer, "lightx2v")
    save_file(file, tmp_path / "lora.safetensors")
    for _ in range(2):  # two LoRAs add up
        apply_lora(transformer, tmp_path / "lora.safetensors", strength=STRENGTH / 2)
    if layout == "fp8":
        assert isinstance(transformer.blocks[0].attn1.to_q.base.base, Fp8Linear)
        state = writers.dequantised(writers.original_transformer(model))
        for name, change in meaning.items():
            state[TRANSFORMER_KEYS.to_original(name)] += STRENGTH * change
        reference = writers.write_comfyui(tmp_path / "w", model, transformer=lambda _: state)
        torch.testing.assert_close(run(transformer), run(load(reference)), rtol=0, atol=2e-5)
    assert (run(transformer) - plain).abs().max() > 0.05


def test_lora_for_text_to_video_leaves_the_patch_embedding(model, folder, tmp_path, caplog):
    file, _ = lora_file(model.transformer, "comfyui")
    file["diffusion_model.patch_embedding.diff"] = torch.ones(256, 16, 1, 2, 2)
    save_file(file, tmp_path / "lora.safetensors")
    transformer = load(folder)
    assert apply_lora(transformer, tmp_path / "lora.safetensors") == 3
    assert "patch embedding is left out" in caplog.text
    weight = transformer.patch_embedding.weight
    assert torch.equal(weight, model.transformer["patch_embedding.weight"])


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (
            {"lora_te_text_model_layers_0.lora_down.weight": torch.ones(3, 5)},
            "of a Wan transformer",
        ),
        ({"patch_embedding.weight": torch.ones(3, 5)}, "of a Wan transformer"),
        (
            {
                "blocks.0.self_attn.q.lora_down.weight": torch.ones(3, 1536),
                "blocks.0.self_attn.q.lora_up.weight": torch.ones(1536, 3),
            },
            r"down of blocks.0.attn1.to_q must have shape \[3, 256\]; got \[3, 1536\]",
        ),
        ({"blocks.0.self_attn.q.lora_down.weight": torch.ones(3, 256)}, "up of .* got none"),
        (
            {
                "blocks.0.self_attn.q.diff_b": torch.ones(256),
                "blocks.31.self_attn.q.diff_b": torch.ones(256),
            },
            r"got 1 others \(blocks.31.self_attn.q.diff_b\)",
        ),
    ],
)
def test_lora_of_another_model_is_refused_and_changes_nothing(
    file, message, model, folder, tmp_path
):
    save_file(file, tmp_path / "lora.safetensors")
    transformer = load(folder)
    with pytest.raises(CheckpointError, match=message):
        apply_lora(transformer, tmp_path / "lora.safetensors")
    for name, weight in transformer.state_dict().items():
        assert torch.equal(weight, model.transformer[name])


@pytest.mark.parametrize(
    ("name", "changed"), [("lx2v_diff_m.safetensors", 3), ("unet_half_dots.safetensors", 1)]
)
def test_reported_files_are_added(name, changed, folder):
    path = REPORTED / name
    transformer = load(folder)
    assert apply_lora(transformer, path) == changed


def test_modulations_change_by_their_difference(model, folder, tmp_path, caplog):
    change = random(1, 6, 256, seed=6)
    file = {"diffusion_model.blocks.1.diff_m": change, "rank": torch.tensor(4)}
    save_file(file, tmp_path / "lora.safetensors")
    transformer = load(folder)
    apply_lora(transformer, tmp_path / "lora.safetensors", strength=STRENGTH)
    want = model.transformer["blocks.1.scale_shift_table"] + STRENGTH * change
    torch.testing.assert_close(transformer.blocks[1].scale_shift_table.data, want)
    assert "1 weights of other parts are left out (rank)" in caplog.text


def test_other_kinds_of_adapters_are_refused(folder, tmp_path):
    save_file({"blocks.0.self_attn.q.hada_w1_a": torch.ones(2)}, tmp_path / "lora.safetensors")
    with pytest.raises(CheckpointError, match="must be a plain LoRA; got 1 weights"):
        apply_lora(load(folder), tmp_path / "lora.safetensors")
