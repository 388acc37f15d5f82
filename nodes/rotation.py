"""Tracks of an object that turns in space."""

from comfy_api.latest import io

from ..wanmove_core.sources.keys import parse_keys
from ..wanmove_core.sources.rotation.turn import AXES, TurnKey, rotation_tracks
from .host import CATEGORY
from .host.convert import tracks_to_host
from .host.links import checked
from .host.scene import (
    TRACKS_TOOLTIP,
    depth_inputs,
    ease_input,
    keys_input,
    pins_input,
    scene_inputs,
    split_scene,
)


class WanMoveRotationTracks(io.ComfyNode):
    """Tracks of an object that turns."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveRotationTracks",
            display_name="Rotation Tracks (Wan-Move)",
            category=CATEGORY,
            description="Turns an object of the picture in space, about its own centre: points "
            "on its surface, hidden where they turn away or behind other parts.",
            search_aliases=["3D rotation", "turntable", "spin object"],
            inputs=[
                io.Mask.Input("mask", tooltip="The object, from SAM or the mask editor."),
                io.Image.Input("depth", tooltip="Depth of the start image, from any depth node."),
                *scene_inputs(),
                io.Float.Input(
                    "degrees",
                    default=60.0,
                    min=-3600.0,
                    max=3600.0,
                    step=1.0,
                    tooltip="How far it turns. Positive: its front to the right, or up, or "
                    "clockwise. The unseen back has no points, so beyond 90 few are left.",
                ),
                io.Combo.Input(
                    "axis",
                    options=list(AXES),
                    default="vertical",
                    tooltip="About what: an upright axis, as on a turntable; a level one, as a "
                    "nod; or the line of sight.",
                ),
                ease_input(),
                io.Int.Input(
                    "count",
                    default=512,
                    min=1,
                    max=65536,
                    tooltip="About how many points to put on the object.",
                ),
                pins_input(
                    "About how many still points to spread over the rest of the picture. They "
                    "tell the object's turn from one of the camera."
                ),
                *depth_inputs(),
                keys_input('[{"frame": 0}, {"frame": 40, "degrees": 45}]'),
            ],
            outputs=[io.Tracks.Output("tracks", display_name="TRACKS", tooltip=TRACKS_TOOLTIP)],
        )

    @classmethod
    @checked
    def execute(cls, *, mask, depth, keys="", **inputs) -> io.NodeOutput:
        scene, length, given = split_scene(inputs)
        scene.check_pictures(mask=mask, depth=depth)
        turns = [TurnKey(0, 0.0, given["ease"]), TurnKey(max(length - 1, 1), given["degrees"])]
        tracks = rotation_tracks(
            scene.mask(mask),
            scene.distance(depth, given["depth_kind"], given["near"], given["far"]),
            parse_keys(keys, TurnKey, "keys") if keys.strip() else turns,
            length,
            **{name: given[name] for name in ("axis", "fov", "count", "pins")},
        )
        return io.NodeOutput(tracks_to_host(tracks))
