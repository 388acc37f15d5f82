"""H.264 videos, written frame by frame, with what they were made from inside."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError
from ..shapes import Tensor, UInt8
from .files import reason
from .video import METADATA_KEY, import_av
from .writer import replacing

_CRF = 17  # visually lossless; the file stays a few MB
# x264's macroblock tree made another file of the same smooth frames of 96x64 2 times in 60, with
# any number of threads; without it 0 in 60.
_TINY_AREA = 256 * 144
_BT709 = 1  # ITU-T H.273 code of matrix, primaries and transfer
_LIMITED_RANGE = 1


def write_video(
    path: Path,
    frames: UInt8[Tensor, "frames height width 3"],
    *,
    fps: int = 16,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write all frames of a video at once; see `video_writer`."""
    with video_writer(path, fps=fps, metadata=metadata) as writer:
        writer.add(frames)


@contextmanager
def video_writer(
    path: Path, *, fps: int = 16, metadata: dict[str, Any] | None = None
) -> Iterator["VideoWriter"]:
    """Write an H.264 mp4 that plays everywhere; it gets its name only when it is complete.

    Args:
        path: ends in .mp4. An existing file is replaced when the block ends without an error.
        fps: frames per second.
        metadata: kept as JSON in the file's comment; `read_metadata` gives it back.

    Yields:
        The `VideoWriter` that encodes the frames.

    Raises:
        MediaError: another suffix, no frames, or the file cannot be written.
    """
    av = import_av()
    if path.suffix.lower() != ".mp4":
        raise MediaError(f"{path} must end in .mp4; got {path.suffix or 'no suffix'!r}. Rename it.")
    options = {"movflags": "+faststart"}
    with replacing(path) as temporary:
        try:
            with av.open(str(temporary), "w", format="mp4", options=options) as container:
                if metadata is not None:
                    container.metadata["comment"] = json.dumps({METADATA_KEY: metadata})
                writer = VideoWriter(container, path, fps)
                yield writer
                writer.end()
        except av.FFmpegError as error:
            raise MediaError(
                f"{path} must be writable; got {reason(error)}. Check folder and disk space."
            ) from error


class VideoWriter:
    """Encodes frames one by one, without keeping them. Made by `video_writer`."""

    def __init__(self, container: Any, path: Path, fps: int) -> None:
        self._container, self._path, self._fps = container, path, fps
        self._stream: Any = None

    def add(self, frames: UInt8[Tensor, "frames height width 3"]) -> None:
        """Append RGB frames.

        An odd width or height loses its last column or row: H.264 needs even sizes.

        Raises:
            MediaError: no frames, or smaller than 2x2 px.
        """
        if len(frames) == 0 or min(frames.shape[1:3]) < 2:
            raise MediaError(
                f"{self._path}: frames must be at least one of 2x2 px; got {list(frames.shape)}. "
                "Check the size."
            )
        height, width = frames.shape[1] // 2 * 2, frames.shape[2] // 2 * 2
        if self._stream is None:
            self._stream = _h264_stream(self._container, (width, height), self._fps)
        av = import_av()
        for frame in frames[:, :height, :width].numpy():
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            picture = picture.reformat(
                format="yuv420p", dst_colorspace=_BT709, dst_color_range=_LIMITED_RANGE
            )
            self._container.mux(self._stream.encode(picture))

    def end(self) -> None:
        """Encode what the encoder still holds."""
        if self._stream is None:
            raise MediaError(f"{self._path}: frames must be at least one; got none. Add some.")
        self._container.mux(self._stream.encode())


def _h264_stream(container: Any, size: tuple[int, int], fps: int) -> Any:
    options = {"crf": str(_CRF)}
    if size[0] * size[1] < _TINY_AREA:
        options["x264-params"] = "mbtree=0"
    stream = container.add_stream("libx264", rate=fps, options=options)
    (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
    stream.codec_context.color_range = _LIMITED_RANGE
    stream.codec_context.colorspace = _BT709
    stream.codec_context.color_primaries = _BT709
    stream.codec_context.color_trc = _BT709
    return stream
