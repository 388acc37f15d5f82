"""Read a video's frames one by one, so that its length does not matter to the memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError, OptionError
from ..shapes import UInt8

# Share of the promised frames that must come; headers may count a few that are never shown.
_WHOLE = 0.9


@dataclass(frozen=True)
class FrameRange:
    """Which frames of a video to use.

    Args:
        first: index of the first one, counted from 0.
        count: how many at most; None is all.
        every: use each n-th frame only.

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
        """Does the range use this frame?"""
        return index >= self.first and (index - self.first) % self.every == 0

    def ends_before(self, index: int) -> bool:
        """Is this frame, and are all later ones, of no use?"""
        return self.count is not None and index >= self.first + self.count * self.every


@dataclass(frozen=True)
class VideoInfo:
    """What a video's header says.

    Args:
        size: width and height as shown, px.
        fps: frames per second; None where the file does not say.
        num_frames: how many; None where only decoding would tell.
    """

    size: tuple[int, int]
    fps: float | None
    num_frames: int | None


def probe_video(path: Path) -> VideoInfo:
    """Read a video's header and first frame.

    Raises:
        MediaError: no file, not a video, or a video without frames.
    """
    first = next(read_frames(path))
    with _opened(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        count = stream.frames
    return VideoInfo(
        (first.shape[1], first.shape[0]), float(rate) if rate else None, count if count else None
    )


def read_frames(
    path: Path, frames: FrameRange = FrameRange()
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Decode a video, one frame at a time.

    Args:
        path: anything that FFmpeg reads.
        frames: which ones.

    Yields:
        RGB, turned as the file says that it was filmed.

    Raises:
        MediaError: no file, not a video, a damaged one, or none of the wanted frames in it.
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
                yield _upright(frame)
                given += 1
        if 0 < seen < _WHOLE * stream.frames:
            raise MediaError(
                f"{path} must have the {stream.frames} frames that it promises; got {seen}. It is "
                "cut off: copy or convert it again."
            )
    if given == 0 and frames.first == 0:
        raise MediaError(
            f"{path} must have frames; got none. It may be cut off: copy or convert it again."
        )
    if given == 0:
        raise MediaError(
            f"{path} must have a frame {frames.first} or later; got none. Start earlier."
        )


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
        import av

        try:
            self._container = av.open(str(self._path))
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        if not self._container.streams.video:
            self._container.close()
            raise MediaError(f"{self._path} must have a video stream; got none. Use another file.")
        return self._container

    def __exit__(self, _kind: Any, error: Any, _trace: Any) -> None:
        import av

        self._container.close()
        if isinstance(error, av.FFmpegError | OSError):
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> MediaError:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return MediaError(
            f"{self._path} must be a readable video; got {text.splitlines()[0].rstrip('.')}. "
            "Check the file, or convert it to mp4."
        )
