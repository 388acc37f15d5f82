"""Camera tracks: exact against OpenCV, every move in its direction, hidden where covered."""

import math

import cv2
import numpy as np
import pytest
import torch

from tests.refusals import refusal_test
from wanmove_core import OptionError, ShapeError, Tracks
from wanmove_core.sources import pieces
from wanmove_core.sources.camera import scene
from wanmove_core.sources.camera.path import CameraKey, CameraPath, Handheld, camera_path
from wanmove_core.sources.camera.presets import CAMERA_PRESETS, preset_keys
from wanmove_core.sources.camera.scene import camera_tracks, follow_camera
from wanmove_core.sources.depth import Lens, centre_distance, distance_map, sample_distance
from wanmove_core.sources.starts import feature_points, grid_points

LENS = Lens(208, 112, fov=53.0)
MIDDLE = np.array([[104.0, 56.0]])


def random_camera(rng, frames):
    rotation = np.stack([cv2.Rodrigues(rng.normal(0, 0.15, 3))[0] for _ in range(frames)])
    position = rng.normal(0, 0.3, (frames, 3))
    return CameraPath(LENS, rotation, position, rng.uniform(0.7, 1.6, frames))


def project_with_opencv(camera, points, depth):
    """Lift by the pose of frame 0, then cv2.projectPoints for every frame, visible or not."""
    focal = LENS.focal * camera.zoom[0]
    x, y = (points - LENS.centre).T / focal
    space = (camera.rotation[0] @ (np.stack([x, y, np.ones_like(x)]) * depth)).T
    space = space + camera.position[0]
    out = []
    for rotation, position, zoom in zip(camera.rotation, camera.position, camera.zoom, strict=True):
        focal = LENS.focal * zoom
        matrix = np.array([[focal, 0, LENS.width / 2], [0, focal, LENS.height / 2], [0, 0, 1]])
        turn = cv2.Rodrigues(rotation.T)[0]
        out.append(cv2.projectPoints(space, turn, -rotation.T @ position, matrix, None)[0][:, 0])
    return np.stack(out)


@pytest.mark.parametrize("seed", range(20))
def test_projection_equals_opencv(seed):
    rng = np.random.default_rng(seed)
    camera = random_camera(rng, 7)
    distance = rng.uniform(2.0, 9.0, (LENS.height, LENS.width))
    points = rng.uniform(0, 1, (31, 2)) * [LENS.width, LENS.height]
    tracks = camera_tracks(points, camera, distance)
    expected = project_with_opencv(camera, points, sample_distance(distance, points))
    assert np.abs(tracks.positions.numpy() - expected).max() < 1e-4
    assert np.abs(tracks.positions[0].numpy() - points).max() < 1e-9


def end_of(distance=2.0, points=MIDDLE, **key):
    camera = camera_path(LENS, [[CameraKey(0), CameraKey(10, **key)]], 11, pivot=2.0)
    return camera_tracks(points, camera, distance).positions[-1].numpy() - points


def test_each_move_goes_its_way_by_the_right_amount():
    f = LENS.focal
    assert np.allclose(end_of(pan=10), [[-f * math.tan(math.radians(10)), 0]])
    assert np.allclose(end_of(tilt=7), [[0, f * math.tan(math.radians(7))]])
    assert np.allclose(end_of(truck=0.3), [[-f * 0.15, 0]])
    assert np.allclose(end_of(pedestal=0.3), [[0, f * 0.15]])
    right = MIDDLE + np.array([[30, 0]])
    assert np.allclose(end_of(points=right, roll=90), [[-30, -30]])  # clockwise: right goes up
    assert np.allclose(end_of(points=right, dolly=1.0), [[30, 0]])
    assert np.allclose(end_of(points=right, zoom=1.5), [[15, 0]])


def test_orbit_turns_about_the_pivot_and_shows_its_other_side():
    assert np.allclose(end_of(orbit=25), 0)
    # Seen from the right, what is behind the pivot moves right and what is before it left.
    assert end_of(distance=3.0, orbit=25)[0, 0] > 5
    assert end_of(distance=1.5, orbit=25)[0, 0] < -5


def test_keys_ease_hold_and_add_up():
    keys = [CameraKey(2, ease="linear"), CameraKey(6, truck=0.4, ease="in"), CameraKey(8)]
    camera = camera_path(LENS, [keys, [CameraKey(0, truck=1.0, zoom=2.0)]], 11)
    way = camera.position[:, 0] - 1.0
    assert np.allclose(way[:7], [0, 0, 0, 0.1, 0.2, 0.3, 0.4])
    assert 0.2 < way[7] < 0.4 and np.allclose(way[8:], 0)
    assert np.allclose(camera.zoom, 2.0)


def test_zoom_grows_by_one_factor():
    zoom = camera_path(LENS, [[CameraKey(0, ease="linear"), CameraKey(4, zoom=16.0)]], 5).zoom
    assert np.allclose(zoom, [1, 2, 4, 8, 16])


def test_handheld_is_seeded_smooth_and_starts_at_rest():
    def pan(seed, frames=4001):
        camera = camera_path(LENS, [], frames, handheld=Handheld(degrees=0.5, seed=seed))
        return np.degrees(np.arctan2(camera.rotation[:, 0, 2], camera.rotation[:, 2, 2]))

    assert pan(3)[0] == 0 and np.array_equal(pan(3), pan(3))
    assert not np.allclose(pan(3), pan(4))
    assert 0.4 < pan(3).std() < 0.6
    assert np.abs(np.diff(pan(3))).max() < 1.0


def wall_and_post():
    """A wall at distance 8 with a post at 2, 30 px wide."""
    distance = np.full((LENS.height, LENS.width), 8.0)
    distance[20:92, 90:120] = 2.0
    return distance


def test_what_is_near_hides_what_it_passes():
    distance = wall_and_post()
    camera = camera_path(LENS, [[CameraKey(0, ease="linear"), CameraKey(40, truck=1.0)]], 41)
    points = grid_points(LENS.width, LENS.height, 400)
    tracks = camera_tracks(points, camera, distance)
    position, seen = tracks.positions.numpy(), tracks.visibility.numpy()
    near = sample_distance(distance, points) == 2.0
    inside = (position >= 0).all(-1) & (position <= (LENS.width, LENS.height)).all(-1)
    assert near.sum() > 20 and seen[0].all()
    assert seen[:, near][inside[:, near]].all()
    assert not seen[~inside].any()
    # The truth, without any buffer: the post's rectangle moved by its own parallax.
    x, y = position[..., 0], position[..., 1]
    shift = LENS.focal * np.linspace(0, 1, 41)[:, None] / 2.0
    margin = 9  # a cell of the buffer
    deep = (x + shift > 90 + margin) & (x + shift < 120 - margin) & (y > 29) & (y < 83)
    clear = (x + shift < 90 - margin) | (x + shift > 120 + margin) | (y < 11) | (y > 101)
    behind = inside & ~near
    assert (behind & deep).sum() > 100
    assert not seen[behind & deep].any()
    assert seen[behind & clear].all()


@pytest.mark.parametrize("move", [{"truck": 0.5}, {"dolly": 0.9}, {"dolly": -1.0}, {"orbit": 20}])
def test_a_slanted_floor_does_not_hide_itself(move):
    row = np.arange(LENS.height)[:, None] + 0.5
    floor = LENS.focal / np.maximum(row - 40, 4) + np.zeros((1, LENS.width))
    points = grid_points(LENS.width, LENS.height, 300)
    camera = camera_path(LENS, [[CameraKey(0), CameraKey(20, **move)]], 21, pivot=2.0)
    tracks = camera_tracks(points, camera, floor)
    position = tracks.positions.numpy()
    inside = (position >= 1).all(-1) & (position <= (LENS.width - 1, LENS.height - 1)).all(-1)
    assert tracks.visibility.numpy()[inside].mean() > 0.99


def test_long_clips_are_seen_a_few_frames_at_a_time(monkeypatch):
    """Memory then does not grow with the length; the answer is the same."""
    distance = np.full((LENS.height, LENS.width), 4.0)
    distance[30:80, 60:120] = 1.5
    camera = camera_path(LENS, [[CameraKey(0), CameraKey(30, orbit=40)]], 31, pivot=2.0)
    points = grid_points(LENS.width, LENS.height, 200)
    whole = camera_tracks(points, camera, distance)
    seen, project = [], scene.project_surface

    def watched(*args):
        seen.append(args[-1])
        return project(*args)

    monkeypatch.setattr(pieces, "FRAMES", 7)
    monkeypatch.setattr(scene, "project_surface", watched)
    again = camera_tracks(points, camera, distance)
    assert torch.equal(again.visibility, whole.visibility)
    assert 0 < (~whole.visibility).sum() < whole.visibility.numel()
    assert [len(piece) for piece in seen] == [8, 8, 8, 8, 3]


def test_points_pass_behind_the_camera_and_come_back():
    keys = [CameraKey(0, ease="linear"), CameraKey(5, dolly=3.0, ease="linear"), CameraKey(10)]
    points = np.array([[150.0, 70.0]])
    tracks = camera_tracks(points, camera_path(LENS, [keys], 11), 2.0)
    assert tracks.visibility[:, 0].tolist() == [
        True, True, False, False, False, False, False, False, False, True, True,
    ]  # fmt: skip
    assert torch.isfinite(tracks.positions).all()
    assert torch.allclose(tracks.positions[0], tracks.positions[-1])


def test_an_object_moves_within_the_moving_camera():
    path = torch.tensor([[60.0, 50.0], [80.0, 50.0], [100.0, 50.0]])[:, None]
    hidden = torch.tensor([[True], [False], [True]])
    camera = camera_path(LENS, [[CameraKey(0, ease="linear"), CameraKey(2, zoom=4.0)]], 3)
    distance = wall_and_post()
    tracks = follow_camera(Tracks(path, hidden), camera, distance)
    assert torch.equal(tracks.visibility, hidden)
    middle = torch.tensor(LENS.centre)
    expected = (path - middle) * torch.tensor([1.0, 2.0, 4.0])[:, None, None] + middle
    assert torch.allclose(tracks.positions.float(), expected, atol=1e-3)
    still = follow_camera(Tracks(path, hidden), camera_path(LENS, [], 3), distance)
    assert torch.allclose(still.positions.float(), path)


@pytest.mark.parametrize("name", CAMERA_PRESETS)
def test_every_preset_starts_at_rest_and_only_static_stays(name):
    camera = camera_path(LENS, [preset_keys(name, 23, pivot=3.0)], 23, pivot=3.0)
    start = CameraPath(LENS, camera.rotation[:1], camera.position[:1], camera.zoom[:1])
    assert np.allclose(start.rotation, np.eye(3)) and np.allclose(start.position, 0)
    points = grid_points(LENS.width, LENS.height, 30)
    moved = camera_tracks(points, camera, 5.0).positions.numpy() - points
    assert (np.abs(moved).max() < 1e-9) == (name == "static")
    none = camera_path(LENS, [preset_keys(name, 23, strength=0.0)], 23)
    assert np.allclose(none.zoom, 1) and np.allclose(none.position, 0)


def test_dolly_zoom_keeps_the_subject_and_crane_keeps_facing_it():
    points = grid_points(LENS.width, LENS.height, 30)
    for name in ("dolly-zoom-in", "dolly-zoom-out"):
        camera = camera_path(LENS, [preset_keys(name, 23, pivot=3.0)], 23, pivot=3.0)
        assert np.allclose(camera_tracks(points, camera, 3.0).positions.numpy(), points)
        assert np.abs(camera_tracks(points, camera, 6.0).positions.numpy() - points).max() > 9
    camera = camera_path(LENS, [preset_keys("crane-up", 23, pivot=3.0)], 23)
    assert np.allclose(camera_tracks(MIDDLE, camera, 3.0).positions.numpy(), MIDDLE)
    assert camera.position[-1, 1] < -0.5


def test_one_frame_is_enough():
    for name in CAMERA_PRESETS:
        camera = camera_path(LENS, [preset_keys(name, 1)], 1)
        assert camera_tracks(MIDDLE, camera, 1.0).num_frames == 1


def test_depth_conventions():
    grey = np.array([[0, 51], [102, 255]], dtype=np.uint8)
    inverse = distance_map(grey, "inverse", near=2.0, far=10.0)
    assert np.allclose(1 / inverse, 0.1 + grey / 255 * 0.4)
    assert np.allclose(distance_map(grey * 0.3 + 7, "inverse", near=2.0, far=10.0), inverse)
    relative = distance_map(grey, "relative", near=2.0, far=10.0)
    assert np.allclose(relative, 2 + grey / 255 * 8)
    metric = np.array([[1.5, 2.0], [3.0, 70.0]], dtype=np.float32)
    assert np.array_equal(distance_map(metric, "metric"), metric)
    assert np.array_equal(distance_map(np.full((3, 5), 9), "inverse", near=2.0), np.full((3, 5), 2))


def test_sampling_takes_the_pixel_below_a_point():
    distance = np.arange(1.0, 16.0).reshape(3, 5)
    points = np.array([[0.0, 0.0], [1.99, 0.5], [5.0, 3.0], [-4.0, 1.5]])
    assert sample_distance(distance, points).tolist() == [1.0, 2.0, 15.0, 6.0]
    assert centre_distance(np.pad(np.full((3, 3), 7.0), 3, constant_values=1.0)) == 7.0


def test_points_on_grids_and_features():
    points = grid_points(832, 480, 1024)
    assert abs(len(points) - 1024) < 40
    assert points.min() > 0 and (points < (832, 480)).all()
    assert len(grid_points(7, 5, 1)) == 1
    image = np.zeros((61, 97, 3), np.uint8)
    image[20:40, 30:50] = 255
    found = feature_points(image, 50)
    corners = np.array([[30, 20], [50, 20], [30, 40], [50, 40]])
    assert np.abs(found[:, None] - corners).sum(-1).min(0).max() < 2.1
    left = np.zeros((61, 97), bool)
    left[:, :40] = True
    assert (feature_points(image, 50, mask=left)[:, 0] < 40).all()


def bad_inputs():
    still = camera_path(LENS, [], 3)
    depth = np.ones((4, 5))
    nan = np.full((1, 3, 3), np.nan)
    pose = np.eye(3)[None], np.zeros((1, 3)), np.ones(1)
    yield ShapeError, "NaN", lambda: distance_map(np.array([[1.0, np.nan]]))
    yield ShapeError, "map of numbers", lambda: distance_map(np.ones((4, 5, 3)))
    yield ShapeError, "map of numbers", lambda: distance_map(None)
    yield OptionError, "depth kind", lambda: distance_map(depth, "inches")
    yield OptionError, "metric depth", lambda: distance_map(depth * 0, "metric")
    yield OptionError, "near and far", lambda: distance_map(depth, near=3.0, far=2.0)
    yield ShapeError, "frame's size, 208x112", lambda: camera_tracks(MIDDLE, still, depth)
    yield ShapeError, "above 0", lambda: camera_tracks(MIDDLE, still, -1.0)
    yield OptionError, "pose 0", lambda: CameraPath(LENS, nan, *pose[1:])
    yield OptionError, "rotation", lambda: CameraPath(LENS, pose[0] * 2, *pose[1:])
    yield OptionError, "mirrors", lambda: CameraPath(LENS, -pose[0], *pose[1:])
    yield OptionError, "zoom", lambda: CameraPath(LENS, *pose[:2], pose[2] * 0)
    yield OptionError, "at least one pose", lambda: CameraPath(LENS, *(p[:0] for p in pose))
    yield OptionError, "finite", lambda: camera_path(LENS, [[CameraKey(0, pan=math.nan)]], 5)
    yield OptionError, "ascending", lambda: camera_path(LENS, [[CameraKey(3), CameraKey(3)]], 5)
    yield OptionError, "at least 1", lambda: camera_path(LENS, [[]], 5)
    yield OptionError, "zoom", lambda: camera_path(LENS, [[CameraKey(0, zoom=0.0)]], 5)
    yield OptionError, "num_frames", lambda: camera_path(LENS, [], 0)
    yield OptionError, "pivot", lambda: camera_path(LENS, [], 5, pivot=0.0)
    yield OptionError, "handheld", lambda: Handheld(degrees=-1.0)
    yield OptionError, "fov", lambda: Lens(8, 8, 180.0)
    yield OptionError, "camera move", lambda: preset_keys("fly", 5)
    yield OptionError, "strength", lambda: preset_keys("pan-left", 5, strength=-1.0)
    one = Tracks.from_arrays(np.zeros((2, 1, 2)))
    yield ShapeError, "camera's 3 frames", lambda: follow_camera(one, still, 1.0)
    yield OptionError, "corners", lambda: feature_points(np.zeros((9, 9, 3), np.uint8), 4)
    yield OptionError, "count", lambda: grid_points(9, 9, 0)


test_bad_input_is_one_clear_line = refusal_test(bad_inputs())
