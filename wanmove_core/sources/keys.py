"""Values at key frames, eased between them."""

import math
from collections.abc import Sequence

import numpy as np

from ..curves import ease_cubic_bezier
from ..document import EASES, Ease
from ..document_sampling import NAMED_EASES
from ..errors import OptionError
from ..motion import check_num_frames
from ..shapes import Float

# The type checker of the tests takes no whole number for a float.
Number = float | int
LARGEST = 1e9  # of a key; beyond it places lose their pixels


def interpolate_keys(
    when: Sequence[Number],
    values: Float[np.ndarray, "keys channels"],
    eases: Sequence[Ease],
    num_frames: int,
) -> Float[np.ndarray, "frames channels"]:
    """Place every channel in every frame.

    Args:
        when: frame of each key, ascending; fractions are allowed.
        values: of each key.
        eases: how each key moves on to the next: linear, in, out, in-out, or the four numbers
            of a CSS cubic-bezier. The last one's counts for nothing.
        num_frames: frames of the clip. The first and last keys hold to its ends.

    Raises:
        OptionError: no keys, keys out of order, a value that is not finite, an unknown ease.
    """
    check_num_frames(num_frames)
    if not len(when) == len(values) == len(eases) or len(when) == 0:
        raise OptionError("keys must number at least 1; got none. Add a key at frame 0.")
    largest = max(abs(number) for number in (*when, np.abs(values).max(initial=0.0)))
    if not largest <= LARGEST:
        raise OptionError(
            f"keys must hold finite numbers of at most {LARGEST:.0f}; got {largest:g}. "
            "Correct or leave out that key."
        )
    if (np.diff(when) <= 0).any():
        raise OptionError(
            f"keys must be in ascending order of frames; got frames {list(when)}. Sort them, "
            "and keep one for each frame."
        )
    frame = np.arange(num_frames, dtype=np.float64)
    out = np.repeat(values[:1].astype(np.float64), num_frames, axis=0)
    for index, ease in enumerate(eases[:-1]):
        start, end = when[index], when[index + 1]
        time = np.clip((frame - start) / (end - start), 0.0, 1.0)
        here = frame >= start
        share = apply_ease(time[here], ease)[:, None]
        out[here] = values[index] + share * (values[index + 1] - values[index])
        # Beyond this segment the key itself counts, whatever rounding the ease left.
        out[frame >= end] = values[index + 1]
    return out


def apply_ease(time: Float[np.ndarray, " samples"], ease: Ease) -> Float[np.ndarray, " samples"]:
    """Map time 0..1 to progress.

    Raises:
        OptionError: an unknown ease.
    """
    if isinstance(ease, str):
        if ease not in NAMED_EASES:
            raise OptionError(f"ease must be one of {', '.join(EASES)}; got {ease!r}. Pick one.")
        ease = NAMED_EASES[ease]
    x1, y1, x2, y2 = ease
    if not all(map(math.isfinite, ease)):
        raise OptionError(f"ease must hold finite numbers; got {list(ease)}. Use in-out.")
    if (x1, x2) == (y1, y2):
        return time
    return ease_cubic_bezier(time, (0.0, x1, y1, x2, y2, 1.0))
