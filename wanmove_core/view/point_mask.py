"""Points as a mask per frame."""

import math
from collections.abc import Callable

import torch

from ..errors import OptionError
from ..shapes import Float, Tensor
from ..tracks import Tracks

_MOST_PIXELS = 1 << 18  # that are compared at once, to bound the memory


def draw_point_mask(
    tracks: Tracks,
    size: tuple[int, int],
    *,
    radius: float = 8.0,
    on_frame: Callable[[int], None] | None = None,
) -> Float[Tensor, "frames height width"]:
    """Draw a disc at every visible point of every frame.

    Args:
        tracks: in pixels of the frame.
        size: (width, height) of the frame.
        radius: of the discs in pixels.
        on_frame: called with the number of frames that are done, after each.

    Returns:
        float32 on the CPU, 1 inside a disc and 0 elsewhere.

    Raises:
        OptionError: a radius that is not positive.
    """
    if radius <= 0:
        raise OptionError(f"radius must be above 0; got {radius}. Use 8.")
    width, height = size
    mask = torch.zeros(tracks.num_frames, height, width)
    positions, visible = tracks.positions.cpu().float(), tracks.visibility.cpu()
    for frame, points in enumerate(positions):
        _draw_discs(mask[frame], points[visible[frame]], radius)
        if on_frame is not None:
            on_frame(frame + 1)
    return mask


def _draw_discs(
    picture: Float[Tensor, "height width"], points: Float[Tensor, "points 2"], radius: float
) -> None:
    """Set the pixels of all discs to 1, in the picture itself."""
    sides = torch.tensor(picture.shape[::-1])
    reach = math.ceil(radius + 0.5)
    # One window around each point, moved into the picture where it would leave it.
    window = sides.clamp(max=2 * reach + 1)
    width, height = window.tolist()
    for some in points.split(max(1, _MOST_PIXELS // (width * height))):
        x, y = some.T[..., None]
        corners = torch.minimum((some.floor() - reach).clamp(min=0), sides - window).long()
        left, top = corners.T[..., None]
        # Pixel centres lie at .5, as the positions count from the frame's corner.
        dx = (left + torch.arange(width) + 0.5 - x).square()
        dy = (top + torch.arange(height) + 0.5 - y).square()
        inside = dx[:, None] + dy[..., None] <= radius * radius
        for (col, row), disc in zip(corners.tolist(), inside, strict=True):
            picture[row : row + height, col : col + width].masked_fill_(disc, 1.0)
