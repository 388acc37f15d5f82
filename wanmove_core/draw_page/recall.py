"""Read from the metadata of our videos what they were made from: drawing, prompt and seed."""

import tempfile
from pathlib import Path

from ..document.schema import parse_document
from ..errors import MediaError
from ..media.video import read_metadata
from .session import Work


def recall(video: Path, *, name: str | None = None) -> Work:
    """Read the drawing, prompt and seed that a video was made from.

    Raises:
        MediaError: not a video, or one that was not made from a drawing.
        TrackFormatError: its drawing cannot be read.
    """
    made_of = read_metadata(video) or {}
    drawing = made_of.get("drawing")
    if not isinstance(drawing, str):
        raise MediaError(
            f"{name or video.name} must be a video that wanmove made from a drawing; got one "
            "without. Open its start image instead."
        )
    parse_document(drawing)
    seed = made_of.get("seed")
    return Work(drawing, str(made_of.get("prompt") or ""), seed if isinstance(seed, int) else None)


def recall_bytes(data: bytes, name: str) -> Work:
    """Do the same as `recall` for the bytes of a video."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder, "video.mp4")
        video.write_bytes(data)
        return recall(video, name=name)
