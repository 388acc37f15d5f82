"""What is trained in a transformer: a LoRA, or everything; and the trained files."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..checkpoints.keymaps import TRANSFORMER_KEYS
from ..errors import OptionError
from .processes import whole

_LAYERS = r"blocks\.\d+\.(attn[12]\.(to_q|to_k|to_v|to_out\.0)|ffn\.net\.(0\.proj|2))"
_FACTOR = re.compile(r"\.lora_(?P<side>[AB])\.default\.weight$")
# ComfyUI's prefix; every other loader of Wan LoRAs knows it too.
_PREFIX = "diffusion_model."


def learn_lora(transformer: nn.Module, rank: int, *, seed: int) -> None:
    """Add a trainable LoRA to the attention and feed-forward layers, in place; all else is frozen.

    Float8 layers stay float8. The first factor is random, the second zero, so that the model's
    output is not changed at first.

    Args:
        transformer: a `WanTransformer3DModel`.
        rank: of the products; alpha is the same, so the strength is 1.
        seed: of the first factors.

    Raises:
        OptionError: a rank below 1.
    """
    from peft import LoraConfig, inject_adapter_in_model

    if rank < 1:
        raise OptionError(f"The LoRA's rank must be at least 1; got {rank}. Use 16 or 32.")
    transformer.requires_grad_(False)
    with torch.random.fork_rng():  # peft draws from the global generator; it is drawn anew below
        inject_adapter_in_model(
            LoraConfig(r=rank, lora_alpha=rank, target_modules=_LAYERS), transformer
        )
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in transformer.named_parameters():
        factor = _FACTOR.search(name)
        parameter.requires_grad_(factor is not None)
        if factor is not None:
            values = torch.zeros(parameter.shape)
            if factor["side"] == "A":
                bound = parameter.shape[1] ** -0.5
                values.uniform_(-bound, bound, generator=generator)
            parameter.data = values.to(parameter.device)


def learn_everything(transformer: nn.Module) -> None:
    """Make every weight trainable, in place."""
    for parameter in transformer.parameters():
        if not parameter.is_floating_point():
            raise OptionError(
                "Full training must have bf16, fp16 or fp32 weights; got float8 ones. "
                "Train a LoRA, or use another version of the model."
            )
        parameter.requires_grad_(True)


@contextmanager
def without_lora(transformer: nn.Module) -> Iterator[None]:
    """Disable the LoRA within a `with` block."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    # The whole model has an `enable_adapters` too, of another meaning.
    layers: list[Any] = [m for m in transformer.modules() if isinstance(m, BaseTunerLayer)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def lora_weights(transformer: nn.Module) -> dict[str, Tensor]:
    """The LoRA in ComfyUI's names, bf16: loads in ComfyUI and by `wanmove generate --lora`."""
    weights = {}
    for name, parameter in transformer.named_parameters():
        factor = _FACTOR.search(name)
        if factor is None:
            continue
        layer = TRANSFORMER_KEYS.to_original(f"{name[: factor.start()]}.weight")
        path = _PREFIX + str(layer).removesuffix(".weight")
        weights[f"{path}.lora_{factor['side']}.weight"] = whole(parameter.detach()).bfloat16()
        if factor["side"] == "A":
            weights[f"{path}.alpha"] = torch.tensor(float(len(parameter)))
    return weights


def full_weights(transformer: nn.Module) -> dict[str, Tensor]:
    """All weights in the original release's names, which are ComfyUI's, bf16."""
    state = TRANSFORMER_KEYS.original_state(transformer.state_dict())
    return {name: whole(tensor.detach()).bfloat16() for name, tensor in state.items()}


def optimisers(module: nn.Module, kind: str, rate: float) -> list[torch.optim.Optimizer]:
    """Make the optimisers for the trainable parameters of a module.

    Args:
        module: its parameters that require a gradient.
        kind: "adamw"; "adamw8bit" (of bitsandbytes, with a quarter of the memory); "muon" for the
            blocks' matrices with AdamW for the rest.
        rate: the peak learning rate.

    Raises:
        OptionError: another kind, or bitsandbytes is not installed.
    """
    live = {name: p for name, p in module.named_parameters() if p.requires_grad}
    common: Mapping[str, Any] = {"lr": rate, "weight_decay": 0.01}
    if kind == "adamw8bit":
        try:
            from bitsandbytes.optim import AdamW8bit
        except ImportError as error:
            raise OptionError(
                "The optimiser adamw8bit must have the package bitsandbytes; got none. "
                "Run pip install bitsandbytes, or use adamw."
            ) from error
        return [AdamW8bit(live.values(), betas=(0.9, 0.95), **common)]
    if kind not in ("adamw", "muon"):
        raise OptionError(f"The optimiser must be adamw, adamw8bit or muon; got {kind}. Use adamw.")
    chosen = {n for n, p in live.items() if kind == "muon" and "blocks." in n and p.ndim == 2}
    rest = [p for name, p in live.items() if name not in chosen]
    made: list[torch.optim.Optimizer] = []
    if rest:
        made.append(torch.optim.AdamW(rest, betas=(0.9, 0.95), **common))
    if chosen:
        matrices = [live[name] for name in live if name in chosen]
        made.append(torch.optim.Muon(matrices, adjust_lr_fn="match_rms_adamw", **common))
    return made
