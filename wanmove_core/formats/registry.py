"""The one table of formats: readers, writers, lists and docs/formats.md are made from it.

Imports nothing heavy: the command line's help reads it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Format:
    """A format of track files. Functions are named `module:function` of this package.

    Args:
        name: in `TrackFile.format` and `ReadOptions.format`.
        title: for people.
        to: name for writers; "" if the format is only read.
        suffix: of a written file.
        suffixes: of files that hold it.
        text, value: sniff and parse: a text that is not JSON, or a value that JSON holds.
        asked: as `value`, used when this format was asked for by name.
        write: (tracks, size, fps) -> str.
        binary: whether the file is not text.
        needs_canvas: whether writing needs the size of the picture.
        reads, writes, keeps: for docs/formats.md.
    """

    name: str
    title: str
    to: str = ""
    suffix: str = ""
    suffixes: tuple[str, ...] = (".json",)
    text: tuple[str, str] | None = None
    value: tuple[str, str] | None = None
    asked: tuple[str, str] | None = None
    write: str = ""
    binary: bool = False
    needs_canvas: bool = False
    reads: str = "yes"
    writes: str = ""
    keeps: str = ""


# What is general stands first and is tried last.
TABLE = (
    Format(
        "npy",
        "official pair",
        to="npy",
        suffix=".npy",
        suffixes=(".npy", ".zip"),
        write="npy:npy_bytes",
        binary=True,
        reads="yes, and the zip of both that the editor exports",
        writes="yes",
        keeps="everything, exact",
    ),
    Format(
        "coordinates",
        "coordinates of KJNodes, core, ATI",
        to="json",
        suffix=".json",
        suffixes=(".json", ".txt"),
        value=("coordinates:is_coordinates", "coordinates:parse_coordinates"),
        write="coordinates:write_coordinates",
        writes="yes",
        keeps="size; hidden points lose their place",
    ),
    Format(
        "csv",
        "CSV: frame, track, x, y, visible",
        to="csv",
        suffix=".csv",
        suffixes=(".csv", ".txt"),
        text=("text:is_no_json", "table:parse_csv"),
        write="table:write_csv",
        writes="yes",
        keeps="everything and the size, exact",
    ),
    Format(
        "svg",
        "SVG",
        to="svg",
        suffix=".svg",
        suffixes=(".svg",),
        text=("svg:is_svg", "svg:parse_svg"),
        write="svg_write:write_svg",
        needs_canvas=True,
        reads="paths and shapes",
        writes="a polyline a track",
        keeps="positions where visible, visibility, fps, size",
    ),
    Format(
        "after-effects",
        "After Effects keyframes",
        to="after-effects",
        suffix=".ae.txt",
        suffixes=(".txt",),
        text=("after_effects:is_after_effects", "after_effects:parse_after_effects"),
        write="after_effects:write_after_effects",
        needs_canvas=True,
        reads="Position, track points, corner pins",
        writes="Position or Point Control",
        keeps="positions, fps; no visibility",
    ),
    Format(
        "nuke",
        "Nuke Tracker4 (Tracker3: read)",
        to="nuke",
        suffix=".nk",
        suffixes=(".nk",),
        text=("nuke:is_nuke", "nuke:parse_nuke"),
        write="nuke:write_nuke",
        needs_canvas=True,
        writes="yes",
        keeps="positions where visible, visibility, size",
    ),
    Format(
        "blender",
        "Blender markers",
        to="blender",
        suffix=".blender.json",
        suffixes=(".json", ".csv"),
        text=("blender:is_blender_csv", "blender:parse_blender_csv"),
        value=("blender:is_blender_json", "blender:parse_blender_json"),
        write="blender:write_blender",
        needs_canvas=True,
        reads="both",
        writes="JSON",
        keeps="positions where visible, visibility, fps, size",
    ),
    Format(
        "kling",
        "Kling motion brush",
        to="kling",
        suffix=".kling.json",
        value=("kling:is_kling", "kling:parse_kling"),
        write="kling:write_kling",
        needs_canvas=True,
        writes="up to 6 tracks, 77 points",
        keeps="integer pixels; no visibility, no mask",
    ),
    Format(
        "ltx-points",
        "points of LTXVideo's editor",
        asked=("splines:is_list", "splines:parse_ltx_points"),
    ),
    Format(
        "kj-points",
        "splines of KJNodes' editor",
        value=("splines:is_kj_splines", "splines:parse_kj_points"),
        asked=("splines:is_kj_points", "splines:parse_kj_points"),
    ),
    Format("qq", "SA-Nodes-QQ's editor", value=("documents:is_qq", "documents:parse_qq")),
    Format("wan2gp", "Wan2GP's motion designer", value=("wan2gp:is_wan2gp", "wan2gp:parse_wan2gp")),
    Format(
        "strokes", "starsFriday's editor", value=("documents:is_strokes", "documents:parse_strokes")
    ),
    Format(
        "path-animator",
        "Path Animator's editor",
        value=("path_animator:is_path_animator", "path_animator:parse_path_animator"),
    ),
    Format("wan-move", "this editor's own drawing"),
    Format("tracks", "ComfyUI's TRACKS, from memory", suffixes=()),
)
BY_NAME = {format_.name: format_ for format_ in TABLE}
WRITTEN = {format_.to: format_ for format_ in TABLE if format_.to}
FORMATS = tuple(BY_NAME)
WRITE_FORMATS = tuple(WRITTEN)
READ_SUFFIXES = tuple(dict.fromkeys(suffix for format_ in TABLE for suffix in format_.suffixes))


def function(name: str) -> Callable[..., Any]:
    """Import the function that the table names."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f".{module}", __package__), attribute)
    return found


def written_suffixes() -> str:
    """List the suffixes of written files, for messages."""
    return ", ".join(format_.suffix for format_ in WRITTEN.values())


def format_of(file_name: str) -> str:
    """Return the format of a file name's suffix; an unknown suffix itself, without the dot."""
    name = file_name.lower()
    # The longest first: .blender.json before .json.
    known = sorted(WRITTEN.values(), key=lambda format_: -len(format_.suffix))
    bare = f".{name.rpartition('.')[2]}" if "." in name.lstrip(".") else ""
    return next((f.to for f in known if name.endswith(f.suffix)), bare.lstrip("."))


def find_parser(kind: str, data: Any, wanted: str) -> Callable[..., Any] | None:
    """Find the parser of a text or a value; None if no format matches.

    Args:
        kind: "text" or "value".
        data: what the sniffers look at.
        wanted: a format's name, or "auto" to tell from the data.
    """
    for format_ in reversed(TABLE) if wanted == "auto" else [BY_NAME[wanted]]:
        doors = [getattr(format_, kind)]
        if wanted != "auto" and kind == "value":
            doors.insert(0, format_.asked)
        for door in filter(None, doors):
            if function(door[0])(data):
                return function(door[1])
    return None
