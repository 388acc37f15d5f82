"""Tracks of a region of the picture: how it moves, and how it is filled with points."""

from collections.abc import Mapping
from typing import Any

from comfy_api.latest import io

from ..wanmove_core import OptionError, ShapeError, Tracks, retime_tracks
from ..wanmove_core.sources.keys import parse_keys
from ..wanmove_core.sources.region.fill import MAX_REGION_POINTS, Fill
from ..wanmove_core.sources.region.motion import (
    Following,
    Keyed,
    Puppet,
    RegionKey,
    RegionMotion,
    region_tracks,
)
from .host import CATEGORY
from .host.convert import tracks_to_host
from .host.links import checked
from .host.scene import (
    TRACKS_TOOLTIP,
    ease_input,
    keys_input,
    pins_input,
    scene_inputs,
    split_scene,
)


class WanMoveRegionTracks(io.ComfyNode):
    """Tracks of a part of the picture."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveRegionTracks",
            display_name="Region Tracks (Wan-Move)",
            category=CATEGORY,
            description="Moves a part of the picture: fills a mask with points and moves them by "
            "keys, along a path, or as a puppet. Can also pin the rest of the picture.",
            search_aliases=["mask to tracks", "puppet", "segment motion", "SAM", "static points"],
            inputs=[
                io.Mask.Input(
                    "mask", tooltip="The region, from SAM, the mask editor or any other node."
                ),
                io.Tracks.Input(
                    "tracks",
                    optional=True,
                    tooltip="For the motion path: one track, which the region follows. For puppet: "
                    "several tracks, each a handle on the region; a still track holds its "
                    "part in place.",
                ),
                io.Image.Input(
                    "image", optional=True, tooltip="The start image. Only detail needs it."
                ),
                io.Mask.Input(
                    "front",
                    optional=True,
                    tooltip="Mask of what is in front of the region. Points that pass behind it "
                    "are hidden.",
                ),
                *scene_inputs(),
                *region_inputs(),
                ease_input(),
                *point_inputs(),
                pins_input(
                    "About how many still points to spread over the rest of the picture, so that "
                    "it stays; 0 leaves it free."
                ),
                keys_input('[{"frame": 0}, {"frame": 80, "x": 200, "rotate": 30}]'),
            ],
            outputs=[io.Tracks.Output("tracks", display_name="TRACKS", tooltip=TRACKS_TOOLTIP)],
        )

    @classmethod
    @checked
    def execute(cls, *, mask, tracks=None, image=None, front=None, **inputs) -> io.NodeOutput:
        scene, length, given = split_scene(inputs)
        scene.check_pictures(mask=mask, image=image, front=front)
        handles = None if tracks is None else scene.tracks(tracks, "tracks")
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
        return io.NodeOutput(tracks_to_host(moved))


def region_inputs() -> list[io.Input]:
    """How the region moves."""
    return [
        io.Combo.Input(
            "motion",
            options=["keys", "path", "puppet"],
            default="keys",
            tooltip="keys: move to the values below, reached in the last frame. path: move as the "
            "connected track does. puppet: bend with the connected tracks.",
        ),
        _pixels("shift_x", "Pixels that it moves to the right, for keys."),
        _pixels("shift_y", "Pixels that it moves down, for keys."),
        _factor("scale", "Its size in the end, for keys; 1 keeps it."),
        _factor("stretch", "Its height in the end, and as much narrower, for keys; 0.8 squashes."),
        io.Float.Input(
            "rotate",
            default=0.0,
            min=-3600.0,
            max=3600.0,
            step=1.0,
            tooltip="Degrees that the region turns, clockwise. For keys.",
        ),
        io.Combo.Input(
            "pivot",
            options=["centre", "top", "bottom", "left", "right"],
            default="centre",
            tooltip="The point about which the region turns and scales: the centre of its box, or "
            "the middle of one side of the box.",
        ),
        io.Boolean.Input(
            "orient",
            default=False,
            tooltip="For path: turn the region with the path, as a car turns.",
        ),
        io.Combo.Input(
            "stiffness",
            options=["rigid", "similar"],
            default="rigid",
            tooltip="For puppet. rigid: parts keep their size. similar: parts grow where handles "
            "move apart.",
        ),
    ]


def point_inputs() -> list[io.Input]:
    """How the region is filled."""
    return [
        io.Combo.Input(
            "pattern",
            options=["scatter", "grid"],
            default="scatter",
            tooltip="scatter: irregular and evenly apart. grid: rows and columns.",
        ),
        io.Int.Input(
            "count",
            default=256,
            min=1,
            max=MAX_REGION_POINTS,
            tooltip="Number of points on the region.",
        ),
        io.Float.Input(
            "spacing",
            default=0.0,
            min=0.0,
            max=1024.0,
            step=0.5,
            tooltip="Pixels between neighbours, in place of count; 0 goes by count.",
        ),
        io.Float.Input(
            "margin",
            default=1.0,
            min=0.0,
            max=256.0,
            step=0.5,
            advanced=True,
            tooltip="Pixels that points keep from the outline, where masks bleed.",
        ),
        io.Float.Input(
            "detail",
            default=0.0,
            min=0.0,
            max=1.0,
            step=0.05,
            tooltip="Above 0: points lie closer together on the edges in the image, up to 4 times.",
        ),
        io.Int.Input(
            "seed",
            default=0,
            min=0,
            max=0xFFFFFFFF,
            control_after_generate=False,  # by its name alone it would change after every run
            tooltip="Seed of the scatter.",
        ),
    ]


def region_motion(given: Mapping[str, Any], tracks: Tracks | None, length: int) -> RegionMotion:
    """Make the motion that the inputs describe.

    Raises:
        OptionError: a motion that needs tracks, without any.
        ShapeError: a path of several tracks.
        TrackFormatError: keys that are not a list of keys.
    """
    if given["motion"] == "keys":
        text = given.get("keys", "").strip()
        end = {name: given[name] for name in ("scale", "stretch", "rotate")}
        end |= {"x": given["shift_x"], "y": given["shift_y"]}
        keys = [RegionKey(0, ease=given["ease"]), RegionKey(max(length - 1, 1), **end)]
        keys = parse_keys(text, RegionKey, "keys") if text else keys
        return Keyed(keys, length, given["pivot"])
    if tracks is None:
        raise OptionError(
            f'tracks must be connected for the motion "{given["motion"]}"; got none. Connect the '
            'Motion Editor, or choose the motion "keys".'
        )
    tracks = retime_tracks(tracks, length)
    if given["motion"] == "path":
        if tracks.num_points != 1:
            raise ShapeError(
                f'tracks must be one track for the motion "path"; got {tracks.num_points}. Draw '
                'one path without spread, or choose the motion "puppet".'
            )
        return Following(tracks, given["orient"], given["pivot"])
    return Puppet(tracks, given["stiffness"])


def _pixels(name: str, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=0.0, min=-16384.0, max=16384.0, step=1.0, tooltip=tooltip)


def _factor(name: str, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=1.0, min=0.01, max=100.0, step=0.01, tooltip=tooltip)
