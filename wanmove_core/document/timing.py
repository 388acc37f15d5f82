"""When a point of a drawing is where on its path: keys, easing, repeats.

The same mathematics as web/js/editor/drawing/sample.js.
"""

import numpy as np

from ..motion.curves import ease_cubic_bezier
from ..shapes import Float, Int
from .schema import Ease, EditorTrack, Timing, TimingKey

# The CSS curves of these names.
NAMED_EASES = {
    "linear": (0.0, 0.0, 1.0, 1.0),
    "in": (0.42, 0.0, 1.0, 1.0),
    "out": (0.0, 0.0, 0.58, 1.0),
    "in-out": (0.42, 0.0, 0.58, 1.0),
}


def all_keys(track: EditorTrack, frames: int) -> list[TimingKey]:
    """Return the keys with the implied ones at both ends of the motion."""
    timing = track.timing
    start = 0.0 if timing.start is None else timing.start
    end = frames - 1.0 if timing.end is None else timing.end
    inner = [key for key in timing.keys if start < key.frame < end]
    return [TimingKey(start, 0.0, timing.ease), *inner, TimingKey(end, len(track.knots) - 1.0)]


def played_frames(
    timing: Timing, keys: list[TimingKey], frames: int
) -> Float[np.ndarray, " frames"]:
    """Return the moment of the first pass that plays at each frame."""
    start, end, frame = keys[0].frame, keys[-1].frame, np.arange(frames, dtype=np.float64)
    if end <= start:
        return np.where(frame >= end, end, min(start, end) - 1)
    passes = 1 if timing.repeat == "once" else timing.times
    time = np.clip((frame - start) / (end - start), 0.0, 1.0) * passes
    index = np.minimum(np.floor(time), passes - 1)
    share = time - index
    if timing.repeat == "ping-pong":
        share = np.where(index % 2 == 1, 1 - share, share)
    if timing.reverse:
        share = 1 - share
    return start + share * (end - start)


def travelled(
    reached: Float[np.ndarray, " vertices"],
    chords: int,
    keys: list[TimingKey],
    frames: Float[np.ndarray, " frames"],
) -> Float[np.ndarray, " frames"]:
    """Return arc lengths from the path's start at frames of the first pass."""
    times = np.array([key.frame for key in keys])
    lengths = _lengths_at(reached, chords, np.array([key.at for key in keys]))
    index = np.clip(np.searchsorted(times, frames, side="right") - 1, 0, len(keys) - 2)
    before, after = times[index], times[index + 1]
    moving = (frames > before) & (frames < after)
    time = np.where(moving, (frames - before) / np.where(moving, after - before, 1.0), 0.0)
    start, end = lengths[index], lengths[index + 1]
    between = start + _eased(time, [key.ease for key in keys], index) * (end - start)
    return np.where(frames >= after, end, between)


def _lengths_at(
    reached: Float[np.ndarray, " vertices"], chords: int, at: Float[np.ndarray, " keys"]
) -> Float[np.ndarray, " keys"]:
    segment = np.minimum(np.floor(at).astype(int), (len(reached) - 1) // chords - 1)
    start, end = reached[segment * chords], reached[(segment + 1) * chords]
    return start + (at - segment) * (end - start)


def _eased(
    time: Float[np.ndarray, " frames"], eases: list[Ease], index: Int[np.ndarray, " frames"]
) -> Float[np.ndarray, " frames"]:
    """Progress at shares of time, each by the ease of its key."""
    if all(ease == "linear" for ease in eases):
        return time
    curves = np.array([NAMED_EASES[e] if isinstance(e, str) else e for e in eases])[index]
    bent = np.array([ease != "linear" for ease in eases])[index]
    x1, y1, x2, y2 = curves[bent].T
    progress = time.copy()
    progress[bent] = ease_cubic_bezier(time[bent], (0.0, x1, y1, x2, y2, 1.0))
    return progress
