"""Tracks that nobody draws: cameras, regions, turning objects."""

from comfy_api.latest import io

from ..wanmove_core.sources.camera_path import CameraKey, Handheld
from ..wanmove_core.sources.camera_presets import CAMERA_PRESETS
from ..wanmove_core.sources.depth import Lens
from ..wanmove_core.sources.fill import Fill
from ..wanmove_core.sources.keys import parse_keys
from ..wanmove_core.sources.region import region_tracks
from ..wanmove_core.sources.rotation import AXES, TurnKey, rotation_tracks
from ..wanmove_core.sources.shots import plan_shot, scene_points, shoot
from . import host
from .checked import checked
from .region_inputs import point_inputs, region_inputs, region_motion
from .scene_inputs import depth_inputs, ease_input, keys_input, scene_inputs, split_scene

_TRACKS = "The motion, in pixels of the video; connect it to Trajectory Guidance."


def _move(name: str, default: str, tooltip: str) -> io.Combo.Input:
    return io.Combo.Input(name, options=list(CAMERA_PRESETS), default=default, tooltip=tooltip)


def _strength(name: str) -> io.Float.Input:
    return io.Float.Input(
        name,
        default=1.0,
        min=0.0,
        max=20.0,
        step=0.05,
        tooltip="How far it goes: 1 is the usual amount, 0 none, 2 twice as far.",
    )


def _pins(tooltip: str) -> io.Int.Input:
    return io.Int.Input("pins", default=0, min=0, max=16384, tooltip=tooltip)


class WanMoveCameraTracks(io.ComfyNode):
    """Tracks of a moving camera."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveCameraTracks",
            display_name="Camera Tracks (Wan-Move)",
            category=host.CATEGORY,
            description="Moves the camera: tracks of a still scene, and of objects in it, as a "
            "camera sees them that pans, dollies, orbits, zooms or is held by hand.",
            search_aliases=["camera motion", "pan", "zoom", "orbit", "dolly", "handheld", "3D"],
            inputs=[
                io.Image.Input(
                    "depth",
                    optional=True,
                    tooltip="Depth of the start image, from any depth node. Without it the scene "
                    "is a flat wall: enough to pan, tilt, roll and zoom.",
                ),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="The start image; points then lie on its corners, not on a grid.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where points of the scene may lie. Leave out what moves by itself.",
                ),
                io.Tracks.Input(
                    "objects",
                    optional=True,
                    tooltip="Motion of objects, drawn as if the camera stood still; they then "
                    "move within the moving picture.",
                ),
                *scene_inputs(),
                _move("move", "push-in", "What the camera does."),
                _strength("strength"),
                _move("second_move", "static", "What it does at the same time."),
                _strength("second_strength"),
                io.Float.Input(
                    "handheld",
                    default=0.0,
                    min=0.0,
                    max=20.0,
                    step=0.05,
                    tooltip="Unrest of a camera held by hand, in degrees; 0.4 is a calm hand.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFF,
                    control_after_generate=False,  # see region_inputs.py
                    tooltip="Another number, another unrest of the hand.",
                ),
                io.Int.Input(
                    "count",
                    default=400,
                    min=1,
                    max=65536,
                    tooltip="About how many points of the scene. A few hundred are enough.",
                ),
                *depth_inputs(),
                keys_input('[{"frame": 0}, {"frame": 80, "pan": 20, "dolly": 1}]'),
            ],
            outputs=[io.Tracks.Output("tracks", display_name="TRACKS", tooltip=_TRACKS)],
        )

    @classmethod
    @checked
    def execute(
        cls, *, depth=None, image=None, mask=None, objects=None, keys="", **inputs
    ) -> io.NodeOutput:
        scene, length, given = split_scene(inputs)
        scene.check_pictures(depth=depth, image=image, mask=mask)
        lens = Lens(scene.width, scene.height, given["fov"])
        shot = plan_shot(
            lens,
            length,
            moves=[(given[f"{part}move"], given[f"{part}strength"]) for part in ("", "second_")],
            keys=parse_keys(keys, CameraKey, "keys") if keys.strip() else [],
            distance=scene.distance(depth, given["depth_kind"], given["near"], given["far"]),
            handheld=Handheld(given["handheld"], seed=given["seed"]),
        )
        pictures = {"image": scene.image(image), "mask": scene.mask(mask)}
        moving = None if objects is None else host.tracks_from_host(objects, "objects")
        tracks = shoot(scene_points(lens, given["count"], **pictures), shot, objects=moving)
        return io.NodeOutput(host.tracks_to_host(tracks))


class WanMoveRegionTracks(io.ComfyNode):
    """Tracks of a part of the picture."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveRegionTracks",
            display_name="Region Tracks (Wan-Move)",
            category=host.CATEGORY,
            description="Moves a part of the picture: fills a mask with points and moves them by "
            "keys, along a path, or as a puppet. Can pin the rest.",
            search_aliases=["mask to tracks", "puppet", "segment motion", "SAM", "static points"],
            inputs=[
                io.Mask.Input(
                    "mask", tooltip="The region, from SAM, the mask editor or any other node."
                ),
                io.Tracks.Input(
                    "tracks",
                    optional=True,
                    tooltip="For the motion path: one track to follow. For puppet: several, each "
                    "a handle on the region; still ones hold it.",
                ),
                io.Image.Input(
                    "image", optional=True, tooltip="The start image; needed for detail alone."
                ),
                io.Mask.Input(
                    "front",
                    optional=True,
                    tooltip="What stands before the region; it hides points that pass behind.",
                ),
                *scene_inputs(),
                *region_inputs(),
                ease_input(),
                *point_inputs(),
                _pins(
                    "About how many still points to spread over the rest of the picture, so that "
                    "it stays; 0 leaves it free."
                ),
                keys_input('[{"frame": 0}, {"frame": 80, "x": 200, "rotate": 30}]'),
            ],
            outputs=[io.Tracks.Output("tracks", display_name="TRACKS", tooltip=_TRACKS)],
        )

    @classmethod
    @checked
    def execute(cls, *, mask, tracks=None, image=None, front=None, **inputs) -> io.NodeOutput:
        scene, length, given = split_scene(inputs)
        scene.check_pictures(mask=mask, image=image, front=front)
        handles = None if tracks is None else host.tracks_from_host(tracks)
        fill = Fill(
            given["count"],
            spacing=given["spacing"] or None,
            **{name: given[name] for name in ("pattern", "margin", "detail", "seed")},
        )
        moved = region_tracks(
            scene.mask(mask),
            region_motion(given, handles, length),
            fill=fill,
            image=scene.image(image),
            front=scene.mask(front),
            pins=given["pins"],
        )
        return io.NodeOutput(host.tracks_to_host(moved))


class WanMoveRotationTracks(io.ComfyNode):
    """Tracks of an object that turns."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveRotationTracks",
            display_name="Rotation Tracks (Wan-Move)",
            category=host.CATEGORY,
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
                _pins(
                    "About how many still points to spread over the rest of the picture. They "
                    "tell the object's turn from one of the camera."
                ),
                *depth_inputs(),
                keys_input('[{"frame": 0}, {"frame": 40, "degrees": 45}]'),
            ],
            outputs=[io.Tracks.Output("tracks", display_name="TRACKS", tooltip=_TRACKS)],
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
        return io.NodeOutput(host.tracks_to_host(tracks))
