"""Draw requested and found tracks over a video."""

import numpy as np
import torch

from ..opencv import require_opencv
from ..shapes import Tensor, UInt8
from ..tracks import Tracks
from .metrics import EndPointError

cv2 = require_opencv("Drawing the comparison")

ASKED = (80, 230, 120)
GOT = (255, 70, 200)
GAP = (255, 255, 255)
# Small videos are enlarged to about this many pixels on the shorter side, to see sub-pixel gaps.
_VIEWING_SIDE = 480
# cv2 draws at 1/16 px when coordinates carry 4 fractional bits.
_FRACTION_BITS = 4


def draw_comparison(
    frames: UInt8[Tensor, "frames height width 3"],
    asked: Tracks,
    got: Tracks,
    error: EndPointError,
    *,
    trail: int = 8,
) -> UInt8[Tensor, "frames big_height big_width 3"]:
    """Draw where points were asked to be (green), where they are (pink), and the gap (white).

    Args:
        frames: RGB video.
        asked, got: of the video's frames and size, pixels.
        error: of `end_point_error`; points that do not count in a frame are not drawn in it.
        trail: earlier frames whose positions stay visible as a line.

    Returns:
        New RGB video, enlarged by a whole factor if it is small.
    """
    height, width = frames.shape[1:3]
    scale = max(1, round(_VIEWING_SIDE / min(height, width)))
    counted = error.counted.cpu().numpy().copy()
    counted[0] = asked.visibility[0].cpu().numpy()
    paths = {
        ASKED: _fixed_point(asked, scale),
        GOT: _fixed_point(got, scale),
    }
    drawn = []
    for frame, picture in enumerate(frames.cpu().numpy()):
        canvas = cv2.resize(picture, (width * scale, height * scale), interpolation=cv2.INTER_CUBIC)
        for point in counted[frame].nonzero()[0].tolist():
            first = max(0, frame - trail)
            for colour, path in paths.items():
                line = path[first : frame + 1, point][:, None]
                cv2.polylines(canvas, [line], False, colour, 1, cv2.LINE_AA, _FRACTION_BITS)
            ends = [path[frame, point].tolist() for path in paths.values()]
            cv2.line(canvas, ends[0], ends[1], GAP, 1, cv2.LINE_AA, _FRACTION_BITS)
            for end, colour in zip(ends, paths, strict=True):
                radius = 3 << _FRACTION_BITS
                cv2.circle(canvas, end, radius, colour, -1, cv2.LINE_AA, _FRACTION_BITS)
        drawn.append(canvas)
    return torch.from_numpy(np.stack(drawn))


def _fixed_point(tracks: Tracks, scale: int) -> np.ndarray:
    """Positions [frames, points, 2] on the enlarged picture as cv2's fixed-point integers."""
    # OpenCV's integers are pixel centres, ours are corners.
    pixels = tracks.positions.cpu().double().numpy() * scale - 0.5
    # Far-out points would overflow; lines to them are clipped anyway.
    return np.clip(pixels * 2**_FRACTION_BITS, -(2**28), 2**28).round().astype(np.int32)
