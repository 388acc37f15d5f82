"""The one place that imports OpenCV, which is optional: any build of version 4.5 or newer."""

import importlib.util
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .errors import MissingPackageError

INSTALL = "pip install --no-deps opencv-python-headless"
_OLDEST = (4, 5)
# Each of these brings the same module.
_PACKAGES = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
)


def find_opencv() -> Any | None:
    """Import OpenCV; return None where it is missing, older than 4.5 or broken."""
    try:
        import cv2
    except (ImportError, OSError):  # missing, or without a system library that it needs
        return None
    return cv2 if _is_recent(cv2) else None


def require_opencv(subject: str) -> Any:
    """Import OpenCV.

    Args:
        subject: what needs it, for the message.

    Raises:
        MissingPackageError: OpenCV 4.5 or newer is not installed.
    """
    cv2 = find_opencv()
    if cv2 is None:
        raise MissingPackageError(needs_opencv(subject))
    return cv2


def needs_opencv(subject: str) -> str:
    """Say in one line what to install."""
    return f"{subject} must have OpenCV 4.5 or newer; got none. Run: {INSTALL}"


def opencv_version() -> str | None:
    """Return the version of OpenCV without importing it; None where OpenCV is missing."""
    if "cv2" in sys.modules:
        cv2 = find_opencv()
        return None if cv2 is None else str(cv2.__version__)
    spec = importlib.util.find_spec("cv2")
    if spec is None:
        return None
    # Beside the module: with two packages of it, metadata do not say whose file lies there.
    beside = Path(spec.origin).with_name("version.py") if spec.origin else None
    if beside is not None and beside.exists():
        told = re.search(r'opencv_version = "(.+?)"', beside.read_text(encoding="utf-8"))
        if told:
            return told[1]
    for name in _PACKAGES:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "of an unknown version"


def _is_recent(cv2: Any) -> bool:
    parts = str(getattr(cv2, "__version__", "0")).split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit()) >= _OLDEST
