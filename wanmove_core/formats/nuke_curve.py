"""Animation curves and nested lists of Nuke scripts.

Source: Foundry, NDK Developer's Guide, "Curve serialisation format"
    (https://learn.foundry.com/nuke/developers/13.1/ndkdevguide/advanced/curveformat.html).
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from .checks import refusal, shown
from .samples import parse_number

MAX_TOKENS = 1_000_000
_LARGEST = 1e9
_MAX_DEPTH = 16
# A text is bounded: the pattern needs memory for every escaped character.
_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.){0,9999}")|(?P<mark>[{}])|(?P<word>[^\s{}"]+)', re.DOTALL
)
_SPACE = re.compile(r"\s*")
_INTERPOLATION = re.compile(r"[KLSRCHkliI]")
_TANGENT = re.compile(r"[stuv][-+.\d]")


@dataclass(frozen=True)
class Curve:
    """Keys of one value: float64 [keys] times and values, bool [keys] held until the next key."""

    times: np.ndarray
    values: np.ndarray
    holds: np.ndarray

    def at(self, frames: np.ndarray) -> np.ndarray:
        """Interpolate linearly at each frame; constant before the first and after the last key."""
        values = np.interp(frames, self.times, self.values)
        before = np.clip(np.searchsorted(self.times, frames, side="right") - 1, 0, None)
        stays = self.holds[before] & (frames >= self.times[0])
        return np.where(stays, self.values[before], values)


def parse_braces(text: str, start: int, name: str, limit: int) -> tuple[list[Any], int]:
    """Parse the braces that open at `start`: words, texts and nested lists.

    Args:
        text: a script.
        start: where the brace opens.
        name: of the file, for messages.
        limit: words to read at most.

    Returns:
        The list, and how many words were read.

    Raises:
        TrackFormatError: the braces are not closed, nested too deep, or too long.
    """
    open_lists: list[list[Any]] = []
    count, place = 0, start
    while (found := _TOKEN.match(text, place)) is not None:
        # Spaces apart from the token: together, many of them are tried in every length.
        space = _SPACE.match(text, found.end())
        place, count = found.end() if space is None else space.end(), count + 1
        if count > limit or len(open_lists) > _MAX_DEPTH:
            raise refusal(
                name,
                f"have nodes of at most {MAX_TOKENS} words, {_MAX_DEPTH} levels deep",
                "more",
                "Bake fewer tracks, or use .npy",
            )
        if found["mark"] == "{":
            open_lists.append([])
        elif found["mark"] == "}":
            done = open_lists.pop()
            if not open_lists:
                return done, count
            open_lists[-1].append(done)
        else:
            word = found["word"]
            open_lists[-1].append(found["text"][1:-1] if word is None else word)
    line = text.count("\n", 0, start) + 1
    raise refusal(
        name, "close every brace", f"a node at line {line} that is cut", "Export it again"
    )


def parse_curve(value: Any, subject: str) -> Curve | None:
    """Parse a knob's value: a number, or ["curve", keys]; None where it has no keys.

    Raises:
        TrackFormatError: an expression, or a key that is not a number.
    """
    if isinstance(value, str):
        return _constant(parse_number(value, subject))
    if not value:
        return None
    if value[0] != "curve":
        if len(value) == 1 and isinstance(value[0], str):
            return _constant(parse_number(value[0], subject))
        raise refusal(
            subject, "be a number or a curve with keys", shown(value[0]), "Bake the animation"
        )
    plain = _plain_curve(value)
    if plain is not None:
        return plain
    times: list[float] = []
    values: list[float] = []
    holds: list[bool] = []
    stated, hold = None, False
    for token in value[1:]:
        if not isinstance(token, str):
            raise refusal(subject, "hold keys only", shown(token), "Bake the animation")
        if _INTERPOLATION.fullmatch(token):
            hold = token == "K" if token in "KLSRCH" else hold
        elif token[:1] == "x":
            stated = parse_number(token[1:], f"{subject}: frame")
        elif not _TANGENT.match(token):
            times.append(_time(times) if stated is None else stated)
            values.append(parse_number(token, f"{subject}, frame {times[-1]:g}"))
            holds.append(hold)
            stated = None
    if not times:
        return None
    curve = Curve(np.array(times), np.array(values), np.array(holds))
    later = np.diff(curve.times) > 0
    if not later.all():
        frame = curve.times[int((~later).argmax()) + 1]
        raise refusal(
            f"{subject}, frame {frame:g}", "come after the key before it",
            "an earlier or equal one", "Export it again",
        )  # fmt: skip
    return curve


def _plain_curve(value: list[Any]) -> Curve | None:
    """The common curve, a start and a value for each frame, fast; None for any other."""
    try:
        start, numbers = float(value[1][1:]), [float(token) for token in value[2:]]
    except (ValueError, TypeError, IndexError):
        return None
    tokens = " ".join(value)
    if value[1][0] != "x" or "_" in tokens or not tokens.isascii() or not numbers:
        return None
    if not all(abs(number) <= _LARGEST for number in (start, *numbers)):
        return None
    times = np.arange(len(numbers)) + start
    return Curve(times, np.array(numbers), np.zeros(len(numbers), dtype=bool))


def _constant(value: float) -> Curve:
    return Curve(np.array([-np.inf]), np.array([value]), np.array([True]))


def _time(times: list[float]) -> float:
    """Where a key lies that does not say: as far on as the last two are apart."""
    if len(times) > 1:
        return 2 * times[-1] - times[-2]
    return times[-1] + 1 if times else 0.0
