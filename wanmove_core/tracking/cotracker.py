"""CoTracker, where the user has it: a TorchScript file, or a checkpoint and the package.

A TorchScript file is a program that runs when it is used: take it only from a source that you
trust. Checkpoints are read as plain tensors by the package; nothing is unpickled here.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import torch

from ..archives import ARCHIVE_ERRORS, load_archive
from ..errors import CheckpointError, MediaError
from ..opencv import require_opencv
from ..shapes import Float, Tensor
from ..tracks import Tracks

# CoTracker sees all frames at once, at 384x512 inside; more pixels only cost memory.
_MAX_AREA = 832 * 480


def load_cotracker(path: Path) -> torch.nn.Module:
    """Load a CoTracker that maps (video, queries) to (tracks, visibility).

    Args:
        path: a TorchScript file, or a checkpoint when the package `cotracker` is installed.

    Returns:
        The model on the CPU, in evaluation mode.

    Raises:
        CheckpointError: the file is missing, of another kind, or needs a package that is not
            installed.
    """
    if not path.is_file():
        raise CheckpointError(f"tracker {path} must be a file; got none there. Check the path.")
    if _is_script(path):
        try:
            return torch.jit.load(str(path), map_location="cpu").eval()
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0][:120].rstrip(".")
            raise CheckpointError(
                f"tracker {path} must be a TorchScript module; got {reason}. Export it again."
            ) from error
    try:
        from cotracker.predictor import CoTrackerPredictor  # type: ignore[import-not-found]
    except ImportError as error:
        raise CheckpointError(
            f"tracker {path} must be TorchScript where the package cotracker is not installed; "
            "got another kind of file. Install cotracker, or export the model by torch.jit."
        ) from error
    # The package itself would unpickle whatever an older torch lets it.
    try:
        load_archive(path)
    except ARCHIVE_ERRORS as error:
        raise CheckpointError(
            f"tracker {path} must hold tensors alone; got something else. Download it again."
        ) from error
    model: torch.nn.Module = CoTrackerPredictor(checkpoint=str(path))
    return model.eval()


@torch.no_grad()
def track_with_cotracker(
    model: Any,
    frames: Iterable[Any],
    points: Float[np.ndarray, "points 2"],
    *,
    device: torch.device | str = "cpu",
) -> Tracks:
    """Follow points by CoTracker.

    Args:
        model: from `load_cotracker`, on `device`.
        frames: uint8 RGB [height, width, 3]. All are held at once, shrunk to 832 x 480 pixels.
        points: (x, y) in pixels of the first frame.
        device: of the model.

    Returns:
        Positions float32 in pixels of the video, on the CPU.

    Raises:
        MediaError: no frames.
        CheckpointError: the model does not return tracks and visibility.

    Source: Karaev et al., "CoTracker"; the call is that of `CoTrackerPredictor.forward`,
        facebookresearch/co-tracker cotracker/predictor.py @0066a8e.
    """
    video, scale = _video(frames)
    given = torch.from_numpy(points * scale - 0.5).float()
    # (frame, x, y); CoTracker's integers are pixel centres.
    queries = torch.cat([torch.zeros(len(given), 1), given], dim=1)[None]
    result = model(video.to(device), queries.to(device))
    count = video.shape[1]
    if not (isinstance(result, tuple) and len(result) >= 2):
        raise CheckpointError(
            f"tracker must return tracks and visibility; got {type(result).__name__}. "
            "Use CoTracker's predictor."
        )
    tracks, visibility = (part.detach().float().cpu() for part in result[:2])
    visibility = visibility.squeeze(-1) if visibility.ndim == 4 else visibility
    if tracks.shape != (1, count, len(given), 2) or visibility.shape != tracks.shape[:3]:
        raise CheckpointError(
            f"tracker must return tracks [1, {count}, {len(given)}, 2] and visibility; got "
            f"{list(tracks.shape)} and {list(visibility.shape)}. Use CoTracker's predictor."
        )
    positions = (tracks[0].double() + 0.5) / torch.from_numpy(scale)
    return Tracks.from_arrays(positions.float(), visibility[0])


def _video(frames: Iterable[Any]) -> tuple[Tensor, np.ndarray]:
    """Float 0..255 [1, frames, 3, height, width], and its size in units of the given one."""
    cv2 = require_opencv("Following points")

    pictures, scale = [], np.ones(2)
    for frame in frames:
        picture = np.asarray(frame)
        height, width = picture.shape[:2]
        shrink = min(1.0, (_MAX_AREA / (width * height)) ** 0.5)
        size = round(width * shrink), round(height * shrink)
        scale = np.array([size[0] / width, size[1] / height])
        if shrink < 1:
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        pictures.append(torch.from_numpy(np.ascontiguousarray(picture)))
    if not pictures:
        raise MediaError("The video must have frames; got none. Use another one.")
    return torch.stack(pictures).movedim(-1, 1).float()[None], scale


def _is_script(path: Path) -> bool:
    """TorchScript archives hold code beside their tensors."""
    try:
        with ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (BadZipFile, OSError):
        return False
