"""Positions of hidden points, estimated: motion is computed from neighbouring frames."""

import torch

from ..shapes import Float, Tensor
from ..tracks import Tracks


def bridge_gaps(tracks: Tracks) -> Float[Tensor, "frames points 2"]:
    """Interpolate hidden positions linearly between the last visible frame and the next.

    Before its first and after its last visible frame a point keeps the position of that frame. A
    point that is never visible keeps its positions. Files often hold (0, 0) where a point is
    hidden, which must not enter a motion that is computed from neighbouring frames.

    Returns:
        New positions in float64.
    """
    positions, seen = tracks.positions.double(), tracks.visibility
    last = tracks.num_frames - 1
    frame = torch.arange(last + 1, device=positions.device)[:, None].expand_as(seen)
    before = torch.where(seen, frame, -1).cummax(0).values
    after = torch.where(seen, frame, last + 1).flip(0).cummin(0).values.flip(0)
    # At the ends the only neighbour counts as both; without any, the frame itself does.
    before, after = (
        torch.where(before < 0, after, before),
        torch.where(after > last, before, after),
    )
    never = before > last
    before, after = (
        torch.where(never, frame, before),
        torch.where(never | (after < 0), frame, after),
    )
    # In float64: integers divide into float32.
    share = (frame - before).double() / (after - before).clamp(min=1)
    start, end = (positions.gather(0, at[..., None].expand_as(positions)) for at in (before, after))
    return torch.lerp(start, end, share[..., None])
