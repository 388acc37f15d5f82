"""The start image: brought to the video's frame, and encoded."""

from comfy_api.latest import io

from ..wanmove_core import LatentGrid, fit_image
from ..wanmove_core.choices import FitMode, options_of
from .host import CATEGORY
from .host.conditioning import latent_to_host
from .host.convert import check_images, naming, to_output
from .host.links import checked
from .host.scene import size_inputs
from .host.start_image import encode_start_image, parse_known_frames


def _video_inputs() -> list[io.Input]:
    """Size and length of the video, and how the image comes to it."""
    return [
        *size_inputs("Width of the video in pixels. The model was trained at 832x480."),
        io.Int.Input(
            "length",
            default=81,
            min=1,
            max=16385,
            step=4,
            tooltip="Frames of the video, a multiple of 4 plus 1. The model was trained on 81 "
            "frames at 16 frames per second.",
        ),
        io.Combo.Input(
            "resize",
            options=options_of(FitMode),
            default="crop",
            tooltip="How the image is brought to the video's size: crop its centre, as "
            "ComfyUI does; stretch it, as Wan-Move's own code does; or pad it with grey.",
        ),
    ]


class WanMoveFitStartImage(io.ComfyNode):
    """Image -> the video's first frame: the one place that says size, length and fit."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveFitStartImage",
            display_name="Fit Start Image (Wan-Move)",
            category=CATEGORY,
            description="Fits the start image to the video's size. Connect the editor, the track "
            "sources, the previews and Encode Start Image to its outputs, so that what is "
            "drawn is what moves.",
            search_aliases=["wan move", "resize", "crop", "video size", "start frame"],
            inputs=[
                io.Image.Input("image", tooltip="The picture, of any size."),
                *_video_inputs(),
            ],
            outputs=[
                io.Image.Output(
                    "start_image",
                    display_name="start_image",
                    tooltip="The fitted picture: the first frame of the video.",
                ),
                io.Int.Output("width", display_name="width", tooltip="Width of the video."),
                io.Int.Output("height", display_name="height", tooltip="Height of the video."),
                io.Int.Output("length", display_name="length", tooltip="Frames of the video."),
            ],
        )

    @classmethod
    @checked
    def execute(cls, *, image, width, height, length, resize) -> io.NodeOutput:
        with naming("width, height, length"):
            LatentGrid(length, height, width)
        check_images(image, "image")
        with naming("image"):
            fitted = fit_image(image, (width, height), mode=resize)
        start_image = to_output((fitted.movedim(1, -1) + 1) / 2)
        return io.NodeOutput(start_image, width, height, length)


class WanMoveEncodeStartImage(io.ComfyNode):
    """Start image -> conditioning latent. Apart from guidance so that the host caches it."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveEncodeStartImage",
            display_name="Encode Start Image (Wan-Move)",
            category=CATEGORY,
            description="Encodes the start image into the conditioning latent that guidance edits. "
            "Connect it to Trajectory Guidance: when a track moves, the VAE does not run "
            "again.",
            search_aliases=["wan move", "image to video", "conditioning latent"],
            inputs=[
                io.Vae.Input("vae", tooltip="The Wan 2.1 VAE."),
                io.Image.Input(
                    "start_image",
                    tooltip="The first frame of the video. Several images become the first frames.",
                ),
                *_video_inputs(),
                io.Image.Input(
                    "known_frames",
                    optional=True,
                    tooltip="Later frames of the video that are given, for example its last one. "
                    "Made for Wan's first-last-frame weights; experimental with Wan-Move's.",
                ),
                io.String.Input(
                    "known_frame_numbers",
                    default="-1",
                    optional=True,
                    tooltip="Which frames these are: one number for each, counted from 0, with "
                    "commas between. -1 is the last frame.",
                ),
            ],
            outputs=[
                io.Latent.Output(
                    "conditioning_latent",
                    display_name="conditioning_latent",
                    tooltip="The encoded start image, followed by encoded grey.",
                )
            ],
        )

    @classmethod
    @checked
    def execute(
        cls,
        *,
        vae,
        start_image,
        width,
        height,
        length,
        resize,
        known_frames=None,
        known_frame_numbers="-1",
    ) -> io.NodeOutput:
        with naming("width, height, length"):
            grid = LatentGrid(length, height, width)
        known = parse_known_frames(known_frames, known_frame_numbers, grid, len(start_image))
        encoded = encode_start_image(vae, start_image, grid, resize, known)
        return io.NodeOutput(latent_to_host(encoded))
