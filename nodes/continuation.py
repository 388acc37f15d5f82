"""Go on with a video: the next clip, guided by what its first frame showed."""

from comfy_api.latest import io

from ..wanmove_core import LatentGrid, OptionError
from ..wanmove_core.choices import Branch, options_of
from ..wanmove_core.guidance.guide import guide_next
from ..wanmove_core.guidance.options import GuidanceOptions
from .guidance import choice_inputs, guided_outputs
from .host import CATEGORY
from .host.conditioning import condition, empty_latent, latent_from_host
from .host.convert import check_images, naming, tracks_from_host
from .host.links import checked
from .host.start_image import encode_start_image


class WanMoveContinueGuidance(io.ComfyNode):
    """Frames so far + tracks of the whole video -> conditioning of the next clip."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveContinueGuidance",
            display_name="Continue Guidance (Wan-Move)",
            category=CATEGORY,
            description="Conditions the next clip of a long video. The clip starts with a frame "
            "of the video so far and follows the tracks of the whole video. Guidance copies the "
            "features of the video's first frame, so looks do not drift from clip to clip.",
            search_aliases=["wan move", "long video", "extend video", "last frame", "continue"],
            inputs=[
                io.Conditioning.Input("positive", tooltip="The prompt of the next clip."),
                io.Conditioning.Input("negative", tooltip="The negative prompt."),
                io.Vae.Input("vae", tooltip="The Wan 2.1 VAE."),
                io.Latent.Input(
                    "conditioning_latent",
                    tooltip="The encoded first frame of the video, from Encode Start Image "
                    "(Wan-Move).",
                ),
                io.Image.Input("frames", tooltip="The video so far, from its first frame on."),
                io.Tracks.Input("tracks", tooltip="The motion of the whole video."),
                io.Int.Input(
                    "length",
                    default=81,
                    min=5,
                    max=16385,
                    step=4,
                    tooltip="Frames of the next clip, the shared frame included; a multiple of 4 "
                    "plus 1.",
                ),
                io.Int.Input(
                    "video_length",
                    default=241,
                    min=9,
                    max=16385,
                    step=4,
                    tooltip="Frames of the whole video. The tracks are retimed to this length.",
                ),
                io.Int.Input(
                    "start_frame",
                    default=-1,
                    min=-1,
                    max=16384,
                    tooltip="The frame that the next clip starts with; -1: the last one so far.",
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.01,
                    tooltip="0 leaves the latent as it is, 1 copies features whole.",
                ),
                io.Combo.Input(
                    "branch",
                    options=options_of(Branch),
                    default="both",
                    tooltip="Which branches of classifier-free guidance see the motion.",
                ),
                io.ClipVisionOutput.Input(
                    "clip_vision_output",
                    optional=True,
                    tooltip="CLIP vision embedding of the frame that the clip starts with.",
                ),
                *choice_inputs(),
            ],
            outputs=guided_outputs("What guidance did in this clip."),
        )

    @classmethod
    @checked
    def execute(
        cls,
        *,
        positive,
        negative,
        vae,
        conditioning_latent,
        frames,
        tracks,
        length,
        video_length,
        start_frame,
        collision_seed,
        clip_vision_output=None,
        **options,
    ) -> io.NodeOutput:
        first = latent_from_host(conditioning_latent)
        check_images(frames, "frames")
        at = frames.shape[0] - 1 if start_frame < 0 else start_frame
        if at >= frames.shape[0]:
            raise OptionError(
                f"start_frame must be one of the {frames.shape[0]} frames so far; got {at}. "
                "Use -1 for the last one."
            )
        with naming("length"):
            grid = LatentGrid(length, first.grid.height, first.grid.width)
        start = encode_start_image(vae, frames[at : at + 1], grid, "stretch")
        with naming("tracks"):
            result = guide_next(
                first,
                start,
                tracks_from_host(tracks),
                GuidanceOptions(**options, seed=collision_seed),
                frame=at,
                num_frames=video_length,
            )
        return io.NodeOutput(
            condition(positive, result.positive, start, clip_vision_output),
            condition(negative, result.negative, start, clip_vision_output),
            empty_latent(start, 1),
            str(result),
        )
