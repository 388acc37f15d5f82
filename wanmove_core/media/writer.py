"""The one way to write a file: complete under its name, or not at all."""

import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MediaError
from .files import reason

if TYPE_CHECKING:
    from ..shapes import Tensor, UInt8

# Encoders tell the format from the suffix; longer ones are a part of the name.
_LONGEST_SUFFIX = 10
_TRIES = 100
_TEMPORARY = re.compile(r"\.[0-9a-f]{12}\.part(\..*)?")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name in the folder of `path`; rename it to `path` if the block succeeds.

    If the block fails or is interrupted (also by Ctrl+C), `path` is not changed and no partial file
    is left. Missing folders are made. A link at `path` is replaced, not followed.

    Raises:
        MediaError: `path` is a folder, or cannot be written.
    """
    with _writable(path) as temporary:
        yield temporary
        temporary.replace(path)


def check_writable(path: Path) -> None:
    """Refuse a path where `replacing` would fail, before the work for it begins.

    Does the same as `replacing` up to the renaming, and removes its temporary file.

    Raises:
        MediaError: as `replacing`.
    """
    made = [folder for folder in path.absolute().parents if not _exists(folder)]
    try:
        with _writable(path):
            pass
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def remove_leftovers(folder: Path, days: int) -> None:
    """Remove what writers that were killed left in a folder, if it is older than so many days."""
    limit = time.time() - days * 86400
    with suppress(OSError):
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name) and path.lstat().st_mtime < limit:
                path.unlink()


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files that belong together; all are complete before the first gets its name.

    Args:
        files: contents by path; they get their names in this order.

    Raises:
        MediaError: as `replacing`.
    """
    with ExitStack() as stack:
        # What is entered last is left first, so the first file is renamed first.
        for path, data in reversed(list(files.items())):
            temporary = stack.enter_context(replacing(path))
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())


def write_image(path: Path, image: "UInt8[Tensor, 'height width 3']") -> None:
    """Write a picture; the suffix names the format.

    Raises:
        MediaError: as `replacing`, or the suffix is not that of a picture.
    """
    from PIL import Image

    with replacing(path) as temporary:
        try:
            Image.fromarray(image.numpy()).save(temporary)
        except ValueError as error:
            raise MediaError(
                f"{path} must end as a picture does; got {path.suffix!r}. Use .png."
            ) from error


@contextmanager
def _writable(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, removed in the end if it is still there."""
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    # Short, so that it fits wherever the final name fits; unique, so that two writers never share.
    temporary = path.parent / f".{secrets.token_hex(6)}.part{suffix}"
    try:
        _check_place(path)
        _make_empty(temporary, path)
        yield temporary
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and "\0" not in str(path):
            raise
        raise MediaError(
            f"{path} must be writable; got {reason(error)}. Check name, folder and disk space."
        ) from error
    finally:
        # Where the folder is none, there is nothing to remove either.
        with suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)


def _make_empty(temporary: Path, path: Path) -> None:
    """Make the file, and its folder: another process's check may remove that in between."""
    for left in reversed(range(_TRIES)):
        try:
            _make_folder(path)
            temporary.touch(exist_ok=False)
            return
        except FileNotFoundError:
            if not left:
                raise


def _check_place(path: Path) -> None:
    """Refuse the place of a folder, pipe or device, and a link to one of the last two."""
    if not _exists(path):
        return
    kind = path.lstat().st_mode
    if stat.S_ISDIR(kind):
        raise MediaError(f"{path} must be a file; got a folder. Add a file name.")
    if stat.S_ISLNK(kind):
        with suppress(OSError):  # a link to nowhere
            kind = path.stat().st_mode
    if not any(is_kind(kind) for is_kind in (stat.S_ISREG, stat.S_ISLNK, stat.S_ISDIR)):
        raise MediaError(f"{path} must be a file; got a pipe or device. Name another file.")


def _make_folder(path: Path) -> None:
    """Make the folder of a file, with those above it, however many."""
    try:
        for folder in reversed([one for one in path.parents if not _exists(one)]):
            folder.mkdir(exist_ok=True)
        if not path.parent.is_dir():
            raise NotADirectoryError(path.parent)
    except (FileExistsError, NotADirectoryError) as error:
        there = next(folder for folder in path.absolute().parents if _exists(folder))
        if there.is_dir():  # what was there a moment ago is gone
            raise FileNotFoundError(path.parent) from error
        raise MediaError(
            f"{path} must be in a folder; got a file there: {there}. The folder must be writable."
        ) from error


def _exists(path: Path) -> bool:
    """Whether something has this name; raises where no file can have it."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
