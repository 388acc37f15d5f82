"""Values at key frames, eased between them."""

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from ..document.schema import EASES, Ease
from ..document.timing import NAMED_EASES
from ..errors import OptionError, TrackFormatError
from ..formats.checks import shown
from ..motion.curves import ease_cubic_bezier
from ..motion.retime import check_num_frames
from ..shapes import Float, Number

Key = TypeVar("Key")
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
            of a CSS cubic-bezier. The last key's ease is ignored.
        num_frames: frames of the clip. The first and last keys hold to its ends.

    Raises:
        OptionError: no keys, keys out of order, a value that is not finite, an unknown ease.
    """
    check_num_frames(num_frames)
    if not len(when) == len(values) == len(eases) or len(when) == 0:
        raise OptionError("keys must number at least 1; got none. Add a key at frame 0.")
    # Not Python's max, which may pass over a NaN.
    largest = np.abs([*when, np.abs(values).max(initial=0.0)]).max()
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


def parse_keys(text: str, kind: type[Key], name: str) -> list[Key]:
    """Parse a JSON list of keys, each an object of the fields of `kind`.

    Args:
        text: as in `[{"frame": 0}, {"frame": 80, "rotate": 30, "ease": "out"}]`.
        kind: a dataclass of numbers and an ease.
        name: of the file or input, for messages.

    Raises:
        TrackFormatError: not such a list.
    """
    fields = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    got: str | None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        got, entries = f"no JSON: {str(error)[:80]}", []
    else:
        entries = document if isinstance(document, list) else []
        got = next(_wrong(entries, fields), None) if isinstance(document, list) else shown(document)
    if got is not None:
        raise TrackFormatError(
            f"{name} must be a JSON list of keys with {', '.join(fields)}; got {got}. "
            f'Write [{{"frame": 0}}, {{"frame": 80, "{fields[1]}": 20}}].'
        )
    return [kind(**entry) for entry in entries]


def _wrong(entries: list[Any], fields: list[str]) -> Iterator[str]:
    """What keeps the entries from being keys."""
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            yield f"{shown(entry)} as key {index}"
        elif "frame" not in entry:
            yield f"no frame in key {index}"
        else:
            for field, value in entry.items():
                if field not in fields:
                    yield f"{shown(field)} in key {index}"
                elif not (_is_ease(value) if field == "ease" else _is_number(value)):
                    yield f"{field} {shown(value)} in key {index}"


def _is_ease(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 4 and all(map(_is_number, value))
    return value in EASES


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
