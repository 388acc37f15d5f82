"""Load a model from any of the usual file layouts."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import CheckpointError, OptionError
from .autoencoder import load_vae
from .checkpoint import Checkpoint
from .classify import IMAGE_ENCODER, PROMPT_EMBEDS, TEXT_ENCODER, TRANSFORMER, VAE
from .components import Components
from .image_encoder import load_image_encoder
from .layouts import Inventory, choose, survey
from .text_encoder import load_text_encoder, load_tokenizer
from .transformer import load_transformer

_log = logging.getLogger("wanmove")

PARTS = (TRANSFORMER, VAE, TEXT_ENCODER, IMAGE_ENCODER)
# fp8 is a way to store weights; the arithmetic is then bf16, as the reference recommends.
COMPUTE_DTYPES = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp32": torch.float32,
    "fp8": torch.bfloat16,
}


def load_components(
    paths: Sequence[Path],
    *,
    dtype: str = "bf16",
    text_encoder_dtype: str = "bf16",
    device: torch.device | str = "cpu",
    text_encoder_device: torch.device | str | None = None,
    needs: Collection[str] = PARTS,
) -> Components:
    """Load a model's parts from folders and files in any layout. Never uses the network.

    Every file is recognised by its weights' names and shapes, so its own name does not matter.
    Weights stored as float8 stay float8 whatever `dtype` says: `dtype` is then the type of the
    arithmetic.

    Args:
        paths: one folder (the official release, a diffusers folder, ComfyUI's `models`, or any
            folder of single files), or several files and folders.
        dtype: "bf16", "fp16", "fp32", or "fp8": the transformer's weights rounded to float8,
            computed in bf16. It also chooses among several transformers in a folder.
        text_encoder_dtype: the same for umT5.
        device: where the parts go.
        text_encoder_device: device of umT5; None: `device`.
        needs: which of `PARTS` to load. Prompt embeddings, where there are any, replace umT5.

    Returns:
        The parts in evaluation mode, frozen; those not asked for are None. The VAE is float32.
        CLIP is float16 on CUDA, else float32.

    Raises:
        CheckpointError: a part that is missing, damaged, ambiguous or of another model.
        OptionError: an unknown dtype or part.
    """
    _check_options(dtype, text_encoder_dtype, needs)
    inventory = survey(paths)
    # Everything is found and checked before anything large is read.
    chosen = _choose_files(inventory, needs, {TRANSFORMER: dtype, TEXT_ENCODER: text_encoder_dtype})
    text_file = chosen.get(TEXT_ENCODER)
    tokenizer = load_tokenizer(text_file, inventory.tokenizer) if text_file else None
    loaders: dict[str, Callable[[Checkpoint], Any]] = {
        TRANSFORMER: lambda file: load_transformer(
            file, compute_dtype=COMPUTE_DTYPES[dtype], quantize=dtype == "fp8", device=device
        ),
        VAE: lambda file: load_vae(file, device=device),
        TEXT_ENCODER: lambda file: load_text_encoder(
            file,
            compute_dtype=COMPUTE_DTYPES[text_encoder_dtype],
            quantize=text_encoder_dtype == "fp8",
            device=text_encoder_device or device,
        ),
        IMAGE_ENCODER: lambda file: load_image_encoder(
            file, dtype=_clip_dtype(device), device=device
        ),
    }
    loaded: dict[str, Any] = dict.fromkeys(PARTS)
    for part, file in chosen.items():
        _log.info("loading the %s from %s", part.replace("_", " "), file.path)
        loaded[part] = loaders[part](file)
    components = Components(
        **loaded,
        tokenizer=tokenizer,
        prompt_embeds=_read_prompt_embeds(inventory),
        family=inventory.family,
    )
    _check_widths(components, chosen)
    return components


def _check_options(dtype: str, text_encoder_dtype: str, needs: Collection[str]) -> None:
    for name, value in (("dtype", dtype), ("text_encoder_dtype", text_encoder_dtype)):
        if value not in COMPUTE_DTYPES:
            allowed = ", ".join(COMPUTE_DTYPES)
            raise OptionError(f"{name} must be one of {allowed}; got {value}. Choose one of them.")
    unknown = set(needs) - set(PARTS)
    if unknown:
        raise OptionError(f"needs must name {', '.join(PARTS)}; got {sorted(unknown)}. Fix it.")


def _choose_files(
    inventory: Inventory, needs: Collection[str], dtypes: Mapping[str, str]
) -> dict[str, Checkpoint]:
    """Pick a file for every part; of several, the one stored in the type that is asked for."""
    stored = {VAE: "fp32", IMAGE_ENCODER: "fp16", **dtypes}
    return {
        part: choose(inventory, part, stored[part])
        for part in PARTS
        if part in needs and not _may_be_absent(inventory, part)
    }


def _clip_dtype(device: torch.device | str) -> torch.dtype:
    """CLIP is float16 in the reference, which CPUs compute slowly."""
    return torch.float16 if torch.device(device).type == "cuda" else torch.float32


def _may_be_absent(inventory: Inventory, part: str) -> bool:
    """Tell whether a part is not needed: some models have no place for CLIP's features."""
    if part == IMAGE_ENCODER and not inventory.family.has_clip:
        return True
    if inventory.parts.get(part):
        return False
    if part == TEXT_ENCODER:
        return PROMPT_EMBEDS in inventory.parts
    if part == IMAGE_ENCODER:
        # A model trained without CLIP says so, for its weights cannot tell.
        return any(
            checkpoint.metadata.get("image_encoder") == "none"
            for checkpoint in inventory.parts.get(TRANSFORMER, [])
        )
    return False


def _read_prompt_embeds(inventory: Inventory) -> dict[str, Tensor]:
    return {
        name: weight.read()
        for checkpoint in inventory.parts.get(PROMPT_EMBEDS, [])
        for name, weight in checkpoint.weights.items()
    }


def _check_widths(components: Components, chosen: Mapping[str, Checkpoint]) -> None:
    """Check that the encoders' features have the widths that the transformer takes.

    Raises:
        CheckpointError: they belong to another model.
    """
    if components.transformer is None:
        return
    config = components.transformer.config
    widths = {
        f"prompt {name!r}": embed.shape[-1] for name, embed in components.prompt_embeds.items()
    }
    wanted = dict.fromkeys(widths, config.text_dim)
    if components.text_encoder is not None:
        widths["umT5"], wanted["umT5"] = components.text_encoder.config.d_model, config.text_dim
    if components.image_encoder is not None:
        widths["CLIP"] = components.image_encoder.config.hidden_size
        wanted["CLIP"] = config.image_dim
    for name, width in widths.items():
        if width != wanted[name]:
            raise CheckpointError(
                f"{name} must give {wanted[name]} channels to {chosen[TRANSFORMER].path}; got "
                f"{width}. Use the encoder that belongs to this transformer."
            )
