"""Clips whose frames are shown for unequal times."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

UNEVEN = [0, 33, 67, 100, 133, 167, 367, 567, 767, 967]  # ms, as of a screen recording
CODECS = {".webm": "libvpx-vp9", ".avi": "mjpeg"}


def write_uneven(path: Path, frames: Sequence[np.ndarray]) -> Path:
    """Write one frame, uint8 RGB, for each time of UNEVEN; the suffix names the container."""
    if path.suffix == ".gif":
        pictures = [Image.fromarray(frame) for frame in frames]
        # GIF counts hundredths of a second.
        shown = [round(ms, -1) for ms in np.diff([*UNEVEN, 1167]).tolist()]
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=shown, loop=0)
        return path
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS.get(path.suffix, "libx264"), rate=1000)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for frame, ms in zip(frames, UNEVEN, strict=True):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            picture.pts, picture.time_base = ms, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path
