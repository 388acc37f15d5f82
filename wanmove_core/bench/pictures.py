"""Pictures of a scored clip for the report: a strip of frames, and a video with the tracks."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ..evaluate.overlay import draw_comparison
from ..media.video_writer import write_video
from ..media.writer import replacing
from ..shapes import Tensor, UInt8
from .compare import Followed

_FRAMES = 4
_HEIGHT = 240  # the dots and gaps of the overlay are still seen
_QUALITY = 80


def write_pictures(
    folder: Path,
    name: str,
    generated: UInt8[Tensor, "frames height width 3"],
    followed: Followed | None,
) -> dict[str, str]:
    """Write a clip's pictures.

    Args:
        folder: the run's.
        name: the clip's id.
        generated: its frames.
        followed: the request and where its points went; None: no video is drawn.

    Returns:
        Paths relative to the folder: `strip`, and `overlay` where one was drawn.
    """
    made = {"strip": f"strips/{name}.jpg"}
    drawn = generated
    if followed is not None:
        drawn = draw_comparison(generated, followed.asked, followed.got, followed.error)
        made["overlay"] = f"overlays/{name}.mp4"
        write_video(folder / made["overlay"], drawn)
    with replacing(folder / made["strip"]) as temporary:
        Image.fromarray(_strip(drawn.numpy())).save(temporary, quality=_QUALITY)
    return made


def _strip(frames: np.ndarray) -> np.ndarray:
    """Frames from the first to the last side by side."""
    chosen = np.linspace(0, len(frames) - 1, min(_FRAMES, len(frames))).round().astype(int)
    height, width = frames.shape[1:3]
    size = (max(1, round(width * _HEIGHT / height)), _HEIGHT)
    small = [cv2.resize(frames[k], size, interpolation=cv2.INTER_AREA) for k in chosen]
    return np.concatenate(small, axis=1)
