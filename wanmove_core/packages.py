"""Import an optional package, or say in one line how to install it."""

import importlib
from typing import Any

from .errors import MissingPackageError


def require(module: str, subject: str, install: str | None = None) -> Any:
    """Import a module of an optional package.

    Args:
        module: as in `import module`.
        subject: what needs it, for the message.
        install: the package's name for pip; None: the same as the module's.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"{subject} must have {install or module}; got no module {error.name or module}. "
            f"Run: pip install {install or module}"
        ) from error
