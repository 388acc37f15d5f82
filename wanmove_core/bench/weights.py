"""The user's weight files: found, checksummed, read without unpickling, never downloaded."""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from ..errors import CheckpointError

_DIGEST_LETTERS = 16
_CHUNK = 2**20


@dataclass(frozen=True)
class WeightFile:
    """A weight file that a metric needs.

    Args:
        option: what names it on the command line.
        name: of the file, as its makers publish it.
        source: where that is.
        digest: first letters of the known file's sha256; None if its makers do not publish it.
    """

    option: str
    name: str
    source: str
    digest: str | None = None

    def missing(self, metric: str, got: str = "none") -> CheckpointError:
        """Make the one-line message that the file is missing."""
        return CheckpointError(
            f"--{self.option} must name {self.name} ({self.source}); got {got}. "
            f"Download it, or leave {metric} out of --metrics."
        )


INCEPTION = WeightFile(
    "inception",
    "pt_inception-2015-12-05-6726825d.pth",
    "pytorch-fid release fid_weights",
    "6726825d",
)
I3D = WeightFile("i3d", "i3d_pretrained_400.pt", "TATS, common_metrics_on_video_quality")
RAFT = WeightFile("raft", "raft_large_C_T_SKHT_V2-ff5fadd5.pth", "torchvision's models", "ff5fadd5")
VGG = WeightFile("vgg", "vgg16-397923af.pth", "torchvision's models", "397923af")


def find_weights(file: WeightFile, given: Path | None, metric: str) -> Path | None:
    """Find a weight file: the option, $WANMOVE_WEIGHTS, torch.hub's folder, ComfyUI's models.

    Args:
        metric: that needs it, for the message.

    Raises:
        CheckpointError: the option names no file.
    """
    if given is not None:
        if not given.is_file():
            got = f"a folder, {given}" if given.is_dir() else f"no such file, {given}"
            raise file.missing(metric, got)
        return given
    import torch

    places = [Path(torch.hub.get_dir()) / "checkpoints"]
    if own := os.environ.get("WANMOVE_WEIGHTS"):
        places.insert(0, Path(own))
    models = Path(os.environ.get("COMFYUI_PATH") or Path.home() / "ComfyUI") / "models"
    if models.is_dir():
        places += [models, *sorted(path for path in models.iterdir() if path.is_dir())]
    return next((place / file.name for place in places if (place / file.name).is_file()), None)


@lru_cache(maxsize=1024)
def _digest(path: str, _size: int, _changed: int) -> str:
    sha = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()[:_DIGEST_LETTERS]


def file_digest(path: Path) -> str:
    """The first 16 letters of a file's sha256, computed once while the file stays as it is."""
    state = path.stat()
    return _digest(str(path.absolute()), state.st_size, state.st_mtime_ns)


def is_script(path: Path) -> bool:
    """Tell whether a file is TorchScript, which is a program, and not plain weights."""
    try:
        with ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (BadZipFile, OSError):
        return False


def load_script(path: Path, option: str) -> Any:
    """Load a TorchScript module.

    Raises:
        CheckpointError: it cannot be read.
    """
    import torch

    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0][:120].rstrip(".")
        raise CheckpointError(
            f"--{option} {path} must be a TorchScript module; got {reason}. Export it again."
        ) from error


def load_state(path: Path, option: str) -> dict[str, Any]:
    """Load a state dict of tensors alone.

    Raises:
        CheckpointError: damaged, or something else than tensors.
    """
    from ..archives import ARCHIVE_ERRORS, load_archive

    try:
        state = load_archive(path)
    except ARCHIVE_ERRORS as error:
        raise CheckpointError(
            f"--{option} {path} must hold tensors alone; got another or a damaged file. "
            "Download it again."
        ) from error
    if not isinstance(state, dict) or not all(hasattr(value, "shape") for value in state.values()):
        raise CheckpointError(
            f"--{option} {path} must be a state dict; got {type(state).__name__}. "
            "Use the file that its makers publish."
        )
    return state
