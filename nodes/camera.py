"""Tracks of a scene that a moving camera sees."""

from comfy_api.latest import io

from ..wanmove_core.sources.camera.path import CameraKey, Handheld
from ..wanmove_core.sources.camera.pose_files import parse_poses
from ..wanmove_core.sources.camera.presets import CAMERA_PRESETS
from ..wanmove_core.sources.camera.shots import plan_shot, scene_points, shoot
from ..wanmove_core.sources.depth import Lens
from ..wanmove_core.sources.keys import parse_keys
from .host import CATEGORY
from .host.convert import tracks_to_host
from .host.files import find_text, fingerprint, named_file
from .host.links import checked
from .host.scene import (
    TRACKS_TOOLTIP,
    depth_inputs,
    keys_input,
    scene_inputs,
    split_scene,
)


def _move(name: str, default: str, tooltip: str) -> io.Combo.Input:
    return io.Combo.Input(name, options=list(CAMERA_PRESETS), default=default, tooltip=tooltip)


def _strength(name: str) -> io.Float.Input:
    return io.Float.Input(
        name,
        default=1.0,
        min=0.0,
        max=20.0,
        step=0.05,
        tooltip="How far the camera moves: 1 is the usual amount, 0 is no move, 2 is twice as far.",
    )


class WanMoveCameraTracks(io.ComfyNode):
    """Tracks of a moving camera."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveCameraTracks",
            display_name="Camera Tracks (Wan-Move)",
            category=CATEGORY,
            description="Makes tracks of a still scene, and of objects in it, as seen by a camera "
            "that pans, dollies, orbits, zooms or is held by hand.",
            search_aliases=[
                "camera move",
                "camera motion",
                "camera path",
                "camera pose",
                "pan",
                "zoom",
                "orbit",
                "dolly",
                "handheld",
                "3D",
            ],
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
                    tooltip="The start image. With it, points lie on its corners; without it, on a "
                    "grid.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Mask of where points of the scene may lie. Leave out what moves by "
                    "itself.",
                ),
                io.Tracks.Input(
                    "objects",
                    optional=True,
                    tooltip="Tracks of objects, drawn as if the camera stood still. The camera's "
                    "motion is added to them.",
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
                    tooltip="Shake of a camera held by hand, in degrees; 0.4 is a calm hand.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFF,
                    control_after_generate=False,  # see region_inputs.py
                    tooltip="Seed of the camera shake.",
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
                io.String.Input(
                    "poses",
                    default="",
                    multiline=True,
                    optional=True,
                    advanced=True,
                    tooltip="Camera poses of another program, in place of moves and shake (leave "
                    "keys empty): the text of a file, or its name in the input folder. JSON (K and "
                    "4x4, NeRF, Blender), RealEstate10K, COLMAP images.txt, Nuke .chan or .nk.",
                ),
                io.Float.Input(
                    "pose_scale",
                    default=0.0,
                    min=0.0,
                    max=1000000.0,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="Depth units in one unit of the poses. 0: the camera's farthest "
                    "distance from its start is a quarter of the depth at the picture's centre.",
                ),
            ],
            outputs=[io.Tracks.Output("tracks", display_name="TRACKS", tooltip=TRACKS_TOOLTIP)],
        )

    @classmethod
    def fingerprint_inputs(cls, poses="", **_inputs):
        name = named_file(poses)
        return None if name is None else fingerprint(name)

    @classmethod
    @checked
    def execute(
        cls, *, depth=None, image=None, mask=None, objects=None, keys="", poses="", **inputs
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
            poses=parse_poses(*find_text(poses, "poses")) if poses.strip() else None,
            pose_scale=given.get("pose_scale") or None,
        )
        pictures = {"image": scene.image(image), "mask": scene.mask(mask)}
        moving = None if objects is None else scene.tracks(objects, "objects")
        tracks = shoot(scene_points(lens, given["count"], **pictures), shot, objects=moving)
        return io.NodeOutput(tracks_to_host(tracks))
