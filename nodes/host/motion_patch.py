"""Motion guidance for any of the host's samplers, as patches of a model clone."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import comfy.model_management
import comfy.model_sampling
import comfy.samplers
import torch
from comfy.patcher_extension import WrappersMP

from ...wanmove_core import OptionError, ShapeError
from .conditioning import UNGUIDED

_KEY = "wanmove"
_STILL = "_wanmove_still"
_MOST_LEVELS = 1_000_000
_SHIFT = 3.0  # Wan-Move's at 480p
_SHIFTS = {48: 5.0}  # by input channels: Wan2.2-TI2V-5B, Wan2.2 wan/configs/wan_ti2v_5B.py
_POST_CFG = "sampler_post_cfg_function"


def check_sampling(model: Any, latent: Any = None, **prompts: Any) -> None:
    """Reject mismatched inputs; otherwise the model fails inside or ignores the tracks.

    Args:
        model: the host's model patcher.
        latent: LATENT to sample on; None if it is not known.
        prompts: CONDITIONING by the names of the inputs.

    Raises:
        OptionError: a model that takes no start image, for prompts that carry tracks.
        ShapeError: prompts of another text encoder, a missing latent, or one of another length.
    """
    if latent is not None:
        _check_samples(latent.get("samples"), getattr(model.model, "latent_format", None))
    network = getattr(model.model, "diffusion_model", None)
    width = getattr(network, "text_dim", None)
    for name, prompt in prompts.items():
        for embedding, values, *_ in prompt:
            if width is not None and embedding.shape[-1] != width:
                raise ShapeError(
                    f"{name} must be of the model's text encoder, {width} numbers a token; got "
                    f"{embedding.shape[-1]}. Choose umT5-XXL, type wan."
                )
            if UNGUIDED in values and getattr(network, "model_type", None) == "t2v":
                raise OptionError(
                    "model must be a Wan image-to-video model for tracks to act; got a "
                    "text-to-video one. Choose a Wan-Move file."
                )
            image = values.get("concat_latent_image")
            if latent is not None and image is not None:
                _check_length(latent["samples"], image)


def check_denoise(steps: int, denoise: float) -> None:
    """Refuse a denoise so small that steps / denoise noise levels are too many."""
    if 0 < denoise * _MOST_LEVELS < steps:
        raise OptionError(
            f"denoise must be 0, or {steps / _MOST_LEVELS:g} or more for {steps} steps; got "
            f"{denoise:g}. Use 1 for a whole video."
        )


def _check_samples(samples: Any, latent_format: Any) -> None:
    dense = isinstance(samples, torch.Tensor) and not samples.is_nested
    if not dense or samples.ndim not in (4, 5) or 0 in samples.shape:
        got = list(samples.shape) if dense else "none" if samples is None else "another kind"
        raise ShapeError(
            "latent_image must be a video latent, [batch, channels, frames, rows, cols]; got "
            f"{got}. Connect the latent of Trajectory Guidance."
        )
    # The host itself brings an empty latent to the model's channels.
    channels = getattr(latent_format, "latent_channels", samples.shape[1])
    if samples.shape[1] != channels and samples.count_nonzero():
        raise ShapeError(
            f"latent_image must have the model's {channels} channels; got {samples.shape[1]}. "
            "Encode with the model's VAE."
        )


def _check_length(samples: torch.Tensor, image: torch.Tensor) -> None:
    frames = 1 if samples.ndim == 4 else samples.shape[2]
    if image.ndim == 5 and frames != image.shape[2]:
        raise ShapeError(
            f"latent_image must have {image.shape[2]} latent frames, as positive and negative; "
            f"got {frames}. Connect the latent of Trajectory Guidance."
        )


def with_shift(model: Any, shift: float) -> Any:
    """Clone a model with another flow shift; 0 keeps the host's, below 0 sets the family's.

    Source: `ModelSamplingSD3`, ComfyUI comfy_extras/nodes_model_advanced.py:116 (0.18.1).
    """
    if shift == 0:
        return model
    if shift < 0:
        network = getattr(model.model, "diffusion_model", None)
        shift = _SHIFTS.get(getattr(network, "in_dim", None), _SHIFT)

    class ModelSampling(comfy.model_sampling.ModelSamplingDiscreteFlow, comfy.model_sampling.CONST):
        pass

    sampling = ModelSampling(model.model.model_config)
    sampling.set_parameters(shift=shift, multiplier=1000)
    clone = model.clone()
    clone.add_object_patch("model_sampling", sampling)
    return clone


def with_motion(model: Any, scale: float, start: float, end: float) -> Any:
    """Clone a model that strengthens motion and limits it to some steps.

    Args:
        model: the host's model patcher.
        scale: adds scale * (cond - cond_without_tracks) to the guided prediction; costs one
            model pass a step unless 0.
        start, end: fraction of the steps in which the tracks act; outside of it both branches
            see the start image alone.

    Returns:
        The model itself where there is nothing to do, so the host's own path is untouched.

    Raises:
        OptionError: an empty range.
    """
    if not 0 <= start < end <= 1:
        raise OptionError(
            f"guidance_start must be below guidance_end, both 0 to 1; got {start} and {end}. "
            "Use 0 and 1 for all steps."
        )
    if scale == 0 and start == 0 and end == 1:
        return model
    motion = _Motion(scale, start, end)
    clone = model.clone()
    clone.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, _KEY, motion.outer_sample)
    clone.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, _KEY, motion.predict_noise)
    return clone


class _Motion:
    """Two wrappers that share how strongly and when the tracks act. Holds no state of a run."""

    def __init__(self, scale: float, start: float, end: float) -> None:
        self._scale, self._start, self._end = scale, start, end

    def outer_sample(self, executor, noise, latent_image, sampler, sigmas, *args, **kwargs):
        """Add the prompts without tracks, so that the host prepares them like the others."""
        guider = executor.class_obj
        self._check_range(len(sigmas) - 1)
        for name in ("positive", "negative"):
            guider.conds[name + _STILL] = [_without_tracks(cond) for cond in guider.conds[name]]
        if not any(UNGUIDED in cond for cond in guider.conds["positive"]):
            raise OptionError(
                "positive must come from Trajectory Guidance (Wan-Move) for motion_scale and "
                "guidance_start/end to act; got conditioning without tracks. "
                "Connect that node, or use 0, 0 and 1."
            )
        return executor(noise, latent_image, sampler, sigmas, *args, **kwargs)

    def predict_noise(self, executor, x, timestep, model_options, seed=None):
        """Choose the prompts of this step, and add the motion term."""
        guider = executor.class_obj
        if not self._acts(timestep, model_options["transformer_options"]["sample_sigmas"]):
            with _still_prompts(guider):
                return executor(x, timestep, model_options, seed)
        if self._scale:
            patches = [self._strengthen(guider), *model_options.get(_POST_CFG, [])]
            model_options = {**model_options, _POST_CFG: patches}
        return executor(x, timestep, model_options, seed)

    def _check_range(self, steps: int) -> None:
        if steps > 0 and round(self._start * steps) == round(self._end * steps):
            raise OptionError(
                f"guidance_start to guidance_end must hold a step; got {self._start} to "
                f"{self._end} of {steps} steps. Widen the range, or take more steps."
            )

    def _acts(self, timestep, sigmas) -> bool:
        if self._start == 0 and self._end == 1:
            return True
        steps = len(sigmas) - 1
        first, last = sigmas[round(self._start * steps)], sigmas[round(self._end * steps)]
        return bool(last < timestep[0] <= first)

    def _strengthen(self, guider):
        def add_motion(args):
            comfy.model_management.throw_exception_if_processing_interrupted()
            (still,) = comfy.samplers.calc_cond_batch(
                args["model"],
                [guider.conds["positive" + _STILL]],
                args["input"],
                args["sigma"],
                args["model_options"],
            )
            return args["denoised"] + self._scale * (args["cond_denoised"] - still)

        return add_motion


@contextmanager
def _still_prompts(guider: Any) -> Iterator[None]:
    conds = guider.conds
    guider.conds = {**conds, **{name: conds[name + _STILL] for name in ("positive", "negative")}}
    try:
        yield
    finally:
        guider.conds = conds


def _without_tracks(cond: dict[str, Any]) -> dict[str, Any]:
    # Another uuid: caches such as EasyCache tell prompts apart by it.
    latent = cond.get(UNGUIDED, cond.get("concat_latent_image"))
    return {**cond, "concat_latent_image": latent, "uuid": uuid.uuid4()}


def run_ksampler(**inputs: Any) -> dict[str, Any]:
    """Run what KSampler runs (nodes.py:1540), so that its improvements act here too."""
    from nodes import common_ksampler

    return common_ksampler(**inputs)[0]
