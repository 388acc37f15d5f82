"""Readers and writers of tracks. Every reader parses untrusted input or raises TrackFormatError."""

from importlib import import_module
from typing import TYPE_CHECKING

from .registry import FORMATS as FORMATS
from .registry import WRITE_FORMATS as WRITE_FORMATS

if TYPE_CHECKING:
    from .content import ReadOptions as ReadOptions
    from .content import TrackFile as TrackFile
    from .coordinates import coordinates_json as coordinates_json
    from .read import parse_tracks as parse_tracks
    from .read import read_track_file as read_track_file
    from .read import read_tracks as read_tracks
    from .write import write_tracks as write_tracks

# Imported when first used: the command line's help reads the table, and must not wait for torch.
_HOMES = {
    "ReadOptions": "content",
    "TrackFile": "content",
    "coordinates_json": "coordinates",
    "parse_tracks": "read",
    "read_track_file": "read",
    "read_tracks": "read",
    "write_tracks": "write",
}

__all__ = [  # noqa: PLE0604 (no static list: one place for each name)
    "FORMATS",
    "WRITE_FORMATS",
    *_HOMES,
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value
