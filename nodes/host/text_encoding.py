"""Conditioning of prompts, from the cache or from the host's text encoder."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import folder_paths
import torch
from comfyui_version import __version__ as host_version

from . import models as loading
from .prompt_cache import EmbeddingCache, prompt_key

logger = logging.getLogger("wanmove")

_EMBEDDING = "cond"


def encode_prompts(
    prompts: Sequence[str], text_encoder: str, device: str, max_bytes: int
) -> list[list[Any]]:
    """Encode prompts; load the text encoder at most once, for those that are not in the cache."""
    path = Path(loading.find_model("text_encoder", "text_encoders", text_encoder))
    cache = EmbeddingCache(
        Path(folder_paths.get_user_directory()) / "wanmove_prompt_cache", max_bytes
    )
    keys = [prompt_key(prompt, path, host_version) for prompt in prompts]
    known = {key: cache.read(key) for key in keys}
    conditioning = {key: _to_conditioning(found) for key, found in known.items() if found}
    encoder = None
    for key, prompt in zip(keys, prompts, strict=True):
        if key not in conditioning:
            encoder = encoder or loading.load_text_encoder(text_encoder, device)
            tokens = encoder.tokenize(prompt)
            conditioning[key] = encoder.encode_from_tokens_scheduled(tokens)
            tensors = _to_tensors(conditioning[key])
            if tensors:
                cache.write(key, tensors)
    return [conditioning[key] for key in keys]


def _to_conditioning(tensors: dict[str, torch.Tensor]) -> list[Any]:
    values: dict[str, Any] = {"pooled_output": None, **tensors}
    return [[values.pop(_EMBEDDING), values]]


def _to_tensors(conditioning: list[Any]) -> dict[str, torch.Tensor] | None:
    """Convert the host's conditioning to tensors for a file; None if it holds anything else."""
    values = {} if len(conditioning) != 1 else dict(conditioning[0][1])
    values = {name: value for name, value in values.items() if value is not None}
    if len(conditioning) != 1 or not all(isinstance(v, torch.Tensor) for v in values.values()):
        logger.warning("Prompt cache: the text encoder gave more than tensors; nothing is kept.")
        return None
    return {**values, _EMBEDDING: conditioning[0][0]}
