"""Nodes that only tests have, and two small configs in place of the host's big ones.

The test server links this folder into its temporary custom_nodes.
"""

from pathlib import Path
from types import SimpleNamespace

import comfy.clip_vision
import comfy.sd1_clip
import comfy.text_encoders.t5
import comfy.text_encoders.wan
import folder_paths
import torch
from comfy_api.latest import ComfyExtension, io
from safetensors.torch import load_file

from .flashmotion_sums import FlashMotionSums, FourSteps, MapsLatent
from .stand_ins import HookedPreviews, QuantisedLoader, SamplerCost
from .windows import NumberedWindows

MODELS = Path(folder_paths.models_dir)


class SmallUmt5(comfy.sd1_clip.SDClipModel):
    """The host's UMT5XXlModel, but for the size."""

    def __init__(self, device="cpu", layer="last", layer_idx=None, dtype=None, model_options=None):
        super().__init__(
            device=device,
            layer=layer,
            layer_idx=layer_idx,
            textmodel_json_config=str(MODELS / "umt5_small.json"),
            dtype=dtype,
            special_tokens={"end": 1, "pad": 0},
            model_class=comfy.text_encoders.t5.T5,
            enable_attention_masks=True,
            zero_out_masked=True,
            model_options=model_options or {},
        )


class SmallVision(comfy.clip_vision.ClipVisionModel):
    """The host's ViT-H, but for the size."""

    def __init__(self, _json_config):
        super().__init__(str(MODELS / "vision_small.json"))


comfy.text_encoders.wan.UMT5XXlModel = SmallUmt5
comfy.clip_vision.ClipVisionModel = SmallVision


def plain(value):
    """Reduce to what torch.load(weights_only=True) reads."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone()
    return value if isinstance(value, (str, int, float, type(None))) else repr(value)


class KeepValue(io.ComfyNode):
    """Write any value to the output folder, for the test to read."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestKeepValue",
            inputs=[io.AnyType.Input("value"), io.String.Input("name")],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, value, name):
        torch.save(plain(value), Path(folder_paths.get_output_directory()) / name)
        return io.NodeOutput()


class Prompt(io.ComfyNode):
    """Random conditioning that depends on the seed alone."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestPrompt",
            inputs=[io.Int.Input("seed")],
            outputs=[io.Conditioning.Output()],
        )

    @classmethod
    def execute(cls, seed):
        generator = torch.Generator().manual_seed(seed)
        return io.NodeOutput([[torch.randn(1, 7, 4096, generator=generator), {}]])


class NoPrompt(io.ComfyNode):
    """Conditioning of nothing, which KSampler takes as the negative prompt."""

    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="TestNoPrompt", inputs=[], outputs=[io.Conditioning.Output()])

    @classmethod
    def execute(cls):
        return io.NodeOutput([])


class ToyPrompts(io.ComfyNode):
    """The prompts that come with the small trained model: [tokens, 4096], padded to 512."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestToyPrompts",
            inputs=[io.String.Input("file")],
            outputs=[io.Conditioning.Output(), io.Conditioning.Output()],
        )

    @classmethod
    def execute(cls, file):
        embeds = load_file(file)
        names = min(embeds, key=len), max(embeds, key=len)  # no prompt, then the negative one
        padded = [torch.zeros(1, 512, 4096) for _ in names]
        for target, name in zip(padded, names, strict=True):
            target[0, : len(embeds[name])] = embeds[name]
        return io.NodeOutput(*([[embed, {}]] for embed in padded))


class BlankVision(io.ComfyNode):
    """What a model trained without CLIP expects in its place: zeros."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestBlankVision", inputs=[], outputs=[io.ClipVisionOutput.Output()]
        )

    @classmethod
    def execute(cls):
        return io.NodeOutput(SimpleNamespace(penultimate_hidden_states=torch.zeros(1, 257, 1280)))


class Picture(io.ComfyNode):
    """Random smooth images."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestPicture",
            inputs=[
                io.Int.Input("seed"),
                io.Int.Input("width"),
                io.Int.Input("height"),
                io.Int.Input("frames", default=1),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, seed, width, height, frames=1):
        generator = torch.Generator().manual_seed(seed)
        small = torch.rand(frames, 3, 5, 7, generator=generator)
        size = (height, width)
        image = torch.nn.functional.interpolate(small, size, mode="bicubic").clamp(0, 1)
        return io.NodeOutput(image.movedim(1, -1))


class RandomTracks(io.ComfyNode):
    """Straight tracks between random points."""

    @classmethod
    def define_schema(cls):
        names = ("number", "num_frames", "width", "height", "seed")
        return io.Schema(
            node_id="TestTracks",
            inputs=[io.Int.Input(name) for name in names],
            outputs=[io.Tracks.Output()],
        )

    @classmethod
    def execute(cls, number, num_frames, width, height, seed):
        generator = torch.Generator().manual_seed(seed)
        ends = torch.rand(2, number, 2, generator=generator) * torch.tensor([width, height])
        path = torch.lerp(ends[0], ends[1], torch.linspace(0, 1, num_frames)[:, None, None])
        visibility = torch.ones(num_frames, number, dtype=torch.bool)
        return io.NodeOutput({"track_path": path, "track_visibility": visibility})


class InstantVae(io.ComfyNode):
    """A VAE that costs nothing, to time what is around it."""

    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="TestInstantVae", inputs=[], outputs=[io.Vae.Output()])

    @classmethod
    def execute(cls):
        return io.NodeOutput(Zeros())


class Zeros:
    def encode(self, clip):
        frames, height, width, _ = clip.shape
        return torch.zeros(1, 16, (frames - 1) // 4 + 1, height // 8, width // 8)


class Drop(io.ComfyNode):
    """Use a value and forget it."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestDrop",
            inputs=[io.AnyType.Input("value")],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, value):  # noqa: ARG003
        return io.NodeOutput()


class TestExtension(ComfyExtension):
    async def get_node_list(self):
        return [
            KeepValue,
            Prompt,
            NoPrompt,
            ToyPrompts,
            BlankVision,
            Picture,
            RandomTracks,
            InstantVae,
            Drop,
            QuantisedLoader,
            HookedPreviews,
            SamplerCost,
            FlashMotionSums,
            FourSteps,
            MapsLatent,
            NumberedWindows,
        ]


async def comfy_entrypoint():
    return TestExtension()
