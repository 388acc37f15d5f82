"""Small files for FlashMotion in ComfyUI's models folder."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from tests.flashmotion_recipe import fill, fill_wan, small_transformer
from tests.host.server import ComfyServer
from wanmove_core.checkpoints.adapter_loading import adapter_state
from wanmove_core.checkpoints.adapter_modules import ControlNetAdapter, ResNetAdapter
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS

MODEL = "ti2v.safetensors"


def has_hook(comfy: ComfyServer) -> bool:
    """Whether this ComfyUI lets a node act after the blocks of Wan models."""
    version = comfy.get("/system_stats")["system"]["comfyui_version"]
    return tuple(int(part) for part in version.split(".")[:2]) >= (0, 33)


def write_models(models: Path) -> None:
    """The recipe's 5B of width 256 in several wrappings, both adapters, and a LoRA."""
    if (models / "loras/ti2v.safetensors").exists():
        return
    model = small_transformer(heads=2, head_dim=128, ffn=512, text=4096)
    fill_wan(model)
    state = {
        k: v.contiguous() for k, v in TRANSFORMER_KEYS.original_state(model.state_dict()).items()
    }
    folder = models / "diffusion_models"
    save_file(state, folder / MODEL)
    wrapped = {"generator": {f"model._fsdp_wrapped_module.{k}": v for k, v in state.items()}}
    torch.save({**wrapped, "critic": {"model.x": torch.zeros(1)}, "step": 1}, folder / "wrapped.pt")
    adapter = ResNetAdapter(channels=16, width=256, blocks=3)
    fill(dict(adapter.named_parameters()))
    (models / "model_patches/SlowAdapter").mkdir(parents=True, exist_ok=True)
    _write(adapter, models / "model_patches/resnet.safetensors")
    copy = small_transformer(inputs=96, heads=2, head_dim=128, ffn=512, text=4096)
    fill_wan(copy)
    del copy.proj_out, copy.norm_out, copy.scale_shift_table
    control = ControlNetAdapter(copy, 256)
    fill(dict(control.out_projectors.named_parameters()))
    _write(control, models / "model_patches/controlnet.safetensors")
    odd = {f"zero.{n}.weight": torch.zeros(256, 8, 1, 1, 1) for n in range(3)}
    save_file(
        {**odd, "a.weight": torch.zeros(8, 8, 3, 3)}, models / "model_patches/odd.safetensors"
    )
    lora = {}
    for name, weight in state.items():
        if name.startswith("blocks.") and name.endswith(".q.weight"):
            layer = f"diffusion_model.{name.removesuffix('.weight')}"
            lora[f"{layer}.lora_down.weight"] = torch.full((2, weight.shape[1]), 0.05)
            lora[f"{layer}.lora_up.weight"] = torch.full((weight.shape[0], 2), 5.0)
    save_file(lora, models / "loras/ti2v.safetensors")


def _write(adapter, path: Path) -> None:
    state, metadata = adapter_state(adapter, "fast")
    save_file(state, path, metadata=metadata)
