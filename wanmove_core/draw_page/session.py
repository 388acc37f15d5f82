"""What is drawn: the image, the document, and the files that Save writes."""

import io
import json
import threading
from pathlib import Path
from typing import Any

from ..document.sampling import sample_document
from ..document.schema import parse_document
from ..errors import MediaError, TrackFormatError
from ..formats import write_tracks
from ..formats.to_document import import_document
from ..media.writer import write_files

_DEFAULT_FRAMES = 81


class DrawSession:
    """One image and the drawing over it.

    Args:
        image: the start image; its size is the canvas.
        out: where `save` writes; the drawing itself lies beside it as `NAME.wanmove.json`.
        tracks: what to begin with; None takes the drawing beside `out` when there is one.

    Raises:
        MediaError: the image cannot be read.
        TrackFormatError: the tracks cannot be read.
    """

    def __init__(self, image: Path, out: Path, tracks: Path | None = None) -> None:
        from PIL import Image

        from ..media.image import read_image

        self.out = out
        self.drawing = out.with_suffix(".wanmove.json")
        # What the model gets is what the page shows: upright, opaque, 8 bits.
        try:
            picture = Image.fromarray(read_image(image).numpy())
        except MediaError as error:
            raise MediaError(f"IMAGE must be an image; got {image.name} ({error})") from error
        self.size, self.image = picture.size, _png(picture)
        self._saving = threading.Lock()
        self.document = self._begin(tracks)

    def _begin(self, tracks: Path | None) -> str:
        source = tracks or (self.drawing if self.drawing.is_file() else None)
        if source is None:
            width, height = self.size
            return json.dumps(
                {
                    "version": 1,
                    "width": width,
                    "height": height,
                    "fps": 16,
                    "frames": _DEFAULT_FRAMES,
                    "tracks": [],
                }
            )
        try:
            data = source.read_bytes()
        except OSError as error:
            raise TrackFormatError(f"--tracks must be a file; got {source} ({error}).") from error
        return import_document(data, name=source.name, size=self.size, num_frames=_DEFAULT_FRAMES)

    def save(self, text: str) -> list[Path]:
        """Write the drawing, and its tracks when it has any. Returns the files.

        Raises:
            TrackFormatError: not a drawing; the session stays as it was.
            MediaError: a file cannot be written.
        """
        document = parse_document(text)
        tracks = sample_document(document)
        with self._saving:
            write_files({self.drawing: text.encode()})
            self.document = text
            drawn = tracks.num_points > 0
            size = (document.width, document.height)
            written = write_tracks(tracks, self.out, size=size) if drawn else []
        return [self.drawing, *written]


def _png(picture: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
