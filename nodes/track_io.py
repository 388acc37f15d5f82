"""Tracks in and out of files."""

from contextlib import nullcontext

from comfy_api.latest import io, ui

from ..wanmove_core.choices import Unit, options_of
from ..wanmove_core.formats import ReadOptions
from ..wanmove_core.formats.registry import WRITTEN
from .host import CATEGORY
from .host import files as track_files
from .host.convert import naming, tracks_from_host, tracks_to_host
from .host.links import checked

_MAX_LENGTH = 16385
_NOT_GIVEN = ""  # the host hands over None for an input that is linked


def _size(
    name: str, default: int, tooltip: str, *, least: int = 0, optional: bool = False
) -> io.Int.Input:
    return io.Int.Input(
        name, default=default, min=least, max=16384, optional=optional, tooltip=tooltip
    )


def _frame_inputs() -> list[io.Input]:
    """What other programs' files say of the frame; optional, for prompts saved without them."""
    return [
        _size(
            "width",
            832,
            "Width in pixels of the video that the tracks belong to, where they do not know it "
            "themselves.",
            least=1,
            optional=True,
        ),
        _size(
            "height",
            480,
            "Height of the video in pixels, where the tracks do not know it.",
            least=1,
            optional=True,
        ),
        io.Float.Input(
            "fps",
            default=16.0,
            min=0.01,
            max=1000.0,
            step=0.01,
            optional=True,
            tooltip="Frames per second; only the formats of other programs keep it.",
        ),
    ]


class WanMoveLoadTracks(io.ComfyNode):
    """Tracks from a file of ComfyUI's input folder, or from text."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveLoadTracks",
            display_name="Load Tracks (Wan-Move)",
            category=CATEGORY,
            description="Reads tracks: Wan-Move npy, coordinate JSON (KJNodes, Path Animator, "
            "Wan2GP, Kling), CSV, SVG, After Effects, Nuke, Blender. The content tells the format.",
            search_aliases=["tracks", "npy", "coordinates", "WanMoveTracksFromCoords"],
            inputs=[
                io.Combo.Input(
                    "file",
                    options=track_files.listed_files(),
                    optional=True,
                    tooltip="A file of ComfyUI's input folder. A visibility npy beside it is "
                    "found by its name.",
                ),
                io.String.Input(
                    "text",
                    optional=True,
                    force_input=True,
                    tooltip="Coordinates from a spline editor; used instead of the file.",
                ),
                _size(
                    "width",
                    832,
                    "Width of the video; tracks made on a scaled copy are scaled.",
                ),
                _size("height", 480, "Height of the video in pixels."),
                io.Int.Input(
                    "length",
                    default=0,
                    min=0,
                    max=_MAX_LENGTH,
                    tooltip="Frames to play the motion in; 0 keeps the file's.",
                ),
                io.Combo.Input(
                    "unit",
                    options=options_of(Unit),
                    default="auto",
                    advanced=True,
                    tooltip="Unit of the positions. auto: as the format says. normalized: 0 to 1 "
                    "over the picture.",
                ),
                _size("canvas_width", 0, "Width that it was drawn at, if the file does not say."),
                _size("canvas_height", 0, "Height that it was drawn at; 0: the video's."),
            ],
            outputs=[
                io.Tracks.Output("tracks", display_name="TRACKS", tooltip="The tracks."),
                io.String.Output("info", display_name="info", tooltip="What was read."),
            ],
        )

    @classmethod
    def validate_inputs(cls, file=None, text=_NOT_GIVEN):
        used = file is not None and text == _NOT_GIVEN
        return not used or track_files.validate_file(file)

    @classmethod
    def fingerprint_inputs(cls, file=None, text=_NOT_GIVEN, **_inputs):
        # Linked text may turn out to be empty; then the file is read.
        return None if file is None or text else track_files.fingerprint(file)

    @classmethod
    @checked
    def execute(
        cls, *, width, height, length, unit, canvas_width, canvas_height, file=None, text=None
    ) -> io.NodeOutput:
        canvas = (canvas_width or width, canvas_height or height)
        canvas = canvas if (canvas_width or canvas_height) and all(canvas) else None
        size = (width, height) if width and height else None
        with naming("text") if text else naming("file") if file else nullcontext():
            options = ReadOptions(size, canvas, length or None, unit)
            tracks, info = track_files.load_tracks(file or "", text, options)
        return io.NodeOutput(tracks_to_host(tracks), info)


class WanMoveSaveTracks(io.ComfyNode):
    """Tracks to a file of ComfyUI's output folder."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveSaveTracks",
            display_name="Save Tracks (Wan-Move)",
            category=CATEGORY,
            description="Writes tracks to ComfyUI's output folder.",
            search_aliases=["tracks", "npy", "export"],
            is_output_node=True,
            inputs=[
                io.Tracks.Input("tracks", tooltip="The tracks to write."),
                io.String.Input(
                    "filename_prefix",
                    default="tracks/WanMove",
                    tooltip="Name in the output folder; a number is added.",
                ),
                io.Combo.Input(
                    "format",
                    options=track_files.SAVE_FORMATS,
                    tooltip="npy: what Wan-Move's own code reads, exact. json: coordinates for "
                    "KJNodes and ComfyUI. csv: a table, exact. svg, after-effects, nuke, blender, "
                    "kling: what those programs open or paste.",
                ),
                *_frame_inputs(),
            ],
            outputs=[
                io.String.Output(
                    "path", display_name="path", tooltip="The file, below the output folder."
                )
            ],
        )

    @classmethod
    @checked
    def execute(
        cls, *, tracks, filename_prefix, format, width=832, height=480, fps=16.0
    ) -> io.NodeOutput:
        given = tracks_from_host(tracks)
        file = track_files.new_file(filename_prefix, format)
        with naming("tracks"):
            needed = WRITTEN[format].needs_canvas
            size = given.frame or ((width, height) if needed else None)
            path = track_files.save_tracks(given, file, format, size=size, fps=fps)
        return io.NodeOutput(path, ui=ui.PreviewText(path))
