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
            description="Turns an object of the picture in space, about its own centre. The "
            "tracks lie on its surface and are hidden where they turn away from the camera or "
            "pass behind other parts.",
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
                    tooltip="Degrees that the object turns. Positive: its front moves right, or "
                    "up, or turns clockwise. Its back has no points, so few points are left "
                    "beyond 90 degrees.",
                ),
                io.Combo.Input(
                    "axis",
                    options=list(AXES),
                    default="vertical",
                    tooltip="Axis of the turn: vertical, as on a turntable; horizontal, as in a "
                    "nod; or view, the line of sight.",
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
