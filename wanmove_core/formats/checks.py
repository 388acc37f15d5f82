"""Limits for untrusted input, and the one form of the readers' errors."""

import math
from collections.abc import Sequence
from typing import Any

from ..errors import TrackFormatError
from ..motion.retime import MAX_FRAMES

MAX_FILE_BYTES = 256 * 2**20
MAX_TEXT_BYTES = 64 * 2**20
# Points are track-frames. 20 million are 81 frames of 247,000 tracks.
MAX_POINTS = 20_000_000
# Text is parsed to far larger objects; what states more points than this is .npy or a mistake.
MAX_TEXT_POINTS = 4_000_000
# Further out than any frame is wide; float32 still resolves 1/16 px there.
MAX_COORDINATE = 1e6
_SHOWN_CHARACTERS = 48


def shown(value: Any) -> str:
    """`value` for an error message: its repr on one line, cut short however large it is."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        keys = ", ".join(shown(key) for key in list(value)[:6])
        return f"an object with {keys}{', ...' if len(value) > 6 else ''}" if value else "{}"
    if isinstance(value, str):
        cut = value[:_SHOWN_CHARACTERS]
        return repr(cut) + ("..." if len(value) > len(cut) else "")
    if isinstance(value, int) and abs(value) >= 10**18:
        return f"an integer of {value.bit_length()} bits"
    return repr(value)


def refusal(subject: str, expected: str, got: str, step: str) -> TrackFormatError:
    """Make the error for input that is not tracks.

    Args:
        subject: file, track and frame, as "walk.json: track 2, frame 17: x".
        expected: what the subject must be or have, as "be a number".
        got: what it is instead, a short text.
        step: what to do about it, a sentence without the full stop.

    Returns:
        An error with a message of one line; the caller raises it.
    """
    return TrackFormatError(f"{subject} must {expected}; got {got}. {step}.")


def check_number(value: Any, subject: str, low: float | int, high: float | int) -> float:
    """Return `value` as a float, or raise when it is not a number in low..high."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
        return float(value)
    raise refusal(subject, f"be a number from {low:g} to {high:g}", shown(value), "Correct it")


def check_count(value: Any, subject: str, low: int, high: int) -> int:
    """Return `value` as an int, or raise when it is not an integer in low..high."""
    number = check_number(value, subject, low, high)
    if number != math.floor(number):
        raise refusal(subject, "be an integer", shown(value), "Correct it")
    return int(number)


def check_size(width: Any, height: Any, subject: str) -> tuple[int, int]:
    """Return (width, height) in pixels, or raise when they cannot be a picture's."""
    return (
        check_count(width, f"{subject} width", 1, 65536),
        check_count(height, f"{subject} height", 1, 65536),
    )


def check_points(subject: str, frames: int, tracks: int, limit: int = MAX_POINTS) -> None:
    """Raise if there are no tracks of this shape, or more than will be allocated."""
    if tracks < 1:
        raise refusal(subject, "hold at least one track", "none", "Draw or add a track first")
    if frames < 1:
        raise refusal(subject, "have at least one frame", "none", "Give every track a point")
    if frames > MAX_FRAMES or frames * tracks > limit:
        raise refusal(
            subject,
            f"have at most {MAX_FRAMES} frames and {limit} points in all",
            f"{_brief(frames)} frames x {_brief(tracks)} tracks",
            "Split it or use fewer tracks",
        )


def check_list(value: Any, subject: str) -> Sequence[Any]:
    """Return `value`, or raise when it is not a list with something in it."""
    if isinstance(value, list) and value:
        return value
    got = "an empty list" if isinstance(value, list) else shown(value)
    raise refusal(subject, "be a list with at least one item", got, "Draw or add something first")


def _brief(count: int) -> str:
    return str(count) if count < 10**18 else f"2**{count.bit_length() - 1}"
