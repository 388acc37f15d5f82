"""Wrong files: each gives one line that says what it is and what is needed."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from wanmove_core.checkpoints.loading import load_components
from wanmove_core.checkpoints.text_encoder import _try_apart, load_tokenizer
from wanmove_core.errors import CheckpointError, OptionError

from . import checkpoint_writers as writers
from .refusals import refusal

FLOAT8 = torch.float8_e4m3fn


@pytest.fixture(scope="module")
def model():
    return writers.small_model()


@pytest.fixture(scope="module")
def state(model):
    return writers.cast(writers.original_transformer(model), torch.bfloat16)


def t2v(state):
    out = {name: tensor for name, tensor in state.items() if "img" not in name}
    return out | {"patch_embedding.weight": torch.zeros(256, 16, 1, 2, 2)}


def with_channels(count):
    return lambda state: state | {"patch_embedding.weight": torch.zeros(256, count, 1, 2, 2)}


def without_image_embedding(state):
    return {name: tensor for name, tensor in state.items() if not name.startswith("img_emb")}


def also(name, *shape):
    return lambda state: state | {name: torch.zeros(shape)}


WRONG_MODELS = {
    "text-to-video": (t2v, r"got a text-to-video transformer \(16 input channels\)"),
    "other channels": (with_channels(52), r"got a transformer \(52 input channels\)"),
    "Wan 2.2 14B": (without_image_embedding, r"got a Wan 2\.2 14B image-to-video transformer"),
    "VACE": (also("vace_patch_embedding.weight", 8, 96, 1, 2, 2), "got a VACE transformer"),
    "first-last": (also("img_emb.emb_pos", 1, 514, 160), "got a first-and-last-frame transformer"),
    "camera": (also("control_adapter.conv.weight", 8, 24), "got a camera-control transformer"),
}


@pytest.mark.parametrize("kind", WRONG_MODELS)
@pytest.mark.parametrize("given", ["file", "folder"])
def test_other_wan_models_are_named(kind, given, state, tmp_path):
    change, message = WRONG_MODELS[kind]
    save_file(change(state), tmp_path / "model.safetensors")
    path = tmp_path / "model.safetensors" if given == "file" else tmp_path
    text = refusal([path], needs=["transformer"])
    assert text.startswith(
        f"{tmp_path / 'model.safetensors'} must be a Wan-Move image-to-video transformer (36 input"
    )
    assert "Download Ruihang/Wan-Move-14B-480P" in text
    with pytest.raises(CheckpointError, match=message):
        load_components([path], needs=["transformer"])


def other_parts(model):
    zeros = torch.zeros
    return {
        "a LoRA": {"diffusion_model.blocks.0.self_attn.q.lora_down.weight": zeros(3, 5)},
        "a VACE control module": {"vace_blocks.0.before_proj.weight": zeros(3, 5)},
        "a T5 text encoder that is not umT5": {
            f"encoder.block.{n}.layer.0.SelfAttention.q.weight": zeros(5, 5) for n in (0, 1)
        },
        "another model (2 weights": {"model.layers.0.weight": zeros(5), "b": zeros(3, 5, 7)},
        "a file without weights": {},
    }


@pytest.mark.parametrize("kind", other_parts(None))
def test_other_files_are_named(kind, tmp_path):
    save_file(other_parts(None)[kind], tmp_path / "file.safetensors")
    assert f"got {kind}" in refusal([tmp_path / "file.safetensors"])
    assert "must contain" in refusal([tmp_path], needs=["image_encoder"])


def test_text_encoder_in_place_of_the_transformer(model, tmp_path):
    save_file(model.text_encoder, tmp_path / "t5.safetensors")
    message = refusal([tmp_path / "t5.safetensors"], needs=["transformer"])
    assert "must contain a Wan-Move image-to-video transformer (36 input channels)" in message
    assert "got t5.safetensors: text encoder. Download" in message


@pytest.mark.parametrize("part", ["vae", "text_encoder", "image_encoder"])
def test_missing_part_is_named(part, model, tmp_path):
    folder = writers.write_comfyui(tmp_path / "m", model)
    subfolder = {"vae": "vae", "text_encoder": "text_encoders", "image_encoder": "clip_vision"}
    for file in (folder / subfolder[part]).iterdir():
        file.unlink()
    needed = {"vae": "Wan 2.1 VAE", "text_encoder": "umT5-XXL", "image_encoder": "CLIP ViT-H/14"}
    assert needed[part] in refusal([folder])


def test_missing_tokenizer_is_named(model, tmp_path):
    folder = writers.write_official(tmp_path / "m", model)
    (folder / "google" / "umt5-xxl" / "spiece.model").unlink()
    assert "must come with umT5's tokenizer" in refusal([folder])


def test_broken_tokenizer_is_named(model, tmp_path):
    folder = writers.write_official(tmp_path / "m", model)
    (folder / "google" / "umt5-xxl" / "spiece.model").write_bytes(b"not a model")
    assert "must be a sentencepiece model; got 11 bytes" in refusal([folder])


def test_missing_shard_is_named(model, tmp_path):
    folder = writers.write_official(tmp_path / "m", model)
    (folder / "diffusion_pytorch_model-00002-of-00003.safetensors").unlink()
    message = refusal([folder])
    assert "must hold all 3 shards" in message
    assert "without diffusion_pytorch_model-00002-of-00003.safetensors" in message


def test_names_of_missing_unexpected_and_misshapen_weights(state, tmp_path):
    changed = dict(state)
    del changed["blocks.1.ffn.2.bias"]
    changed["blocks.1.ffn.3.bias"] = torch.zeros(7)
    changed["head.head.weight"] = torch.zeros(64, 255)
    save_file(changed, tmp_path / "model.safetensors")
    message = refusal([tmp_path / "model.safetensors"], needs=["transformer"])
    assert "missing 1 (blocks.1.ffn.net.2.bias)" in message
    assert "unexpected 1 (blocks.1.ffn.3.bias)" in message
    assert "of another shape 1 (proj_out.weight [64, 255] instead of [64, 256])" in message


def test_scale_of_the_wrong_shape_is_named(state, tmp_path):
    scaled = writers.legacy_scaled_fp8({k: v.float() for k, v in state.items()})
    scaled["blocks.0.ffn.0.scale_weight"] = torch.ones(7)
    save_file(scaled, tmp_path / "model.safetensors")
    message = refusal([tmp_path / "model.safetensors"], needs=["transformer"])
    assert "scale of blocks.0.ffn.net.0.proj" in message


@pytest.mark.parametrize("in_header", [False, True])
def test_missing_scale_is_named(in_header, model, tmp_path):
    def without_one(original):
        converted = writers.comfy_quant_fp8(original)
        del converted["blocks.0.ffn.0.weight_scale"]
        return converted

    folder = writers.write_comfyui(
        tmp_path / "m",
        model,
        transformer=without_one,
        notes_in_header=in_header,
        prefix="model.diffusion_model.",
    )
    assert "must have the scale of blocks.0.ffn.0" in refusal([folder])


@pytest.mark.parametrize("quantisation", ["nvfp4", "mxfp8", "int8_tensorwise"])
@pytest.mark.parametrize("in_header", [False, True])
def test_other_quantisations_are_refused(quantisation, in_header, model, tmp_path):
    folder = writers.write_comfyui(
        tmp_path / "m",
        model,
        transformer=lambda s: writers.comfy_quant_fp8(s, quantisation),
        notes_in_header=in_header,
    )
    assert f"got {quantisation}" in refusal([folder])


def test_quanto_and_integer_weights_are_refused(state, tmp_path):
    quanto = state | {"blocks.0.ffn.0.weight._data": torch.zeros(5, dtype=torch.int8)}
    save_file(quanto, tmp_path / "a.safetensors")
    integer = state | {"blocks.0.ffn.0.weight": torch.zeros(320, 256, dtype=torch.int8)}
    save_file(integer, tmp_path / "b.safetensors")
    message = refusal([tmp_path / "a.safetensors"], needs=["transformer"])
    assert "a quantisation of another kind" in message
    message = refusal([tmp_path / "b.safetensors"], needs=["transformer"])
    assert "of a type that is not float 1 (blocks.0.ffn.net.0.proj.weight)" in message


def test_missing_path_is_named(tmp_path):
    assert "No such file" in refusal([tmp_path / "nothing.safetensors"])
    assert "no model files" in refusal([tmp_path])


def test_unknown_options_are_refused(tmp_path):
    with pytest.raises(OptionError, match="dtype must be one of bf16, fp16, fp32, fp8; got int4"):
        load_components([tmp_path], dtype="int4")
    with pytest.raises(OptionError, match="needs must name"):
        load_components([tmp_path], needs=["unet"])


def test_prompt_embeddings_of_another_width_are_refused(model, tmp_path):
    folder = writers.write_comfyui(tmp_path / "m", model)
    save_file({"a prompt": torch.ones(3, 50)}, folder / "prompts.safetensors")
    message = refusal([folder])
    assert "prompt 'a prompt' must give 48 channels" in message
    assert "got 50" in message


def test_several_transformers_need_a_choice(model, state, tmp_path):
    save_file(state, tmp_path / "a.safetensors")
    save_file(state, tmp_path / "b.safetensors")
    message = refusal([tmp_path], needs=["transformer"])
    assert "must hold one transformer stored as bf16; got 2: " in message
    assert str(tmp_path / "a.safetensors") in message
    assert str(tmp_path / "b.safetensors") in message
    one = load_components([tmp_path / "b.safetensors"], needs=["transformer"])
    assert one.transformer is not None
    assert one.vae is None


def test_shared_files_survive(state, tmp_path):
    """Loading copies: writing into the model does not reach the file, nor the other way round."""
    path = tmp_path / "a.safetensors"
    save_file(state, path)
    part = load_components([path], needs=["transformer"]).transformer
    part.patch_embedding.weight.data.zero_()
    assert torch.equal(load_file(path)["patch_embedding.weight"], state["patch_embedding.weight"])


def test_a_tokenizer_that_ends_its_process_is_one_line():
    with pytest.raises(CheckpointError, match=r"x: the tokenizer must be a model; got 3 bytes"):
        _try_apart("import os; os.abort()", b"abc", "x", "model")


@pytest.mark.parametrize("text", ["{", "[]", '{"model": {"type": "Unigram", "vocab": []}}', ""])
def test_a_damaged_tokenizer_folder_is_one_line(tmp_path, text):
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        load_tokenizer(None, tmp_path)
