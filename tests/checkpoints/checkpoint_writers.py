"""Write one small model in every layout that people have Wan-Move in."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sentencepiece
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModel, UMT5Config, UMT5EncoderModel

from wanmove_core.checkpoints.keymaps import (
    IMAGE_ENCODER_KEYS,
    TEXT_ENCODER_KEYS,
    TRANSFORMER_KEYS,
    VAE_KEYS,
)

State = dict[str, Tensor]
T5_FILE = "models_t5_umt5-xxl-enc-bf16.pth"
CLIP_FILE = "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth"
FP8_LIMIT = 448.0


@dataclass(frozen=True)
class SmallModel:
    """The four parts, in the modules' own names. Every value fits bfloat16."""

    transformer: State
    vae: State
    text_encoder: State
    image_encoder: State
    spiece_model: bytes


@cache
def small_model() -> SmallModel:
    """Two layers of everything; widths that cannot be mistaken for one another."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        modules = (
            WanTransformer3DModel(
                num_attention_heads=2,
                in_channels=36,
                out_channels=16,
                text_dim=48,
                ffn_dim=320,
                num_layers=2,
                image_dim=160,
                added_kv_proj_dim=256,
            ),
            AutoencoderKLWan(base_dim=8),
            UMT5EncoderModel(
                UMT5Config(vocab_size=131, d_model=48, d_kv=8, d_ff=56, num_layers=2, num_heads=4)
            ),
            CLIPVisionModel(
                CLIPVisionConfig(
                    hidden_size=160,
                    intermediate_size=176,
                    num_hidden_layers=3,
                    num_attention_heads=2,
                    image_size=56,
                    patch_size=14,
                )
            ),
        )
        states = [_perturbed(module.state_dict()) for module in modules]
    states[2].pop("encoder.embed_tokens.weight")
    return SmallModel(*states, spiece_model=_train_tokenizer())


def _perturbed(state: State) -> State:
    """Move norms and biases off 1 and 0, so that a swapped pair shows; round to bfloat16."""
    return {
        name: (tensor + 0.05 * torch.randn(tensor.shape)).bfloat16().float()
        for name, tensor in state.items()
    }


def _train_tokenizer() -> bytes:
    model = io.BytesIO()
    text = "a cat walks along the river while red ball rolls to left right slowly 0123456789"
    words = text.split()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(" ".join(words[i:] + words[:i]) for i in range(len(words))),
        model_writer=model,
        vocab_size=97,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


# --- the parts in the original names ---------------------------------------------------------


def original_transformer(model: SmallModel) -> State:
    return TRANSFORMER_KEYS.original_state(model.transformer)


def original_clip(model: SmallModel) -> State:
    """Fuse query, key and value; give the embeddings their leading axes; add the text half."""
    out: State = {"log_scale": torch.zeros(()), "textual.head.0.weight": torch.zeros(3, 5)}
    for name, tensor in model.image_encoder.items():
        if ".q_proj." in name:
            parts = [model.image_encoder[name.replace("q_proj", f"{x}_proj")] for x in "qkv"]
            fused = IMAGE_ENCODER_KEYS.to_original(name.replace("q_proj", "qkv_proj"))
            out[str(fused)] = torch.cat(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            out[str(IMAGE_ENCODER_KEYS.to_original(name))] = tensor
    out["visual.cls_embedding"] = out["visual.cls_embedding"].view(1, 1, -1)
    out["visual.pos_embedding"] = out["visual.pos_embedding"].unsqueeze(0)
    out["visual.head"] = torch.zeros(160, 7)
    return out


def cast(state: State, dtype: torch.dtype) -> State:
    return {name: tensor.to(dtype).contiguous() for name, tensor in state.items()}


# --- quantised transformers and text encoders ------------------------------------------------


def is_block_matrix(name: str) -> bool:
    in_block = name.startswith(("blocks.", "encoder.block."))
    return in_block and name.endswith(".weight") and "norm" not in name and "_bias" not in name


def plain_fp8(state: State) -> State:
    return {
        name: tensor.to(torch.float8_e4m3fn if is_block_matrix(name) else torch.bfloat16)
        for name, tensor in state.items()
    }


def _scaled(tensor: Tensor) -> tuple[Tensor, Tensor]:
    scale = tensor.abs().amax() / FP8_LIMIT
    return (tensor / scale).to(torch.float8_e4m3fn), scale


def legacy_scaled_fp8(state: State) -> State:
    """ComfyUI before comfy_quant: `scale_weight` per layer and a `scaled_fp8` marker."""
    out: State = {"scaled_fp8": torch.zeros(2, dtype=torch.float8_e4m3fn)}
    for name, tensor in state.items():
        if is_block_matrix(name):
            layer = name.removesuffix(".weight")
            out[name], out[f"{layer}.scale_weight"] = _scaled(tensor)
            out[f"{layer}.scale_input"] = torch.ones(())
        else:
            out[name] = tensor.bfloat16()
    return out


def comfy_quant_fp8(state: State, quantisation: str = "float8_e4m3fn") -> State:
    """ComfyUI since comfy_quant: `weight_scale` and a JSON note per layer."""
    note = torch.tensor(list(json.dumps({"format": quantisation}).encode()), dtype=torch.uint8)
    out: State = {}
    for name, tensor in state.items():
        if is_block_matrix(name):
            layer = name.removesuffix(".weight")
            out[name], out[f"{layer}.weight_scale"] = _scaled(tensor)
            out[f"{layer}.comfy_quant"] = note.clone()
        else:
            out[name] = tensor.bfloat16()
    return out


def dequantised(state: State) -> State:
    """The reference for every fp8 layout, from the definition: weight times its layer's scale."""
    out: State = {}
    for name, tensor in legacy_scaled_fp8(state).items():
        if name.endswith((".scale_weight", ".scale_input")) or name == "scaled_fp8":
            continue
        is_fp8 = tensor.dtype == torch.float8_e4m3fn
        out[name] = tensor.float() * (_scaled(state[name])[1] if is_fp8 else 1)
    return out


# --- layouts ---------------------------------------------------------------------------------


def write_official(folder: Path, model: SmallModel) -> Path:
    """The release: a sharded transformer, torch archives, a tokenizer folder."""
    folder.mkdir(parents=True)
    state = cast(original_transformer(model), torch.bfloat16)
    names = list(state)
    shards = [names[i::3] for i in range(3)]
    weight_map = {}
    for number, shard in enumerate(shards, start=1):
        file = f"diffusion_pytorch_model-{number:05d}-of-00003.safetensors"
        save_file({name: state[name] for name in shard}, folder / file)
        weight_map.update(dict.fromkeys(shard, file))
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps({"_class_name": "WanModel", "dim": 256}))
    text = TEXT_ENCODER_KEYS.original_state(model.text_encoder)
    torch.save(cast(text, torch.bfloat16), folder / T5_FILE)
    torch.save(VAE_KEYS.original_state(model.vae), folder / "Wan2.1_VAE.pth")
    torch.save(cast(original_clip(model), torch.float16), folder / CLIP_FILE)
    tokenizer = folder / "google" / "umt5-xxl"
    tokenizer.mkdir(parents=True)
    (tokenizer / "spiece.model").write_bytes(model.spiece_model)
    return folder


def write_comfyui(
    folder: Path,
    model: SmallModel,
    *,
    transformer: Callable[[State], State] | torch.dtype = torch.bfloat16,
    text_encoder: Callable[[State], State] | torch.dtype = torch.bfloat16,
    prefix: str = "",
    notes_in_header: bool = False,
) -> Path:
    """Single files in the subfolders of ComfyUI's `models`."""
    for name in ("diffusion_models", "text_encoders", "vae", "clip_vision"):
        (folder / name).mkdir(parents=True)
    state = _converted(original_transformer(model), transformer)
    metadata = {"format": "pt"}
    if notes_in_header:
        notes = [name for name in state if name.endswith(".comfy_quant")]
        layers = {n.removesuffix(".comfy_quant"): json.loads(_text(state.pop(n))) for n in notes}
        quantisation = {"format_version": "1.0", "layers": layers}
        metadata["_quantization_metadata"] = json.dumps(quantisation)
    prefixed = {prefix + name: tensor for name, tensor in state.items()}
    save_file(prefixed, folder / "diffusion_models" / "Wan21-WanMove.safetensors", metadata)
    text = _converted(model.text_encoder, text_encoder)
    text["spiece_model"] = torch.frombuffer(bytearray(model.spiece_model), dtype=torch.uint8)
    save_file(text, folder / "text_encoders" / "umt5_xxl.safetensors")
    save_file(VAE_KEYS.original_state(model.vae), folder / "vae" / "wan_2.1_vae.safetensors")
    clip = {f"vision_model.{name}": tensor for name, tensor in model.image_encoder.items()}
    clip["visual_projection.weight"] = torch.zeros(7, 160)
    save_file(cast(clip, torch.float16), folder / "clip_vision" / "clip_vision_h.safetensors")
    return folder


def _text(tensor: Tensor) -> bytes:
    return tensor.numpy().tobytes()


def _converted(state: State, how: Callable[[State], State] | torch.dtype) -> State:
    return cast(state, how) if isinstance(how, torch.dtype) else how(state)


def write_diffusers(folder: Path, model: SmallModel) -> Path:
    """What `save_pretrained` of a pipeline leaves, configs aside."""
    parts = {
        "transformer/diffusion_pytorch_model": cast(model.transformer, torch.bfloat16),
        "vae/diffusion_pytorch_model": model.vae,
        "text_encoder/model": cast(model.text_encoder, torch.bfloat16),
        "image_encoder/model": {
            f"vision_model.{name}": tensor.half() for name, tensor in model.image_encoder.items()
        },
    }
    for name, state in parts.items():
        path = folder / f"{name}.safetensors"
        path.parent.mkdir(parents=True)
        save_file(state, path)
    (folder / "model_index.json").write_text('{"_class_name": "WanImageToVideoPipeline"}')
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "spiece.model").write_bytes(model.spiece_model)
    return folder


def write_gguf(
    folder: Path, model: SmallModel, *, quantisation: str = "Q8_0", fold_patches: bool = True
) -> Path:
    """ComfyUI's folder with a GGUF transformer, its 5-D patch embedding folded to 4-D."""
    import gguf

    write_comfyui(folder, model)
    (folder / "diffusion_models" / "Wan21-WanMove.safetensors").unlink()
    kind = gguf.GGMLQuantizationType[quantisation]
    writer = gguf.GGUFWriter(folder / "diffusion_models" / "Wan21-WanMove.gguf", arch="wan")
    for name, tensor in original_transformer(model).items():
        values = tensor.numpy()
        if is_block_matrix(name):
            packed = gguf.quants.quantize(values, kind)
            writer.add_tensor(name, packed, raw_dtype=kind)
            continue
        if values.ndim == 5 and fold_patches:
            # GGUF holds four axes; the shape goes into the file's notes.
            writer.add_array(f"comfy.gguf.orig_shape.{name}", list(values.shape))
            values = values.reshape(values.shape[0], values.shape[1], *values.shape[3:])
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder
