"""Load model files through the host's loaders; find which of a node's outputs are used."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import comfy.clip_vision
import comfy.sd
import comfy.utils
import folder_paths
import torch
from server import PromptServer

from ...wanmove_core import CheckpointError
from ...wanmove_core.checkpoints.checkpoint import open_checkpoint
from ...wanmove_core.checkpoints.classify import (
    IMAGE_ENCODER,
    INPUT_CHANNELS,
    TEXT_ENCODER,
    VAE,
    identify,
)
from ...wanmove_core.family import WAN22_TI2V
from ...wanmove_core.formats.checks import shown
from .convert import naming

NONE = "none"
# As in UNETLoader, nodes.py:955.
WEIGHT_DTYPES: dict[str, dict[str, Any]] = {
    "default": {},
    "fp8_e4m3fn": {"dtype": torch.float8_e4m3fn},
    "fp8_e4m3fn_fast": {"dtype": torch.float8_e4m3fn, "fp8_optimizations": True},
    "fp8_e5m2": {"dtype": torch.float8_e5m2},
}


def files(folder: str, *, optional: bool = False) -> list[str]:
    """List the files of a models folder, with "none" first if it is a choice."""
    return [NONE] * optional + folder_paths.get_filename_list(folder)


def find_model(role: str, folder: str, name: str) -> str:
    """Find the path of a file that the host lists in a models folder."""
    path = folder_paths.get_full_path(folder, name)
    if path is None:
        raise CheckpointError(
            f"{role} must be a file of models/{folder}; got {shown(name)}. "
            "Refresh the list (key R), and choose again."
        )
    return str(path)


def _check_part(role: str, path: str, part: str) -> None:
    """Refuse a damaged file, and one that is known to be another part of a model."""
    with naming(role):
        checkpoint = open_checkpoint([Path(path)])
    found = identify(checkpoint)
    if not checkpoint.weights or (found.part or found.resembles or part) != part:
        raise CheckpointError(
            f"{role}: {Path(path).name} must be the {role}'s file; got {found.description}. "
            "Choose another file."
        )


def load_transformer(name: str, weight_dtype: str) -> Any:
    """Load a DiT, and refuse one of another family before reading it."""
    path = find_model("diffusion_model", "diffusion_models", name)
    with naming("diffusion_model"):
        checkpoint = open_checkpoint([Path(path)])
    found = identify(checkpoint)
    embedding = checkpoint.weights.get("patch_embedding.weight")
    takes_start = embedding is not None and embedding.shape[1] == INPUT_CHANNELS
    if not takes_start and found.family != WAN22_TI2V:
        raise CheckpointError(
            f"diffusion_model: {name} must be a Wan image-to-video model, which takes "
            f"{INPUT_CHANNELS} channels, or Wan2.2-TI2V-5B; got {found.description}. "
            "Choose a Wan-Move file such as Wan21-WanMove_fp8_scaled_e4m3fn_KJ.safetensors."
        )
    options = dict(WEIGHT_DTYPES[weight_dtype])
    if checkpoint.wrapping or checkpoint.merged:
        # The host knows no training states: it gets the model's own weights, no critic or adapter.
        return _load_own_weights(path, options)
    return comfy.sd.load_diffusion_model(path, model_options=options)


def _load_own_weights(path: str, options: dict[str, Any], **how: Any) -> Any:
    """Load a training state's model; the host calls this again to copy it to another device."""
    checkpoint = open_checkpoint([Path(path)])
    weights = {key: weight.read() for key, weight in checkpoint.weights.items()}
    model = comfy.sd.load_diffusion_model_state_dict(weights, model_options=options, **how)
    if model is None:
        raise CheckpointError(
            f"diffusion_model: {Path(path).name} must be a model that ComfyUI knows; got "
            f"{identify(checkpoint).description} that it does not. Update ComfyUI."
        )
    model.cached_patcher_init = (_load_own_weights, (path, options))
    return model


def load_text_encoder(name: str, device: str) -> Any:
    """Load umT5 as CLIPLoader does with type wan (nodes.py:992)."""
    path = find_model("text_encoder", "text_encoders", name)
    _check_part("text_encoder", path, TEXT_ENCODER)
    cpu = torch.device("cpu")
    options = {"load_device": cpu, "offload_device": cpu} if device == "cpu" else {}
    return comfy.sd.load_clip(
        ckpt_paths=[path],
        embedding_directory=folder_paths.get_folder_paths("embeddings"),
        clip_type=comfy.sd.CLIPType.WAN,
        model_options=options,
    )


def load_vae(name: str) -> Any:
    """Load a VAE as VAELoader does (nodes.py:817)."""
    path = find_model("vae", "vae", name)
    _check_part("vae", path, VAE)
    weights, metadata = comfy.utils.load_torch_file(path, return_metadata=True)
    vae = comfy.sd.VAE(sd=weights, metadata=metadata)
    if vae.first_stage_model is None:
        raise CheckpointError(
            f"vae: {name} must be a VAE that ComfyUI knows; got another file. "
            "Choose wan_2.1_vae.safetensors."
        )
    if hasattr(comfy.sd, "load_vae_patcher"):  # ComfyUI 0.33: Select VAE Device loads it again
        vae.patcher.cached_patcher_init = (comfy.sd.load_vae_patcher, (path, metadata, None))
    return vae


def load_clip_vision(name: str) -> Any:
    """Load a CLIP vision model."""
    path = find_model("clip_vision", "clip_vision", name)
    _check_part("clip_vision", path, IMAGE_ENCODER)
    loaded = comfy.clip_vision.load(path)
    if loaded is None:
        raise CheckpointError(
            f"clip_vision: {name} must be a CLIP vision model; got another file. "
            "Choose clip_vision_h.safetensors."
        )
    return loaded


def used_outputs(node_id: str) -> frozenset[int]:
    """Tell which outputs of a node are linked in the running prompt; all if unknown.

    Answers the same in `fingerprint_inputs` as in `execute`, which the `prompt` that the host
    hands to nodes does not (it is empty in the former, execution.py:151).
    """
    running, _pending = PromptServer.instance.prompt_queue.get_current_queue_volatile()
    prompts = [item[2] for item in running]
    if not any(node_id in prompt for prompt in prompts):
        return frozenset(range(16))
    links = (value for prompt in prompts for node in prompt.values() for value in _links(node))
    return frozenset(slot for origin, slot in links if origin == node_id)


def needed_outputs(node_id: str) -> frozenset[int]:
    """Tell which outputs of a node the running output nodes need; an empty set if unknown."""
    running, _pending = PromptServer.instance.prompt_queue.get_current_queue_volatile()
    needed: set[int] = set()
    for _, _, prompt, _, targets, *_ in running:
        waiting, seen = list(targets), set(targets)
        while waiting:
            for origin, slot in _links(prompt[waiting.pop()]):
                if origin == node_id:
                    needed.add(slot)
                if origin in prompt and origin not in seen:
                    seen.add(origin)
                    waiting.append(origin)
    return frozenset(needed)


def _links(node: dict[str, Any]) -> Iterable[tuple[str, int]]:
    for value in node["inputs"].values():
        if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
            yield str(value[0]), value[1]
