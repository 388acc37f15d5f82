"""Write small random checkpoints in ComfyUI's layouts. Runs in the host's interpreter:

python make_checkpoints.py COMFYUI MODELS [full]

With "full", also a VAE of the real width, for benchmarks.
"""

import io
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

TEXT_WIDTH = 4096  # what the DiT's text embedding takes; fixed in the host
TEXT_CONFIG = {
    "d_ff": 8,
    "d_kv": 4,
    "d_model": TEXT_WIDTH,
    "dense_act_fn": "gelu_pytorch_tanh",
    "is_gated_act": True,
    "layer_norm_epsilon": 1e-06,
    "model_type": "umt5",
    "num_heads": 1,
    "num_layers": 2,
    "vocab_size": 90,
}
VISION_CONFIG = {
    "hidden_act": "gelu",
    "hidden_size": 1280,
    "image_size": 224,
    "intermediate_size": 8,
    "layer_norm_eps": 1e-05,
    "model_type": "clip_vision_model",
    "num_attention_heads": 16,
    "num_channels": 3,
    "num_hidden_layers": 2,
    "patch_size": 56,
    "projection_dim": 8,
}


def random_weights(module, seed):
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, weight in module.state_dict().items():
        shape = weight.shape
        if name.endswith("gamma") or ("norm" in name and name.endswith("weight")):
            weights[name] = torch.ones(shape)
        else:
            scale = weight[0].numel() ** -0.5 if weight.ndim > 1 else 0.1
            weights[name] = torch.randn(shape, generator=generator) * scale
    return weights


def transformer(in_dim=36):
    import comfy.ldm.wan.model
    import comfy.ops

    kind = "i2v" if in_dim == 36 else "t2v"
    module = comfy.ldm.wan.model.WanModel(
        model_type=kind,
        in_dim=in_dim,
        dim=128,
        ffn_dim=256,
        freq_dim=256,
        text_dim=TEXT_WIDTH,
        out_dim=16,
        num_heads=1,
        num_layers=2,
        operations=comfy.ops.disable_weight_init,
    )
    return {name: w.bfloat16() for name, w in random_weights(module, 1).items()}


def vae(dim=8):
    import comfy.ldm.wan.vae

    module = comfy.ldm.wan.vae.WanVAE(
        dim=dim,
        z_dim=16,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=2,
        attn_scales=[],
        temperal_downsample=[False, True, True],
    )
    return random_weights(module, 2)


def vae_22():
    import comfy.ldm.wan.vae2_2

    module = comfy.ldm.wan.vae2_2.WanVAE(
        dim=16,
        dec_dim=16,
        z_dim=48,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=2,
        attn_scales=[],
        temperal_downsample=[False, True, True],
    )
    return random_weights(module, 7)


def text_encoder():
    import comfy.ops
    import comfy.text_encoders.t5

    module = comfy.text_encoders.t5.T5(
        TEXT_CONFIG, torch.float32, "cpu", comfy.ops.disable_weight_init
    )
    weights = {name: w.half() for name, w in random_weights(module, 4).items()}
    # The host recognises umT5-XXL by this one shape; its small config has no such layer.
    weights["encoder.block.23.layer.1.DenseReluDense.wi_1.weight"] = torch.zeros(10240, 1)
    weights["spiece_model"] = torch.frombuffer(bytearray(tokenizer()), dtype=torch.uint8)
    return weights


def tokenizer():
    import sentencepiece

    model = io.BytesIO()
    sentences = ["the quick brown fox jumps over the lazy dog " + chr(97 + i) for i in range(26)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=TEXT_CONFIG["vocab_size"],
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


def clip_vision():
    import comfy.clip_model
    import comfy.ops

    module = comfy.clip_model.CLIPVisionModelProjection(
        VISION_CONFIG, torch.float32, "cpu", comfy.ops.disable_weight_init
    )
    weights = {name: weight.half() for name, weight in random_weights(module, 5).items()}
    # Tells the host that this is ViT-H; its small config has no such layer.
    weights["vision_model.encoder.layers.30.layer_norm1.weight"] = torch.ones(1280)
    return weights


def is_quantised(name, weight):
    return name.startswith("blocks.") and name.endswith(".weight") and weight.ndim == 2


def fp8_scaled(weights, *, legacy):
    """Both layouts of float8 files: KJ's `scale_weight`, and `comfy_quant` per layer."""
    result = {}
    for name, weight in weights.items():
        if not is_quantised(name, weight):
            result[name] = weight
            continue
        scale = weight.float().abs().max() / 448
        result[name] = (weight.float() / scale).to(torch.float8_e4m3fn)
        layer = name.removesuffix(".weight")
        result[f"{layer}.{'scale_weight' if legacy else 'weight_scale'}"] = scale
        if not legacy:
            text = json.dumps({"format": "float8_e4m3fn"}).encode()
            result[f"{layer}.comfy_quant"] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
    if legacy:
        result["scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    return result


def lora(weights):
    generator = torch.Generator().manual_seed(6)
    result = {}
    for name, weight in weights.items():
        if is_quantised(name, weight):
            rows, cols = weight.shape
            layer = "diffusion_model." + name.removesuffix(".weight")
            result[f"{layer}.lora_down.weight"] = torch.randn(2, cols, generator=generator) * 0.02
            result[f"{layer}.lora_up.weight"] = torch.randn(rows, 2, generator=generator) * 0.02
            result[f"{layer}.alpha"] = torch.tensor(2.0)
    return result


def main(host, models, *options):
    sys.path.insert(0, host)
    sys.argv = ["make_checkpoints", "--cpu"]
    import comfy.options

    comfy.options.enable_args_parsing()
    weights = transformer()
    files = {
        "diffusion_models/bf16.safetensors": weights,
        "diffusion_models/fp16.safetensors": {k: v.half() for k, v in weights.items()},
        "diffusion_models/fp8_scaled_legacy.safetensors": fp8_scaled(weights, legacy=True),
        "diffusion_models/fp8_scaled.safetensors": fp8_scaled(weights, legacy=False),
        "diffusion_models/text_to_video.safetensors": transformer(in_dim=16),
        "vae/wan_2.1_vae.safetensors": vae(),
        "vae/wan2.2_vae.safetensors": vae_22(),
        "text_encoders/umt5.safetensors": text_encoder(),
        "clip_vision/clip_vision_h.safetensors": clip_vision(),
        "loras/lora.safetensors": lora(weights),
    }
    if "full" in options:
        files["vae/wan_2.1_vae_full_width.safetensors"] = vae(96)
    for name, content in files.items():
        path = Path(models) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in content.items()}, path)
    for name, config in (("umt5_small.json", TEXT_CONFIG), ("vision_small.json", VISION_CONFIG)):
        (Path(models) / name).write_text(json.dumps(config))


if __name__ == "__main__":
    main(*sys.argv[1:])
