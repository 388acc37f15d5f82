"""The options of guidance with their defaults, checked once. Imports nothing heavy."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from ..choices import MAX_STRENGTH, Branch, Collision, Retime, Temporal, TrackSpace
from ..errors import OptionError


@dataclass(frozen=True)
class GuidanceOptions:
    """Options of guidance. The defaults are those of the released model, except for `collision`.

    Args:
        strength: 0 leaves the latent as it is, 1 copies features whole, above 1 extrapolates.
        collision: which track wins a cell that several visit.
        temporal: how video frames map to latent frames.
        branch: which branches of classifier-free guidance see the tracks.
        retime: how tracks of another length are brought to the video's length.
        track_space: the frame of tracks that do not state one: the video, or the start image before
            its fit.
        seed: of the random order of tracks if `collision` is "random".

    Raises:
        OptionError: a value outside of its range.
    """

    strength: float = 1.0
    collision: Collision = "last"
    temporal: Temporal = "sample"
    branch: Branch = "both"
    retime: Retime = "time"
    track_space: TrackSpace = "video"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            check_choice(name, getattr(self, name), kind)
        if not 0.0 <= self.strength <= MAX_STRENGTH:
            raise OptionError(
                f"strength must be 0 to {MAX_STRENGTH:g}; got {self.strength}. "
                "1 copies the feature."
            )


_CHOICES = {
    "collision": Collision,
    "temporal": Temporal,
    "branch": Branch,
    "retime": Retime,
    "track_space": TrackSpace,
}


def check_choice(name: str, value: str, kind: Any) -> None:
    """Check that a value is one of a Literal's.

    Raises:
        OptionError: it is another value.
    """
    if value not in get_args(kind):
        raise OptionError(
            f"{name} must be one of {', '.join(get_args(kind))}; got {value!r}. Choose one of them."
        )


def check_ranges(owner: Any, ranges: Iterable[tuple[str, float | int, float | int]]) -> None:
    """Check that attributes lie within (name, lowest, highest); None is not checked.

    Raises:
        OptionError: one does not, or is not a finite number.
    """
    for name, low, high in ranges:
        value = getattr(owner, name)
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            raise OptionError(f"{name} must be {low} to {high}; got {value}. Change it.")
