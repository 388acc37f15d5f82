"""FlashMotion: boxes and masks in place of point tracks."""

from typing import get_args

from comfy_api.latest import io

from ..wanmove_core.choices import FitMode, MapShape
from .host import CATEGORY, flashmotion
from .host.adapter_patch import with_adapter
from .host.links import checked
from .host.maps import MapInputs, draw_maps, encode_maps
from .host.models import files


def _number(name: str, tooltip: str, *, step: int = 1) -> io.Int.Input:
    return io.Int.Input(name, default=0, min=0, max=16384, step=step, tooltip=tooltip)


class WanMoveTrajectoryMaps(io.ComfyNode):
    """Pictures that say where objects are to be."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveTrajectoryMaps",
            display_name="Draw Trajectory Maps (Wan-Move)",
            category=CATEGORY,
            description="Draws the trajectory maps that guide FlashMotion: filled masks in frame "
            "0, then a box around each object, or its mask. Each object has one colour.",
            search_aliases=["FlashMotion", "MagicMotion", "box", "bounding box", "trajectory map"],
            inputs=[
                io.Mask.Input(
                    "masks",
                    optional=True,
                    tooltip="With tracks: one mask per object, in frame 0. Without tracks: the "
                    "masks of one object in all frames, from a segmenter.",
                ),
                io.Tracks.Input(
                    "tracks",
                    optional=True,
                    tooltip="Each mask moves, turns and scales with the tracks that start in it.",
                ),
                io.Combo.Input(
                    "shape",
                    options=list(get_args(MapShape)),
                    default="box",
                    tooltip="box: rectangles after frame 0, for box adapters. mask: filled masks "
                    "throughout, for adapters of the mask stage.",
                ),
                _number("width", "Width of the video in pixels; 0: of the masks."),
                _number("height", "Height of the video in pixels; 0: of the masks."),
                _number("length", "Frames of the video; 0: of the tracks or masks."),
                io.Combo.Input(
                    "resize",
                    options=list(get_args(FitMode)),
                    default="stretch",
                    tooltip="How masks and tracks are brought to width and height. Choose the same "
                    "as for the start image.",
                ),
                io.String.Input(
                    "given",
                    default="",
                    tooltip="Frames that show boxes, such as 0,40,80. The other frames are black: "
                    "the model chooses the motion there. Empty: all frames.",
                ),
                _number("box_width", "Without masks: the width of a box around every track."),
                _number("box_height", "Without masks: the height of a box around every track."),
                io.Image.Input("image", optional=True, tooltip="Shown below the maps in preview."),
            ],
            outputs=[
                io.Image.Output("maps", display_name="maps", tooltip="For Encode Trajectory Maps."),
                io.Mask.Output(
                    "mask", display_name="MASK", tooltip="One mask per frame, of all objects."
                ),
                io.Image.Output(
                    "preview", display_name="preview", tooltip="The maps over the image."
                ),
            ],
        )

    @classmethod
    @checked
    def execute(cls, *, masks=None, tracks=None, image=None, **options) -> io.NodeOutput:
        return io.NodeOutput(*draw_maps(MapInputs(masks, tracks, image, **options)))


class WanMoveEncodeTrajectoryMaps(io.ComfyNode):
    """The slow part, once for any strength and seed."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveEncodeTrajectoryMaps",
            display_name="Encode Trajectory Maps (Wan-Move)",
            category=CATEGORY,
            description="Encodes trajectory maps with the VAE. This is slow, and does not depend "
            "on strength or seed.",
            search_aliases=["FlashMotion", "VAEEncode"],
            inputs=[
                io.Vae.Input("vae", tooltip="The VAE of the model: wan2.2_vae for the 5B."),
                io.Image.Input(
                    "maps", tooltip="From Draw Trajectory Maps, or a video of such maps."
                ),
                _number("width", "Width of the video in pixels; 0: of the maps."),
                _number("height", "Height of the video in pixels; 0: of the maps."),
                _number("length", "Frames of the video, 4n+1; 0: of the maps."),
            ],
            outputs=[
                io.Latent.Output(
                    "maps_latent", display_name="LATENT", tooltip="For FlashMotion Apply."
                )
            ],
        )

    @classmethod
    @checked
    def execute(cls, *, vae, maps, width, height, length) -> io.NodeOutput:
        return io.NodeOutput({"samples": encode_maps(vae, maps, (width, height), length)})


class WanMoveFlashMotionLoader(io.ComfyNode):
    """An adapter, told by its content."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveFlashMotionLoader",
            display_name="FlashMotion Loader (Wan-Move)",
            category=CATEGORY,
            description="Loads a ResNet or ControlNet adapter of FlashMotion.",
            search_aliases=["FlashMotion", "ModelPatchLoader", "adapter"],
            inputs=[
                io.Combo.Input(
                    "adapter",
                    options=files(flashmotion.FOLDER),
                    tooltip="A file of models/model_patches.",
                ),
                io.Combo.Input(
                    "kind",
                    options=["auto", "slow", "fast"],
                    default="auto",
                    tooltip="slow: for the base model with 50 steps. fast: for the four-step "
                    "generator. auto: taken from the file's metadata or from the name of its "
                    "folder. Weights cannot tell.",
                ),
                io.Combo.Input(
                    "weight_dtype",
                    options=["default", "fp8_e4m3fn"],
                    default="default",
                    advanced=True,
                    tooltip="fp8 halves the memory of a ControlNet, 9.8 GiB in 16 bits.",
                ),
            ],
            outputs=[
                io.ModelPatch.Output(
                    "adapter", display_name="MODEL_PATCH", tooltip="For FlashMotion Apply."
                )
            ],
        )

    @classmethod
    @checked
    def execute(cls, *, adapter, kind, weight_dtype) -> io.NodeOutput:
        return io.NodeOutput(flashmotion.load_adapter(adapter, kind, fp8=weight_dtype != "default"))


class WanMoveFlashMotionApply(io.ComfyNode):
    """Lets maps guide a model."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveFlashMotionApply",
            display_name="FlashMotion Apply (Wan-Move)",
            category=CATEGORY,
            description="Lets trajectory maps guide a model through the adapter that was made for "
            "it: Wan2.2-TI2V-5B, or one in the layout of Wan 2.1, such as the small Wan-Move "
            "model. Use the model with any sampler; cfg 1 and Few-Step Sigmas for the four-step "
            "generator.",
            search_aliases=["FlashMotion", "box control", "trajectory control"],
            inputs=[
                io.Model.Input(
                    "model",
                    tooltip="The model that the adapter was made for: Wan2.2-TI2V-5B, "
                    "FlashMotion's generator, or the small Wan-Move model.",
                ),
                io.ModelPatch.Input("adapter", tooltip="From FlashMotion Loader."),
                io.Latent.Input("maps_latent", tooltip="From Encode Trajectory Maps."),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.01,
                    tooltip="Strength of the adapter; 0 leaves the model as it is.",
                ),
                io.Float.Input(
                    "start_percent",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    advanced=True,
                    tooltip="Fraction of the noise after which the adapter begins to act.",
                ),
                io.Float.Input(
                    "end_percent",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    advanced=True,
                    tooltip="Fraction of the noise after which the adapter stops acting.",
                ),
            ],
            outputs=[io.Model.Output("model", display_name="MODEL", tooltip="The guided model.")],
        )

    @classmethod
    @checked
    def execute(
        cls, *, model, adapter, maps_latent, strength, start_percent, end_percent
    ) -> io.NodeOutput:
        maps = maps_latent.get("samples")
        span = {"start": start_percent, "end": end_percent}
        return io.NodeOutput(with_adapter(model, adapter, maps, strength=strength, **span))
