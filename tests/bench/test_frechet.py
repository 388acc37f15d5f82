import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from wanmove_core import ShapeError
from wanmove_core.bench.frechet import Gaussian, fit_gaussian, frechet_distance
from wanmove_core.bench.intervals import bootstrap_interval, share_interval


def gaussian(features: np.ndarray) -> Gaussian:
    return fit_gaussian(lambda: [features])


def commuting(seed: int, width: int) -> tuple[Gaussian, Gaussian, float]:
    """Two Gaussians with the same axes, and their distance in closed form."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(width, width)))
    first, second = rng.uniform(0, 3, (2, width))
    gap = rng.normal(size=width)
    one = Gaussian(np.zeros(width), (axes * first) @ axes.T, 2)
    other = Gaussian(gap, (axes * second) @ axes.T, 2)
    return one, other, float(gap @ gap + np.square(np.sqrt(first) - np.sqrt(second)).sum())


@pytest.mark.parametrize("width", [1, 7, 400])
def test_the_distance_of_commuting_covariances_has_a_closed_form(width):
    one, other, expected = commuting(width, width)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([5, 31]), st.integers(2, 11))
def test_it_equals_scipys_square_root_also_with_fewer_samples_than_features(seed, count, width):
    rng = np.random.default_rng(seed)
    sets = [rng.normal(size=(count, width)) @ rng.normal(size=(width, width)) for _ in range(2)]
    one, other = map(gaussian, sets)
    cross = np.trace(sqrtm(one.covariance @ other.covariance)).real
    gap = one.mean - other.mean
    expected = gap @ gap + np.trace(one.covariance) + np.trace(other.covariance) - 2 * cross
    scale = np.trace(one.covariance) + np.trace(other.covariance)
    assert frechet_distance(one, other) == pytest.approx(expected, abs=1e-4 * scale)
    assert frechet_distance(other, one) == pytest.approx(
        frechet_distance(one, other), abs=1e-6 * scale
    )


def test_a_set_is_no_distance_from_itself():
    one = gaussian(np.random.default_rng(1).normal(size=(6, 16)).astype(np.float32))
    assert abs(frechet_distance(one, one)) < 1e-6


def test_features_in_parts_are_as_features_at_once():
    features = np.random.default_rng(2).normal(100, 1, (23, 5)).astype(np.float32)
    parts = fit_gaussian(lambda: [features[:7], features[7:8], features[8:]])
    np.testing.assert_allclose(parts.mean, features.mean(0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(parts.covariance, np.cov(features.T.astype(np.float64)), rtol=1e-9)
    assert parts.count == 23


def test_too_few_or_unequal_features_are_refused():
    with pytest.raises(ShapeError, match="two samples or more; got 1"):
        gaussian(np.zeros((1, 3)))
    with pytest.raises(ShapeError, match="one width; got 3 and 4"):
        fit_gaussian(lambda: [np.zeros((2, 3)), np.zeros((2, 4))])


def test_the_interval_of_a_mean_is_the_normal_one_for_many_values():
    values = np.random.default_rng(3).normal(5, 2, 1000).tolist()
    low, high = bootstrap_interval(values)
    half = 1.96 * 2 / math.sqrt(1000)
    assert low == pytest.approx(np.mean(values) - half, abs=0.02)
    assert high == pytest.approx(np.mean(values) + half, abs=0.02)
    assert bootstrap_interval(values) == (low, high)
    assert bootstrap_interval([4.0, 4.0]) == (4.0, 4.0)


def test_the_interval_of_a_share_is_wilsons():
    # Newcombe 1998, table I, method 3: 81 of 263.
    assert share_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert share_interval(0, 0) == (0.0, 1.0)
    low, high = share_interval(0, 10)
    assert low == 0.0 and 0 < high < 0.4
