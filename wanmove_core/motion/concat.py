"""Join several tracks into one."""

from collections.abc import Sequence

import torch

from ..errors import ShapeError
from ..tracks import Tracks


def concat_tracks(tracks: Sequence[Tracks]) -> Tracks:
    """Put the points of several tracks into one, in the order given.

    Where guidance collides, later points lie on top.

    Args:
        tracks: one or more, all with the same number of frames.

    Returns:
        New tracks on the device of the first. Tracks without a frame are taken to be in pixels of
        the others' frame.

    Raises:
        ShapeError: none given, different numbers of frames, or pixels of different frames.
    """
    if not tracks:
        raise ShapeError("tracks must hold at least one item to join; got none. Add some tracks.")
    frames = [item.num_frames for item in tracks]
    if len(set(frames)) > 1:
        raise ShapeError(
            f"tracks must all have the same number of frames to be joined; got {frames}. "
            "Use resample_tracks on the others first."
        )
    known = {item.frame for item in tracks if item.frame is not None}
    if len(known) > 1:
        raise ShapeError(
            f"tracks must all be in pixels of one frame to be joined; got {sorted(known)}. "
            "Use fit_tracks on the others first."
        )
    device = tracks[0].positions.device
    return Tracks(
        torch.cat([item.positions.to(device) for item in tracks], dim=1),
        torch.cat([item.visibility.to(device) for item in tracks], dim=1),
        known.pop() if known else None,
    )
