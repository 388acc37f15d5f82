"""Write the tracks of a movie clip as JSON that Wan-Move reads.

In Blender: open this file in the Text Editor, set OUT, run it (Alt+P). It takes the clip of the
first Movie Clip Editor, or else the first clip. `wanmove tracks show clip.blender.json` then
says what is in it.
"""

import json
from pathlib import Path

import bpy

OUT = bpy.path.abspath("//clip.blender.json")


def find_clip():
    areas = bpy.context.screen.areas if bpy.context.screen else []
    shown = [area.spaces.active.clip for area in areas if area.type == "CLIP_EDITOR"]
    return next((clip for clip in shown if clip), None) or bpy.data.movieclips[0]


def clip_tracks(clip):
    return {
        "name": clip.name,
        "size": list(clip.size),
        "fps": clip.fps,
        "frame_duration": clip.frame_duration,
        "tracks": [
            {
                "name": track.name,
                "markers": [
                    {"frame": marker.frame, "co": list(marker.co), "mute": marker.mute}
                    for marker in track.markers
                ],
            }
            for track in clip.tracking.tracks
        ],
    }


if __name__ == "__main__":
    Path(OUT).write_text(json.dumps(clip_tracks(find_clip()), indent=1), encoding="utf-8")
