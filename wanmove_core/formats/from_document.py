"""Editor documents as track files, for downloads."""

import io
import tempfile
import zipfile
from pathlib import Path

from ..document.sampling import sample_document
from ..document.schema import parse_document
from ..errors import TrackFormatError
from .write import SUFFIXES, WRITE_FORMATS, write_tracks

EXPORT_FORMATS = WRITE_FORMATS


def export_document(text: str, kind: str) -> tuple[str, bytes]:
    """Sample a document and write it as a file.

    Args:
        text: the editor's document.
        kind: one of EXPORT_FORMATS. "npy" gives a zip of the pair tracks and visibility.

    Returns:
        The file's name and its bytes.

    Raises:
        TrackFormatError: the document cannot be read, or has no visible tracks.
        OptionError: an unknown format.
    """
    document = parse_document(text)
    tracks = sample_document(document)
    if tracks.num_points == 0:
        raise TrackFormatError("The drawing must have a track to export; got none. Draw one.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"wanmove_tracks{SUFFIXES.get(kind, '')}"
        size = (document.width, document.height)
        files = write_tracks(tracks, path, format=kind, size=size, fps=document.fps)
        if len(files) == 1:
            return files[0].name, files[0].read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file in files:
                archive.write(file, file.name)
        return "wanmove_tracks.zip", packed.getvalue()
