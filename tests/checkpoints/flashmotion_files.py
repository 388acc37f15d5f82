"""Small files of the 5B model and of FlashMotion's adapters, in every wrapping there is."""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from safetensors.torch import save_file
from torch import Tensor, nn

from wanmove_core.checkpoints.adapter_loading import adapter_state
from wanmove_core.checkpoints.adapter_modules import ControlNetAdapter, ResNetAdapter
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS, VAE_2_2_KEYS

State = dict[str, Tensor]
WIDTH, BLOCKS, TEXT = 256, 2, 48


def transformer(inputs: int = 48) -> WanTransformer3DModel:
    return WanTransformer3DModel(
        num_attention_heads=2,
        in_channels=inputs,
        out_channels=48,
        text_dim=TEXT,
        ffn_dim=320,
        num_layers=BLOCKS,
        cross_attn_norm=True,
    )


@cache
def small_5b() -> tuple[WanTransformer3DModel, AutoencoderKLWan]:
    """The two modules, frozen, of random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        vae = AutoencoderKLWan(
            base_dim=8,
            decoder_base_dim=8,
            z_dim=48,
            is_residual=True,
            in_channels=12,
            out_channels=12,
            patch_size=2,
            scale_factor_spatial=16,
            latents_mean=[0.0] * 48,
            latents_std=[1.0] * 48,
        )
        return transformer().eval().requires_grad_(False), vae.eval().requires_grad_(False)


@cache
def small_adapter(kind: str) -> ResNetAdapter | ControlNetAdapter:
    """An adapter of random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(13)
        if kind == "resnet":
            adapter: Any = ResNetAdapter(channels=8, width=WIDTH, blocks=BLOCKS)
        else:
            copy = transformer(96)
            del copy.proj_out, copy.norm_out, copy.scale_shift_table
            adapter = ControlNetAdapter(copy, WIDTH)
    return adapter.eval().requires_grad_(False)


def original(module: nn.Module, keys: Any) -> State:
    return {name: t.contiguous() for name, t in keys.original_state(module.state_dict()).items()}


def generator() -> State:
    return original(small_5b()[0], TRANSFORMER_KEYS)


def write_vae(path: Path) -> Path:
    torch.save(original(small_5b()[1], VAE_2_2_KEYS), path)
    return path


def write_prompts(path: Path) -> Path:
    save_file({"": torch.zeros(1, TEXT), "a cat": torch.ones(3, TEXT)}, path)
    return path


def write_adapter(path: Path, kind: str, stage: str = "fast") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    state, metadata = adapter_state(small_adapter(kind), stage)
    if path.suffix == ".safetensors":
        save_file(state, path, metadata=metadata)
    else:
        torch.save(state, path)
    return path


def prefixed(state: State, prefix: str) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def wrapped(kind: str) -> Any:
    """The generator as trainers and converters write it."""
    state, other = generator(), {"model.blocks.0.x": torch.zeros(3)}
    fsdp = {
        name.replace("blocks.", "blocks._checkpoint_wrapped_module.", 1): tensor
        for name, tensor in prefixed(state, "_fsdp_wrapped_module.model.").items()
    }
    return {
        "bare": state,
        "model.": prefixed(state, "model."),
        "training state": {"generator": fsdp, "critic": other, "generator_ema": other, "step": 4},
        "ema": {"generator_ema": prefixed(state, "model."), "critic": other},
        "state_dict": {"state_dict": prefixed(state, "module._orig_mod.")},
        "own name": prefixed(state, "net."),
    }[kind]


WRAPPINGS = ("bare", "model.", "training state", "ema", "state_dict", "own name")
