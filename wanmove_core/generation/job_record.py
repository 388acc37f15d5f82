"""What a video was made from: in its metadata, and compared before it is made again."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..document.schema import is_document
from ..errors import MediaError, WanMoveError
from ..media.video import read_metadata
from .files import overlay_path
from .inputs import read_inputs

if TYPE_CHECKING:
    from .job import Job

_MOST_DRAWN = 1_000_000  # characters of a drawing that go into a video's metadata


def describe(job: "Job", model: dict[str, Any] | None) -> dict[str, Any]:
    """Return everything that the video depends on, as JSON values.

    Files are identified by their content, so a changed image or track makes another job.

    Raises:
        MediaError: a file that cannot be read.
    """
    return {
        "image": _digest(job.goes_on_from or job.image),
        "tracks": [_digest(path) for path in job.tracks],
        "visibility": _digest(job.visibility) if job.visibility else None,
        "tracks_size": list(job.tracks_size) if job.tracks_size else None,
        "prompt": job.prompt,
        "negative_prompt": job.negative_prompt,
        "fps": job.fps,
        "model": model or {},
        **job.settings.as_dict(),
        **(job.maps.describe(job.tracks, _digest) if job.maps else {}),
        # A server may answer otherwise next time: what was asked for decides, not what came.
        **({"extension": asdict(job.extension)} if job.extension else {}),
        **({"known": [[n, _digest(path)] for n, path in job.known]} if job.known else {}),
        **({"tracks_of_whole": job.tracks_of_whole} if job.goes_on_from else {}),
    }


def is_done(job: "Job", model: dict[str, Any] | None) -> bool:
    """Tell whether the job's video exists and was made from the same inputs and settings."""
    if not job.out.is_file():
        return False
    drawn = job.draw_tracks and job.tracks and job.goes_on_from is None
    try:
        if drawn and not overlay_path(job.out).is_file() and read_inputs(job)[1] is not None:
            return False
        made_of = dict(read_metadata(job.out) or {})
        asked = describe(job, model)
        for name in ("extended_prompt", "drawing", *(["seed"] * job.seed_is_drawn)):
            made_of.pop(name, None)
            asked.pop(name, None)
        return made_of == asked
    except WanMoveError:
        return False


def _digest(path: Path) -> dict[str, str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MediaError(
            f"{path} must be a readable file; got {error.strerror}. Check the path."
        ) from error
    return {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()[:16]}


def drawing_of(job: "Job") -> str | None:
    """The editor's drawing that the tracks were read from, for the video to give it back."""
    if len(job.tracks) != 1 or job.tracks[0].suffix.lower() != ".json":
        return None
    text = job.tracks[0].read_text(encoding="utf-8", errors="replace")
    if len(text) > _MOST_DRAWN:
        return None
    try:
        return text if is_document(json.loads(text)) else None
    except (ValueError, RecursionError):
        return None
