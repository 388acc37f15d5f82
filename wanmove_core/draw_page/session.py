"""The image, the drawing with its prompt and seed, and the files of both."""

import io
import itertools
import json
import logging
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..document.sampling import sample_document
from ..document.schema import parse_document
from ..errors import MediaError, OptionError, TrackFormatError
from ..formats import write_tracks
from ..formats.to_document import import_document
from ..media.writer import write_files

_log = logging.getLogger("wanmove")
_DEFAULT_FRAMES = 81
# What reading a damaged file of ours raises.
_DAMAGED = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
_HALF = re.compile("[\\ud800-\\udfff]")


@dataclass(frozen=True)
class Work:
    """What a page works on: the drawing's text, the prompt, and the seed (None draws one)."""

    document: str
    prompt: str = ""
    seed: int | None = None

    @classmethod
    def parse(cls, value: Any) -> "Work":
        """Read what a page sends.

        Raises:
            OptionError: not such an object.
        """
        said = value if isinstance(value, dict) else {}
        texts = [said.get("document"), said.get("prompt", "")]
        # Half of a pair of UTF-16 is no text that could be written to a file.
        if not all(isinstance(text, str) and not _HALF.search(text) for text in texts):
            raise OptionError("A page must send a drawing; got something else. Reload it.")
        return cls(str(texts[0]), str(texts[1]), _seed_or_none(said.get("seed")))


def _seed_or_none(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


class DrawSession:
    """One image and the drawing over it, shared by all pages that show it.

    Args:
        image: the start image; its size is the canvas.
        out: file that `save` writes. The drawing is saved beside it as `NAME.wanmove.json`; unsaved
            changes are kept in `NAME.autosave.json`.
        tracks: the first content; None: the drawing beside `out`, if it exists.
        recalled: the drawing, prompt and seed of a video, as the first content.

    Raises:
        MediaError: the image cannot be read.
        TrackFormatError: the tracks cannot be read.
    """

    def __init__(
        self,
        image: Path,
        out: Path,
        tracks: Path | None = None,
        *,
        recalled: Work | None = None,
    ) -> None:
        from PIL import Image

        from ..media.image import read_image

        self.out = out
        self.drawing = out.with_suffix(".wanmove.json")
        self.autosave = out.with_suffix(".autosave.json")
        # What the model gets is what the page shows: upright, opaque, 8 bits.
        try:
            picture = Image.fromarray(read_image(image).numpy())
        except MediaError as error:
            raise MediaError(f"IMAGE must be an image; got {image.name} ({error})") from error
        self.size, self.image = picture.size, _png(picture)
        self._lock = threading.Lock()
        self.revision = 0
        self.kept = True  # whether the work is on the disk, saved or as an autosave
        self.saved = True  # whether the tracks were written from it
        self._damaged = False  # whether the autosave on the disk cannot be read
        self.work, self.earlier = self._begin(tracks)
        if recalled is not None:
            self.earlier, self.work = [*self.earlier, self.work.document], recalled

    def _begin(self, tracks: Path | None) -> tuple[Work, list[str]]:
        """The work to go on with, and drawings that one step of undo each brings back."""
        begun: list[str] = []
        work = Work(self._empty())
        if self.drawing.is_file() and tracks is None:
            work = Work(self._read(self.drawing))
        autosaved = self._read_autosave()
        if autosaved is not None:
            begun.append(work.document)
            work, self.saved = autosaved, False
            _log.info("Going on with changes of %s that were not saved.", self.drawing.name)
        if tracks is not None:
            begun += [work.document] if autosaved else []
            work = Work(self._read(tracks), work.prompt, work.seed)
        return work, begun

    def _empty(self) -> str:
        width, height = self.size
        head = {"version": 1, "width": width, "height": height, "fps": 16}
        return json.dumps({**head, "frames": _DEFAULT_FRAMES, "tracks": []})

    def _read(self, source: Path) -> str:
        try:
            data = source.read_bytes()
        except OSError as error:
            raise TrackFormatError(f"--tracks must be a file; got {source} ({error}).") from error
        return import_document(data, name=source.name, size=self.size, num_frames=_DEFAULT_FRAMES)

    def _read_autosave(self) -> Work | None:
        if not self.autosave.is_file():
            return None
        try:
            work = Work.parse(json.loads(self.autosave.read_text(encoding="utf-8")))
            parse_document(work.document)
        except _DAMAGED as error:
            _log.warning("%s cannot be read and is left alone: %s", self.autosave.name, error)
            self._damaged = True
            return None
        return work

    def _set_aside(self) -> None:
        """Rename an autosave that cannot be read, so that the next one does not replace it."""
        if not self._damaged:
            return
        names = (f"{self.out.stem}.autosave.unreadable{n or ''}.json" for n in itertools.count())
        aside = next(path for path in map(self.autosave.with_name, names) if not path.exists())
        try:
            self.autosave.rename(aside)
        except FileNotFoundError:
            _log.info("%s is no longer there.", self.autosave.name)
        except OSError as error:
            raise MediaError(f"{self.autosave} must be renamed first: {error}.") from error
        else:
            _log.warning("The autosave that cannot be read is now %s.", aside.absolute())
        self._damaged = False

    def take(self, work: Work, base: int) -> bool:
        """Replace the work by that of a page, and save it on the disk.

        Args:
            work: of the page.
            base: the revision that the page started from.

        Returns:
            False if another page has changed the work since `base`; then nothing is replaced.

        Raises:
            MediaError: the autosave cannot be written, or one that cannot be read not renamed.
                The work is replaced all the same.
        """
        with self._lock:
            if base != self.revision and work != self.work:
                return False
            if work != self.work:
                self.work, self.saved, self.kept = work, False, False
                self.revision += 1
            if not self.kept:
                self._set_aside()
                write_files({self.autosave: json.dumps(vars(work)).encode()})
                self.kept = True
            return True

    def save(self) -> list[Path]:
        """Write the drawing, and its tracks if it has tracks; return the files.

        Raises:
            WanMoveError: the drawing is not valid, or a file cannot be written.
        """
        with self._lock:
            document = parse_document(self.work.document)
            tracks = sample_document(document)
            self._set_aside()
            write_files({self.drawing: self.work.document.encode()})
            shown: dict[str, Any] = {"size": (document.width, document.height), "fps": document.fps}
            files = write_tracks(tracks, self.out, **shown) if tracks.num_points else []
            self.saved = self.kept = True
            self.autosave.unlink(missing_ok=True)
            return [self.drawing, *files]

    def as_dict(self) -> dict[str, Any]:
        """Return the first state of a page, as JSON values."""
        with self._lock:
            return {**vars(self.work), "revision": self.revision, "saved": self.saved} | {
                "earlier": self.earlier,
                "name": self.drawing.name,
                "place": str(self.drawing.absolute()),
            }


def _png(picture: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
