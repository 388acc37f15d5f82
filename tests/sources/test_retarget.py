import numpy as np
import pytest
import torch

from wanmove_core import OptionError, ShapeError, Tracks
from wanmove_core.sources.video.retarget import (
    Box,
    camera_motion,
    change_speed,
    mask_box,
    place_tracks,
    scale_motion,
    split_camera,
)

FRAMES, WIDTH, HEIGHT = 13, 832, 480


def camera_of(frame: int) -> np.ndarray:
    """A pan with a roll, a zoom and a little perspective."""
    angle, zoom = 0.01 * frame, 1 + 0.01 * frame
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    return np.array([[cos, -sin, 5.0 * frame], [sin, cos, -2.0 * frame], [1e-6 * frame, 0, 1.0]])


CAMERA = np.stack([camera_of(frame) for frame in range(FRAMES)])


def filmed(world: np.ndarray) -> np.ndarray:
    """Points [frames, points, 2] of the world as the camera sees them."""
    seen = np.concatenate([world, np.ones_like(world[..., :1])], -1) @ CAMERA.transpose(0, 2, 1)
    return seen[..., :2] / seen[..., 2:]


def scene() -> tuple[np.ndarray, np.ndarray, Tracks]:
    """Still points, points on an object that walks to the right, and all as filmed."""
    rng = np.random.default_rng(3)
    still = rng.uniform([0, 0], [WIDTH, HEIGHT], (101, 2))
    walk = rng.uniform([300, 200], [400, 300], (37, 2))
    walking = walk + np.arange(FRAMES)[:, None, None] * [6.0, 1.0]
    world = np.concatenate([np.repeat(still[None], FRAMES, 0), walking], axis=1)
    positions = torch.from_numpy(filmed(world))
    return still, world, Tracks(positions, torch.ones(positions.shape[:2]).bool())


def test_the_camera_is_found_beside_a_moving_object():
    _, _, tracks = scene()
    found = camera_motion(tracks)
    np.testing.assert_allclose(found / found[:, 2:, 2:], CAMERA, atol=1e-3)


def test_removing_the_camera_leaves_what_objects_do():
    _, world, tracks = scene()
    given = tracks.positions.clone()
    left = split_camera(tracks, camera_motion(tracks), "remove")
    np.testing.assert_allclose(left.positions.numpy(), world, atol=1e-3)
    assert torch.equal(tracks.positions, given)


def test_the_camera_alone_moves_every_start_point():
    _, world, tracks = scene()
    moved = split_camera(tracks, camera_motion(tracks), "only")
    expected = filmed(np.repeat(world[:1], FRAMES, 0))
    np.testing.assert_allclose(moved.positions.numpy(), expected, atol=1e-3)
    assert split_camera(tracks, CAMERA, "keep") is tracks


def test_noise_and_hidden_points_do_not_throw_it_off():
    _, world, tracks = scene()
    rng = np.random.default_rng(4)
    noisy = tracks.positions + torch.from_numpy(rng.normal(0, 0.2, tracks.positions.shape))
    seen = torch.from_numpy(rng.random(noisy.shape[:2]) < 0.7)
    seen[0] = True
    wild = torch.where(seen[..., None], noisy, torch.full_like(noisy, 9999.0))
    left = split_camera(Tracks(wild, seen), camera_motion(Tracks(wild, seen)))
    gap = np.hypot(*(left.positions.numpy() - world).transpose(2, 0, 1))[seen.numpy()]
    assert np.median(gap) < 0.5


def test_frames_without_enough_points_are_filled_in():
    _, _, tracks = scene()
    seen = tracks.visibility.clone()
    seen[5] = False
    found = camera_motion(Tracks(tracks.positions, seen))
    np.testing.assert_allclose(found[5], (CAMERA[4] + CAMERA[6]) / 2, atol=1e-3)


def test_a_background_mask_decides_which_points_count():
    _, _, tracks = scene()
    few = Tracks(tracks.positions[:, 80:], tracks.visibility[:, 80:])  # 21 still, 37 walking
    found = camera_motion(few, np.arange(58) < 21)
    np.testing.assert_allclose(found / found[:, 2:, 2:], CAMERA, atol=1e-3)


@pytest.mark.parametrize(
    ("fit", "scale"), [("uniform", (2.0, 2.0)), ("stretch", (4.0, 1.0)), ("none", (1.0, 1.0))]
)
def test_motion_is_placed_on_the_new_subject(fit, scale):
    source, target = Box(10.0, 20.0, 30.0, 60.0), Box(100.0, 200.0, 180.0, 240.0)
    way = torch.tensor([[[20.0, 40.0], [25.0, 50.0]], [[23.0, 36.0], [28.0, 46.0]]])
    placed = place_tracks(Tracks(way, torch.ones(2, 2).bool()), source, target, fit=fit)
    expected = (way - torch.tensor([20.0, 40.0])) * torch.tensor(scale) + torch.tensor([140.0, 220])
    torch.testing.assert_close(placed.positions, expected)


def test_a_box_around_a_mask():
    mask = np.zeros((7, 11), bool)
    mask[2:5, 3] = True
    assert mask_box(mask) == Box(3.0, 2.0, 4.0, 5.0)
    with pytest.raises(ShapeError, match="target mask must mark something; got an empty mask"):
        mask_box(np.zeros((7, 11), bool), "target mask")
    with pytest.raises(OptionError, match="left < right"):
        Box(3.0, 2.0, 3.0, 5.0)
    with pytest.raises(OptionError, match="left < right"):
        Box(3.0, 2.0, float("nan"), 5.0)


def walk(count: int) -> Tracks:
    positions = torch.arange(count)[:, None, None] * torch.tensor([[[4.0, 2.0]]])
    return Tracks(positions, torch.ones(count, 1).bool())


def test_speed():
    fast = change_speed(walk(13), 2.0)
    assert fast.positions[:, 0, 0].tolist() == [0, 8, 16, 24, 32, 40, 48] + [48] * 6
    slow = change_speed(walk(13), 0.5)
    torch.testing.assert_close(slow.positions[:, 0, 0], 2.0 * torch.arange(13))
    assert change_speed(walk(13), 1.0, 17).num_frames == 17
    for speed in (0.0, -1.0, float("nan")):
        with pytest.raises(OptionError, match="speed must be more than 0"):
            change_speed(walk(13), speed)


def test_strength():
    half = scale_motion(walk(5), 0.5)
    torch.testing.assert_close(half.positions, walk(5).positions * 0.5)
    with pytest.raises(OptionError, match="finite"):
        scale_motion(walk(5), float("inf"))


def test_bad_input_is_one_line():
    _, _, tracks = scene()
    with pytest.raises(OptionError, match="camera must be one of keep, remove, only; got 'all'"):
        split_camera(tracks, CAMERA, "all")
    with pytest.raises(ShapeError, match="camera must have the tracks' 13 frames; got 5"):
        split_camera(tracks, CAMERA[:5])
    with pytest.raises(ShapeError, match="at least 6 background points"):
        camera_motion(Tracks(tracks.positions[:, :4], tracks.visibility[:, :4]))
    with pytest.raises(OptionError, match="fit must be one of"):
        place_tracks(walk(5), Box(0.0, 0.0, 1.0, 1.0), Box(0.0, 0.0, 1.0, 1.0), fit="fill")
