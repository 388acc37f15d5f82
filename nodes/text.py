"""Prompts without loading the text encoder again."""

from comfy_api.latest import io

from ..wanmove_core.generation.settings import NEGATIVE_PROMPT
from .host import CATEGORY
from .host import models as loading
from .host.links import checked
from .host.text_encoding import encode_prompts


class WanMoveTextEncodeCached(io.ComfyNode):
    """Both prompts -> conditioning, from disk where known."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveTextEncodeCached",
            display_name="Text Encode, Cached (Wan-Move)",
            category=CATEGORY,
            description="Encodes both prompts and keeps the result on disk, so that a prompt "
            "used before does not load the 6.7 GB text encoder.",
            search_aliases=["CLIPTextEncode", "prompt", "T5 cache", "wan move"],
            inputs=[
                io.String.Input(
                    "prompt",
                    default="",
                    multiline=True,
                    dynamic_prompts=True,
                    tooltip="What the video shows. Naming the motion helps the tracks.",
                ),
                io.String.Input(
                    "negative_prompt",
                    default=NEGATIVE_PROMPT,
                    multiline=True,
                    dynamic_prompts=True,
                    tooltip="What the video should not show. The default is Wan-Move's own.",
                ),
                io.Combo.Input(
                    "text_encoder",
                    options=loading.files("text_encoders"),
                    tooltip="umT5-XXL from models/text_encoders, loaded for new prompts only.",
                ),
                io.Combo.Input(
                    "device",
                    options=["default", "cpu"],
                    default="default",
                    advanced=True,
                    tooltip="cpu keeps the text encoder out of the GPU's memory.",
                ),
                io.Int.Input(
                    "max_cache_mb",
                    default=512,
                    min=0,
                    max=1 << 20,
                    advanced=True,
                    tooltip="Disk space for prompts, 8 MB each; the least recently used go first.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(
                    "positive", display_name="positive", tooltip="The prompt, encoded."
                ),
                io.Conditioning.Output(
                    "negative", display_name="negative", tooltip="The negative prompt, encoded."
                ),
            ],
        )

    @classmethod
    @checked
    def execute(
        cls, *, prompt, negative_prompt, text_encoder, device, max_cache_mb
    ) -> io.NodeOutput:
        prompts = [prompt, negative_prompt]
        return io.NodeOutput(*encode_prompts(prompts, text_encoder, device, max_cache_mb << 20))
