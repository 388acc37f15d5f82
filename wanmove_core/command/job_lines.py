"""A line of a batch file as options: its JSON values are checked as options of one video."""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import OptionError
from ..formats.checks import shown
from .long_options import parse_known
from .parse import parse_numbers, parse_path, parse_size

# Of each type that an option has: what to call a JSON value of it.
_ASKED: dict[Any, str] = {
    str: "a string",
    parse_path: "a file's name as a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    parse_size: 'a size, as [832, 480] or "832x480"',
    parse_numbers: "a list of numbers",
    parse_known: 'a string, as "40=FILE"',
}


@dataclass(frozen=True)
class JobOption:
    """One option of a video.

    Args:
        target: the attribute that holds it.
        parse: what reads it from text; `bool` for a switch.
        many: whether the option holds a list.
        choices: allowed values; empty: any value.
    """

    target: str
    parse: Callable[[str], Any]
    many: bool = False
    choices: tuple[Any, ...] = ()


class JobOptions(dict[str, JobOption]):
    """Options by name. Takes definitions as an `argparse.ArgumentParser` does."""

    def add_argument_group(self, _title: str) -> "JobOptions":
        """Take the group's options like all others."""
        return self

    def add_argument(self, flag: str, **given: Any) -> None:
        """Take one option."""
        name, action = flag.removeprefix("--").replace("-", "_"), given.get("action")
        self[name] = JobOption(
            given.get("dest", name),
            bool if action == "store_true" else given.get("type", str),
            many=action == "append" or given.get("nargs") == "+",
            choices=tuple(given.get("choices", ())),
        )


def read_options(options: JobOptions, entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Check the options of a line; return values by target. null leaves an option out.

    Args:
        options: the options that a line may have.
        entry: the line.
        folder: base of relative file names.

    Raises:
        OptionError: an unknown name, or a value of another type.
    """
    said: dict[str, Any] = {}
    for key, value in entry.items():
        option = options.get(key.replace("-", "_"))
        if option is None:
            raise OptionError(
                f"a line must hold options of one video; got {shown(key)}. "
                "See wanmove generate --help."
            )
        if value is not None:
            said[option.target] = _read(option, key, value, folder)
    return said


def _read(option: JobOption, key: str, value: Any, folder: Path) -> Any:
    if option.many:
        each = value if isinstance(value, list) else [value]
        return [_read_one(option, key, one, folder) for one in each]
    return _read_one(option, key, value, folder)


def _read_one(option: JobOption, key: str, value: Any, folder: Path) -> Any:
    try:
        found = _typed(option.parse, value)
    except argparse.ArgumentTypeError as error:
        raise OptionError(f"{key} {error}. Correct the line.") from error
    except (ValueError, TypeError, OverflowError) as error:
        asked = _ASKED[option.parse]
        raise OptionError(f"{key} must be {asked}; got {shown(value)}. Correct it.") from error
    if option.choices and found not in option.choices:
        names = ", ".join(map(str, option.choices))
        raise OptionError(f"{key} must be one of {names}; got {shown(value)}. Choose one.")
    if option.parse is parse_path:
        return folder / found
    return (found[0], folder / found[1]) if option.parse is parse_known else found


def _typed(parse: Callable[[str], Any], value: Any) -> Any:
    """The value as `parse` would give it; text is read as on the command line.

    Raises:
        ValueError: a value of another type.
    """
    if parse is bool:
        if isinstance(value, bool):
            return value
    elif isinstance(value, str):
        return parse(value)
    elif parse is int and type(value) is int:
        return value
    elif parse is float and _is_number(value):
        return float(value)
    elif parse is parse_size and isinstance(value, list) and all(type(x) is int for x in value):
        return parse_size("x".join(map(str, value)))
    elif parse is parse_numbers and isinstance(value, list) and all(map(_is_number, value)):
        return tuple(float(number) for number in value)
    raise ValueError(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
