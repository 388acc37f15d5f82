"""The form of our own JSON files: what is of another one is damaged, or another program's."""

import re
from pathlib import PurePath
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")  # of a character: no file could hold it
_LARGEST = 2**64  # seeds have 64 bits


class Name(str):
    """Of a form: the name of a file below the folder, without a way out of it."""

    __slots__ = ()


# A form is a type, a list of a form, alternatives in a tuple (... is null or nothing), or a
# mapping: of any text to one form ({str: form}), or of names to theirs.
_PROTOCOL = {"name": str, "version": int, "frames": (int, None), "size": ([int], None)}
_WEIGHTS = ({str: str}, ...)
RUN: dict[Any, Any] = {
    "asked": [Name],
    "dataset": {"kind": str, "name": str, "variant": str},
    "protocol": _PROTOCOL,
    "seed": (int, ...),
    "weights": _WEIGHTS,
}
SCORE: dict[Any, Any] = {
    "id": Name,
    "figures": {str: float},
    "frames": int,
    "position": int,
    "group": (str, ...),
    "caption": (str, ...),
    "protocol": _PROTOCOL,
    "weights": _WEIGHTS,
    "features": ({str: [Name]}, ...),
    "missing": ({str: str}, ...),
    "pictures": ({str: str}, ...),
    "points": (float, ...),
    "track_floor": ({str: float}, ...),
    "per_track": ([{str: (float, ...)}], ...),
}


def fits(value: Any, form: Any) -> bool:
    """Tell whether a JSON value has a form; keys of a mapping that it does not name are free."""
    if isinstance(form, tuple):
        found = any(fits(value, one) for one in form)
    elif isinstance(form, list):
        found = isinstance(value, list) and all(fits(one, form[0]) for one in value)
    elif isinstance(form, dict) and str in form:
        found = isinstance(value, dict) and all(fits(one, form[str]) for one in value.values())
    elif isinstance(form, dict):
        found = isinstance(value, dict) and all(
            fits(value.get(k, ...), one) for k, one in form.items()
        )
    elif form is ...:
        found = value is ... or value is None
    elif form is None:
        found = value is None
    elif form in (str, Name):
        found = isinstance(value, str) and not _HALF.search(value)
        found = found and (form is str or is_inside(value))
    elif form in (int, float):
        number = isinstance(value, int | form) and not isinstance(value, bool)
        found = number and abs(value) <= _LARGEST  # NaN is not
    else:
        found = isinstance(value, form)
    return found


def is_inside(name: str) -> bool:
    """Tell whether a relative name stays in its folder, links apart."""
    path = PurePath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name
