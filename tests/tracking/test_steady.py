import numpy as np

from wanmove_core.tracking.steady import steady_tracks

FRAMES = 11


def turning(points: np.ndarray, centre: tuple[float, float], per_frame: float) -> np.ndarray:
    """Exact tracks of points that turn about a centre, radians a frame."""
    around = points - centre
    tracks = []
    for frame in range(FRAMES):
        cos, sin = np.cos(per_frame * frame), np.sin(per_frame * frame)
        tracks.append(around @ np.array([[cos, sin], [-sin, cos]]) + centre)
    return np.stack(tracks)


def spread() -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(1.5, 95, 3), np.arange(1.5, 63, 3)), -1).reshape(-1, 2)


def noisy(tracks: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, tracks.shape)
    noise[0] = 0
    return tracks + noise


def error(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.hypot(*(found - true).transpose(2, 0, 1))[1:].mean())


def test_noise_is_averaged_over_the_neighbourhood():
    points = np.array([[40.0, 30.0], [52.5, 22.0], [33.0, 41.5]])
    true = turning(points, (48.0, 32.0), 0.03)
    given = noisy(true, 1.0, seed=0)
    found = steady_tracks(given, noisy(turning(spread(), (48.0, 32.0), 0.03), 1.0, seed=1))
    assert error(found, true) < 0.3 * error(given, true)
    assert np.array_equal(found[0], points)
    assert np.array_equal(given, noisy(true, 1.0, seed=0))


def test_another_object_nearby_does_not_pull():
    others = spread()
    on_object = np.hypot(*(others - [48, 32]).T) < 14
    neighbours = np.repeat(others[None], FRAMES, axis=0)
    neighbours[:, on_object] += np.arange(FRAMES)[:, None, None] * [0.8, 0.5]
    inner, outer = np.array([[42.0, 30.0]]), np.array([[30.0, 28.0]])
    moving = inner + np.arange(FRAMES)[:, None, None] * [0.8, 0.5]
    still = np.repeat(outer[None], FRAMES, axis=0)
    given = np.concatenate([moving, still], axis=1)
    assert error(steady_tracks(given, neighbours), given) < 0.02


def test_a_point_without_neighbours_keeps_its_track():
    own = noisy(np.zeros((FRAMES, 1, 2)), 1.0, seed=2)
    far = np.full((FRAMES, 4, 2), 500.0)
    np.testing.assert_allclose(steady_tracks(own, far), own, rtol=1e-6)
