"""Bring tracks from one frame size to another."""

from ..choices import FitMode
from ..errors import ShapeError
from ..grid import Fit, Size
from ..tracks import Tracks


def fit_tracks(
    tracks: Tracks, from_size: Size, to_size: Size, *, mode: FitMode = "stretch"
) -> Tracks:
    """Move tracks drawn on a picture of one size onto an output frame of another.

    Args:
        tracks: in pixels of the picture.
        from_size: (width, height) of the picture.
        to_size: (width, height) of the output frame.
        mode: how the picture itself is resized: "stretch" (the released model's own way),
            "crop" to the centre as ComfyUI does, or "pad". Use the same for `fit_image`.

    Returns:
        New tracks of the output frame. Points on a part that is cropped away lie outside of it
        and keep their visibility; `project_tracks` leaves them out.

    Raises:
        OptionError: another mode.
        GridError: a size that is not positive.
        ShapeError: `from_size` is not the frame that the tracks know.

    Source:
        "stretch": Wan-Move wan/wan_move.py:218-222 @27409be. Differs: it does not scale the
        caller's tracks in place, takes integers, and keeps points on the far edge inside.
    """
    if tracks.frame not in (None, from_size):
        raise ShapeError(
            f"from_size must be the tracks' own frame {tracks.frame}; got {from_size}. "
            "Leave the frame out of the tracks, or pass it."
        )
    fit = Fit.between(from_size, to_size, mode)
    # In float64 and multiplied before it is divided, the far edge lands on the far edge exactly.
    positions = tracks.positions.double()
    source, target = positions.new_tensor(fit.source), positions.new_tensor(fit.target)
    moved = (positions - source[:2]) * target[2:] / source[2:] + target[:2]
    return Tracks(moved.to(tracks.positions.dtype), tracks.visibility.clone(), to_size)
