"""What is drawn: the image, the document, and the files that Save writes."""

import json
from pathlib import Path

from ..document.sampling import sample_document
from ..document.schema import parse_document
from ..errors import MediaError, TrackFormatError
from ..formats import write_tracks
from ..formats.to_document import import_document

_DEFAULT_FRAMES = 81
_IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}


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
        from PIL import Image, UnidentifiedImageError

        self.out = out
        self.drawing = out.with_suffix(".wanmove.json")
        try:
            self.image = image.read_bytes()
            with Image.open(image) as opened:
                self.size, kind = opened.size, opened.format or ""
        except (OSError, UnidentifiedImageError) as error:
            raise MediaError(f"IMAGE must be an image; got {image.name} ({error}).") from error
        self.image_type = _IMAGE_TYPES.get(kind, "application/octet-stream")
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
        """Write the drawing, and its tracks when it has any. Returns the files."""
        document = parse_document(text)
        self.drawing.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.drawing.with_suffix(".part")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.drawing)
        tracks = sample_document(document)
        return [self.drawing, *(write_tracks(tracks, self.out) if tracks.num_points else [])]
