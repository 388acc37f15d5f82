"""Guidance: the encoded start image, guided along the tracks."""

from comfy_api.latest import io

from ..wanmove_core.choices import (
    Branch,
    Collision,
    Retime,
    Temporal,
    TrackSpace,
    options_of,
)
from ..wanmove_core.guidance.guide import guide
from ..wanmove_core.guidance.options import GuidanceOptions
from .host import CATEGORY
from .host.conditioning import condition, empty_latent, latent_from_host
from .host.convert import naming, tracks_from_host
from .host.links import checked


class WanMoveTrajectoryGuidance(io.ComfyNode):
    """Conditioning latent + tracks -> conditioning. Milliseconds."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveTrajectoryGuidance",
            display_name="Trajectory Guidance (Wan-Move)",
            category=CATEGORY,
            description="Moves what lies under the start of each track along the track: copies "
            "first-frame features of the conditioning latent to the cells that the track "
            "visits later.",
            search_aliases=["wan move", "WanMoveTrackToVideo", "motion control", "trajectory"],
            inputs=[
                io.Conditioning.Input(
                    "positive", tooltip="The prompt. Its text embedding is not changed."
                ),
                io.Conditioning.Input("negative", tooltip="The negative prompt."),
                io.Latent.Input(
                    "conditioning_latent", tooltip="From Encode Start Image (Wan-Move)."
                ),
                io.Tracks.Input(
                    "tracks", optional=True, tooltip="The motion. Without it: plain image to video."
                ),
                io.ClipVisionOutput.Input(
                    "clip_vision_output",
                    optional=True,
                    tooltip="CLIP vision embedding of the start image; the model was trained with "
                    "it. Encode with crop: none.",
                ),
                io.Int.Input(
                    "batch_size", default=1, min=1, max=4096, tooltip="Videos made at once."
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.01,
                    tooltip="0 leaves the latent as it is, 1 copies features whole (the model's "
                    "way), above 1 extrapolates.",
                ),
                io.Combo.Input(
                    "branch",
                    options=options_of(Branch),
                    default="both",
                    tooltip="Which branches of classifier-free guidance see the motion: both, as "
                    "in Wan-Move's own code; or only the positive branch, which amplifies the "
                    "motion.",
                ),
                *choice_inputs(),
            ],
            outputs=guided_outputs(
                "What guidance did: points used and dropped, cells edited and shared."
            ),
        )

    @classmethod
    @checked
    def execute(
        cls,
        *,
        positive,
        negative,
        conditioning_latent,
        batch_size,
        collision_seed,
        tracks=None,
        clip_vision_output=None,
        **options,
    ) -> io.NodeOutput:
        encoded = latent_from_host(conditioning_latent)
        given = None if tracks is None else tracks_from_host(tracks)
        with naming("tracks"):
            result = guide(encoded, given, GuidanceOptions(**options, seed=collision_seed))
            result.check_effect()
        return io.NodeOutput(
            condition(positive, result.positive, encoded, clip_vision_output),
            condition(negative, result.negative, encoded, clip_vision_output),
            empty_latent(encoded, batch_size),
            str(result),
        )


def choice_inputs() -> list[io.Input]:
    """How tracks are laid into the latent: the same for every clip."""
    return [
        io.Combo.Input(
            "collision",
            options=options_of(Collision),
            default="last",
            advanced=True,
            tooltip="Which track fills a cell that several tracks visit at once: the last one (it "
            "lies on top), the first one, the average of all, or a random one as in "
            "Wan-Move's own code.",
        ),
        io.Combo.Input(
            "temporal",
            options=options_of(Temporal),
            default="sample",
            advanced=True,
            tooltip="Which of the 4 video frames of a latent frame give the position: one of them, "
            "as in the released model; or the mean of all, as in the paper.",
        ),
        io.Combo.Input(
            "track_space",
            options=options_of(TrackSpace),
            default="video",
            tooltip="The frame of tracks that do not state one: the video; or the start image "
            "before it was resized, so that the tracks follow its crop.",
        ),
        io.Combo.Input(
            "retime",
            options=options_of(Retime),
            default="time",
            tooltip="How tracks of another length are retimed: play the whole motion in the new "
            "time; keep the speed and cut; or keep the speed and hold the last position.",
        ),
        io.Int.Input(
            "collision_seed",
            default=0,
            min=0,
            max=0xFFFFFFFFFFFFFFFF,
            advanced=True,
            tooltip='Order of the tracks when collision is "random".',
        ),
    ]


def guided_outputs(report: str) -> list[io.Output]:
    """Guided conditioning, the latent to sample on, and the report with its tooltip."""
    return [
        io.Conditioning.Output(
            "positive", display_name="positive", tooltip="The prompt, with motion."
        ),
        io.Conditioning.Output("negative", display_name="negative", tooltip="The negative prompt."),
        io.Latent.Output("latent", display_name="latent", tooltip="The empty latent to sample."),
        io.String.Output("report", display_name="report", tooltip=report),
    ]
