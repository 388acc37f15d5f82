"""Sampling nodes: KSampler with motion controls, the same as a guider, and few-step schedules."""

import comfy.samplers
import torch
from comfy_api.latest import io

from .host import CATEGORY
from .host.links import checked
from .host.motion_patch import check_denoise, check_sampling, run_ksampler, with_motion, with_shift
from .host.previews import with_sheet_preview

_MAX_SEED = 0xFFFFFFFFFFFFFFFF
# Timesteps / 1000 that four-step distilled models were trained on, before the flow shift.
_FOUR_STEPS = (1.0, 0.75, 0.5, 0.25)
# The flow shift of each list. lightx2v: LightX2V configs/distill/wan21 @f8aee98b. FlashMotion's
# four-step base: Wan2.2-TI2V-5B-Turbo configs/inference/wan22.yaml, and the training's @26d5995.
_PRESETS = {
    "lightx2v 4 steps": 5.0,
    "unwarped 4 steps": 1.0,
    "FlashMotion / Turbo, as published": 1.0,
    "FlashMotion / Turbo, as trained": 5.0,
}


def _cfg(default: float) -> io.Float.Input:
    return io.Float.Input(
        "cfg",
        default=default,
        min=0.0,
        max=100.0,
        step=0.1,
        round=0.01,
        tooltip="Guidance scale of the prompt. 5 is Wan-Move's own; 1 for distilled LoRAs.",
    )


def _motion_inputs() -> list[io.Input]:
    return [
        io.Float.Input(
            "motion_scale",
            default=0.0,
            min=-10.0,
            max=10.0,
            step=0.05,
            tooltip="Strengthens the motion apart from the prompt: adds motion_scale x (with "
            "tracks - without). 0 costs nothing; any other value costs one model pass a step.",
        ),
        io.Float.Input(
            "guidance_start",
            default=0.0,
            min=0.0,
            max=1.0,
            step=0.01,
            advanced=True,
            tooltip="Fraction of the steps after which the tracks begin to act.",
        ),
        io.Float.Input(
            "guidance_end",
            default=1.0,
            min=0.0,
            max=1.0,
            step=0.01,
            advanced=True,
            tooltip="Fraction of the steps after which the tracks stop acting. 0.8 leaves the "
            "last details to the model.",
        ),
    ]


class WanMoveSampler(io.ComfyNode):
    """KSampler, then motion controls."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveSampler",
            display_name="Sampler (Wan-Move)",
            category=CATEGORY,
            description="Denoises like KSampler (same inputs, same result) and adds controls of "
            "the motion's strength and of the steps in which it acts.",
            search_aliases=["KSampler", "sample", "wan move"],
            inputs=[
                io.Model.Input("model", tooltip="Wan-Move, or another Wan image-to-video model."),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=_MAX_SEED,
                    control_after_generate=True,
                    tooltip="Seed of the noise.",
                ),
                io.Int.Input(
                    "steps",
                    default=40,
                    min=1,
                    max=10000,
                    tooltip="Denoising steps. 40 is Wan-Move's own; 4 to 6 with distilled LoRAs.",
                ),
                _cfg(5.0),
                io.Combo.Input(
                    "sampler_name",
                    options=comfy.samplers.KSampler.SAMPLERS,
                    default="uni_pc",
                    tooltip="Solver. uni_pc is Wan-Move's own.",
                ),
                io.Combo.Input(
                    "scheduler",
                    options=comfy.samplers.KSampler.SCHEDULERS,
                    default="simple",
                    tooltip="How the noise levels are spread over the steps.",
                ),
                io.Conditioning.Input("positive", tooltip="From Trajectory Guidance (Wan-Move)."),
                io.Conditioning.Input("negative", tooltip="From Trajectory Guidance (Wan-Move)."),
                io.Latent.Input("latent_image", tooltip="The latent to denoise."),
                io.Float.Input(
                    "denoise",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Below 1, part of the given latent is kept.",
                ),
                io.Float.Input(
                    "shift",
                    default=0.0,
                    min=0.0,
                    max=100.0,
                    step=0.01,
                    tooltip="Flow shift. 0 keeps the model's; 3 is Wan-Move's at 480p, 5 above.",
                ),
                *_motion_inputs(),
            ],
            outputs=[
                io.Latent.Output("latent", display_name="LATENT", tooltip="The denoised latent.")
            ],
        )

    @classmethod
    @checked
    def execute(
        cls, *, model, latent_image, shift, motion_scale, guidance_start, guidance_end, **ksampler
    ) -> io.NodeOutput:
        prompts = {name: ksampler[name] for name in ("positive", "negative")}
        check_sampling(model, latent_image, **prompts)
        check_denoise(ksampler["steps"], ksampler["denoise"])
        model = with_motion(with_shift(model, shift), motion_scale, guidance_start, guidance_end)
        model = with_sheet_preview(model)
        return io.NodeOutput(run_ksampler(model=model, latent=latent_image, **ksampler))


class WanMoveMotionGuider(io.ComfyNode):
    """The sampler's motion controls for SamplerCustomAdvanced."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveMotionGuider",
            display_name="Motion Guider (Wan-Move)",
            category=CATEGORY,
            description="Makes a guider with controls of the motion's strength, for "
            "SamplerCustomAdvanced.",
            search_aliases=["CFGGuider", "wan move"],
            inputs=[
                io.Model.Input("model", tooltip="Wan-Move, or another Wan image-to-video model."),
                io.Conditioning.Input("positive", tooltip="From Trajectory Guidance (Wan-Move)."),
                io.Conditioning.Input("negative", tooltip="From Trajectory Guidance (Wan-Move)."),
                _cfg(5.0),
                *_motion_inputs(),
            ],
            outputs=[
                io.Guider.Output(
                    "guider", display_name="GUIDER", tooltip="For SamplerCustomAdvanced."
                )
            ],
        )

    @classmethod
    @checked
    def execute(
        cls, *, model, positive, negative, cfg, motion_scale, guidance_start, guidance_end
    ) -> io.NodeOutput:
        check_sampling(model, positive=positive, negative=negative)
        model = with_motion(model, motion_scale, guidance_start, guidance_end)
        guider = comfy.samplers.CFGGuider(model)
        guider.set_conds(positive, negative)
        guider.set_cfg(cfg)
        return io.NodeOutput(guider)


class WanMoveFewStepSigmas(io.ComfyNode):
    """Noise levels that distilled LoRAs were trained on."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveFewStepSigmas",
            display_name="Few-Step Sigmas (Wan-Move)",
            category=CATEGORY,
            description="Makes the noise levels that distilled models were trained on.",
            search_aliases=["lightx2v", "distilled", "4 steps", "sigmas"],
            inputs=[
                io.Combo.Input(
                    "preset",
                    options=list(_PRESETS),
                    tooltip="lightx2v 4 steps: 1, 0.9375, 0.8333, 0.625, 0, for its LoRA. "
                    "FlashMotion and Turbo: as published is 1, 0.75, 0.5, 0.25, 0, which "
                    "their inference uses; as trained is 1, 0.9375, 0.8333, 0.625, 0, with "
                    "the shift 5 of their training. Neither source says which is better: try "
                    "both.",
                ),
            ],
            outputs=[
                io.Sigmas.Output(
                    "sigmas", display_name="SIGMAS", tooltip="For SamplerCustomAdvanced."
                )
            ],
        )

    @classmethod
    @checked
    def execute(cls, *, preset) -> io.NodeOutput:
        shift = _PRESETS[preset]
        sigmas = [shift * t / (1 + (shift - 1) * t) for t in _FOUR_STEPS]
        return io.NodeOutput(torch.tensor([*sigmas, 0.0]))
