"""What the public copies of MoveBench's suite compute for PSNR and SSIM, written again.

Slow on purpose: every frame goes through a PNG, and SSIM is a convolution by a window of 11x11x11
over (channel, y, x) with edges repeated. Read in YinHan-Zhang/VideoGen_Metric (bench.py,
utils/video.py) and, for SSIM, tant2tls/speed_up_video_evaluation (movebench/metrics/core.py).
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional


def save_frames(video: Path, folder: Path) -> int:
    """Decode a video by OpenCV and save each frame as a PNG; returns how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    capture = cv2.VideoCapture(str(video))
    count = 0
    while True:
        there, frame = capture.read()
        if not there:
            break
        cv2.imwrite(str(folder / f"{video.stem}_frame_{count}.png"), frame)
        count += 1
    capture.release()
    return count


def read_frame(folder: Path, name: str, number: int) -> Tensor:
    """A saved frame as float [1, 3, H, W] in 0..1."""
    with Image.open(folder / f"{name}_frame_{number}.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float().div(255)[None]


def decode(video: Path) -> Tensor:
    """All frames of a video by OpenCV, float [T, 3, H, W] in 0..1."""
    capture = cv2.VideoCapture(str(video))
    frames = []
    while True:
        there, frame = capture.read()
        if not there:
            break
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    capture.release()
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float().div(255)


def psnr(first: Tensor, second: Tensor) -> float:
    """PSNR of one frame [1, 3, H, W] in 0..1."""
    return float(-10 * torch.log10((first - second).square().mean()))


def ssim(first: Tensor, second: Tensor) -> float:
    """SSIM of one frame [1, 3, H, W] in 0..1 over three axes."""
    one, other = first[:, None], second[:, None]
    mean_one, mean_other = _blur(one), _blur(other)
    variance_one = _blur(one * one) - mean_one.square()
    variance_other = _blur(other * other) - mean_other.square()
    covariance = _blur(one * other) - mean_one * mean_other
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_one * mean_other + c1) * (2 * covariance + c2)
    bottom = mean_one.square() + mean_other.square() + c1
    return float((top / (bottom * (variance_one + variance_other + c2))).mean())


def _blur(volume: Tensor) -> Tensor:
    line = torch.exp(-((torch.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    line /= line.sum()
    window = line[:, None, None] * line[:, None] * line
    padded = functional.pad(volume, (5,) * 6, mode="replicate")
    return functional.conv3d(padded, window[None, None])
