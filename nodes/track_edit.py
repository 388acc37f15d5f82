"""Tracks joined, and changed as a whole."""

from comfy_api.latest import io

from ..wanmove_core import concat_tracks, retime_tracks
from ..wanmove_core.choices import Retime, options_of
from ..wanmove_core.motion.frame import common_frame
from ..wanmove_core.motion.transform import Transform, transform_tracks
from .host import CATEGORY
from .host.convert import naming, tracks_from_host, tracks_to_host
from .host.links import checked

_MAX_LENGTH = 16385


class WanMoveCombineTracks(io.ComfyNode):
    """Several tracks as one."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveCombineTracks",
            display_name="Combine Tracks (Wan-Move)",
            category=CATEGORY,
            description="Joins the points of several tracks. Later inputs lie on top where "
            "tracks meet; all are brought to the longest one's length.",
            search_aliases=["WanMoveConcatTrack", "join tracks", "merge"],
            inputs=[
                io.Autogrow.Input(
                    "tracks",
                    template=io.Autogrow.TemplatePrefix(
                        io.Tracks.Input("tracks", tooltip="Tracks to join."),
                        prefix="tracks_",
                        min=1,
                        max=32,
                    ),
                    tooltip="Tracks to join; another input appears when the last is used.",
                ),
                io.Combo.Input(
                    "retime",
                    options=options_of(Retime),
                    default="time",
                    tooltip="How shorter tracks are brought to the length of the longest: play "
                    "slower; end early; or hold their last position.",
                ),
            ],
            outputs=[
                io.Tracks.Output("tracks", display_name="TRACKS", tooltip="All points."),
                io.String.Output(
                    "report",
                    display_name="report",
                    tooltip="How tracks of another frame were brought to the first one's.",
                ),
            ],
        )

    @classmethod
    @checked
    def execute(cls, *, tracks, retime) -> io.NodeOutput:
        given = [tracks_from_host(part, name) for name, part in tracks.items() if part is not None]
        with naming("tracks"):
            length = max((part.num_frames for part in given), default=1)
            given, how = common_frame(given)
            joined = concat_tracks([retime_tracks(part, length, retime) for part in given])
        return io.NodeOutput(tracks_to_host(joined), how or "All in one frame.")


class WanMoveTransformTracks(io.ComfyNode):
    """Tracks, moved and retimed."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveTransformTracks",
            display_name="Transform Tracks (Wan-Move)",
            category=CATEGORY,
            description="Changes tracks: thins out, reverses, repeats, smooths, scales, rotates, "
            "moves, then retimes. The defaults change nothing.",
            search_aliases=["offset", "scale", "rotate", "retime", "reverse", "smooth"],
            inputs=[
                io.Tracks.Input("tracks", tooltip="The tracks to change."),
                *transform_inputs(),
                io.Int.Input(
                    "length",
                    default=0,
                    min=0,
                    max=_MAX_LENGTH,
                    tooltip="Frames of the result; 0 keeps the length.",
                ),
                io.Combo.Input(
                    "retime",
                    options=options_of(Retime),
                    default="time",
                    tooltip="How to reach the length: play the whole motion; cut; or hold the "
                    "last position.",
                ),
            ],
            outputs=[io.Tracks.Output("tracks", display_name="TRACKS", tooltip="The result.")],
        )

    @classmethod
    @checked
    def execute(cls, *, tracks, offset_x, offset_y, length, retime, **transform) -> io.NodeOutput:
        given = tracks_from_host(tracks)
        change = Transform(**transform, offset=(offset_x, offset_y))
        changed = transform_tracks(given, change)
        if length:
            changed = retime_tracks(changed, length, retime)
        return io.NodeOutput(tracks_to_host(changed))


def transform_inputs() -> list[io.Input]:
    """One input per field of `Transform`; `offset` is two."""
    return [
        io.Int.Input(
            "max_points",
            default=0,
            min=0,
            max=65536,
            tooltip="Keep at most this many points, evenly chosen; 0 keeps all. The model was "
            "trained with up to 200.",
        ),
        io.Boolean.Input("reverse", default=False, tooltip="Play backwards."),
        io.Int.Input(
            "repeat", default=1, min=1, max=64, tooltip="Times to play the motion in a row."
        ),
        io.Float.Input(
            "smooth",
            default=0.0,
            min=0.0,
            max=100.0,
            step=0.1,
            tooltip="Smooths the motion over about this many frames; 0 does nothing.",
        ),
        io.Float.Input(
            "scale",
            default=1.0,
            min=-100.0,
            max=100.0,
            step=0.01,
            tooltip="Scale about the pivot. With pivot start, it scales the motion.",
        ),
        io.Float.Input(
            "rotate",
            default=0.0,
            min=-3600.0,
            max=3600.0,
            step=0.5,
            tooltip="Degrees about the pivot, clockwise.",
        ),
        io.Combo.Input(
            "pivot",
            options=["centre", "start"],
            default="centre",
            tooltip="The fixed point of scale and rotate: the centre of all points, which also "
            "changes their arrangement; or the start of each point, which changes only the "
            "motion.",
        ),
        _pixels("offset_x", "Pixels to the right."),
        _pixels("offset_y", "Pixels down."),
    ]


def _pixels(name: str, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=0.0, min=-16384.0, max=16384.0, step=1.0, tooltip=tooltip)
