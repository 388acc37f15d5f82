"""Add tracks that Wan-Move wrote as .blender.json to a movie clip.

In Blender: load the clip, open this file in the Text Editor, set SOURCE, run it (Alt+P). It takes
the clip of the first Movie Clip Editor, or else the first clip. The positions are shares of the
picture, so a clip of another size gets the same motion.
"""

import json
from pathlib import Path

import bpy

SOURCE = bpy.path.abspath("//clip.blender.json")


def find_clip():
    areas = bpy.context.screen.areas if bpy.context.screen else []
    shown = [area.spaces.active.clip for area in areas if area.type == "CLIP_EDITOR"]
    return next((clip for clip in shown if clip), None) or bpy.data.movieclips[0]


def add_tracks(clip, value):
    for item in value["tracks"]:
        markers = item["markers"]
        track = clip.tracking.tracks.new(name=item["name"], frame=markers[0]["frame"])
        for marker in markers:
            added = track.markers.insert_frame(marker["frame"], co=marker["co"])
            added.mute = marker["mute"]


if __name__ == "__main__":
    add_tracks(find_clip(), json.loads(Path(SOURCE).read_text(encoding="utf-8")))
