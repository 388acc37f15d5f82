"""Run FlashMotion's adapters on the host's Wan models, by the host's hook after each block.

The host's own `WanUni3CCnetPatch` (comfy_extras/nodes_model_patch.py:601, 0.33) works alike.
"""

import logging
import uuid
from typing import Any

import comfy.ldm.common_dit
import torch
from comfy.patcher_extension import WrappersMP

from ...wanmove_core import OptionError, ShapeError
from ...wanmove_core.checkpoints.adapter_modules import ResNetAdapter
from ...wanmove_core.checkpoints.adapters import Adapter

_log = logging.getLogger("wanmove")

_KEY = "wanmove_flashmotion"
_FEW = 8  # steps: a distilled generator's


def with_adapter(
    model: Any, adapter: Any, maps: Any, *, strength: float, start: float, end: float
) -> Any:
    """Clone a model and let an adapter guide it.

    Args:
        model: the host's model patcher, of the 5B or a model of its latent.
        adapter: from `load_adapter`.
        maps: [B, C, T', H', W'], the encoded trajectory maps as the VAE gives them.
        strength: of the adapter; 0 returns the model itself.
        start, end: fraction of the steps in which it acts.

    Raises:
        OptionError, ShapeError: what does not fit together.
    """
    dense = isinstance(maps, torch.Tensor) and not maps.is_nested
    if not dense or maps.ndim != 5 or 0 in maps.shape:
        raise ShapeError(
            "maps_latent must be a video latent, [batch, channels, frames, rows, cols]; got "
            f"{list(maps.shape) if dense else 'another kind'}. Connect Encode Trajectory Maps."
        )
    network, found = model.get_model_object("diffusion_model"), _found(adapter)
    check_model(network, found)
    if not 0 <= start < end <= 1:
        raise OptionError(
            f"start_percent must be below end_percent, both 0 to 1; got {start} and {end}. "
            "Use 0 and 1 for all steps."
        )
    if maps.shape[1] != found.latent_channels:
        raise ShapeError(
            f"maps_latent must be of a VAE of {found.latent_channels} channels; got "
            f"{maps.shape[1]}. Encode them with the VAE of the adapter's model."
        )
    if strength == 0:
        return model
    sampling = model.get_model_object("model_sampling")
    levels = (sampling.percent_to_sigma(start), sampling.percent_to_sigma(end))
    maps = model.get_model_object("latent_format").process_in(maps)
    # As the model pads its latent: at 1280x720 by a row of cells.
    maps = comfy.ldm.common_dit.pad_to_patch_size(maps, network.patch_size)
    clone = model.clone()
    patch = AdapterPatch(adapter, maps, strength, levels)
    clone.set_model_double_block_patch(patch)
    # The hook is not told the text and the time that a ControlNet needs.
    clone.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, patch.key, patch.remember)
    return clone


def _found(adapter: Any) -> Adapter:
    found = getattr(getattr(adapter, "model", None), "found", None)
    if not isinstance(found, Adapter):
        raise OptionError(
            "adapter must be a FlashMotion adapter; got another model patch. "
            "Use FlashMotion Loader (Wan-Move)."
        )
    return found


def check_model(network: Any, found: Adapter) -> None:
    """Refuse a model that this adapter was not made for.

    Raises:
        OptionError: another architecture, latent, width or number of blocks.
    """
    width, blocks = getattr(network, "dim", None), len(getattr(network, "blocks", ()))
    latent = getattr(network, "out_dim", None)
    if (width, blocks, latent) != (found.width, found.blocks, found.latent_channels):
        kind = "no Wan model" if width is None else f"{blocks} blocks of {width}, latent {latent}"
        raise OptionError(
            f"model must have {found.blocks} blocks of width {found.width} and a latent of "
            f"{found.latent_channels} channels, as the adapter; got {kind}. "
            "Use the model that the adapter was made for: FlashMotion's are for Wan2.2-TI2V-5B."
        )


class AdapterPatch:
    """Adds an adapter's residuals. The state of a call is kept in the call's own options."""

    def __init__(
        self, adapter: Any, maps: torch.Tensor, strength: float, levels: tuple[float, float]
    ) -> None:
        self._adapter, self._maps, self._strength, self._levels = adapter, maps, strength, levels
        self._features: list[torch.Tensor] | None = None
        self._warned = self._hooked = False
        self.key = f"{_KEY}_{uuid.uuid4().hex}"

    def remember(self, executor, *args, **kwargs):
        """Keep inputs that the hook does not get, for this call alone.

        The arguments are those of `WanModel._forward` (comfy/ldm/wan/model.py:686).
        """
        latent, timestep, context, vision, concat, options = args
        call = {"timestep": timestep, "context": context}
        options = {**options, self.key: call}
        self._warn_of_a_slow_adapter(options)
        out = executor(latent, timestep, context, vision, concat, options, **kwargs)
        # In this step the model may not have run at all: EasyCache skips steps.
        if not self._hooked and self._acts(options):
            raise OptionError(
                "ComfyUI must be 0.33 or newer for FlashMotion to act; got one without a hook "
                "after the blocks of Wan models. Update ComfyUI."
            )
        return out

    def _warn_of_a_slow_adapter(self, options: dict[str, Any]) -> None:
        sigmas = options.get("sample_sigmas")
        slow = getattr(self._adapter.model, "stage", None) == "slow"
        if slow and not self._warned and sigmas is not None and len(sigmas) - 1 <= _FEW:
            self._warned = True
            _log.warning(
                "adapter must be a fast one for %d steps; got a slow one, whose videos are "
                "blurred. Use the FastAdapter.",
                len(sigmas) - 1,
            )

    def __call__(self, hook: dict[str, Any]) -> dict[str, Any]:
        self._hooked = True
        options = hook["transformer_options"]
        call = options.get(self.key)
        if call is None or not self._acts(options):
            return hook
        index, image = hook["block_index"], hook["img"]
        if index == 0:
            self._check(hook["x"])
        if isinstance(self._adapter.model, ResNetAdapter):
            residual = self._resnet_residual(index, image)
        else:
            if index == 0:
                call["state"] = self._begin(hook["x"], call)
            residual = self._adapter.model.residual(index, call["state"])
        if len(residual) != len(image):
            residual = residual.repeat(len(image) // len(residual), 1, 1)
        begin = hook.get("img_offset", 0)
        image[:, begin : begin + residual.shape[1]] += (self._strength * residual).to(image.dtype)
        return hook

    def _acts(self, options: dict[str, Any]) -> bool:
        sigmas, (high, low) = options.get("sigmas"), self._levels
        return sigmas is None or low <= float(sigmas[0]) <= high

    def _check(self, latent: torch.Tensor) -> None:
        maps = self._maps
        if latent.shape[2:] != maps.shape[2:] or len(latent) % len(maps):
            raise ShapeError(
                "maps_latent must have the latent's frames and size, "
                f"{list(latent.shape[2:])}; got {list(maps.shape[2:])}. Encode them at the video's "
                "size and length, and leave context windows out."
            )

    def _resnet_residual(self, index: int, image: torch.Tensor) -> torch.Tensor:
        # The same in every step: only the last layers run again.
        ready = self._features
        if ready is None or ready[0].device != image.device or ready[0].dtype != image.dtype:
            ready = self._adapter.model.features(self._maps.to(image))
            self._features = ready
        answer: torch.Tensor = self._adapter.model.residual(index, ready, len(self._maps))
        return answer

    def _begin(self, latent: torch.Tensor, call: dict[str, Any]) -> Any:
        maps = self._maps.to(latent).repeat(len(latent) // len(self._maps), 1, 1, 1, 1)
        return self._adapter.model.begin(
            torch.cat([latent, maps], 1), call["timestep"], call["context"]
        )

    def to(self, target: Any) -> "AdapterPatch":
        """Drop tensors on another device (comfy/model_patcher.py:772)."""
        if isinstance(target, torch.device):
            self._features = None
        return self

    def cleanup(self) -> None:
        """Free the memory after a run (comfy/model_patcher.py:817)."""
        self._features = None

    def models(self) -> list[Any]:
        """Return the models that the host loads with the model."""
        return [self._adapter]
