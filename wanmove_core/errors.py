"""Every error that bad input can raise.

    WanMoveError(ValueError)
    +-- ShapeError          a tensor's axes do not fit together
    +-- GridError           a size or length that the latent grid cannot hold
    +-- OptionError         an option outside its allowed values
    +-- TrackFormatError    a file or text that is not tracks
    |   +-- EmptyDrawingError   a drawing of ours in which nothing is drawn
    +-- MediaError          an image or video that cannot be read or written
    +-- CheckpointError     model files that are missing, damaged, or of another model
    +-- MissingPackageError an optional package that is not installed; an ImportError too
    +-- VaeStructureError   a VAE that only its own `encode` may encode (vae_structure.py)

Messages are one line: `<subject> must <expected>; got <actual>. <next step>.`
"""

import logging
from pathlib import PurePath

MAX_MESSAGE = 500
MAX_LINE = 10_000  # of what a command prints: paths must stay whole


def printable(text: str, most: int = MAX_MESSAGE) -> str:
    """Text for a terminal, a log or a message: one line, without control characters, cut short.

    Names of files, tensors and tracks may hold line breaks, escape sequences or bytes that are
    not UTF-8.
    """
    if len(text) > most:
        text = f"{text[: most * 2 // 3]} ... {text[len(text) - most // 4 :]}"
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    # Escapes are longer than what they stand for.
    return line if len(line) <= most else f"{line[: most - 4]} ..."


class _PrintableArguments(logging.Filter):
    """Of a log: names, texts and errors that a message quotes become `printable`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; keep it."""
        if isinstance(record.args, tuple):
            quoted = str, PurePath, BaseException
            record.args = tuple(
                printable(str(arg)) if isinstance(arg, quoted) else arg for arg in record.args
            )
        return True


logging.getLogger("wanmove").addFilter(_PrintableArguments())


class WanMoveError(ValueError):
    """Bad input, described in one line. Base of every error that this library raises on purpose."""

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(message))


class ShapeError(WanMoveError):
    """A tensor's axes do not fit together."""


class GridError(WanMoveError):
    """A width, height or frame count that the latent grid cannot hold."""


class OptionError(WanMoveError):
    """An option outside its allowed values."""


class TrackFormatError(WanMoveError):
    """A file or text that cannot be read as tracks. Names the file, track and frame."""


class EmptyDrawingError(TrackFormatError):
    """A drawing of ours in which nothing is drawn."""


class MediaError(WanMoveError):
    """An image or video that cannot be read or written."""


class CheckpointError(WanMoveError):
    """Model files that are missing, damaged, or belong to another model."""


class MissingPackageError(WanMoveError, ImportError):
    """An optional package that is not installed. Says how to install it."""
