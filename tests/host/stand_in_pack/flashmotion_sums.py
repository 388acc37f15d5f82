"""FlashMotion on the host's own model, with the weights and inputs that the public one ran on."""

import math
import sys
from types import SimpleNamespace

import comfy.ldm.wan.model
import comfy.ops
import torch
from comfy.patcher_extension import WrappersMP
from comfy_api.latest import io

SHAPE = (1, 48, 3, 4, 6)


def pack(name):
    """A module of the pack, which the host has loaded under a name of its own."""
    return next(module for key, module in sys.modules.items() if key.endswith(name))


def fill(module):
    """Fill parameters in the order of their names; see tests/fixtures/reference/PROVENANCE.md."""
    for index, (name, parameter) in enumerate(sorted(module.named_parameters())):
        count = torch.arange(parameter.numel(), dtype=torch.float64)
        values = torch.sin(0.731 * count + 1.37 * index)
        if parameter.ndim > 1 and "modulation" not in name:
            values = values / math.sqrt(parameter[0].numel())
        else:
            values = values * 0.1
        if "norm" in name and name.endswith("weight"):
            values = values + 1
        parameter.data = values.reshape(parameter.shape).float()


def waves(step, *axes, wave=torch.sin):
    count = torch.arange(math.prod(axes), dtype=torch.float64)
    return wave(step * count).float().reshape(axes)


def wan(inputs):
    model = comfy.ldm.wan.model.WanModel(
        model_type="t2v",
        in_dim=inputs,
        dim=96,
        ffn_dim=192,
        freq_dim=256,
        text_dim=64,
        out_dim=48,
        num_heads=4,
        num_layers=3,
        operations=comfy.ops.manual_cast,
        dtype=torch.float32,
    )
    fill(model)
    return model.requires_grad_(False)


def adapter(kind):
    if kind == "resnet":
        make = pack("checkpoints.adapter_modules").ResNetAdapter
        module = make(channels=16, width=96, blocks=3, operations=comfy.ops.manual_cast)
        fill(module)
    else:
        module = pack("nodes.host.flashmotion").ControlNet(wan(96), 96)
        fill(module.out_projectors)
    return SimpleNamespace(model=module.requires_grad_(False))


class FlashMotionSums(io.ComfyNode):
    """Sum and sum of absolute values of the model's answer, alone and with stand-in adapters."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestFlashMotionSums",
            inputs=[io.Combo.Input("kind", options=["base", "resnet", "controlnet"])],
            outputs=[io.AnyType.Output("sums")],
        )

    @classmethod
    def execute(cls, kind):
        text = torch.zeros(1, 16, 64)
        text[:, :5] = waves(0.211, 1, 5, 64)
        options = {}
        if kind != "base":
            maps = waves(0.377, *SHAPE, wave=torch.cos)
            levels = (math.inf, -math.inf)
            patch = pack("nodes.host.adapter_patch").AdapterPatch(adapter(kind), maps, 1.0, levels)
            wrappers = {WrappersMP.DIFFUSION_MODEL: {patch.key: [patch.remember]}}
            options = {"patches": {"double_block": [patch]}, "wrappers": wrappers}
        with torch.no_grad():
            times = torch.tensor([[0.0, 750.0, 750.0]])
            model, latent = wan(48), waves(0.913, *SHAPE)
            out = model(latent, times, text, transformer_options=options).double()
        return io.NodeOutput([out.sum().item(), out.abs().sum().item()])


class FourSteps(io.ComfyNode):
    """The host's own lcm sampler on the model, with the noise of a seeded CPU generator."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestFourSteps",
            inputs=[io.Model.Input("model"), io.Sigmas.Input("sigmas")],
            outputs=[io.AnyType.Output("samples")],
        )

    @classmethod
    def execute(cls, model, sigmas):
        import comfy.sample
        import comfy.samplers

        draw = torch.Generator().manual_seed(5)
        first = torch.randn(SHAPE, generator=draw)
        sampler = comfy.samplers.ksampler(
            "lcm", {"noise_sampler": lambda *_: torch.randn(SHAPE, generator=draw)}
        )
        image = waves(0.571, 1, 48, 1, 4, 6)
        form = model.get_model_object("latent_format")
        latent = torch.cat([form.process_out(image), torch.zeros(1, 48, 2, 4, 6)], 2)
        mask = torch.ones(1, 1, 3, 4, 6)
        mask[:, :, 0] = 0
        text = torch.zeros(1, 512, 4096)
        text[:, :5] = waves(0.211, 1, 5, 4096)
        given = [[text, {}]]
        out = comfy.sample.sample_custom(
            model, first, 1.0, sampler, sigmas, given, given, latent, noise_mask=mask
        )
        return io.NodeOutput(form.process_in(out))


class MapsLatent(io.ComfyNode):
    """The recipe's trajectory latent, as a VAE gives it."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestMapsLatent",
            inputs=[io.Model.Input("model")],
            outputs=[io.Latent.Output("latent")],
        )

    @classmethod
    def execute(cls, model):
        maps = waves(0.377, *SHAPE, wave=torch.cos)
        form = model.get_model_object("latent_format")
        return io.NodeOutput({"samples": form.process_out(maps)})
