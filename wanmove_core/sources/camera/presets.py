"""Camera moves by the names that film crews use."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import OptionError
from ...motion.retime import check_num_frames
from ...shapes import Number
from ..keys import apply_ease
from .path import CameraKey

_Build = Callable[[int, Number, Number], list[CameraKey]]


def _to(*, sign: Number = 1.0, ease: str = "in-out", **amounts: Number) -> _Build:
    """From rest to some amounts over the whole clip; ways count in pivot distances."""

    def build(last: int, strength: Number, pivot: Number) -> list[CameraKey]:
        end: dict[str, Any] = {}
        for channel, amount in amounts.items():
            value = sign * amount * strength
            if channel == "zoom":
                value = amount ** (sign * strength)
            elif channel in ("truck", "pedestal", "dolly"):
                value *= pivot
            end[channel] = value
        return [CameraKey(0, ease=ease), CameraKey(max(last, 1), **end)]

    return build


def _crane(sign: Number) -> _Build:
    """Up or down while tilting so as to keep the pivot in place."""

    def build(last: int, strength: Number, pivot: Number) -> list[CameraKey]:
        keys = []
        for frame, share in _eased(last):
            rise = sign * 0.35 * strength * share
            tilt = -math.degrees(math.atan(rise))
            keys.append(CameraKey(frame, pedestal=rise * pivot, tilt=tilt, ease="linear"))
        return keys

    return build


def _dolly_zoom(sign: Number) -> _Build:
    """The vertigo effect: what is at the pivot's distance keeps its size."""

    def build(last: int, strength: Number, pivot: Number) -> list[CameraKey]:
        # Moving by w pivots and zooming by 1 - w cancel out at the pivot.
        end = 1 - 2 ** (-strength) if sign > 0 else 1 - 2**strength
        return [
            CameraKey(frame, dolly=end * share * pivot, zoom=1 - end * share, ease="linear")
            for frame, share in _eased(last)
        ]

    return build


def _burst(start: Number, end: Number, **amounts: Any) -> _Build:
    """The whole move between two shares of the clip."""

    def build(last: int, strength: Number, pivot: Number) -> list[CameraKey]:
        first, final = _to(**amounts)(last, strength, pivot)
        return [
            replace(first, frame=start * final.frame),
            replace(final, frame=end * final.frame),
        ]

    return build


def _eased(last: int) -> list[tuple[int, float]]:
    """(frame, progress) of every frame, in-out."""
    time = np.arange(last + 1) / max(last, 1)
    return list(enumerate(apply_ease(time, "in-out").tolist()))


_PRESETS: dict[str, _Build] = {
    "static": _to(),
    "pan-left": _to(pan=20, sign=-1),
    "pan-right": _to(pan=20),
    "tilt-up": _to(tilt=14),
    "tilt-down": _to(tilt=14, sign=-1),
    "roll-left": _to(roll=15, sign=-1),
    "roll-right": _to(roll=15),
    "barrel-roll": _to(roll=360),
    "truck-left": _to(truck=0.3, sign=-1),
    "truck-right": _to(truck=0.3),
    "pedestal-up": _to(pedestal=0.2),
    "pedestal-down": _to(pedestal=0.2, sign=-1),
    "crane-up": _crane(1.0),
    "crane-down": _crane(-1.0),
    "push-in": _to(dolly=0.4),
    "pull-out": _to(dolly=0.4, sign=-1),
    "zoom-in": _to(zoom=1.6),
    "zoom-out": _to(zoom=1.6, sign=-1),
    "crash-zoom": _burst(0.4, 0.55, zoom=2.5),
    "whip-pan": _burst(0.4, 0.6, pan=40),
    "dolly-zoom-in": _dolly_zoom(1.0),
    "dolly-zoom-out": _dolly_zoom(-1.0),
    "orbit-left": _to(orbit=30, sign=-1),
    "orbit-right": _to(orbit=30),
}
CAMERA_PRESETS = tuple(_PRESETS)


def preset_keys(
    name: str, num_frames: int, *, strength: Number = 1.0, pivot: Number = 1.0
) -> list[CameraKey]:
    """Make the keys of a named camera move.

    Args:
        name: one of CAMERA_PRESETS. "push-in" dollies and "zoom-in" changes the lens;
            "dolly-zoom" does both against each other (the vertigo effect); "crane" rises or
            sinks and keeps facing the pivot.
        num_frames: frames of the clip.
        strength: 1 for the usual amount, 0 for none; 2 turns twice as far.
        pivot: distance of the subject; distances of the move are shares of it. Pass the same to
            `camera_path`.

    Raises:
        OptionError: an unknown name, a strength that is negative or not finite.
    """
    check_num_frames(num_frames)
    if name not in _PRESETS:
        raise OptionError(
            f"camera move must be one of {', '.join(CAMERA_PRESETS)}; got {name!r}. Pick one."
        )
    if not 0 <= strength < math.inf:
        raise OptionError(
            f"strength must be 0 or more; got {strength}. Use the opposite move to go back."
        )
    return _PRESETS[name](num_frames - 1, strength, pivot)
