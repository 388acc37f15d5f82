"""Points followed through synthetic clips whose tracks are exact, and what cannot be followed."""

import numpy as np
import pytest
import torch

from benchmarks.video import exact, figures, make_clip
from wanmove_core import MediaError, ShapeError
from wanmove_core.sources.starts import feature_points, grid_points
from wanmove_core.tracking.video import track_video
from wanmove_core.tracks import Tracks

WIDTH, HEIGHT, FRAMES = 416, 240, 25


@pytest.fixture(scope="module")
def clip():
    return make_clip(0, width=WIDTH, height=HEIGHT, frames=FRAMES)


def test_features_are_followed_exactly(clip):
    points = feature_points(clip.frames[0], 120)
    found = figures(exact(clip, points), track_video(clip.frames, points))
    assert found["median px"] < 0.3
    assert found["F1 visible"] >= 0.9
    assert found["accuracy"] >= 0.9


def test_points_without_texture_go_with_their_neighbours():
    """A photograph with a flat patch that moves with it; nothing in the patch can be followed."""
    rng = np.random.default_rng(1)
    picture = make_clip(2, width=WIDTH, height=HEIGHT, frames=1, noise=0.0).frames[0].copy()
    picture[80:160, 150:260] = 128
    frames = [np.roll(picture, (2 * k, 3 * k), (0, 1)) for k in range(13)]
    noise = rng.normal(0, 2, (13, HEIGHT, WIDTH, 1))
    frames = np.clip(frames + noise, 0, 255).astype(np.uint8)
    points = np.concatenate([[[205.0, 120.0], [180.0, 110.0]], grid_points(WIDTH, HEIGHT, 200)])
    tracks = track_video(frames, points)
    moved = (tracks.positions[-1, :2] - tracks.positions[0, :2]).numpy()
    assert np.abs(moved - [36, 24]).max() < 1.0
    assert tracks.visibility[:, :2].all()


def cover(frames: np.ndarray, width: int) -> np.ndarray:
    """Slide a striped bar over a still picture, there and gone."""
    out = frames.copy()
    stripes = (np.arange(HEIGHT) // 5 % 2 * 200 + 20).astype(np.uint8)[:, None, None]
    for index in range(8, 20):
        left = (index - 8) * 30
        out[index, :, left : left + width] = stripes
    return out


def test_a_covered_point_is_hidden_and_found_again():
    still = make_clip(1, width=WIDTH, height=HEIGHT, frames=1, noise=1.0).frames
    frames = cover(np.repeat(still, 32, axis=0), 70)
    points = feature_points(still[0], 60)
    tracks = track_video(frames, points)
    x = points[:, 0]
    middle = (x > 100) & (x < 300)
    covered = np.array(
        [
            [8 <= k < 20 and (k - 8) * 30 + 10 < v < (k - 8) * 30 + 60 for v in x[middle]]
            for k in range(32)
        ]
    )
    said = tracks.visibility.numpy()[:, middle]
    assert said[covered].mean() < 0.05
    assert said[:8].all()
    assert said[-1].mean() > 0.85
    gone = np.abs(tracks.positions[-1].numpy() - points)[middle & tracks.visibility[-1].numpy()]
    assert np.median(gone) < 0.05
    assert (gone.max(1) < 0.3).mean() > 0.8


def test_drift_does_not_add_up():
    """A picture that turns slowly back and forth: after 72 frames the error is as after 12."""
    import cv2

    picture = make_clip(1, width=WIDTH, height=HEIGHT, frames=1, noise=0.0).frames[0]
    centre = (WIDTH / 2, HEIGHT / 2)
    angles = 12 * np.sin(np.arange(73) / 72 * 2 * np.pi * 3)
    matrices = [cv2.getRotationMatrix2D(centre, angle, 1.0) for angle in angles]
    frames = [cv2.warpAffine(picture, m, (WIDTH, HEIGHT), borderMode=1) for m in matrices]
    points = feature_points(picture, 80)
    points = points[np.hypot(*(points - centre).T) < 90]
    tracks = track_video(frames, points)
    at = np.stack([(points - 0.5) @ m[:, :2].T + m[:, 2] + 0.5 for m in matrices])
    error = np.hypot(*(tracks.positions.numpy() - at).transpose(2, 0, 1))
    assert np.median(error[60:]) < 0.15
    assert np.median(error[60:]) < 2 * np.median(error[6:18]) + 0.02


def test_frames_larger_than_the_model_are_tracked_in_their_own_pixels(clip):
    import cv2

    large = [cv2.resize(frame, None, fx=4, fy=4) for frame in clip.frames[:5]]
    points = feature_points(clip.frames[0], 60)
    small, big = track_video(clip.frames[:5], points), track_video(large, 4 * points)
    both = small.visibility & big.visibility
    gap = (big.positions / 4 - small.positions).norm(dim=-1)[both]
    assert float(gap.median()) < 0.1


def test_frames_are_taken_one_by_one_and_a_callback_can_stop(clip):
    taken = []

    def frames():
        for index, frame in enumerate(clip.frames):
            taken.append(index)
            yield frame

    def stop(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        track_video(frames(), grid_points(WIDTH, HEIGHT, 20), on_frame=stop)
    assert taken == [0, 1, 2, 3]


def test_nothing_is_written_to_and_runs_repeat(clip):
    frames, points = clip.frames[:4].copy(), grid_points(WIDTH, HEIGHT, 30)
    before = points.copy()
    one, other = track_video(frames, points), track_video(frames, points)
    assert torch.equal(one.positions, other.positions)
    assert np.array_equal(frames, clip.frames[:4]) and np.array_equal(points, before)
    assert isinstance(one, Tracks) and one.positions.dtype == torch.float32


@pytest.mark.parametrize("count", [1, 2])
def test_few_points(clip, count):
    points = np.array([[200.0, 120.0], [50.0, 50.0]])[:count]
    assert track_video(clip.frames[:9], points).positions.shape == (9, count, 2)


def test_bad_input_is_one_line(clip):
    points = grid_points(WIDTH, HEIGHT, 20)
    with pytest.raises(MediaError, match="must have frames; got none"):
        track_video([], points)
    with pytest.raises(MediaError, match="frame 1 must be of the first one's size, 416x240; got"):
        track_video([clip.frames[0], clip.frames[0][:100]], points)
    with pytest.raises(MediaError, match="at least 32 px a side"):
        track_video(clip.frames[:, :20], points)
    with pytest.raises(ShapeError, match="point 3: x and y must be finite"):
        track_video(clip.frames, np.where(np.arange(len(points))[:, None] == 3, np.nan, points))
    with pytest.raises(ShapeError, match="points must be 1 to 16384; got 0"):
        track_video(clip.frames, points[:0])
