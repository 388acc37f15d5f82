"""Other packs' ways, in small: a loader of quantised files, preview hooks, Wan 2.2's VAE."""

import statistics
import time
from pathlib import Path

import comfy.ldm.wan.vae2_2
import comfy.model_patcher
import comfy.ops
import comfy.sd
import comfy.utils
import folder_paths
import latent_preview
import torch
from comfy_api.latest import io

import nodes

_Wan22 = comfy.ldm.wan.vae2_2.WanVAE


def small_wan22(**config):
    """The host's own class, but for the width."""
    return _Wan22(**{**config, "dim": 16, "dec_dim": 16})


comfy.ldm.wan.vae2_2.WanVAE = small_wan22


class RoundedOps(comfy.ops.manual_cast):
    """Weights of 8 bits a value, dequantised in every forward pass, as GGUF loaders do."""

    class Linear(comfy.ops.manual_cast.Linear):
        def forward(self, x):
            weight = self.weight.to(x)
            scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
            bias = None if self.bias is None else self.bias.to(x)
            return torch.nn.functional.linear(x, (weight / scale).round() * scale, bias)


class QuantisedPatcher(comfy.model_patcher.ModelPatcher):
    """A patcher of another class, which its clones keep."""


class QuantisedLoader(io.ComfyNode):
    """A MODEL from a loader that ComfyUI does not know."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestQuantisedLoader",
            inputs=[io.String.Input("file")],
            outputs=[io.Model.Output()],
        )

    @classmethod
    def execute(cls, file):
        weights = comfy.utils.load_torch_file(
            folder_paths.get_full_path_or_raise("diffusion_models", file)
        )
        options = {"custom_operations": RoundedOps}
        model = comfy.sd.load_diffusion_model_state_dict(weights, model_options=options)
        model.__class__ = QuantisedPatcher
        return io.NodeOutput(model)


class HookedPreviews(io.ComfyNode):
    """Patch the host's preview functions for the next sampling, as KJNodes and VHS do."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestHookedPreviews",
            inputs=[io.Model.Input("model"), io.String.Input("name")],
            outputs=[io.Model.Output()],
        )

    @classmethod
    def execute(cls, model, name):
        prepare, get = latent_preview.prepare_callback, latent_preview.get_previewer
        path = Path(folder_paths.get_output_directory()) / name

        def hooked_get(*args, **kwargs):
            latent_preview.get_previewer = get
            with path.open("a") as log:
                log.write(f"previewer for {type(args[1]).__name__}\n")
            return get(*args, **kwargs)

        def hooked_prepare(*args, **kwargs):
            latent_preview.prepare_callback = prepare
            callback = prepare(*args, **kwargs)

            def shown(step, x0, x, total_steps):
                with path.open("a") as log:
                    log.write(f"step {step + 1} of {total_steps}, {tuple(x0.shape)}\n")
                return callback(step, x0, x, total_steps)

            return shown

        latent_preview.prepare_callback = hooked_prepare
        latent_preview.get_previewer = hooked_get
        return io.NodeOutput(model)


class SamplerCost(io.ComfyNode):
    """Seconds that WanMoveSampler spends outside of what KSampler runs, and inside of it."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestSamplerCost",
            inputs=[
                io.Model.Input("model"),
                io.Conditioning.Input("positive"),
                io.Conditioning.Input("negative"),
                io.Latent.Input("latent_image"),
                io.Int.Input("runs"),
            ],
            outputs=[io.Float.Output(), io.Float.Output()],
        )

    @classmethod
    def execute(cls, runs, **inputs):
        sampler = nodes.NODE_CLASS_MAPPINGS["WanMoveSampler"]
        choices = {"seed": 0, "steps": 2, "cfg": 4.0, "denoise": 1.0, "shift": 0.0}
        choices |= {"sampler_name": "euler", "scheduler": "simple", "motion_scale": 0.0}
        choices |= {"guidance_start": 0.0, "guidance_end": 1.0}
        run, inside, own = nodes.common_ksampler, [], []

        def timed(*args, **kwargs):
            begin = time.perf_counter()
            result = run(*args, **kwargs)
            inside.append(time.perf_counter() - begin)
            return result

        nodes.common_ksampler = timed
        try:
            for _ in range(runs):
                begin = time.perf_counter()
                sampler.execute(**inputs, **choices)
                own.append(time.perf_counter() - begin - inside[-1])
        finally:
            nodes.common_ksampler = run
        return io.NodeOutput(statistics.median(own), statistics.median(inside))
