"""Options of the command line that need another option."""

import argparse

from ..errors import OptionError


def check_companions(args: argparse.Namespace, *pairs: tuple[str, str]) -> None:
    """Refuse an option without the option that it needs.

    Args:
        args: the parsed options; None, False or an empty list where one was not given.
        pairs: (option, the option that it needs), by their attributes.

    Raises:
        OptionError: an option without the one that it needs.
    """
    for name, needed in pairs:
        if _is_given(getattr(args, name)) and not _is_given(getattr(args, needed)):
            option, other = (f"--{word.replace('_', '-')}" for word in (name, needed))
            raise OptionError(
                f"{option} must come with {other}; got {option} alone. Add {other}, or leave "
                f"out {option}."
            )


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != []
