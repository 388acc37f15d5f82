"""Load FlashMotion's adapters into modules of the host's, for its memory management."""

from pathlib import Path
from typing import Any

import comfy.ldm.wan.model
import comfy.model_management
import comfy.model_patcher
import comfy.ops
import torch
from torch import nn

from ...wanmove_core import CheckpointError
from ...wanmove_core.checkpoints.adapter_modules import ResNetAdapter
from ...wanmove_core.checkpoints.adapters import PROJECTORS, Adapter, find_adapter
from ...wanmove_core.checkpoints.checkpoint import Checkpoint, count_layers, open_checkpoint
from ...wanmove_core.checkpoints.classify import identify
from .convert import naming
from .models import find_model

FOLDER = "model_patches"
_FP8 = torch.float8_e4m3fn
_HEAD_DIM = 128  # of every Wan model; a checkpoint cannot tell


class ControlNet(nn.Module):
    """The host's Wan model as a ControlNet: no head, and one output layer a block.

    Args:
        copy: takes the model's input and, joined to it, the maps' latent.
        width: of its tokens.
        options: dtype and device.
    """

    def __init__(self, copy: Any, width: int, **options: Any) -> None:
        super().__init__()
        del copy.head
        self.copy, self.width = copy, width
        layers = (comfy.ops.manual_cast.Linear(width, width, **options) for _ in copy.blocks)
        self.out_projectors = nn.ModuleList(layers)

    def begin(self, latent: torch.Tensor, times: torch.Tensor, context: torch.Tensor) -> Any:
        """What `WanModel.forward_orig` does before its first block (comfy/ldm/wan/model.py:533)."""
        copy, dtype = self.copy, context.dtype
        hidden = copy.patch_embedding(latent.float()).to(dtype).flatten(2).transpose(1, 2)
        waves = comfy.ldm.wan.model.sinusoidal_embedding_1d(copy.freq_dim, times.flatten())
        time = copy.time_embedding(waves.to(dtype)).reshape(times.shape[0], -1, self.width)
        return {
            "hidden": hidden,
            "e": copy.time_projection(time).unflatten(2, (6, self.width)),
            "context": copy.text_embedding(context),
            "freqs": copy.rope_encode(*latent.shape[2:], device=latent.device, dtype=dtype),
        }

    def residual(self, index: int, state: dict[str, Any]) -> torch.Tensor:
        """Run one block of the copy, and answer what is added after the model's."""
        given = {name: state[name] for name in ("e", "context", "freqs")}
        state["hidden"] = self.copy.blocks[index](state["hidden"], **given)
        answer: torch.Tensor = self.out_projectors[index](state["hidden"])
        return answer


def load_adapter(name: str, kind: str, *, fp8: bool) -> Any:
    """Load an adapter as a MODEL_PATCH.

    Args:
        name: a file of models/model_patches.
        kind: "slow" or "fast", or "auto" for what the file or its folder says.
        fp8: keep a ControlNet's matrices as float8.

    Raises:
        CheckpointError: another kind of file, or a layout that is not known.
    """
    path = find_model("adapter", FOLDER, name)
    with naming("adapter"):
        checkpoint = open_checkpoint([Path(path)]).adapter_part
    found = find_adapter(checkpoint)
    if found is None or not found.known:
        got = identify(checkpoint).description if found is None else found.description
        raise CheckpointError(
            f"adapter: {name} must be a FlashMotion adapter in a layout that is known; got {got}. "
            "Run wanmove inspect on the file, and send us what it prints."
        )
    model = _resnet(checkpoint, found) if found.kind == "resnet" else _control(checkpoint, found)
    if fp8 and found.kind == "controlnet":
        for layer in model.modules():
            if isinstance(layer, nn.Linear) and layer.weight.dtype != _FP8:
                layer.weight = nn.Parameter(layer.weight.to(_FP8), requires_grad=False)
    model.found, model.stage = found, found.stage if kind == "auto" else kind
    return comfy.model_patcher.CoreModelPatcher(
        model,
        load_device=comfy.model_management.get_torch_device(),
        offload_device=comfy.model_management.unet_offload_device(),
    )


def _dtype(checkpoint: Checkpoint) -> torch.dtype:
    kinds = {w.dtype for w in checkpoint.weights.values() if w.dtype and w.dtype.is_floating_point}
    narrow = [kind for kind in (torch.bfloat16, torch.float16) if kind in kinds]
    return narrow[0] if narrow else torch.float32


def _resnet(checkpoint: Checkpoint, found: Adapter) -> Any:
    adapter = ResNetAdapter(
        channels=found.channels,
        width=found.width,
        blocks=found.blocks,
        latent_channels=found.latent_channels,
        operations=comfy.ops.manual_cast,
        device="meta",
        dtype=_dtype(checkpoint),
    )
    _fill(adapter, {name: weight.read() for name, weight in checkpoint.weights.items()}, checkpoint)
    return adapter


def _control(checkpoint: Checkpoint, found: Adapter) -> Any:
    options = {"device": torch.device("meta"), "dtype": _dtype(checkpoint)}

    def size(name: str, axis: int) -> int:
        return checkpoint.weights[name].shape[axis]

    copy = comfy.ldm.wan.model.WanModel(
        model_type="t2v",
        in_dim=size("patch_embedding.weight", 1),
        dim=found.width,
        ffn_dim=size("blocks.0.ffn.0.weight", 0),
        freq_dim=size("time_embedding.0.weight", 1),
        text_dim=size("text_embedding.0.weight", 1),
        out_dim=found.latent_channels,
        num_heads=max(found.width // _HEAD_DIM, 1),
        num_layers=count_layers(checkpoint.weights, "blocks."),
        operations=comfy.ops.manual_cast,
        **options,
    )
    state = {}
    for name, weight in checkpoint.weights.items():
        if name.startswith(f"{found.family}."):
            tensor = weight.read()
            plain = tensor.reshape(tensor.shape[:2]) if tensor.ndim > 1 else tensor
            state[PROJECTORS + name.removeprefix(found.family)] = plain
        elif not name.startswith("head."):
            state[f"copy.{name}"] = weight.read()
    control = ControlNet(copy, found.width, **options)
    _fill(control, state, checkpoint)
    return control


def _fill(module: nn.Module, state: dict[str, torch.Tensor], checkpoint: Checkpoint) -> None:
    """Give a module on the meta device its weights, all of them or none."""
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    wrong = list(wanted.keys() ^ state.keys()) + [
        name for name in wanted.keys() & state.keys() if wanted[name] != tuple(state[name].shape)
    ]
    if wrong:
        raise CheckpointError(
            f"adapter: {checkpoint.path.name} must have the weights of its layout; got "
            f"{len(wrong)} missing, surplus or misshapen ({', '.join(sorted(wrong)[:4])}). "
            "Download the whole file."
        )
    module.load_state_dict(state, assign=True)
    module.eval().requires_grad_(False)
