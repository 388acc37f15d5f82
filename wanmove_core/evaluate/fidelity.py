"""PSNR and SSIM between a video and the true one, frame by frame."""

from collections.abc import Iterator
from functools import cache
from typing import Literal

import numpy as np
import torch

from ..errors import ShapeError
from ..opencv import require_opencv
from ..shapes import Float, Tensor, UInt8

cv2 = require_opencv("Comparing pictures")

SsimKind = Literal["2d", "3d"]

_WINDOW = 11
_HALF = _WINDOW // 2
_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2


def psnr(
    first: UInt8[Tensor, "frames height width 3"], second: UInt8[Tensor, "frames height width 3"]
) -> Float[Tensor, " frames"]:
    """Peak signal-to-noise ratio per frame, dB; infinite where the frames are equal.

    Args:
        first, second: RGB videos of one size.

    Returns:
        New float64 tensor.
    """
    squares = [cv2.norm(a, b, cv2.NORM_L2SQR) for a, b in _pairs(first, second)]
    values = first[:1].numel()
    return 10 * torch.log10(255.0**2 * values / torch.tensor(squares, dtype=torch.float64))


def ssim(
    first: UInt8[Tensor, "frames height width 3"],
    second: UInt8[Tensor, "frames height width 3"],
    *,
    kind: SsimKind = "2d",
) -> Float[Tensor, " frames"]:
    """Structural similarity per frame, -1..1.

    Args:
        first, second: RGB videos of one size, at least 11 px a side.
        kind: "2d" is Wang et al.'s, the mean of the colour channels, only windows inside the frame
            count. "3d" is what MoveBench's suite computes: its window also runs over the three
            channels, and edges are repeated. The two differ by up to 0.14: never compare them.

    Returns:
        New float64 tensor.

    Raises:
        ShapeError: frames smaller than the window.

    Source:
        Wang et al. 2004: Gaussian window of 11 px, sigma 1.5, K1 0.01, K2 0.03, population
        covariance. The 3-D kind: conv3d of 11x11x11 over (channel, y, x), replicate padding of 5,
        as in the public copies of MoveBench's suite.
    """
    if min(first.shape[1:3]) < _WINDOW:
        raise ShapeError(
            f"frames must be at least {_WINDOW} px a side for SSIM; "
            f"got {first.shape[2]}x{first.shape[1]}. Use PSNR."
        )
    values = [_ssim_of_frame(a, b, kind) for a, b in _pairs(first, second)]
    return torch.tensor(values, dtype=torch.float64)


def compare_videos(
    frames: UInt8[Tensor, "frames height width 3"],
    true: UInt8[Tensor, "true_frames true_height true_width 3"],
) -> dict[str, float]:
    """PSNR and SSIM against the true video, means over the frames.

    Raises:
        ShapeError: the videos differ in size or length.
    """
    if frames.shape != true.shape:
        raise ShapeError(
            f"the true video must have the video's frames and size {list(frames.shape[:3])}; "
            f"got {list(true.shape[:3])}. Cut or scale it first."
        )
    return {"psnr": float(psnr(frames, true).mean()), "ssim": float(ssim(frames, true).mean())}


def _pairs(first: Tensor, second: Tensor) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return zip(first.cpu().numpy(), second.cpu().numpy(), strict=True)


def _ssim_of_frame(first: np.ndarray, second: np.ndarray, kind: SsimKind) -> float:
    a, b = (np.multiply(frame, np.float32(1 / 255), dtype=np.float32) for frame in (first, second))
    # The formula needs the sum of the variances only, so four blurs are enough.
    mean_a, mean_b = _blur(a, kind), _blur(b, kind)
    product = mean_a * mean_b
    mean_squares = mean_a * mean_a + mean_b * mean_b
    covariance = _blur(a * b, kind) - product
    variances = _blur(a * a + b * b, kind) - mean_squares
    value = (2 * product + _C1) * (2 * covariance + _C2)
    value /= (mean_squares + _C1) * (variances + _C2)
    if kind == "2d":
        value = value[_HALF:-_HALF, _HALF:-_HALF]
    return float(value.mean(dtype=np.float64))


def _blur(picture: np.ndarray, kind: SsimKind) -> np.ndarray:
    """Gaussian mean over the window around every pixel; edges are repeated."""
    kernel = _kernel()
    blurred = cv2.sepFilter2D(picture, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return cv2.transform(blurred, _over_channels()) if kind == "3d" else blurred


@cache
def _kernel() -> np.ndarray:
    return cv2.getGaussianKernel(_WINDOW, _SIGMA, cv2.CV_64F)[:, 0]


@cache
def _over_channels() -> np.ndarray:
    """The window's third axis over three channels with repeated edges, as a 3x3 matrix."""
    mix = np.zeros((3, 3))
    for channel in range(3):
        for tap, weight in enumerate(_kernel()):
            mix[channel, np.clip(channel + tap - _HALF, 0, 2)] += weight
    return mix
