import numpy as np
import pytest

from wanmove_core.bench.world import SIZES, apply, make_scene
from wanmove_core.bench.world_objects import COLOURS, DRAWINGS, draw_object
from wanmove_core.bench.world_v2 import CAMERAS

WAYS = {
    "moves left": (-1, 0),
    "moves right": (1, 0),
    "moves up": (0, -1),
    "moves down": (0, 1),
}


@pytest.fixture(scope="module")
def scenes():
    # Small, so that it is quick: lengths follow the height.
    return [make_scene(seed, version=2, height=32, width=48) for seed in range(60)]


def test_it_is_made_for_192x128():
    scene = make_scene(1, version=2)
    assert scene.frames.shape == (17, 128, 192, 3) and SIZES[2] == (128, 192)
    assert np.array_equal(scene.frames, make_scene(1, version=2).frames)


def test_version_2_draws_its_old_scenes():
    for seed, brightness, drift in ((0, 120.7818, 240.1690), (7, 130.6980, 302.4786)):
        scene = make_scene(seed, version=2)
        motion = sum(layer.to_frame[-1, :2, 2].sum() for layer in scene.layers)
        assert abs(scene.frames.mean() - brightness) < 0.01, scene.frames.mean()
        assert abs(motion - drift) < 1e-3, motion


def own_motion(scene, layer):
    """How the middle of a layer moves from the first to the last frame, without the camera."""
    ground, thing = scene.layers[0], scene.layers[layer]
    middle = np.array([np.array(thing.alpha.shape[::-1]) - 1]) / 2.0
    last = apply(thing.to_frame[-1], middle)
    before = apply(ground.to_frame[0] @ np.linalg.inv(ground.to_frame[-1]), last)
    return (before - apply(thing.to_frame[0], middle))[0]


def test_a_story_tells_what_happens(scenes):
    told = set()
    for scene in scenes:
        assert len({actor.colour for actor in scene.story.actors}) == len(scene.story.actors)
        for actor in scene.story.actors:
            motion = own_motion(scene, actor.layer)
            if actor.action in WAYS:
                told.add(actor.action)
                assert motion @ WAYS[actor.action] > 0.95 * np.linalg.norm(motion) > 0
            elif actor.action:
                told.add(actor.action)
                np.testing.assert_allclose(motion, 0, atol=1e-9)
        scale = np.linalg.det(scene.layers[0].to_frame[-1]) / np.linalg.det(
            scene.layers[0].to_frame[0]
        )
        assert (scale > 1.01, scale < 0.99) == tuple(scene.story.camera == c for c in CAMERAS)
    assert len(told) == 6


def test_a_shadow_owns_no_pixel(scenes):
    for scene in scenes:
        things = {actor.layer for actor in scene.story.actors}
        for index, layer in enumerate(scene.layers):
            assert (layer.alpha.max() > 0.5) == (index == 0 or index in things)


@pytest.mark.parametrize("kind", DRAWINGS)
def test_an_object_shows_its_colour_and_fits_its_picture(kind):
    for name, colour in COLOURS.items():
        picture, alpha = draw_object(kind, name, 20.0)
        assert picture.min() >= 0 and picture.max() <= 1
        edge = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
        assert edge.max() < 0.05 and alpha.max() > 0.98
        shown = picture[alpha > 0.9]
        near = np.abs(shown - np.array(colour)).max(1) < 0.16
        assert near.mean() > 0.1, name
