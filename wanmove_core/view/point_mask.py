"""Points as a mask per frame."""

import torch

from ..errors import OptionError
from ..shapes import Float, Tensor
from ..tracks import Tracks


def draw_point_mask(
    tracks: Tracks, size: tuple[int, int], *, radius: float = 8.0
) -> Float[Tensor, "frames height width"]:
    """Draw a disc at every visible point of every frame.

    Args:
        tracks: in pixels of the frame.
        size: (width, height) of the frame.
        radius: of the discs in pixels.

    Returns:
        float32 on the CPU, 1 inside a disc and 0 elsewhere.

    Raises:
        OptionError: a radius that is not positive.
    """
    if radius <= 0:
        raise OptionError(f"radius must be above 0; got {radius}. Use 8.")
    width, height = size
    mask = torch.zeros(tracks.num_frames, height, width)
    positions = tracks.positions.cpu()
    for frame, point in tracks.visibility.cpu().nonzero().tolist():
        x, y = positions[frame, point].tolist()
        left, right = max(int(x - radius), 0), min(int(x + radius) + 2, width)
        top, bottom = max(int(y - radius), 0), min(int(y + radius) + 2, height)
        if left >= right or top >= bottom:
            continue
        # Pixel centres lie at .5, as the positions count from the frame's corner.
        dx = torch.arange(left, right) + 0.5 - x
        dy = torch.arange(top, bottom) + 0.5 - y
        inside = dx.square() + dy.square()[:, None] <= radius * radius
        mask[frame, top:bottom, left:right][inside] = 1.0
    return mask
