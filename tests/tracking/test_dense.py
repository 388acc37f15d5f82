import cv2
import numpy as np
import pytest
import torch

from wanmove_core import ShapeError
from wanmove_core.bench.world import make_scene
from wanmove_core.tracking.video import track_points


def texture(rows: int, cols: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (rows // 6, cols // 6, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (cols, rows), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth, 0, 255)


def moved(picture: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    frame = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    return np.clip(frame, 0, 255).round().astype(np.uint8)


def similarity(angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((48.0, 32.0), angle, scale)
    matrix[:, 2] += shift
    return matrix


def follow(matrices: list[np.ndarray], points: np.ndarray) -> np.ndarray:
    to_picture = np.linalg.inv(np.vstack([matrices[0], [0, 0, 1]]))
    # OpenCV's integers are pixel centres; a track's are the corners of pixels.
    local = np.c_[points - 0.5, np.ones(len(points))] @ to_picture.T
    return np.stack([local @ matrix.T for matrix in matrices]) + 0.5


@pytest.mark.parametrize(
    ("turn", "grow", "shift"),
    [(0.0, 0.0, (1.3, -0.7)), (1.5, 0.0, (0.4, 0.2)), (0.0, 0.01, (0.0, 0.9))],
    ids=["shift", "turn", "grow"],
)
def test_motion_is_followed_below_a_pixel(turn, grow, shift):
    matrices = [similarity(turn * k, 1 + grow * k, (shift[0] * k, shift[1] * k)) for k in range(9)]
    frames = np.stack([moved(texture(64, 96), matrix, (96, 64)) for matrix in matrices])
    points = np.array([[40.0, 30.0], [55.25, 35.5], [47.0, 22.0], [33.0, 41.0]])
    tracks = track_points(torch.from_numpy(frames), torch.from_numpy(points).float())
    error = np.hypot(*(tracks.positions.numpy() - follow(matrices, points)).transpose(2, 0, 1))
    assert tracks.visibility.all()
    assert error.max() < (0.4 if turn else 0.2)


def test_large_frames_are_followed_at_their_own_size():
    matrices = [similarity(0, 1, (2.5 * k, 1.5 * k)) for k in range(4)]
    frames = np.stack([moved(texture(288, 360), matrix, (360, 288)) for matrix in matrices])
    points = np.array([[120.0, 130.0], [200.5, 90.0]])
    tracks = track_points(torch.from_numpy(frames), torch.from_numpy(points).float())
    error = np.abs(tracks.positions.numpy() - follow(matrices, points))
    assert error.max() < 0.2


def test_points_are_lost_when_their_surroundings_change():
    frames = np.stack([texture(64, 96), texture(64, 96), texture(64, 96, seed=1)]).astype(np.uint8)
    points = np.random.default_rng(0).uniform([10, 10], [85, 53], (40, 2))
    tracks = track_points(torch.from_numpy(frames), torch.from_numpy(points).float())
    assert tracks.visibility[:2].all()
    # By chance something alike may lie near.
    assert tracks.visibility[2].float().mean() <= 0.1


def test_a_point_is_lost_for_good_when_it_leaves_the_frame():
    picture = texture(64, 96)
    matrices = [similarity(0, 1, (shift, 0)) for shift in (0.0, 5.0, 10.0, 15.0, 10.0, 5.0)]
    frames = np.stack([moved(picture, matrix, (96, 64)) for matrix in matrices])
    tracks = track_points(torch.from_numpy(frames), torch.tensor([[84.0, 30.0], [40.0, 30.0]]))
    assert tracks.visibility[0, 0]
    assert not tracks.visibility[3:, 0].any()
    assert tracks.visibility[:, 1].all()


def test_flat_frames_give_finite_positions():
    frames = torch.full((3, 40, 40, 3), 128, dtype=torch.uint8)
    tracks = track_points(frames, torch.tensor([[20.0, 20.0]]))
    assert not tracks.visibility[1:].any()
    torch.testing.assert_close(tracks.positions, torch.full((3, 1, 2), 20.0))


def test_no_points_and_no_frames():
    frames = torch.zeros(3, 40, 40, 3, dtype=torch.uint8)
    assert track_points(frames, torch.zeros(0, 2)).positions.shape == (3, 0, 2)
    with pytest.raises(ShapeError, match="at least one frame"):
        track_points(frames[:0], torch.zeros(1, 2))


@pytest.mark.parametrize("size", [(96, 64), (416, 240)], ids=["tiny", "large"])
def test_points_count_from_the_corner(size):
    """Mirrored clips give mirrored tracks: x becomes width - x, not width - 1 - x."""
    width, height = size
    matrices = [
        cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), 2.0 * k, 1 + 0.01 * k)
        for k in range(6)
    ]
    frames = np.stack([moved(texture(height, width), matrix, size) for matrix in matrices])
    points = np.array([[0.4, 0.4], [0.6, 0.45], [0.5, 0.7]]) * size
    plain = track_points(torch.from_numpy(frames), torch.from_numpy(points))
    turned = track_points(torch.from_numpy(frames).flip(1, 2), torch.from_numpy(size - points))
    gap = (torch.tensor(size) - turned.positions - plain.positions).norm(dim=-1)
    assert gap.max() < 0.1
    error = np.hypot(*(plain.positions.numpy() - follow(matrices, points)).transpose(2, 0, 1))
    assert error.max() < (0.4 if width < 100 else 1.5)


def test_seen_and_hidden_points_are_told_apart():
    """In scenes whose truth is known, of two sizes: one bad frame is not the end of a track."""
    for version, least in ((1, (0.9, 0.4)), (2, (0.85, 0.25))):
        counts = np.zeros((2, 2), int)  # [truly seen, said to be seen]
        for seed in range(10_000_000, 10_000_003):
            scene = make_scene(seed, version=version)
            height, width = scene.frames.shape[1:3]
            points = np.random.default_rng(seed).uniform(0, [width - 1, height - 1], (200, 2))
            _, truth = scene.tracks(points)
            got = track_points(torch.from_numpy(scene.frames), torch.from_numpy(points))
            np.add.at(counts, (truth[1:].astype(int), got.visibility[1:].numpy().astype(int)), 1)
        wrong = counts[0, 1] + counts[1, 0]
        seen, hidden = (2 * right / (2 * right + wrong) for right in (counts[1, 1], counts[0, 0]))
        assert seen > least[0] and hidden > least[1], (version, seen, hidden)
