from functools import partial

import numpy as np
import pytest

from training import unseen_world
from wanmove_core.bench.world import (
    FRAMES,
    HEIGHT,
    HELD_OUT_SEED,
    WIDTH,
    Layer,
    apply,
    make_scene,
    render,
    similarity,
)

WORLDS = {
    "version 1": make_scene,
    "unseen": partial(unseen_world.make_scene, height=HEIGHT, width=WIDTH),
}


def grid_points() -> np.ndarray:
    x, y = np.meshgrid(np.arange(2.0, WIDTH - 1, 3.0), np.arange(2.0, HEIGHT - 1, 3.0))
    return np.stack([x.ravel(), y.ravel()], -1)


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
def test_a_seed_gives_the_same_scene_and_another_seed_another(make):
    first, again, other = make(5), make(5), make(6)
    assert np.array_equal(first.frames, again.frames)
    assert not np.array_equal(first.frames, other.frames)
    assert first.frames.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert first.frames.dtype == np.uint8


def test_version_1_draws_its_old_scenes():
    # Weights in models/toy and figures in the README are about these very scenes.
    from training.world import make_scene as make_photo_scene

    for seed, make, brightness, drift in (
        (0, make_photo_scene, 133.2076, 188.7485),
        (HELD_OUT_SEED + 3, make_photo_scene, 114.9743, 15.4437),
        (5, make_scene, 135.4001, 61.1230),
    ):
        scene = make(seed)
        motion = sum(layer.to_frame[-1, :2, 2].sum() for layer in scene.layers)
        assert abs(scene.frames.mean() - brightness) < 0.01, (seed, scene.frames.mean())
        assert abs(motion - drift) < 1e-3, (seed, motion)


def test_the_global_random_state_is_left_alone():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    make_scene(3)
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
def test_colour_stays_the_same_along_a_visible_track(make):
    # Points well inside of their layer; a wrong transform, order or offset changes the colour.
    for seed in range(6):
        scene = make(seed)
        points = grid_points()
        owner = scene.owner(points)
        ring = [points + 3 * np.array([np.cos(a), np.sin(a)]) for a in np.arange(0, 6.2, 0.7)]
        inner = np.all([scene.owner(moved) == owner for moved in ring], axis=0)
        positions, visible = scene.tracks(points[inner])
        start = bilinear(scene.frames[0], positions[0])
        for frame in (4, 9, 16):
            now = bilinear(scene.frames[frame], positions[frame])
            surely = visible[frame] & clear_of_edges(scene, positions[frame], frame)
            difference = np.abs(now - start)[surely]
            assert len(difference) > 20
            assert np.percentile(difference, 95) < 12


def bilinear(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    x, y = np.clip(points, 0, [WIDTH - 1.001, HEIGHT - 1.001]).T
    column, row = x.astype(int), y.astype(int)
    u, v = (x - column)[:, None], (y - row)[:, None]
    picture = frame.astype(np.float64)
    top = picture[row, column] * (1 - u) + picture[row, column + 1] * u
    bottom = picture[row + 1, column] * (1 - u) + picture[row + 1, column + 1] * u
    return top * (1 - v) + bottom * v


def clear_of_edges(scene, points: np.ndarray, frame: int) -> np.ndarray:
    here = scene.owner(points, frame)
    around = [(dx, dy) for dx in (-2.5, 0, 2.5) for dy in (-2.5, 0, 2.5)]
    return np.all([scene.owner(points + np.array(d), frame) == here for d in around], axis=0)


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
def test_a_point_under_a_nearer_sprite_is_hidden(make):
    hidden = 0
    for seed in range(12):
        scene = make(seed)
        positions, visible = scene.tracks(grid_points())
        owner = scene.owner(grid_points())
        for index, layer in enumerate(scene.layers[1:], start=1):
            for frame in (8, 16):
                covered = layer.covers(positions[frame], frame) & (owner < index)
                hidden += covered.sum()
                assert not visible[frame][covered].any()
    assert hidden > 100


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
def test_tracks_start_where_asked_and_follow_their_layer(make):
    scene = make(2)
    points = grid_points()
    positions, visible = scene.tracks(points)
    np.testing.assert_allclose(positions[0], points, atol=1e-4)
    assert visible[0].all()
    owner = scene.owner(points)
    for index, layer in enumerate(scene.layers):
        mine = points[owner == index]
        motion = layer.to_frame[16] @ np.linalg.inv(layer.to_frame[0])
        np.testing.assert_allclose(positions[16, owner == index], apply(motion, mine), atol=1e-4)


def test_a_rendered_layer_is_where_its_transform_says():
    size = 41
    alpha = np.zeros((size, size), dtype=np.float32)
    alpha[12:29, 12:29] = 1
    white = np.ones((size, size, 3), dtype=np.float32)
    centre = np.array([37.3, 25.8])
    place = similarity(centre, 0.4, 0.5, np.array([20.0, 20.0]))[None]
    ground = Layer(0 * white, np.ones_like(alpha), place)
    frame = render([ground, Layer(white, alpha, place)], HEIGHT, WIDTH)[0, ..., 0].astype(float)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    centroid = [(frame * axis).sum() / frame.sum() for axis in (x, y)]
    np.testing.assert_allclose(centroid, centre, atol=0.05)
