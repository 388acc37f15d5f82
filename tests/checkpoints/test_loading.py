"""What load_components keeps in memory, in which type, and which file it takes."""

import os
import socket
import subprocess
import sys

import pytest
import torch
from diffusers import WanTransformer3DModel
from diffusers.quantizers.gguf.utils import GGUFLinear
from safetensors.torch import save_file

from wanmove_core.checkpoints.fp8 import Fp8Linear, round_to_fp8
from wanmove_core.checkpoints.loading import load_components

from . import checkpoint_writers as writers


@pytest.fixture(scope="module")
def model():
    return writers.small_model()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return writers.write_comfyui(tmp_path_factory.mktemp("loading") / "m", model)


@pytest.fixture(scope="module")
def fp8_folder(model, tmp_path_factory):
    return writers.write_comfyui(
        tmp_path_factory.mktemp("loading_fp8") / "m",
        model,
        transformer=writers.legacy_scaled_fp8,
        text_encoder=writers.legacy_scaled_fp8,
    )


def fp8_layers(module):
    return {name for name, layer in module.named_modules() if isinstance(layer, Fp8Linear)}


def forward(transformer, seed=5):
    generator = torch.Generator().manual_seed(seed)
    dtype = transformer.dtype
    inputs = [torch.randn(s, generator=generator) for s in ((1, 36, 1, 4, 6), (1, 512, 48))]
    image = torch.randn(1, 17, 160, generator=generator)
    with torch.no_grad():
        return transformer(
            inputs[0].to(dtype), torch.tensor([500]), inputs[1].to(dtype), image.to(dtype)
        ).sample


def test_bf16_keeps_what_from_pretrained_keeps_in_float32(model, folder, tmp_path):
    loaded = load_components([folder], dtype="bf16", needs=["transformer"]).transformer
    with torch.device("meta"):
        made = WanTransformer3DModel(**dict(loaded.config))
    made.load_state_dict(model.transformer, assign=True)
    made.save_pretrained(tmp_path / "saved")
    reference = WanTransformer3DModel.from_pretrained(
        tmp_path / "saved", torch_dtype=torch.bfloat16, local_files_only=True
    )
    for (name, tensor), (_, want) in zip(
        loaded.state_dict().items(), reference.state_dict().items(), strict=True
    ):
        assert tensor.dtype == want.dtype, name
        assert torch.equal(tensor, want), name
    assert loaded.dtype == torch.bfloat16
    assert torch.equal(forward(loaded), forward(reference))


@pytest.mark.parametrize("dtype", ["bf16", "fp16", "fp32", "fp8"])
def test_fp8_files_stay_fp8_in_memory(dtype, model, fp8_folder):
    components = load_components([fp8_folder], dtype=dtype, text_encoder_dtype=dtype)
    for module in (components.transformer, components.text_encoder):
        layers = fp8_layers(module)
        assert len(layers) > 10
        assert all(module.get_submodule(name).weight.itemsize == 1 for name in layers)
    assert len(fp8_layers(components.transformer)) == 2 * 12
    compute = {"fp8": "bf16"}.get(dtype, dtype)
    want = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[compute]
    assert components.transformer.dtype == want
    assert components.transformer.proj_out.weight.dtype == want
    assert components.transformer.blocks[0].scale_shift_table.dtype == torch.float32
    assert components.text_encoder.shared.weight.dtype == want


def test_fp8_layers_survive_a_change_of_type(fp8_folder):
    """`.to(dtype)` of a pipeline neither widens them nor rounds their numbers."""
    part = load_components([fp8_folder], dtype="fp32", needs=["transformer"]).transformer
    before = part.blocks[0].attn1.to_q.weight.clone()
    part.blocks.to(torch.float16)
    after = part.blocks[0].attn1.to_q.weight
    assert after.dtype == torch.int8
    assert torch.equal(after, before)


def test_plain_fp8_has_no_scale(model, tmp_path):
    folder = writers.write_comfyui(tmp_path / "m", model, transformer=writers.plain_fp8)
    part = load_components([folder], dtype="fp32", needs=["transformer"]).transformer
    assert len(fp8_layers(part)) == 2 * 12
    layer = part.blocks[1].ffn.net[2]
    wide = model.transformer["blocks.1.ffn.net.2.weight"].to(torch.float8_e4m3fn).float()
    x = torch.randn(3, 320, generator=torch.Generator().manual_seed(1))
    bias = model.transformer["blocks.1.ffn.net.2.bias"]
    assert torch.equal(layer(x), torch.nn.functional.linear(x, wide, bias))


def test_fp8_is_made_from_wider_files(model, folder):
    part = load_components([folder], dtype="fp8", needs=["transformer"]).transformer
    wide = load_components([folder], dtype="bf16", needs=["transformer"]).transformer
    assert len(fp8_layers(part)) == 2 * 12
    got, want = forward(part).float(), forward(wide).float()
    assert 0 < (got - want).norm() / want.norm() < 0.08


def test_rounding_to_fp8_uses_the_whole_range():
    weight = torch.randn(7, 11, generator=torch.Generator().manual_seed(2)) * 1e-3
    rounded, scale = round_to_fp8(weight)
    assert rounded.float().abs().max() == 448
    # Half a step of 3 mantissa bits, or of the smallest subnormal number.
    error = (rounded.float() * scale - weight).abs()
    assert (error <= torch.maximum(weight.abs() / 16, scale * 2**-10)).all()
    zeros, _ = round_to_fp8(torch.zeros(3, 5))
    assert (zeros.float() == 0).all()


def test_scale_may_differ_by_output():
    weight = torch.randn(5, 7, generator=torch.Generator().manual_seed(3)).to(torch.float8_e4m3fn)
    scale = torch.tensor([0.5, 1, 2, 3, 5])
    layer = Fp8Linear(weight, scale, None, compute_dtype=torch.float32)
    x = torch.randn(2, 7, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(layer(x), x @ weight.float().T * scale)


@pytest.mark.parametrize(("dtype", "fp8"), [("fp8", True), ("bf16", False), ("fp32", False)])
def test_dtype_picks_among_two_transformers(dtype, fp8, model, folder, tmp_path):
    """The layout of a folder that has one model twice: bf16 and scaled fp8."""
    state = writers.original_transformer(model)
    save_file(writers.cast(state, torch.bfloat16), tmp_path / "a_bf16.safetensors")
    save_file(writers.legacy_scaled_fp8(state), tmp_path / "b_fp8_scaled.safetensors")
    part = load_components([tmp_path], dtype=dtype, needs=["transformer"]).transformer
    assert bool(fp8_layers(part)) is fp8
    if fp8:  # the stored scales, not freshly made ones of the bf16 file
        scale = writers.legacy_scaled_fp8(state)["blocks.0.ffn.0.scale_weight"]
        assert torch.equal(part.blocks[0].ffn.net[0].proj.weight_scale, scale)


def test_the_most_precise_vae_is_picked(model, tmp_path):
    state = writers.VAE_KEYS.original_state(model.vae)
    precise = {name: tensor + 1e-3 for name, tensor in state.items()}  # does not fit bfloat16
    save_file(writers.cast(precise, torch.bfloat16), tmp_path / "a.safetensors")
    save_file(precise, tmp_path / "b.safetensors")
    vae = load_components([tmp_path], dtype="bf16", needs=["vae"]).vae
    assert torch.equal(vae.quant_conv.weight, precise["conv1.weight"])


def test_prompt_embeddings_replace_the_text_encoder(model, tmp_path):
    state = writers.cast(writers.original_transformer(model), torch.bfloat16)
    save_file(state, tmp_path / "toy.safetensors", {"image_encoder": "none"})
    save_file(writers.VAE_KEYS.original_state(model.vae), tmp_path / "toy_vae.safetensors")
    embeds = {"": torch.zeros(1, 48), "a cat": torch.ones(3, 48)}
    save_file(embeds, tmp_path / "toy_prompts.safetensors")
    components = load_components([tmp_path])
    assert components.text_encoder is None
    assert components.tokenizer is None
    assert components.image_encoder is None
    assert components.prompt_embeds.keys() == embeds.keys()
    assert torch.equal(components.prompt_embeds["a cat"], embeds["a cat"])


# (quantisation, patch embedding folded to four axes, tolerance)
@pytest.mark.parametrize("case", [("Q8_0", True, 0.02), ("Q8_0", False, 0.02), ("Q4_0", True, 0.3)])
def test_gguf(case, model, folder, tmp_path):
    quantisation, folded, tolerance = case
    gguf_folder = writers.write_gguf(
        tmp_path / "m", model, quantisation=quantisation, fold_patches=folded
    )
    part = load_components([gguf_folder], dtype="fp32", needs=["transformer"]).transformer
    assert isinstance(part.blocks[0].attn1.to_q, GGUFLinear)
    wide = load_components([folder], dtype="fp32", needs=["transformer"]).transformer
    weight = "patch_embedding.weight"
    assert torch.equal(part.get_parameter(weight), wide.get_parameter(weight))
    got, want = forward(part), forward(wide)
    assert 0 < (got - want).norm() / want.norm() < tolerance


def test_loading_leaves_the_random_numbers_alone(folder):
    state = torch.random.get_rng_state()
    components = load_components([folder])
    assert torch.equal(torch.random.get_rng_state(), state)
    for part in (components.transformer, components.vae, components.text_encoder):
        assert not part.training
        tensors = [*part.parameters(), *part.buffers()]
        assert not any(t.is_meta or t.requires_grad for t in tensors)


def test_loading_never_opens_a_connection(model, tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for write in (writers.write_official, writers.write_diffusers):
        load_components([write(tmp_path / write.__name__, model)])


MEASURE = """
import sys
from pathlib import Path
from wanmove_core.checkpoints.loading import load_components

def kilobytes(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])

small, large, part, dtype = sys.argv[1:]
load_components([Path(small)], dtype="bf16", needs=[part])  # whatever libraries set up once
Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
before = kilobytes("VmRSS")
kept = load_components([Path(large)], dtype=dtype, needs=[part])
print((kilobytes("VmHWM") - before) * 1024)
"""


def large_transformer(path):
    """About 200 MB: the released model's shapes with 5 layers of 1024 channels."""
    with torch.device("meta"):
        made = WanTransformer3DModel(
            num_attention_heads=8,
            in_channels=36,
            out_channels=16,
            ffn_dim=4096,
            num_layers=5,
            image_dim=1280,
            added_kv_proj_dim=1024,
        )
    state = {
        name: torch.zeros(tensor.shape, dtype=torch.bfloat16)
        for name, tensor in made.state_dict().items()
    }
    save_file(writers.TRANSFORMER_KEYS.original_state(state), path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("dtype", ["bf16", "fp8"])
def test_peak_memory_is_that_of_the_checkpoint(dtype, folder, tmp_path):
    path = tmp_path / "large.safetensors"
    large_transformer(path)
    size = path.stat().st_size
    assert size > 190e6
    small = folder / "diffusion_models" / "Wan21-WanMove.safetensors"
    command = [sys.executable, "-c", MEASURE, str(small), str(path), "transformer", dtype]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    peak = int(done.stdout.split()[-1])
    assert peak < size * 1.2
    if dtype == "bf16":
        assert peak > size * 0.9  # the measurement sees the weights at all
