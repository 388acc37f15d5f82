"""The image and text encoders, against the reference's arithmetic written out anew."""

import math

import pytest
import torch
from torch.nn import functional as F

from wanmove_core.checkpoints.image_encoder import encode_image
from wanmove_core.checkpoints.keymaps import TEXT_ENCODER_KEYS
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.generation.prompts import embed_prompt

from . import checkpoint_writers as writers


@pytest.fixture(scope="module")
def model():
    return writers.small_model()


@pytest.fixture(scope="module")
def components(model, tmp_path_factory):
    folder = writers.write_official(tmp_path_factory.mktemp("encoders") / "m", model)
    return load_components(
        [folder], text_encoder_dtype="fp32", needs=["text_encoder", "image_encoder"]
    )


def test_only_linear_layers_of_the_text_encoder_are_rounded(model, tmp_path):
    folder = writers.write_official(tmp_path / "m", model)
    rounded, plain = (
        load_components([folder], text_encoder_dtype=dtype, needs=["text_encoder"]).text_encoder
        for dtype in ("fp8", "fp32")
    )
    attention = (part.encoder.block[0].layer[0].SelfAttention for part in (rounded, plain))
    one, other = (part.relative_attention_bias.weight.float() for part in attention)
    torch.testing.assert_close(one, other, rtol=2**-8, atol=0)


def official_clip(state, image, heads=2, side=56):
    """`CLIPModel.visual` of Wan-Move wan/modules/clip.py @27409be, all but the last block."""
    s = {name.removeprefix("visual."): tensor.half().float() for name, tensor in state.items()}
    pixels = F.interpolate(image, size=(side, side), mode="bicubic", align_corners=False)
    pixels = pixels * 0.5 + 0.5
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
    x = F.conv2d((pixels - mean) / std, s["patch_embedding.weight"], stride=14)
    x = x.flatten(2).permute(0, 2, 1)
    x = torch.cat([s["cls_embedding"].expand(len(x), -1, -1), x], dim=1) + s["pos_embedding"]
    width = x.shape[-1]
    x = F.layer_norm(x, (width,), s["pre_norm.weight"], s["pre_norm.bias"])
    blocks = sum(name.endswith("to_qkv.weight") for name in s)
    for n in range(blocks - 1):
        b = {k.removeprefix(f"transformer.{n}."): v for k, v in s.items()}
        y = F.layer_norm(x, (width,), b["norm1.weight"], b["norm1.bias"])
        qkv = F.linear(y, b["attn.to_qkv.weight"], b["attn.to_qkv.bias"])
        q, k, v = qkv.view(*y.shape[:2], 3, heads, width // heads).unbind(2)
        scores = torch.einsum("bind,bjnd->bnij", q, k) / math.sqrt(width // heads)
        y = torch.einsum("bnij,bjnd->bind", scores.softmax(-1), v).reshape(x.shape)
        x = x + F.linear(y, b["attn.proj.weight"], b["attn.proj.bias"])
        y = F.layer_norm(x, (width,), b["norm2.weight"], b["norm2.bias"])
        y = F.gelu(F.linear(y, b["mlp.0.weight"], b["mlp.0.bias"]))
        x = x + F.linear(y, b["mlp.2.weight"], b["mlp.2.bias"])
    return x


@pytest.mark.parametrize("size", [(101, 59), (56, 56), (30, 200)])
def test_image_encoder_equals_the_reference(size, model, components):
    image = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1)) * 2 - 1
    before = image.clone()
    got = encode_image(components.image_encoder, image)
    assert got.shape == (2, 17, 160)
    want = official_clip(writers.original_clip(model), image)
    torch.testing.assert_close(got, want, rtol=0, atol=2e-5)
    assert torch.equal(image, before)  # the reference writes into its argument


def official_t5(state, ids, mask, heads=4):
    """`T5EncoderModel` of Wan-Move wan/modules/t5.py @27409be, on padded and masked tokens."""
    s = TEXT_ENCODER_KEYS.original_state(state)
    x = s["token_embedding.weight"][ids]
    length = ids.shape[1]
    distance = torch.arange(length)[None] - torch.arange(length)[:, None]
    # 16 buckets to either side: 8 exact, 8 logarithmic up to a distance of 128.
    far = 8 + (torch.log(distance.abs().clamp(min=1) / 8) / math.log(128 / 8) * 8).long()
    bucket = torch.where(distance.abs() < 8, distance.abs(), far.clamp(max=15))
    bucket = bucket + (distance > 0) * 16

    def norm(y, weight):
        return weight * y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6)

    for n in range(2):
        b = {k.removeprefix(f"blocks.{n}."): v for k, v in s.items()}
        y = norm(x, b["norm1.weight"])
        q, k, v = (F.linear(y, b[f"attn.{p}.weight"]).view(1, length, heads, -1) for p in "qkv")
        bias = b["pos_embedding.embedding.weight"][bucket].permute(2, 0, 1)
        scores = torch.einsum("binc,bjnc->bnij", q, k) + bias  # not scaled
        scores = scores.masked_fill(mask[:, None, None] == 0, torch.finfo(torch.float32).min)
        y = torch.einsum("bnij,bjnc->binc", scores.softmax(-1), v).reshape(1, length, -1)
        x = x + F.linear(y, b["attn.o.weight"])
        y = norm(x, b["norm2.weight"])
        gate = F.gelu(F.linear(y, b["ffn.gate.0.weight"]), approximate="tanh")
        x = x + F.linear(F.linear(y, b["ffn.fc1.weight"]) * gate, b["ffn.fc2.weight"])
    return norm(x, s["norm.weight"])


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a cat walks", "a cat walks"),
        ("  a \n cat\t\twalks ", "a cat walks"),
        ("a red &amp;amp; slow cat", "a red & slow cat"),
        ("ﬁne cat", "fine cat"),
        ("", ""),
        ("a red ball " * 200, ("a red ball " * 200).strip()),
    ],
)
def test_prompt_embedding_equals_the_reference(raw, cleaned, model, components):
    import sentencepiece

    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=model.spiece_model)
    ids = [*tokenizer.encode(cleaned)[:511], 1]
    padded = torch.tensor([ids + [0] * (512 - len(ids))])
    mask = torch.tensor([[1] * len(ids) + [0] * (512 - len(ids))])
    want = official_t5(model.text_encoder, padded, mask)
    want[:, len(ids) :] = 0
    got = embed_prompt(components, raw, "cpu")
    assert got.shape == (1, 512, 48)
    torch.testing.assert_close(got, want, rtol=0, atol=5e-5)
