"""The document of this project's own editor, as a file."""

import json
from typing import Any

from ..document.sampling import sample_document, scale_document
from ..document.schema import parse_document
from ..errors import EmptyDrawingError, TrackFormatError
from .checks import MAX_TEXT_POINTS, check_points, refusal
from .content import Content, ReadOptions, TrackFile, scale_tracks


def parse_editor_document(value: Any, name: str, options: ReadOptions) -> TrackFile:
    """Sample an editor document at its own length, or at the one asked for.

    Raises:
        TrackFormatError: names the place within the document.
    """
    try:
        text = json.dumps(value)
    except (TypeError, ValueError) as error:
        raise refusal(name, "be JSON", str(error), "Pass parsed JSON or its text") from error
    try:
        document = parse_document(text)
        frames = options.num_frames or document.num_frames
        document = scale_document(
            document, width=document.width, height=document.height, num_frames=frames
        )
        tracks = sample_document(document)
    except TrackFormatError as error:
        raise TrackFormatError(f"{name}: {error}") from error
    if tracks.num_points == 0:
        raise EmptyDrawingError(
            f"{name} must hold at least one track; got none. Draw or add a track first."
        )
    check_points(name, frames, tracks.num_points, MAX_TEXT_POINTS)
    content = Content(
        format="wan-move", canvas_size=(document.width, document.height), fps=document.fps
    )
    return scale_tracks(tracks, content, name, options)
