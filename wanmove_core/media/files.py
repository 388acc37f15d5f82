"""Look at a file before it is opened: one that is there and plain, and lists without circles."""

import os
import stat
from pathlib import Path

from ..errors import MediaError


def check_plain(path: Path, kind: str, *, follow: bool = True) -> os.stat_result:
    """Refuse what opening would wait for, or could not open.

    Args:
        path: of a file.
        kind: what it must be, for the message: "picture", "video".
        follow: whether a link to such a file will do.

    Raises:
        MediaError: there is nothing, or a folder, pipe or device.
    """
    try:
        found = path.stat(follow_symlinks=follow)
    except (OSError, ValueError) as error:
        raise MediaError(
            f"{path} must be a readable {kind}; got {reason(error).lower()}. Check the path."
        ) from error
    if not stat.S_ISREG(found.st_mode):
        other = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or device"
        raise MediaError(f"{path} must be a readable {kind}; got {other}. Give a file.")
    return found


def list_files(root: str, suffixes: tuple[str, ...]) -> list[str]:
    """Files below a folder whose names end so, relative to it, with "/", sorted.

    Links to folders are followed, each folder once: links in a circle end.
    """
    found, seen = [], set()
    for folder, below, names in os.walk(root, followlinks=True):
        here = Path(folder).stat()
        if (here.st_dev, here.st_ino) in seen:
            below.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        found += [
            (Path(folder) / name).relative_to(root).as_posix()
            for name in names
            if name.lower().endswith(suffixes)
        ]
    return sorted(found)


def reason(error: BaseException) -> str:
    """What an error says, in a few words."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0].rstrip(".")[:200]
