"""The networks behind FID, FVD, flow EPE and LPIPS: the user's weights, optional libraries.

A TorchScript file works in place of library and weights. What each is called with, and returns:

    inception   [N, 3, 299, 299] in 0..1                   -> [N, features]
    i3d         [1, 3, T, 224, 224] in -1..1               -> [1, features]
    raft        two [N, 3, 480, 832] in -1..1              -> [N, 2, 480, 832], pixels
    vgg         two [N, 3, H, W] in -1..1                  -> [N], the LPIPS distances
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..errors import CheckpointError
from ..shapes import Float, UInt8
from . import libraries
from .weights import (
    I3D,
    INCEPTION,
    RAFT,
    VGG,
    WeightFile,
    file_digest,
    find_weights,
    is_script,
    load_script,
)

_log = logging.getLogger("wanmove")

FLOW_SIZE = (480, 832)  # rows, columns: flow EPE is in pixels of this
_BATCH = 8


@dataclass(frozen=True, eq=False)
class Extractor:
    """A loaded network.

    Args:
        model: the module.
        digest: of its weights.
        device: where it is.
    """

    model: Any
    digest: str
    device: torch.device

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Run the network in float32, without TF32; the result is on the CPU."""
        with torch.inference_mode(), _exact():
            result = self.model(*(given.to(self.device) for given in inputs))
        # RAFT refines its answer step by step; the last one counts.
        last = result[-1] if isinstance(result, list | tuple) else result
        return last.float().cpu()


_KINDS: dict[str, tuple[WeightFile, Callable[[Path], Any]]] = {
    "fid": (INCEPTION, libraries.load_inception),
    "fvd": (I3D, libraries.load_i3d),
    "flow": (RAFT, libraries.load_raft),
    "lpips": (VGG, libraries.load_lpips),
}


def load_extractor(metric: str, given: Path | None, device: torch.device) -> Extractor:
    """Load the network of a metric: "fid", "fvd", "flow" or "lpips".

    Raises:
        CheckpointError: no weight file, a damaged one, or no library to use it.
    """
    file, load = _KINDS[metric]
    path = find_weights(file, given, metric)
    if path is None:
        raise file.missing(metric)
    digest = file_digest(path)
    if is_script(path):
        # A program: only by the option, never from a folder that was searched.
        if given is None:
            raise file.missing(metric, f"a TorchScript program in {path.parent}")
        model = load_script(path, file.option)
    else:
        model = load(path)
        if file.digest is not None and not digest.startswith(file.digest):
            _log.warning(
                "%s: its sha256 begins with %s; the known file's with %s. Figures may differ.",
                path,
                digest[: len(file.digest)],
                file.digest,
            )
    return Extractor(model.to(device).eval(), digest, device)


def frame_features(
    extractor: Extractor, frames: UInt8[np.ndarray, "frames height width 3"]
) -> Float[np.ndarray, "frames features"]:
    """Inception features of every frame, float32.

    Source: pytorch-fid inception.py: bilinear to 299 without antialiasing, pixels in 0..1.
    """
    parts = []
    for pictures in _batches(frames):
        small = functional.interpolate(
            pictures / 255, size=(299, 299), mode="bilinear", align_corners=False
        )
        parts.append(_rows(extractor(small), len(pictures), INCEPTION))
    return np.concatenate(parts)


def clip_features(
    extractor: Extractor, frames: UInt8[np.ndarray, "frames height width 3"]
) -> Float[np.ndarray, "1 features"]:
    """I3D logits of a clip, float32; a clip is one sample.

    Source: TATS fvd.py: bilinear to 224x224 whatever the shape, pixels in -1..1.
    """
    small = torch.cat(
        [
            functional.interpolate(part, size=(224, 224), mode="bilinear", align_corners=False)
            for part in _batches(frames)
        ]
    )
    clip = (2 * small / 255 - 1).transpose(0, 1)[None]
    return _rows(extractor(clip), 1, I3D)


def raft_flow(
    extractor: Extractor, frames: UInt8[np.ndarray, "frames height width 3"]
) -> Float[np.ndarray, "pairs 2 480 832"]:
    """Optical flow between consecutive frames, scaled to 480x832, pixels of that size.

    Source: torchvision's RAFT presets; scaled bilinearly without antialiasing, as the suite does.
    """
    scaled = [
        part
        if part.shape[2:] == FLOW_SIZE
        else functional.interpolate(part, size=FLOW_SIZE, mode="bilinear", align_corners=False)
        for part in _batches(frames)
    ]
    pictures = torch.cat(scaled) / 127.5 - 1
    flow = extractor(pictures[:-1].contiguous(), pictures[1:].contiguous())
    if flow.shape != (len(pictures) - 1, 2, *FLOW_SIZE):
        raise _wrong(RAFT, f"[{len(pictures) - 1}, 2, 480, 832]", flow)
    return flow.numpy()


def perceptual_distances(
    extractor: Extractor,
    first: UInt8[np.ndarray, "frames height width 3"],
    second: UInt8[np.ndarray, "frames height width 3"],
) -> Float[np.ndarray, " frames"]:
    """LPIPS of every pair of frames."""
    parts = []
    for one, other in zip(_batches(first), _batches(second), strict=True):
        distance = extractor(one / 127.5 - 1, other / 127.5 - 1)
        parts.append(_rows(distance, len(one), VGG)[:, 0])
    return np.concatenate(parts)


def _batches(frames: np.ndarray) -> list[Tensor]:
    """Float [N, 3, H, W] in 0..255, a few frames at a time."""
    return [
        torch.from_numpy(np.ascontiguousarray(frames[start : start + _BATCH]))
        .movedim(-1, 1)
        .float()
        for start in range(0, len(frames), _BATCH)
    ]


def _rows(values: Tensor, count: int, file: WeightFile) -> np.ndarray:
    """A network's answer as [count, features]."""
    if values.ndim == 0 or len(values) != count or not torch.isfinite(values).all():
        raise _wrong(file, f"[{count}, features], finite", values)
    return values.reshape(count, -1).numpy()


def _wrong(file: WeightFile, expected: str, values: Tensor) -> CheckpointError:
    return CheckpointError(
        f"--{file.option}: the network must return {expected}; got {list(values.shape)}. "
        "Use the published weights, or a TorchScript with that result."
    )


def _exact() -> AbstractContextManager[None]:
    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=torch.backends.cudnn.enabled, deterministic=True, allow_tf32=False
    )
    return flags
