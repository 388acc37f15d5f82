"""Everything that generation needs, from one node."""

from collections.abc import Mapping
from typing import Any

from comfy_api.latest import io

from ..wanmove_core import CheckpointError
from .host import CATEGORY
from .host import models as loading
from .host.links import checked
from .host.motion_patch import with_shift

_ROLES = ("diffusion_model", "text_encoder", "vae", "clip_vision")


class WanMoveModelLoader(io.ComfyNode):
    """DiT, text encoder, VAE and CLIP vision; only what is connected is read from disk."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveModelLoader",
            display_name="Model Loader (Wan-Move)",
            category=CATEGORY,
            description="Loads the models of Wan-Move. What is not connected is not loaded.",
            search_aliases=["load wan move", "UNETLoader", "wan"],
            inputs=[
                io.Combo.Input(
                    "diffusion_model",
                    options=loading.files("diffusion_models"),
                    tooltip="Wan-Move, another Wan 2.1 image-to-video model, or Wan2.2-TI2V-5B "
                    "and FlashMotion's generator, from models/diffusion_models: bf16, fp16 or "
                    "fp8. For GGUF use its own loader.",
                ),
                io.Combo.Input(
                    "weight_dtype",
                    options=list(loading.WEIGHT_DTYPES),
                    default="default",
                    advanced=True,
                    tooltip="default keeps the file's. fp8 halves the memory of 16-bit files.",
                ),
                io.Combo.Input(
                    "text_encoder",
                    options=loading.files("text_encoders", optional=True),
                    tooltip="umT5-XXL from models/text_encoders. Not needed with Text Encode "
                    "(Cached).",
                ),
                io.Combo.Input(
                    "text_encoder_device",
                    options=["default", "cpu"],
                    default="default",
                    advanced=True,
                    tooltip="cpu keeps the text encoder out of the GPU's memory.",
                ),
                io.Combo.Input(
                    "vae",
                    options=loading.files("vae", optional=True),
                    tooltip="The Wan 2.1 VAE from models/vae; the Wan 2.2 VAE for the 5B.",
                ),
                io.Combo.Input(
                    "clip_vision",
                    options=loading.files("clip_vision", optional=True),
                    tooltip="clip_vision_h from models/clip_vision. The 5B needs no CLIP vision "
                    "model.",
                ),
                io.Float.Input(
                    "shift",
                    default=-1.0,
                    min=-1.0,
                    max=100.0,
                    step=0.01,
                    tooltip="Flow shift. -1: the model's own, 3 for Wan-Move (at 480p; take 5 "
                    "above) and 5 for the 5B. 0 keeps ComfyUI's 8.",
                ),
            ],
            outputs=[
                io.Model.Output("model", display_name="MODEL", tooltip="The model, shifted."),
                io.Clip.Output("clip", display_name="CLIP", tooltip="The text encoder."),
                io.Vae.Output("vae", display_name="VAE", tooltip="The VAE."),
                io.ClipVision.Output(
                    "clip_vision", display_name="CLIP_VISION", tooltip="The image encoder."
                ),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def fingerprint_inputs(cls, **inputs):
        node_id = cls.hidden.unique_id
        return sorted(loading.used_outputs(node_id)), _missing(node_id, inputs)

    @classmethod
    @checked
    def execute(
        cls,
        *,
        diffusion_model,
        weight_dtype,
        text_encoder,
        text_encoder_device,
        vae,
        clip_vision,
        shift,
    ) -> io.NodeOutput:
        loaders = (
            lambda: with_shift(loading.load_transformer(diffusion_model, weight_dtype), shift),
            lambda: loading.load_text_encoder(text_encoder, text_encoder_device),
            lambda: loading.load_vae(vae),
            lambda: loading.load_clip_vision(clip_vision),
        )
        names = (diffusion_model, text_encoder, vae, clip_vision)
        for role in _missing(cls.hidden.unique_id, dict(zip(_ROLES, names, strict=True))):
            raise CheckpointError(
                f"{role} must be a file, because its output is connected; got none. Choose one, or "
                "disconnect the output."
            )
        used = loading.used_outputs(cls.hidden.unique_id)
        wanted = [slot in used and name != loading.NONE for slot, name in enumerate(names)]
        return io.NodeOutput(
            *(load() if want else None for load, want in zip(loaders, wanted, strict=True))
        )


def _missing(node_id: str, files: Mapping[str, Any]) -> list[str]:
    """Models that the running prompt needs and that are not chosen."""
    needed = loading.needed_outputs(node_id)
    return [
        role
        for slot, role in enumerate(_ROLES)
        if slot in needed and files.get(role) == loading.NONE
    ]
