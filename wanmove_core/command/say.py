"""What a command prints: lines for a terminal or a pipe."""

import sys

from ..errors import MAX_LINE, printable


def say(*lines: str, aside: bool = False) -> None:
    """Write lines to stdout, or beside it to stderr: printable, whatever they quote."""
    stream = sys.stderr if aside else sys.stdout
    stream.write("".join(f"{printable(line, MAX_LINE)}\n" for line in lines))
