"""Pictures of tracks and of what guidance makes of them."""

import torch
from comfy_api.latest import io, ui

from ..wanmove_core import guidance_report
from ..wanmove_core.choices import Retime, Temporal, TrackSpace, options_of
from ..wanmove_core.guidance.guide import place_tracks
from ..wanmove_core.guidance.options import GuidanceOptions
from ..wanmove_core.motion.frame import place_in_frame
from ..wanmove_core.view.cells import draw_guidance
from ..wanmove_core.view.draw import draw_paths, draw_tracks
from .host import CATEGORY
from .host.conditioning import latent_from_host
from .host.convert import (
    check_images,
    naming,
    progress,
    to_bytes,
    to_image,
    to_output,
    tracks_from_host,
)
from .host.links import checked
from .host.start_image import fitted_start


class WanMoveDrawTracks(io.ComfyNode):
    """Tracks over images."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveDrawTracks",
            display_name="Draw Tracks (Wan-Move)",
            category=CATEGORY,
            description="Draws tracks over images: dots with fading trails on a clip, or whole "
            "paths on one image.",
            search_aliases=["WanMoveVisualizeTracks", "overlay", "preview tracks"],
            inputs=[
                io.Image.Input(
                    "images",
                    tooltip="A clip; or one image, which is repeated for all frames of the tracks.",
                ),
                io.Tracks.Input(
                    "tracks",
                    tooltip="The tracks. Tracks of another frame size are scaled to the images.",
                ),
                io.Combo.Input(
                    "style",
                    options=["trails", "paths"],
                    default="trails",
                    tooltip="trails: a dot per track and frame. paths: all motion on each image.",
                ),
                io.Int.Input(
                    "trail",
                    default=24,
                    min=0,
                    max=1024,
                    tooltip="Frames until a part of a trail has faded; 0 draws dots alone.",
                ),
                io.Float.Input(
                    "radius",
                    default=0.0,
                    min=0.0,
                    max=256.0,
                    step=0.5,
                    tooltip="Radius of the dots in pixels; 0 chooses it by image size and number "
                    "of tracks.",
                ),
                io.Float.Input(
                    "opacity",
                    default=0.85,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Opacity of the newest part of a trail.",
                ),
            ],
            outputs=[io.Image.Output("images", display_name="IMAGE", tooltip="The drawn images.")],
        )

    @classmethod
    @checked
    def execute(cls, *, images, tracks, style, trail, radius, opacity) -> io.NodeOutput:
        check_images(images, "images")
        given = tracks_from_host(tracks)
        with naming("tracks"):
            given = place_in_frame(given, (images.shape[2], images.shape[1])).tracks
        look = {"radius": radius or None, "opacity": opacity}
        if style == "paths":
            show, drawn = progress(len(images)), []
            for frame in to_bytes(images):
                drawn.append(draw_paths(frame, given, **look))
                show(len(drawn))
            return io.NodeOutput(to_image(torch.stack(drawn)))
        # As floats: bytes there and back would take longer than the drawing.
        frames = images[..., :3].float()
        if len(frames) == 1:
            frames = frames.expand(given.num_frames, -1, -1, -1)
        return io.NodeOutput(to_output(draw_tracks(frames, given, trail=trail, **look)))


class WanMoveGuidanceInspector(io.ComfyNode):
    """What the model sees, before sampling."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveGuidanceInspector",
            display_name="Guidance Inspector (Wan-Move)",
            category=CATEGORY,
            description="Shows what the model sees: for each latent frame, the cells that guidance "
            "fills, with pieces of the start image. Red: tracks collide. Violet: a track has "
            "no effect.",
            search_aliases=["debug tracks", "preview guidance", "what the model sees"],
            is_output_node=True,
            inputs=[
                io.Latent.Input(
                    "conditioning_latent", tooltip="From Encode Start Image (Wan-Move)."
                ),
                io.Tracks.Input("tracks", tooltip="The motion."),
                io.Image.Input("start_image", tooltip="The image that was encoded."),
                io.Combo.Input(
                    "collision",
                    options=["last", "first", "mean"],
                    default="last",
                    tooltip="As in Trajectory Guidance, without random.",
                ),
                io.Combo.Input(
                    "temporal",
                    options=options_of(Temporal),
                    default="sample",
                    tooltip="As in Trajectory Guidance.",
                ),
                io.Combo.Input(
                    "track_space",
                    options=options_of(TrackSpace),
                    default="video",
                    tooltip="As in Trajectory Guidance.",
                ),
                io.Combo.Input(
                    "retime",
                    options=options_of(Retime),
                    default="time",
                    tooltip="As in Trajectory Guidance.",
                ),
            ],
            outputs=[
                io.Image.Output("images", display_name="IMAGE", tooltip="One per latent frame."),
                io.String.Output(
                    "report", display_name="report", tooltip="Points used and dropped, and why."
                ),
            ],
        )

    @classmethod
    @checked
    def execute(
        cls, *, conditioning_latent, tracks, start_image, collision, temporal, track_space, retime
    ) -> io.NodeOutput:
        encoded = latent_from_host(conditioning_latent)
        check_images(start_image, "start_image")
        given = tracks_from_host(tracks)
        with naming("tracks"):
            given, how = place_tracks(
                given,
                encoded.grid,
                GuidanceOptions(track_space=track_space, retime=retime),
                image_size=encoded.image_size,
                fit_mode=encoded.fit_mode,
            )
            known = {"temporal": temporal, "known_latent_frames": encoded.known_latent_frames}
            image = fitted_start(start_image, encoded)
            frames = draw_guidance(image, given, encoded.grid, collision=collision, **known)
            report = str(guidance_report(given, encoded.grid, **known))
            report += f"\nframe: {how}." if how else ""
        pictures = to_image(frames)
        shown = ui.PreviewImage(pictures, cls=cls).as_dict() | ui.PreviewText(report).as_dict()
        return io.NodeOutput(pictures, report, ui=shown)
