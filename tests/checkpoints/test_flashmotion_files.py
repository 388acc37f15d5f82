"""The 5B model and FlashMotion's adapters: told by content, loaded, and refused by name."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.checkpoints import flashmotion_files as files
from tests.checkpoints.refusals import refusal
from wanmove_core.checkpoints.adapter_loading import load_adapter
from wanmove_core.checkpoints.adapters import find_adapter
from wanmove_core.checkpoints.checkpoint import open_checkpoint
from wanmove_core.checkpoints.classify import identify
from wanmove_core.checkpoints.fp8 import Fp8Linear
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.errors import CheckpointError
from wanmove_core.family import WAN22_TI2V


def _write_5b(folder: Path, state=None) -> Path:
    torch.save(files.generator() if state is None else state, folder / "model.pt")
    files.write_vae(folder / "Wan2.2_VAE.pth")
    files.write_prompts(folder / "prompts.safetensors")
    return folder


@pytest.mark.parametrize("wrapping", files.WRAPPINGS)
def test_the_5b_is_loaded_out_of_every_wrapping(wrapping, tmp_path):
    _write_5b(tmp_path, files.wrapped(wrapping))
    parts = load_components([tmp_path], dtype="fp32")
    assert parts.family == WAN22_TI2V
    assert parts.image_encoder is None
    for loaded, module in zip((parts.transformer, parts.vae), files.small_5b(), strict=True):
        state = module.state_dict()
        assert loaded.state_dict().keys() == state.keys()
        assert all(torch.equal(t, state[name]) for name, t in loaded.state_dict().items())


def test_a_folder_of_both_families_keeps_to_one(tmp_path):
    """The 5B is taken when it is named, and is no trouble to Wan-Move otherwise."""
    _write_5b(tmp_path)
    wan_move = {
        "patch_embedding.weight": torch.zeros(256, 36, 1, 2, 2),
        "blocks.0.self_attn.q.weight": torch.zeros(256, 256),
        "img_emb.proj.1.weight": torch.zeros(160, 160),
    }
    save_file(wan_move, tmp_path / "wan_move.safetensors")
    named = load_components([tmp_path / "model.pt", tmp_path], dtype="fp32", needs=["vae"])
    assert named.family == WAN22_TI2V
    assert "must contain a Wan 2.1 VAE; got" in refusal([tmp_path], needs=["vae"])
    (tmp_path / "Wan2.2_VAE.pth").unlink()
    message = refusal([tmp_path / "model.pt", tmp_path], needs=["vae"])
    assert "must contain a Wan 2.2 VAE" in message


@pytest.mark.parametrize("kind", ["resnet", "controlnet"])
@pytest.mark.parametrize("name", ["a.safetensors", "FastAdapter/X/model.pt"])
def test_an_adapter_comes_back_as_it_was_written(kind, name, tmp_path):
    path = files.write_adapter(tmp_path / name, kind)
    found = find_adapter(open_checkpoint([path]))
    assert found is not None
    assert (found.kind, found.width, found.blocks, found.stage) == (kind, 256, 2, "fast")
    loaded = load_adapter(path, compute_dtype=torch.float32)
    state = files.small_adapter(kind).state_dict()
    assert loaded.state_dict().keys() == state.keys()
    assert all(torch.equal(t, state[name]) for name, t in loaded.state_dict().items())


def test_the_controlnet_is_kept_as_fp8_when_asked(tmp_path):
    path = files.write_adapter(tmp_path / "a.safetensors", "controlnet")
    loaded = load_adapter(path, compute_dtype=torch.bfloat16, quantize=True)
    kept = [module for module in loaded.modules() if isinstance(module, Fp8Linear)]
    # Per block: two attentions of four, two of the feed-forward, and the output layer.
    assert len(kept) == files.BLOCKS * 11
    wide = sum(t.nbytes for t in load_adapter(path).state_dict().values())
    assert sum(t.nbytes for t in loaded.state_dict().values()) < 0.7 * wide


def test_any_name_of_the_output_layers_and_a_head_are_taken(tmp_path):
    """Rule 3: the family of square layers, one a block, is found whatever it is called."""
    path = files.write_adapter(tmp_path / "a.pt", "controlnet")
    state = torch.load(path, weights_only=True)
    renamed = {name.replace("out_projectors", "zero_convs"): t for name, t in state.items()}
    renamed["head.head.weight"] = torch.zeros(192, 256)
    torch.save({"generator": files.prefixed(renamed, "model."), "critic": {}}, path)
    loaded = load_adapter(path, compute_dtype=torch.float32)
    state = files.small_adapter("controlnet").state_dict()
    assert all(torch.equal(t, state[name]) for name, t in loaded.state_dict().items())


MERGED = {
    "beside the model": lambda base, adapter: files.prefixed(adapter, "controlnet.") | base,
    "inside its wrapping": lambda base, adapter: files.prefixed(
        base | files.prefixed(adapter, "adapter."), "model."
    ),
    "two of a training state": lambda base, adapter: {
        "generator": files.prefixed(base, "_fsdp_wrapped_module.model."),
        "resnet": files.prefixed(adapter, "module."),
        "critic": files.prefixed(base, "model."),
        "step": 4,
    },
}


@pytest.mark.parametrize("kind", ["resnet", "controlnet"])
@pytest.mark.parametrize("layout", MERGED)
def test_a_model_and_its_adapter_in_one_file_are_split(layout, kind, tmp_path):
    """Rule 5: each loader takes its own part, whatever the prefixes, and the critic is no one's."""
    alone = files.write_adapter(tmp_path / "alone.pt", kind)
    adapter = torch.load(alone, weights_only=True)
    alone.unlink()
    _write_5b(tmp_path, MERGED[layout](files.generator(), adapter))
    path = tmp_path / "model.pt"
    parts = load_components([tmp_path], dtype="fp32")
    loaded = load_adapter(path, compute_dtype=torch.float32)
    modules = (parts.transformer, files.small_5b()[0]), (loaded, files.small_adapter(kind))
    for module, wanted in modules:
        state = wanted.state_dict()
        assert module.state_dict().keys() == state.keys()
        assert all(torch.equal(t, state[name]) for name, t in module.state_dict().items())
    said = identify(open_checkpoint([path])).description
    assert said.startswith("a Wan 2.2 5B transformer, merged with a FlashMotion ")


def _unknown_resnet() -> dict[str, torch.Tensor]:
    layers = {f"res.{n}.conv.weight": torch.zeros(8, 8, 3, 3, 3) for n in range(2)}
    return {**layers, **{f"zero.{n}.weight": torch.zeros(256, 8, 1, 1, 1) for n in range(2)}}


def _controlnet_of_48() -> dict[str, torch.Tensor]:
    state = {f"zero.{n}.weight": torch.zeros(256, 256) for n in range(2)}
    return {**files.generator(), **state}


REFUSED = {
    "resnet of another body": (_unknown_resnet, "a FlashMotion ResNet adapter (2 blocks"),
    "controlnet of 48": (_controlnet_of_48, "in a layout that is not known yet"),
    "the generator": (files.generator, "got a Wan 2.2 5B transformer"),
    "something else": (lambda: {"a.weight": torch.zeros(3, 4, 5)}, "got another model"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_is_refused_with_the_line_that_helps(name, tmp_path):
    make, got = REFUSED[name]
    save_file(make(), tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError) as caught:
        load_adapter(tmp_path / "model.safetensors")
    message = str(caught.value)
    assert got in message
    assert f"wanmove inspect {tmp_path}" in message
    assert "\n" not in message


def test_an_adapter_is_no_checkpoint(tmp_path):
    _write_5b(tmp_path)
    path = files.write_adapter(tmp_path / "adapter.safetensors", "resnet")
    message = refusal([path])
    assert "must be a whole model; got a fast FlashMotion ResNet adapter" in message
    assert "--adapter" in message
    # In a folder it is passed over.
    assert load_components([tmp_path], dtype="fp32").family == WAN22_TI2V


def test_a_critic_is_left_unread(tmp_path):
    _write_5b(tmp_path, files.wrapped("training state"))
    checkpoint = open_checkpoint([tmp_path / "model.pt"])
    assert checkpoint.wrapping == "generator.model."
    assert checkpoint.unread == 2
    assert identify(checkpoint).family == WAN22_TI2V
