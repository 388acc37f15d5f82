"""Finished segments of a long video, kept beside the output until the video is complete."""

import logging
import shutil
import time
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ..media.writer import remove_leftovers, replacing
from ..shapes import Tensor

_log = logging.getLogger("wanmove")
_KEPT_DAYS = 7


class SegmentStore:
    """Latents of segments in a hidden folder beside a video.

    Args:
        video: the output.
        digest: of everything that the video depends on; segments with another digest are ignored.
    """

    def __init__(self, video: Path, digest: str) -> None:
        self.folder = video.with_name(f".{video.stem}.{digest}.segments")
        remove_leftovers(video.parent, _KEPT_DAYS)
        for other in video.parent.glob(f".{video.stem}.*.segments"):
            if other != self.folder and _age_in_days(other) > _KEPT_DAYS:
                shutil.rmtree(other, ignore_errors=True)

    def load(self, index: int) -> Tensor | None:
        """Load the latent of a finished segment; None if it is missing or damaged."""
        path = self._path(index)
        if not path.is_file():
            return None
        try:
            latent = load_file(path)["latent"]
        except (SafetensorError, KeyError, OSError) as error:
            _log.warning("%s is damaged (%s): its segment is made again.", path, error)
            return None
        _log.info("Clip %d is there already.", index)
        return latent

    def save(self, index: int, latent: Tensor) -> None:
        """Save the latent of a finished segment."""
        with replacing(self._path(index)) as temporary:
            save_file({"latent": latent.cpu().contiguous()}, temporary)

    def clear(self) -> None:
        """Delete all segments, once the video is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:04}.safetensors"


def _age_in_days(folder: Path) -> float:
    newest = 0.0
    with suppress(OSError):
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    return (time.time() - newest) / 86400
