"""Previews of a video while it is sampled: several frames side by side.

The host previews the first latent frame of a video alone, which is the start image. It sends one
still picture a step (JPEG or PNG), so motion is shown as a sheet of frames. Its own previewer and
settings make the picture; nothing of the host is replaced.
"""

import inspect
from collections.abc import Callable
from typing import Any

import latent_preview
import torch
from comfy.patcher_extension import WrappersMP
from einops import rearrange

_KEY = "wanmove_preview"
# After noise, latent_image, sampler, sigmas, denoise_mask (`outer_sample`, 0.18 to 0.33).
_CALLBACK = 5


def with_sheet_preview(model: Any) -> Any:
    """Clone a model whose previews while sampling show up to nine frames of the video.

    The callback of the sampler then gets the sheet in place of the clean latent: use it only where
    that latent goes nowhere but into the preview, as in KSampler.
    """
    clone = model.clone()
    clone.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, _KEY, _sample)
    return clone


def _sample(executor, *inputs, **named):
    callback = inputs[_CALLBACK]
    if _is_of_host(callback):
        inputs = (*inputs[:_CALLBACK], _on_sheet(callback), *inputs[_CALLBACK + 1 :])
    return executor(*inputs, **named)


def _is_of_host(callback: Any) -> bool:
    """Tell whether no other pack had a hand in the callback and its previewer.

    Some replace either for one sampling, to show moving pictures: these get the whole latent.
    """
    if getattr(callback, "__module__", None) != latent_preview.__name__:
        return False
    kept = inspect.getclosurevars(callback).nonlocals.get("previewer")
    return type(kept).__module__ == latent_preview.__name__


def _on_sheet(callback: Callable[..., Any]) -> Callable[..., Any]:
    def show(step: int, clean: torch.Tensor, noisy: torch.Tensor, steps: int) -> Any:
        return callback(step, sheet_of(clean), noisy, steps)

    return show


def sheet_of(latent: torch.Tensor) -> torch.Tensor:
    """Lay frames of a video latent side by side: 2 x 2 of up to 8 latent frames, else 3 x 3.

    The frames are spread over the whole video, first and last included. A latent of another kind,
    or of fewer than four frames, is returned as it is.
    """
    if latent.is_nested or latent.ndim != 5 or latent.shape[2] < 4:
        return latent
    side = 2 if latent.shape[2] < 9 else 3
    frames = torch.linspace(0, latent.shape[2] - 1, side**2).round().long()
    return rearrange(
        latent[:1, :, frames],
        "batch channels (down across) rows cols -> batch channels 1 (down rows) (across cols)",
        across=side,
    )
