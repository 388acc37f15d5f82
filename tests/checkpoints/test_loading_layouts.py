"""One small model in every layout must come out as the same parts."""

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

from wanmove_core.checkpoints.image_encoder import encode_image
from wanmove_core.checkpoints.loading import load_components

from . import checkpoint_writers as writers

FULL = {"dtype": "fp32", "text_encoder_dtype": "fp32"}


def comfyui(**options):
    return lambda folder, model: writers.write_comfyui(folder, model, **options)


def fp8(convert, **options):
    return comfyui(transformer=convert, text_encoder=convert, **options)


LAYOUTS = {
    "official": writers.write_official,
    "comfyui": comfyui(),
    "comfyui float32": comfyui(transformer=torch.float32, text_encoder=torch.float32),
    "comfyui model.diffusion_model.": comfyui(prefix="model.diffusion_model."),
    "comfyui diffusion_model.": comfyui(prefix="diffusion_model."),
    "diffusers": writers.write_diffusers,
}
FP8_LAYOUTS = {
    "older scale_weight": fp8(writers.legacy_scaled_fp8),
    "newer comfy_quant": fp8(writers.comfy_quant_fp8),
    "newer, in the header": fp8(writers.comfy_quant_fp8, notes_in_header=True),
}


def outputs(components):
    """Run every part on fixed inputs."""
    generator = torch.Generator().manual_seed(3)

    def random(*shape):
        return torch.randn(shape, generator=generator)

    dtype = components.transformer.dtype
    image = random(1, 3, 56, 64).clamp(-1, 1)
    ids = torch.tensor([components.tokenizer.encode("a cat walks along the red river")])
    with torch.no_grad():
        return {
            "transformer": components.transformer(
                random(1, 36, 3, 4, 6).to(dtype),
                torch.tensor([500]),
                random(1, 512, 48).to(dtype),
                random(1, 17, 160).to(dtype),
            ).sample,
            "encoded": components.vae.encode(random(1, 3, 5, 16, 24)).latent_dist.mean,
            "decoded": components.vae.decode(random(1, 16, 2, 2, 3)).sample,
            "text": components.text_encoder(ids).last_hidden_state,
            "image": encode_image(components.image_encoder, image),
        }


def assert_same(got, want):
    assert got.keys() == want.keys()
    for name in want:
        assert torch.equal(got[name], want[name]), name


@pytest.fixture(scope="module")
def model():
    return writers.small_model()


@pytest.fixture(scope="module")
def reference(model, tmp_path_factory):
    """The official layout's output, which the next test ties to the modules themselves."""
    folder = writers.write_official(tmp_path_factory.mktemp("reference") / "m", model)
    return outputs(load_components([folder], **FULL))


def test_official_folder_gives_the_written_weights(model, tmp_path):
    components = load_components([writers.write_official(tmp_path / "m", model)], **FULL)
    for part in ("transformer", "vae", "text_encoder", "image_encoder"):
        state = getattr(components, part).state_dict()
        state.pop("encoder.embed_tokens.weight", None)
        written = getattr(model, part)
        assert state.keys() == written.keys(), part
        for name, tensor in written.items():
            # The CLIP archive is float16, as published.
            want = tensor.half().float() if part == "image_encoder" else tensor
            assert torch.equal(state[name], want), name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_give_the_same_output(layout, model, reference, tmp_path):
    folder = LAYOUTS[layout](tmp_path / "m", model)
    assert_same(outputs(load_components([folder], **FULL)), reference)


@pytest.mark.parametrize("layout", FP8_LAYOUTS)
def test_scaled_fp8_equals_its_dequantised_reference(layout, model, reference, tmp_path):
    folder = FP8_LAYOUTS[layout](tmp_path / "m", model)
    components = load_components([folder], **FULL)
    wide = writers.write_comfyui(
        tmp_path / "wide",
        model,
        transformer=writers.dequantised,
        text_encoder=writers.dequantised,
    )
    got = outputs(components)
    assert_same(got, outputs(load_components([wide], **FULL)))
    for part in ("transformer", "text"):
        error = (got[part] - reference[part]).norm() / reference[part].norm()
        assert 0 < error < 0.08, (part, error)  # float8 has 3 bits of mantissa


def test_vae_file_with_a_prefix(model, reference, tmp_path):
    """The names of Kijai's Wan2_1_VAE files."""
    folder = writers.write_comfyui(tmp_path / "m", model)
    state = writers.VAE_KEYS.original_state(model.vae)
    save_file(
        {f"model.{name}": tensor for name, tensor in state.items()},
        folder / "vae" / "wan_2.1_vae.safetensors",
    )
    got = outputs(load_components([folder], **FULL))
    for name in ("encoded", "decoded"):
        assert torch.equal(got[name], reference[name])


def test_tokenizer_folder_without_its_sentencepiece_model(model, tmp_path):
    """What newer transformers save: tokenizer.json alone."""
    folder = writers.write_diffusers(tmp_path / "m", model)
    tokenizer = folder / "tokenizer"
    (tokenizer / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer"}')
    want = load_components([folder], needs=["text_encoder"]).tokenizer
    AutoTokenizer.from_pretrained(tokenizer, local_files_only=True).save_pretrained(tokenizer)
    (tokenizer / "spiece.model").unlink()
    got = load_components([folder], needs=["text_encoder"]).tokenizer
    assert got.end_token == want.end_token == 1
    for text in ("a cat walks along the red river", "", "éà red"):
        assert got.encode(text) == want.encode(text)


def test_single_files_given_one_by_one(model, reference, tmp_path):
    folder = writers.write_comfyui(tmp_path / "m", model)
    files = sorted(folder.rglob("*.safetensors"))
    assert len(files) == 4
    assert_same(outputs(load_components(files, **FULL)), reference)
