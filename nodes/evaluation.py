"""Did the motion go where it was asked to? Measured on the video itself."""

from comfy_api.latest import io, ui
from torch import Tensor

from ..wanmove_core import OptionError, ShapeError, Tracks, retime_tracks
from ..wanmove_core.choices import Retime, options_of
from ..wanmove_core.formats.checks import shown
from ..wanmove_core.motion.frame import place_in_frame
from ..wanmove_core.opencv import needs_opencv, opencv_version
from .host import CATEGORY
from .host.convert import check_images, naming, progress, to_bytes, to_image, tracks_from_host
from .host.links import checked


class WanMoveTrajectoryError(io.ComfyNode):
    """How far a video's points are from their tracks."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveTrajectoryError",
            display_name="Measure Trajectory Error (Wan-Move)",
            category=CATEGORY,
            description="Measures how well a video follows its tracks: tracks the start points "
            "through the video by optical flow, and compares them with the request.",
            search_aliases=["end-point error", "EPE", "evaluate", "measure motion"],
            is_output_node=True,
            inputs=[
                io.Image.Input("images", tooltip="All frames of the generated video."),
                io.Tracks.Input(
                    "tracks",
                    tooltip="The tracks that the video was asked to follow, in pixels of the "
                    "video.",
                ),
                io.Combo.Input(
                    "retime",
                    options=options_of(Retime),
                    default="time",
                    tooltip="How tracks of another length are brought to the video's length. "
                    "Choose the same as in Trajectory Guidance.",
                ),
                io.Int.Input(
                    "trail",
                    default=8,
                    min=0,
                    max=1024,
                    tooltip="Earlier frames whose positions stay visible in the overlay.",
                ),
            ],
            outputs=[
                io.String.Output(
                    "report",
                    display_name="report",
                    tooltip="Figures of the whole video, then of the 20 worst tracks, one a line.",
                ),
                io.Image.Output(
                    "overlay",
                    display_name="overlay",
                    tooltip="The video with the tracks as asked (green), as found (pink) and the "
                    "gap between them (white); small videos are enlarged.",
                ),
                io.Float.Output(
                    "mean_error",
                    display_name="mean_error",
                    tooltip="Mean distance over all frames and tracks, in pixels.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, retime=None):
        # Before the video is made, which takes long. ComfyUI drops the answer of a check that
        # takes no input, and does not check one that is taken.
        if opencv_version() is None:
            return needs_opencv("Measuring the error")
        return (None if retime is None else _wrong_retime(retime)) or True

    @classmethod
    @checked
    def execute(cls, *, images, tracks, retime, trail) -> io.NodeOutput:
        # Imported late: OpenCV, which these need, is slow to import.
        from ..wanmove_core.command.evaluate import format_table
        from ..wanmove_core.evaluate.metrics import asked_and_got, end_point_error
        from ..wanmove_core.evaluate.overlay import draw_comparison
        from ..wanmove_core.tracking.video import track_points

        if (wrong := _wrong_retime(retime)) is not None:
            raise OptionError(f"retime {wrong}")
        check_images(images, "images")
        frames = to_bytes(images)
        given = tracks_from_host(tracks)
        with naming("tracks"):
            asked = _retimed(given, frames, retime)
        with naming("images"):
            got = track_points(frames, asked.positions[0], on_frame=progress(len(frames)))
        error = end_point_error(asked, got)
        report = format_table(error.summary(), error)
        overlay = draw_comparison(frames, asked, got, error, trail=trail)
        followed = asked_and_got(asked, got, error, frames.shape[2], frames.shape[1])
        return io.NodeOutput(
            report,
            to_image(overlay),
            error.mean,
            ui={**ui.PreviewText(report).as_dict(), "wanmove_followed": [followed]},
        )


def _wrong_retime(retime) -> str | None:
    """What is wrong with it, if anything: nobody else looks, since `validate_inputs` takes it."""
    known = options_of(Retime)
    if retime in known:
        return None
    return f"must be one of {', '.join(known)}; got {shown(retime)}. Choose one of the list."


def _retimed(tracks: Tracks, frames: Tensor, retime: str) -> Tracks:
    """Tracks of the video's length, with something in the picture to measure."""
    from ..wanmove_core.evaluate.metrics import hide_outside

    num_frames, height, width = frames.shape[:3]
    tracks = place_in_frame(tracks, (width, height)).tracks
    tracks = hide_outside(retime_tracks(tracks, num_frames, retime), width, height)
    if not (tracks.visibility[0] & tracks.visibility[1:]).any():
        raise ShapeError(
            "a track must be visible in the video's first frame and in a later one; got none "
            f"among {tracks.num_points} in {num_frames} frames. Connect the whole decoded video "
            "and the tracks that guided it."
        )
    return tracks
