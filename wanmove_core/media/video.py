"""The one reader of videos: frame by frame, upright, with time stamps; reads no other file."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import MediaError, OptionError
from ..packages import require
from ..shapes import Tensor, UInt8
from .files import check_plain, reason

METADATA_KEY = "wanmove"
_MOST_METADATA = 1 << 20  # characters
# Containers of pictures and sound. Playlists and lists of files are not among them: they would
# open what they name.
_CONTAINERS = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "gif", "mpegts", "mpeg"),
    *("mpegvideo", "flv", "asf", "ogg", "apng", "nut", "mxf", "ivf", "h264", "hevc", "wav", "mp3"),
    *("yuv4mpegpipe", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "dv", "wtv"),
)
# Share of the promised frames that must come; headers may count a few that are never shown.
_WHOLE = 0.9


@dataclass(frozen=True)
class FrameRange:
    """Which frames of a video to use.

    Args:
        first: index of the first one, counted from 0.
        count: how many at most; None is all.
        every: use every n-th frame only.

    Raises:
        OptionError: a number out of range.
    """

    first: int = 0
    count: int | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if self.first < 0 or self.every < 1 or (self.count is not None and self.count < 1):
            raise OptionError(
                "the frames to use must be first >= 0, count >= 1, every >= 1; got "
                f"{self.first}, {self.count}, {self.every}. Leave them out to use all."
            )

    def takes(self, index: int) -> bool:
        """Tell whether the range contains this frame."""
        return index >= self.first and (index - self.first) % self.every == 0

    def ends_before(self, index: int) -> bool:
        """Tell whether the range ends before this frame."""
        return self.count is not None and index >= self.first + self.count * self.every


@dataclass(frozen=True)
class VideoInfo:
    """What a video's header says.

    Args:
        size: width and height as shown, px.
        fps: frames per second; None where the file does not say.
        num_frames: number of frames; None where only decoding can tell.
        codec: FFmpeg's name of the codec.
    """

    size: tuple[int, int]
    fps: float | None
    num_frames: int | None
    codec: str


def probe_video(path: Path) -> VideoInfo:
    """Read a video's header and first frame.

    Raises:
        MediaError: no file, not a video, or a video without frames.
    """
    first = next(read_frames(path))
    with _opened(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        count, codec = stream.frames, stream.codec_context.name
    return VideoInfo(
        (first.shape[1], first.shape[0]), float(rate) if rate else None, count or None, codec
    )


def read_frames(
    path: Path, frames: FrameRange = FrameRange(), times: list[float] | None = None
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Decode a video, one frame at a time.

    Args:
        path: anything that FFmpeg reads.
        frames: which frames.
        times: list that gets the time stamp of each frame, seconds; NaN where the file has no time
            stamp.

    Yields:
        RGB frames, uint8 [height, width, 3], rotated as the file's metadata says.

    Raises:
        MediaError: no file, not a video, a damaged one, or one without the wanted frames.
    """
    given = seen = 0
    with _opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for index, frame in enumerate(container.decode(stream)):
            if frames.ends_before(index):
                return
            seen = index + 1
            if frames.takes(index):
                if times is not None:
                    times.append(float("nan") if frame.time is None else float(frame.time))
                yield _upright(frame)
                given += 1
        if 0 < seen < _WHOLE * stream.frames:
            raise MediaError(
                f"{path} must have the {stream.frames} frames that its header states; got {seen}. "
                "It is cut off: copy or convert it again."
            )
    if given == 0 and frames.first == 0:
        raise MediaError(
            f"{path} must have frames; got none. It may be cut off: copy or convert it again."
        )
    if given == 0:
        raise MediaError(
            f"{path} must have a frame {frames.first} or later; got none. Start earlier."
        )


def read_video(
    path: Path, times: list[float] | None = None
) -> UInt8[Tensor, "frames height width 3"]:
    """Read all frames of a video as RGB, rotated as the file's metadata says.

    `times` gets their time stamps, as in `read_frames`.

    Raises:
        MediaError: as `read_frames`.
    """
    return torch.from_numpy(np.stack(list(read_frames(path, times=times))))


def read_metadata(path: Path) -> dict[str, Any] | None:
    """Read the metadata that `write_video` was given; None for a video of another program.

    Raises:
        MediaError: no file, or not a video.
    """
    with _opened(path) as container:
        comment = container.metadata.get("comment", "")[: _MOST_METADATA + 1]
    try:
        document = json.loads(comment)
    except (ValueError, RecursionError):
        return None
    found = document.get(METADATA_KEY) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else None


def import_av() -> Any:
    """Import PyAV, which takes long.

    Raises:
        MissingPackageError: it is not installed.
    """
    return require("av", "Reading and writing videos", "av")


def _upright(frame: Any) -> np.ndarray:
    picture: np.ndarray = frame.to_ndarray(format="rgb24")
    # Degrees, clockwise negative; phones film in quarters of a turn.
    quarters = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, quarters)) if quarters else picture


class _opened:
    """An opened container; whatever FFmpeg says inside the block becomes one line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Any:
        self._av = import_av()
        if os.path.exists(self._path):  # noqa: PTH110 (the other raises for names that are too long)
            check_plain(self._path, "video")
        options = {"format_whitelist": ",".join(_CONTAINERS), "protocol_whitelist": "file"}
        try:
            # With its protocol, so that no name is taken for another (concat:, subfile:).
            self._container = self._av.open(
                f"file:{self._path.absolute()}", options=options, metadata_errors="replace"
            )
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error
        if not self._container.streams.video:
            self._container.close()
            raise MediaError(f"{self._path} must have a video stream; got none. Use another file.")
        return self._container

    def __exit__(self, _kind: Any, error: Any, _trace: Any) -> None:
        self._container.close()
        if isinstance(error, self._av.FFmpegError | OSError):
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> MediaError:
        return MediaError(
            f"{self._path} must be a readable video; got {reason(error)}. "
            "Check the file, or convert it to mp4."
        )
