import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tests.oracles import movebench_suite as suite
from wanmove_core import ShapeError
from wanmove_core.evaluate.fidelity import psnr, ssim


def make_videos(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    first = torch.randint(0, 256, (3, 29, 23, 3), generator=generator)
    second = (first + torch.randint(-40, 41, first.shape, generator=generator)).clamp(0, 255)
    return first.to(torch.uint8), second.to(torch.uint8)


def test_psnr_equals_scikit_image():
    first, second = make_videos(0)
    for frame, value in enumerate(psnr(first, second)):
        expected = peak_signal_noise_ratio(first[frame].numpy(), second[frame].numpy())
        assert float(value) == pytest.approx(expected, rel=1e-9)
    assert torch.isinf(psnr(first, first)).all()


def test_ssim_equals_scikit_image():
    first, second = make_videos(1)
    for frame, value in enumerate(ssim(first, second)):
        expected = structural_similarity(
            first[frame].numpy(),
            second[frame].numpy(),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=2,
            data_range=255,
        )
        assert float(value) == pytest.approx(expected, abs=1e-6)
    torch.testing.assert_close(ssim(first, first), torch.ones(3).double())


def test_ssim_refuses_frames_smaller_than_its_window():
    tiny = torch.zeros(1, 10, 30, 3, dtype=torch.uint8)
    with pytest.raises(ShapeError, match="11 px"):
        ssim(tiny, tiny)


def slow_3d(first: np.ndarray, second: np.ndarray) -> float:
    """SSIM with the suite's window of 11x11x11 over [channel, y, x], in float64 by scipy."""
    weights = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    weights /= weights.sum()

    def blur(volume):
        for axis in range(3):
            volume = correlate1d(volume, weights, axis, mode="nearest")
        return volume

    a, b = (np.moveaxis(frame, -1, 0).astype(np.float64) / 255 for frame in (first, second))
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    value = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4)
    value /= (mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4)
    return float(value.mean())


def test_ssim_of_the_suite_equals_a_gaussian_over_three_axes():
    first, second = make_videos(2)
    expected = [slow_3d(a, b) for a, b in zip(first.numpy(), second.numpy(), strict=True)]
    assert ssim(first, second, kind="3d").tolist() == pytest.approx(expected, abs=1e-6)
    assert abs(float(ssim(first, second).mean()) - np.mean(expected)) > 3e-4


def test_psnr_and_ssim_equal_what_the_suite_computes_frame_by_frame():
    videos = make_videos(4)
    first, second = (video.movedim(-1, 1).float() / 255 for video in videos)
    frames = [(a[None], b[None]) for a, b in zip(first, second, strict=True)]
    assert psnr(*videos).tolist() == pytest.approx([suite.psnr(*f) for f in frames], abs=1e-4)
    expected = [suite.ssim(*f) for f in frames]
    assert ssim(*videos, kind="3d").tolist() == pytest.approx(expected, abs=1e-5)
