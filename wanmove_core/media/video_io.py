"""Read start images; write and read H.264 videos with the job's settings inside."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import MediaError
from ..shapes import Shaped, Tensor, UInt8

_CRF = 17  # visually lossless; the file stays a few MB
_KEY = "wanmove"
_BT709 = 1  # ITU-T H.273 code of matrix, primaries and transfer
_LIMITED_RANGE = 1


def read_image(path: Path) -> UInt8[Tensor, "height width 3"]:
    """Read a start image as RGB, turned as its EXIF orientation says.

    Raises:
        MediaError: no file, or not a picture.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I;16"):  # which Pillow would cut off at 255
                return _grey_as_rgb(np.asarray(upright, dtype=np.uint16))
            # Transparency shows the black or white that editors leave below it; white is paper.
            if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
                upright = upright.convert("RGBA")
                paper = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(paper, upright)
            return torch.from_numpy(np.array(upright.convert("RGB")))
    except UnidentifiedImageError as error:
        raise MediaError(
            f"{path} must be a picture (PNG, JPEG, WebP); got another kind of file. Convert it."
        ) from error
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise MediaError(
            f"{path} must be a readable picture; got {_reason(error)}. Check the path."
        ) from error


def _grey_as_rgb(grey: Shaped[np.ndarray, "height width"]) -> UInt8[Tensor, "height width 3"]:
    """The high bytes of 16-bit grey values, as RGB."""
    return torch.from_numpy((grey >> 8).astype(np.uint8)[..., None].repeat(3, axis=-1))


def write_image(path: Path, image: UInt8[Tensor, "height width 3"]) -> None:
    """Write a picture; the suffix names the format."""
    with replacing(path) as temporary:
        Image.fromarray(image.numpy()).save(temporary)


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
    """Write an H.264 mp4 that plays everywhere; it appears under its name only when it is whole.

    Args:
        path: ends in .mp4. An existing file is replaced when the block ends well.
        fps: frames per second.
        metadata: kept as JSON in the file's comment; `read_metadata` gives it back.

    Yields:
        What takes the frames, each encoded as it comes.

    Raises:
        MediaError: another suffix, no frames, or the file cannot be written.
    """
    if path.suffix.lower() != ".mp4":
        raise MediaError(f"{path} must end in .mp4; got {path.suffix or 'no suffix'!r}. Rename it.")
    with replacing(path) as temporary:
        try:
            with av.open(
                str(temporary), "w", format="mp4", options={"movflags": "+faststart"}
            ) as container:
                if metadata is not None:
                    container.metadata["comment"] = json.dumps({_KEY: metadata})
                writer = VideoWriter(container, path, fps)
                yield writer
                writer.end()
        except av.FFmpegError as error:
            raise MediaError(
                f"{path} must be writable; got {_reason(error)}. Check folder and disk space."
            ) from error


class VideoWriter:
    """Encodes frames as they come, and keeps none; from `video_writer`."""

    def __init__(self, container: Any, path: Path, fps: int) -> None:
        self._container, self._path, self._fps = container, path, fps
        self._stream: Any = None

    def add(self, frames: UInt8[Tensor, "frames height width 3"]) -> None:
        """Append RGB frames.

        An odd width or height loses its last column or row, for H.264 has no such.

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
    stream = container.add_stream("libx264", rate=fps, options={"crf": str(_CRF)})
    (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
    stream.codec_context.color_range = _LIMITED_RANGE
    stream.codec_context.colorspace = _BT709
    stream.codec_context.color_primaries = _BT709
    stream.codec_context.color_trc = _BT709
    return stream


def read_video(path: Path) -> UInt8[Tensor, "frames height width 3"]:
    """Read all frames of a video as RGB.

    Raises:
        MediaError: no file, or not a video.
    """
    with _opened(path) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    if not frames:
        raise MediaError(f"{path} must hold at least one frame; got none. Use another file.")
    return torch.from_numpy(np.stack(frames))


def read_metadata(path: Path) -> dict[str, Any] | None:
    """Read what `write_video` was given as metadata; None for a video of other origin.

    Raises:
        MediaError: no file, or not a video.
    """
    with _opened(path) as container:
        comment = container.metadata.get("comment", "")
    try:
        document = json.loads(comment)
    except ValueError:
        return None
    found = document.get(_KEY) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else None


def check_writable(path: Path) -> None:
    """Refuse a place where no file can be written, before work goes into what belongs there.

    Raises:
        MediaError: `path` is a folder, or its folder is not writable.
    """
    if path.is_dir():
        raise MediaError(f"{path} must be a file; got a folder. Add a file name.")
    nearest = next(parent for parent in path.absolute().parents if parent.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        kind = "a folder without permission to write" if nearest.is_dir() else "a file there"
        raise MediaError(f"{path} must be in a folder; got {kind}: {nearest}. Choose another.")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name next to `path`; rename it to `path` when the block ends well.

    Whatever interrupts the block, Ctrl+C included, leaves neither a half-written file nor a
    changed `path`.

    Raises:
        MediaError: the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise MediaError(
            f"{path} must be writable; got {_reason(error)}. Check folder and disk space."
        ) from error
    finally:
        # Where the folder is none, there is nothing to remove either.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise MediaError(f"{path} must have a video stream; got none. Use another file.")
            yield container
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            f"{path} must be a readable video; got {_reason(error)}. Check the path."
        ) from error


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0].rstrip(".")
