"""Readers and writers of tracks. Every reader parses untrusted input or raises TrackFormatError."""

from .content import ReadOptions as ReadOptions
from .content import TrackFile as TrackFile
from .read import FORMATS as FORMATS
from .read import parse_tracks as parse_tracks
from .read import read_track_file as read_track_file
from .read import read_tracks as read_tracks
from .write import WRITE_FORMATS as WRITE_FORMATS
from .write import coordinates_json as coordinates_json
from .write import write_tracks as write_tracks

__all__ = [
    "FORMATS",
    "WRITE_FORMATS",
    "ReadOptions",
    "TrackFile",
    "coordinates_json",
    "parse_tracks",
    "read_track_file",
    "read_tracks",
    "write_tracks",
]
