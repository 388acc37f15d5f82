"""Read the inputs of a job: the start image, and its tracks in one frame."""

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import EmptyDrawingError
from ..formats import read_tracks
from ..grid import LatentGrid
from ..media.image import read_image
from ..media.video import read_video
from ..motion.concat import concat_tracks
from ..motion.frame import common_frame, with_frame
from ..motion.retime import resample_tracks
from ..shapes import Tensor, UInt8
from ..start_image.conditioning import known_mask
from ..tracks import Tracks

if TYPE_CHECKING:
    from .job import Job

_log = logging.getLogger("wanmove")


def read_start(job: "Job") -> UInt8[Tensor, "height width 3"]:
    """Read the start image, or the last frame of the video to continue.

    Raises:
        MediaError: a file that cannot be read.
    """
    if job.goes_on_from is None:
        return read_image(job.image)
    return read_video(job.goes_on_from)[-1]


def read_inputs(job: "Job") -> tuple[UInt8[Tensor, "height width 3"], Tracks | None]:
    """Read image and tracks; tracks without a stated frame are taken as pixels of the image.

    Drawings in which nothing is drawn count as no tracks: the video is then made without guidance.

    Raises:
        MediaError, TrackFormatError, OptionError: a file that cannot be read.
    """
    image = read_start(job)
    if not job.tracks:
        return image, None
    # Drawn curves have no frames of their own and are sampled at the video's.
    num_frames = job.settings.num_frames if job.settings.retime == "time" else None
    if num_frames is not None and job.goes_on_from is not None and job.tracks_of_whole:
        num_frames += len(read_video(job.goes_on_from)) - 1
    parts = []
    for path in job.tracks:
        with suppress(EmptyDrawingError):
            part = read_tracks(
                path,
                visibility=job.visibility,
                canvas_size=job.tracks_size,
                num_frames=num_frames,
            )
            parts.append(part)
    if not parts:
        return image, None
    longest = max(part.num_frames for part in parts)
    image_size = (image.shape[1], image.shape[0])
    if any(part.frame is None for part in parts):
        parts = [with_frame(part, part.frame or image_size) for part in parts]
    parts, how = common_frame(parts)
    if how:
        _log.info("Tracks joined in one frame: %s.", how)
    return image, concat_tracks([resample_tracks(part, longest) for part in parts])


def read_known(job: "Job") -> dict[int, Tensor]:
    """Read the frames that are given besides the first, by their number.

    Raises:
        WanMoveError: a picture that cannot be read, or a frame that the video does not have.
    """
    known: dict[int, Tensor] = {frame: read_image(path) for frame, path in job.known}
    known_mask(LatentGrid(job.settings.num_frames, 8, 8), more=known)  # refuses other places
    return known
