"""The `wanmove` command."""

import argparse
import errno
import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ..errors import OptionError, WanMoveError
from .ranks import PeerEndedError, inputs_are_unchecked, tell_failure
from .say import say

_OF_TRAINING = ("peft", "accelerate")
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
_NOBODY_READS = 141  # 128 + SIGPIPE


class _Parser(argparse.ArgumentParser):
    """Reports a wrong option like any other bad input: in one line."""

    def error(self, message: str) -> NoReturn:
        verb = self.prog.removeprefix("wanmove").strip()
        said = f"{verb}: {message}" if verb else message
        raise OptionError(f"{said}. See {self.prog} --help.")


class _Version(argparse.Action):
    """Prints the version; reading it takes a third of the time of help, so nothing else does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from ..environment import wanmove_version

        say(f"wanmove {wanmove_version()}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        The exit code: 0 well, 2 bad input, a full disk or a missing package (one line on stderr),
        130 interrupted, 141 when the reader of stdout ends, as with `| head -1`. Any other
        exception is a bug: Python reports it with a traceback and exit code 1.
    """
    _prepare_streams()
    inputs_are_unchecked()
    try:
        args = make_parser().parse_args(argv)
        logging.basicConfig(
            level=logging.WARNING if args.quiet else logging.INFO,
            format="%(message)s",
            stream=sys.stderr,
        )
        code = _run(args)
        sys.stdout.flush()
        return code
    except (WanMoveError, PeerEndedError) as error:
        return tell_failure(error)
    except KeyboardInterrupt:
        say("wanmove: interrupted; nothing half-written is left.", aside=True)
        return _INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return _NOBODY_READS
    except MemoryError as error:
        reason = (str(error) or "none left").splitlines()[0]
        say(f"wanmove: out of memory: {reason}. Use a smaller size or fewer frames.", aside=True)
        return 2
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _silence_stdout()
            told = "the disk must have space; got none left. Free some."
        elif error.filename is not None:
            told = f"{error.filename} must be usable; got {error.strerror}. Check the path."
        else:
            raise
        say(f"wanmove: {told}", aside=True)
        return 2


def _run(args: argparse.Namespace) -> int:
    """Run the command; name a missing package and how to install it."""
    try:
        code: int = args.run(args)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == __package__.partition(".")[0]:
            raise
        extra = "standalone,train" if error.name in _OF_TRAINING else "standalone"
        raise OptionError(
            f"the package {error.name} must be installed; got none. "
            f"Run pip install 'wan-move[{extra}]'."
        ) from error
    return code


def _prepare_streams() -> None:
    """Discard output when there is no stdout; escape characters it cannot encode."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115, to the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _silence_stdout() -> None:
    """Drop what is still to be written, which Python would try again as it ends."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands. Imports nothing heavy: help and typing errors answer at once."""
    parser = _Parser(
        prog="wanmove",
        description="Draw where things go: point-trajectory motion control for Wan video.",
        epilog="Start with: wanmove demo",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    parser.add_argument("--quiet", action="store_true", help="warnings and errors only")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for add in _command_parsers():
        add(commands)
    return parser


def _command_parsers() -> list[Any]:
    from .bench.verbs import add_bench_parser
    from .demo import add_demo_parser
    from .doctor import add_doctor_parser
    from .draw import add_draw_parser
    from .evaluate import add_evaluate_parser
    from .generate import add_generate_parser
    from .inspect import add_inspect_parser
    from .tracks.verbs import add_tracks_parser
    from .train import add_train_parser

    return [
        add_demo_parser,
        add_draw_parser,
        add_generate_parser,
        add_tracks_parser,
        add_evaluate_parser,
        add_bench_parser,
        add_doctor_parser,
        add_inspect_parser,
        add_train_parser,
    ]


if __name__ == "__main__":
    sys.exit(main())
