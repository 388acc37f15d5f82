"""Typed access to untrusted JSON, with the place of a fault in every message."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..errors import TrackFormatError

_MISSING = object()
# Far beyond any canvas, and far from where float32 loses whole pixels.
MAX_NUMBER = 1e6


class Place:
    """A value inside a JSON document, and the path that leads to it.

    Args:
        path: for messages, as in `tracks[2].knots[5].x`; empty for the document itself.
        value: what json.loads returned there.
    """

    def __init__(self, path: str, value: Any) -> None:
        self.path = path
        self.value = value

    def __getitem__(self, key: str) -> "Place":
        if not isinstance(self.value, dict):
            raise self.error("an object")
        return Place(f"{self.path}.{key}" if self.path else key, self.value.get(key, _MISSING))

    @property
    def absent(self) -> bool:
        """Tell whether the field is missing or null."""
        return self.value is _MISSING or self.value is None

    def error(self, expected: str, advice: str = "Undo the last edit of this text") -> Exception:
        """Make the error to raise for this place."""
        got = "nothing" if self.value is _MISSING else json.dumps(self.value, default=str)
        got = got if len(got) <= 40 else got[:37] + "..."
        return TrackFormatError(
            f"{self.path or 'The document'} must be {expected}; got {got}. {advice}."
        )

    def number(
        self,
        low: int | float = -MAX_NUMBER,
        high: int | float = MAX_NUMBER,
        default: float | None = None,
    ) -> float:
        """Return a finite number within the limits."""
        if self.absent and default is not None:
            return default
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
            raise self.error("a finite number")
        if not low <= value <= high:
            raise self.error(f"a number from {low:g} to {high:g}")
        return float(value)

    def integer(self, low: int, high: int | None) -> int:
        """Return an integer within the limits."""
        value = self.number(-1e15, 1e15)
        if value != int(value) or value < low or (high is not None and value > high):
            limit = f"from {low} to {high}" if high is not None else f"of at least {low}"
            raise self.error(f"an integer {limit}")
        return int(value)

    def text(self, default: str) -> str:
        """Return a string."""
        if self.absent:
            return default
        if not isinstance(self.value, str):
            raise self.error("a text")
        return self.value

    def flag(self, default: bool) -> bool:
        """Return a bool."""
        if self.absent:
            return default
        if not isinstance(self.value, bool):
            raise self.error("true or false")
        return self.value

    def choice(self, options: Sequence[str], default: str | None = None) -> str:
        """Return one of the allowed words."""
        if self.absent and default is not None:
            return default
        if not isinstance(self.value, str) or self.value not in options:
            raise self.error("one of " + ", ".join(options))
        return self.value

    def items(self, least: int, most: int, *, optional: bool = False) -> list["Place"]:
        """Return the entries of a list; an empty one when it is optional and absent."""
        if self.absent and optional:
            return []
        if not isinstance(self.value, list):
            raise self.error("a list")
        if not least <= len(self.value) <= most:
            limit = f"{least} to {most}" if least != most else f"{least}"
            raise self.error(f"a list of {limit} entries")
        return [Place(f"{self.path}[{index}]", item) for index, item in enumerate(self.value)]

    def keys(self, most: int) -> list["Place"]:
        """Return the entries of an optional list of objects whose `frame` ascends."""
        entries = self.items(0, most, optional=True)
        for before, after in pairwise(entries):
            if after["frame"].number() <= before["frame"].number():
                limit = f"above {before['frame'].number():g}, the entry before"
                raise after["frame"].error(limit, "Sort the entries by frame")
        return entries

    def pair(self) -> tuple[float, float]:
        """Return two numbers."""
        first, second = self.items(2, 2)
        return first.number(), second.number()


def _finite(value: int | float) -> bool:
    # An integer of thousands of digits is valid JSON and overflows a float.
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
