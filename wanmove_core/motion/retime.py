"""Give tracks another length: by time, cut or held."""

from collections.abc import Sequence
from typing import get_args

import torch

from ..choices import Retime
from ..errors import OptionError
from ..shapes import Float, Tensor
from ..tracks import Tracks

# Share of a frame by which time stamps may be off; containers round them to milliseconds.
_UNEVEN = 0.25
MAX_FRAMES = 100_000  # over an hour and a half; more is a slip of the keys


def resample_tracks(tracks: Tracks, num_frames: int) -> Tracks:
    """Stretch or shrink tracks in time to another number of frames.

    The first frame stays first and the last stays last; positions between two frames are
    interpolated linearly.

    Args:
        tracks: of any length. A single frame is held.
        num_frames: frames of the result, at least 1.

    Returns:
        New tracks, or the same object when the length does not change. A point is visible where
        its nearest frame is (the earlier one at a tie). Positions are interpolated only between
        two frames in which the point is visible, never through a hidden gap: beside one, the
        nearest frame's position is taken.

    Raises:
        OptionError: `num_frames` is below 1.
    """
    check_num_frames(num_frames)
    frames = tracks.num_frames
    if num_frames == frames:
        return tracks
    # Time j * (frames-1) / (num_frames-1) in integers, so that whole frames are hit exactly.
    steps = max(num_frames - 1, 1)
    time = torch.arange(num_frames, device=tracks.positions.device) * (frames - 1)
    before = time.div(steps, rounding_mode="floor")
    after = (before + 1).clamp(max=frames - 1)
    weight = (time - before * steps).to(tracks.positions.dtype) / steps
    nearest = torch.where(2 * (time - before * steps) > steps, after, before)

    both = (tracks.visibility[before] & tracks.visibility[after])[..., None]
    between = torch.lerp(tracks.positions[before], tracks.positions[after], weight[:, None, None])
    positions = torch.where(both, between, tracks.positions[nearest])
    return Tracks(positions, tracks.visibility[nearest], tracks.frame)


def even_in_time(tracks: Tracks, times: Sequence[float]) -> Tracks:
    """Resample tracks of frames with uneven time stamps to the same number of evenly spaced frames.

    Args:
        tracks: with one frame per time stamp.
        times: time stamp of each frame, seconds.

    Returns:
        New tracks from the first time to the last. The same object where every frame is within a
        quarter of a frame of its even time, or where the times do not ascend.
    """
    found = _uneven(tracks, times)
    return tracks if found is None else _between(tracks, found[0], found[1])


def uneven_in_time(tracks: Tracks, times: Sequence[float]) -> Tracks:
    """Resample tracks of evenly spaced frames to frames with these time stamps.

    The inverse of `even_in_time`, for tracks that are compared with such a video.
    """
    found = _uneven(tracks, times)
    return tracks if found is None else _between(tracks, found[1], found[0])


def _uneven(
    tracks: Tracks, times: Sequence[float]
) -> tuple[Float[Tensor, " frames"], Float[Tensor, " frames"]] | None:
    """The time stamps and even ones from first to last; None where they agree or mean nothing."""
    shown = torch.tensor(list(times), dtype=torch.float64)
    count = tracks.num_frames
    if count < 3 or len(shown) != count or not bool((shown.diff() > 0).all()):
        return None
    even = torch.linspace(float(shown[0]), float(shown[-1]), count, dtype=torch.float64)
    step = float(shown[-1] - shown[0]) / (count - 1)
    return None if float((shown - even).abs().max()) <= _UNEVEN * step else (shown, even)


def _between(
    tracks: Tracks, shown: Float[Tensor, " frames"], wanted: Float[Tensor, " frames"]
) -> Tracks:
    """Tracks of frames shown at some times, at the wanted ones."""
    after = torch.searchsorted(shown, wanted).clamp(1, len(shown) - 1)
    before = after - 1
    weight = ((wanted - shown[before]) / (shown[after] - shown[before])).clamp(0, 1)
    nearest = torch.where(weight > 0.5, after, before)
    both = (tracks.visibility[before] & tracks.visibility[after])[..., None]
    share = weight.to(tracks.positions.dtype)[:, None, None]
    between = torch.lerp(tracks.positions[before], tracks.positions[after], share)
    positions = torch.where(both, between, tracks.positions[nearest])
    return Tracks(positions, tracks.visibility[nearest], tracks.frame)


def retime_tracks(tracks: Tracks, num_frames: int, mode: Retime = "time") -> Tracks:
    """Give tracks another number of frames.

    Args:
        tracks: of any length.
        num_frames: frames of the result, at least 1.
        mode: "time" plays the whole motion in the new length (`resample_tracks`). "cut" and
            "hold" keep the speed and drop frames beyond the new length; where tracks are too
            short, "cut" hides the points and "hold" leaves them as they were in the last frame.

    Returns:
        New tracks, or the same object when the length does not change.

    Raises:
        OptionError: another mode, or `num_frames` is below 1.
    """
    if mode not in get_args(Retime):
        raise OptionError(
            f"mode must be one of {', '.join(get_args(Retime))}; got {mode!r}. "
            'Use "time" to keep the whole motion.'
        )
    if mode == "time" or num_frames == tracks.num_frames:
        return resample_tracks(tracks, num_frames)
    check_num_frames(num_frames)
    frame = torch.arange(num_frames, device=tracks.positions.device)
    held = frame.clamp(max=tracks.num_frames - 1)
    visibility = tracks.visibility[held]
    if mode == "cut":
        visibility = visibility & (frame == held)[:, None]
    return Tracks(tracks.positions[held], visibility, tracks.frame)


def check_num_frames(num_frames: int) -> None:
    """Check the number of frames of a clip.

    Raises:
        OptionError: `num_frames` is not 1 to 100000.
    """
    if not 1 <= num_frames <= MAX_FRAMES:
        asked = "1 or more" if num_frames < 1 else f"at most {MAX_FRAMES}"
        raise OptionError(
            f"num_frames must be {asked}; got {num_frames}. Use the length of the video."
        )
