"""What this Python has: versions, the card, OpenCV. Text to paste into a report."""

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .opencv import INSTALL, find_opencv

_PACKAGES = ("numpy", "scipy", "pillow", "av", "safetensors", "diffusers", "transformers", "gguf")
_GIB = 1 << 30


def wanmove_version() -> str:
    """Return the version of wan-move: that of the folder which runs, or the installed one."""
    project = Path(__file__).parents[1] / "pyproject.toml"
    if project.exists():
        told = re.search(
            r'^name = "wan-move"$.*?^version = "(.+?)"$', project.read_text("utf-8"), re.M | re.S
        )
        if told:
            return told[1]
    return _version("wan-move") or "(not installed)"


def describe_environment() -> list[str]:
    """Describe Python, the packages, the GPU and OpenCV, one line each; imports them."""
    import torch

    cv2 = find_opencv()
    packages = [f"{name} {_version(name) or '(none)'}" for name in _PACKAGES]
    return [
        f"wan-move {wanmove_version()}",
        f"python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} CPUs",
        f"torch {torch.__version__}, {_describe_card()}",
        ", ".join(packages),
        describe_opencv(None if cv2 is None else str(cv2.__version__)),
    ]


def describe_opencv(found: str | None) -> str:
    """Name the OpenCV that is used, or what its absence costs."""
    if found is None:
        return (
            "OpenCV (none): drawing is slower, and Video Tracks and Trajectory Error need it. "
            f"Run: {INSTALL}"
        )
    return f"OpenCV {found}"


def _describe_card() -> str:
    import torch

    if torch.cuda.is_available():
        cards = [
            f"{found.name}, {found.total_memory / _GIB:.0f} GiB"
            for found in map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
        ]
        return f"CUDA {torch.version.cuda}: {'; '.join(cards)}"
    if torch.backends.mps.is_available():
        return "Apple GPU (mps)"
    return f"no card, {torch.get_num_threads()} threads"


def _version(name: str) -> str | None:
    module = sys.modules.get(name)
    try:
        return version(name)
    except PackageNotFoundError:
        return getattr(module, "__version__", None)
