"""Motion guidance for any of the host's samplers, as patches of a model clone."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import comfy.model_management
import comfy.model_sampling
import comfy.samplers
from comfy.patcher_extension import WrappersMP

from ..wanmove_core import OptionError
from .host import UNGUIDED

_KEY = "wanmove"
_STILL = "_wanmove_still"
_POST_CFG = "sampler_post_cfg_function"


def with_shift(model: Any, shift: float) -> Any:
    """Clone a model with another flow shift; 0 keeps the model's own.

    Source: `ModelSamplingSD3`, ComfyUI comfy_extras/nodes_model_advanced.py:116 (0.18.1).
    """
    if shift == 0:
        return model

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
