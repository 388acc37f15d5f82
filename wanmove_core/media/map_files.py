"""Trajectory maps as files: folders of numbered pictures, as in MagicData, and videos."""

import re
from pathlib import Path

import numpy as np

from ..errors import MediaError
from ..shapes import Tensor, UInt8
from .image import read_image
from .video import import_av, probe_video, read_frames
from .writer import replacing, write_image

# Source: MagicData's card; the numbers start at 0.
_NAME = "annotated_frame_{:05d}.png"
_PICTURES = (".png", ".bmp", ".webp", ".jpg", ".jpeg")
_LOSSLESS = (".png", ".bmp")
_NUMBER = re.compile(r"\d+")
_MOST_FRAMES = 4093  # the longest clip that the models tell apart
_MOST_BYTES = 8 << 30


def read_maps(path: Path) -> tuple[UInt8[np.ndarray, "frames height width 3"], bool]:
    """Read a folder of pictures, in the order of their numbers, or a video.

    Returns:
        RGB frames, and whether their colours are exact (pictures, not compressed video).

    Raises:
        MediaError: no pictures, more than a clip can have, or of different sizes.
    """
    if not path.is_dir():
        frames, lossless = list(read_frames(path)), _is_lossless(path)
    else:
        files = sorted(
            (file for file in path.iterdir() if file.suffix.lower() in _PICTURES), key=_number
        )
        lossless = all(file.suffix.lower() in _LOSSLESS for file in files)
        frames = []
        for file in files[: _MOST_FRAMES + 1]:
            frames.append(read_image(file).numpy())
            if frames[-1].shape != frames[0].shape:
                raise MediaError(
                    f"{path} must hold pictures of one size; got {_size(frames[0])} and "
                    f"{_size(frames[-1])} ({file.name}). Resize them."
                )
            _check_amount(path, len(frames), frames[0].nbytes)
    if not frames:
        raise MediaError(f"{path} must hold pictures; got none. Give a folder of PNG files.")
    _check_amount(path, len(frames), frames[0].nbytes)
    return np.stack(frames), lossless


def write_maps(
    path: Path, frames: UInt8[Tensor, "frames height width 3"], *, fps: int = 24
) -> None:
    """Write maps without loss: to a folder of PNG files, or to one FFV1 video.

    Args:
        path: ends in .mkv for a video; a path without a suffix is a folder.
        frames: RGB.
        fps: of a video.

    Raises:
        MediaError: another suffix, or a place that cannot be written.
    """
    if path.suffix.lower() == ".mkv":
        _write_video(path, frames, fps)
    elif path.suffix:
        raise MediaError(
            f"{path} must be a folder or end in .mkv, which keeps colours exact; got "
            f"{path.suffix!r}. Leave the suffix out."
        )
    else:
        for index, frame in enumerate(frames):
            write_image(path / _NAME.format(index), frame)


def _write_video(path: Path, frames: Tensor, fps: int) -> None:
    av = import_av()
    with replacing(path) as temporary:
        try:
            with av.open(str(temporary), "w", format="matroska") as container:
                stream = container.add_stream("ffv1", rate=fps)
                stream.height, stream.width = frames.shape[1:3]
                stream.pix_fmt = "bgr0"  # FFV1's name of 8-bit RGB
                for frame in frames.numpy():
                    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
                    container.mux(stream.encode(picture.reformat(format="bgr0")))
                container.mux(stream.encode())
        except av.FFmpegError as error:
            raise MediaError(
                f"{path} must be writable; got {error.strerror}. Check folder and disk space."
            ) from error


def _is_lossless(path: Path) -> bool:
    return probe_video(path).codec in ("ffv1", "png", "rawvideo")


def _check_amount(path: Path, count: int, size: int) -> None:
    if count > _MOST_FRAMES or count * size > _MOST_BYTES:
        raise MediaError(
            f"{path} must hold at most {_MOST_FRAMES} frames and 8 GiB; got more. Cut it."
        )


def _number(path: Path) -> tuple[int, str]:
    numbers = _NUMBER.findall(path.stem)
    return (int(numbers[-1]) if numbers else -1), path.name


def _size(frame: np.ndarray) -> str:
    return f"{frame.shape[1]}x{frame.shape[0]}"
