"""Shots of named moves, keys and objects; pictures brought to the frame's size."""

import numpy as np
import pytest
import torch

from tests.refusals import refusal_test
from wanmove_core import OptionError, ShapeError, Tracks, fit_tracks
from wanmove_core.sources.camera.path import CameraKey, Handheld, camera_path
from wanmove_core.sources.camera.presets import preset_keys
from wanmove_core.sources.camera.scene import camera_tracks, follow_camera
from wanmove_core.sources.camera.shots import plan_shot, scene_points, shoot
from wanmove_core.sources.depth import (
    Lens,
    centre_distance,
    check_proportions,
    fit_map,
    start_distance,
)
from wanmove_core.sources.starts import grid_points

LENS = Lens(104, 56, 40)
HILL = np.linspace(2.0, 5.0, 56)[:, None] + np.zeros(104)


def same(one, other):
    return torch.equal(one.positions, other.positions) and torch.equal(
        one.visibility, other.visibility
    )


def test_a_shot_is_its_moves_keys_and_hand_together():
    keys, hand = [CameraKey(0), CameraKey(7, roll=9.0)], Handheld(seed=3)
    moves = [("push-in", 0.5), ("pan-left", 1)]
    shot = plan_shot(LENS, 9, moves=moves, keys=keys, distance=HILL, handheld=hand)
    pivot = centre_distance(HILL)
    tables = [preset_keys(name, 9, strength=s, pivot=pivot) for name, s in moves]
    camera = camera_path(LENS, [*tables, keys], 9, pivot=pivot, handheld=hand)
    assert np.array_equal(shot.camera.rotation, camera.rotation)
    assert np.array_equal(shot.camera.position, camera.position)
    points = grid_points(104, 56, 60)
    assert same(shoot(points, shot), camera_tracks(points, camera, HILL))
    # Without a depth map the scene is a plane.
    plane = plan_shot(LENS, 9, moves=[("truck-left", 1)])
    assert plane.distance == 1.0
    way = shoot(points, plane).positions[-1] - torch.from_numpy(points)
    assert way.std(0).max() < 1e-9 and way[0, 0] > 10


def test_objects_move_within_the_moving_picture_and_on_top():
    shot = plan_shot(LENS, 9, moves=[("truck-left", 1)], distance=HILL)
    walk = torch.tensor([[[20.0, 30.0]], [[60.0, 30.0]]], dtype=torch.float64)
    objects = Tracks(walk, torch.ones(2, 1, dtype=torch.bool))
    tracks = shoot(grid_points(104, 56, 60), shot, objects=objects)
    long = torch.lerp(walk[0], walk[1], torch.linspace(0, 1, 9).double()[:, None, None])
    own = follow_camera(Tracks(long, torch.ones(9, 1, dtype=torch.bool)), *shot)
    torch.testing.assert_close(tracks.positions[:, -1:], own.positions, rtol=0, atol=1e-5)


def test_scene_points_lie_on_the_grid_on_features_and_in_the_mask():
    mask = np.zeros((56, 104), bool)
    mask[:, 70:] = True
    points = scene_points(LENS, 100, mask=mask)
    assert 80 <= len(points) <= 120 and (points[:, 0] >= 70).all()
    image = np.zeros((56, 104, 3), np.uint8)
    image[20:40, 30:50] = image[10:30, 80:95] = 255
    assert len(scene_points(LENS, 100, image=image)) == 8
    assert (scene_points(LENS, 100, image=image, mask=mask)[:, 0] > 70).all()
    one = np.zeros((56, 104), bool)
    one[33, 5] = True
    assert scene_points(LENS, 1, mask=one).tolist() == [[5.5, 33.5]]


@pytest.mark.parametrize("mode", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(104, 56), (52, 56), (208, 28), (33, 91)])
def test_maps_go_where_tracks_go(mode, size):
    """Each pixel of the fitted map is the pixel whose track would come to lie there."""
    width, height = 104, 56
    values = np.arange(width * height).reshape(height, width)
    fitted = fit_map(values, size, mode, outside=-1)
    assert fitted.shape == size[::-1]
    row, col = np.mgrid[:height, :width]
    corner = np.stack([col, row], -1).reshape(1, -1, 2).astype(np.float64)
    seen = torch.ones(1, width * height, dtype=torch.bool)
    low, high = (
        fit_tracks(Tracks(torch.from_numpy(c), seen), (width, height), size, mode=mode).positions[0]
        for c in (corner, corner + 1.0)
    )
    rows, cols = np.nonzero(fitted >= 0)
    centre = torch.from_numpy(np.stack([cols, rows], -1) + 0.5)
    source = fitted[rows, cols]
    assert (centre >= low[source] - 1e-6).all() and (centre <= high[source] + 1e-6).all()
    inside = (high[-1] - low[0]).clamp(max=torch.tensor(size)).prod()
    assert abs(len(source) - inside) <= 1e-6
    assert (fit_map(values, size, mode) >= 0).all()


def test_the_distance_of_tracks_is_that_where_they_are_first_seen():
    positions = torch.tensor([[[50.0, 0.5], [1.0, 20.5]], [[50.0, 55.5], [1.0, 0.5]]])
    tracks = Tracks(positions, torch.tensor([[False, True], [True, True]]))
    assert start_distance(tracks, HILL).tolist() == [HILL[55, 50], HILL[20, 1]]


def bad_inputs():
    mask, grey = np.ones((56, 104), bool), np.zeros((9, 9, 3), np.uint8)
    yield ShapeError, "frame's size", lambda: plan_shot(LENS, 9, distance=HILL[1:])
    yield OptionError, "camera move", lambda: plan_shot(LENS, 9, moves=[("fly", 1)])
    yield ShapeError, "room", lambda: scene_points(LENS, 9, mask=mask & False)
    yield ShapeError, "mask must be of", lambda: scene_points(LENS, 9, mask=mask[1:])
    yield ShapeError, "image must be of", lambda: scene_points(LENS, 9, image=grey)
    yield ShapeError, "proportions", lambda: check_proportions("depth", (9, 9), "mask", (16, 9))


test_bad_input_is_one_clear_line = refusal_test(bad_inputs())


def test_rounded_sizes_count_as_the_same_proportions():
    check_proportions("depth", (518, 294), "mask", (832, 480))
