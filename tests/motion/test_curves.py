"""Curves against arithmetic done another way: de Casteljau, the Barry-Goldman pyramid, by hand."""

from itertools import pairwise

import numpy as np
import pytest

from wanmove_core.errors import OptionError
from wanmove_core.motion.curves import (
    CURVE_KINDS,
    bezier_segments,
    ease_cubic_bezier,
    evaluate_segments,
    flatten_segments,
    sample_curve,
    sample_polyline,
)

KNOTS = np.array([[0.0, 0.0], [30.0, 40.0], [90.0, 40.0], [101.0, 7.0], [140.0, -20.0]])


def de_casteljau(segment, t):
    points = [np.array(p) for p in segment]
    while len(points) > 1:
        points = [(1 - t) * a + t * b for a, b in pairwise(points)]
    return points[0]


@pytest.mark.parametrize("kind", ["linear", "cardinal", "protovis-cardinal", "centripetal"])
@pytest.mark.parametrize("tension", [0.0, 0.5])
def test_interpolating_kinds_pass_through_every_knot(kind, tension):
    segments = bezier_segments(KNOTS, kind, tension=tension)
    np.testing.assert_allclose(segments[:, 0], KNOTS[:-1], atol=1e-12)
    np.testing.assert_allclose(segments[:, 3], KNOTS[1:], atol=1e-12)


def test_evaluation_equals_de_casteljau_with_equal_shares_for_segments():
    segments = bezier_segments(KNOTS, "cardinal")
    parameter = np.linspace(0, 1, 23)
    place = parameter * 4
    index = np.minimum(place.astype(int), 3)
    wanted = [de_casteljau(segments[i], u - i) for i, u in zip(index, place, strict=True)]
    np.testing.assert_allclose(evaluate_segments(segments, parameter), wanted, atol=1e-12)


def test_cardinal_without_tension_is_catmull_rom():
    p0, p1, p2, p3 = KNOTS[:4]
    middle = (-p0 + 9 * p1 + 9 * p2 - p3) / 16
    np.testing.assert_allclose(
        evaluate_segments(bezier_segments(KNOTS, "cardinal"), np.array([1.5 / 4]))[0], middle
    )


def test_cardinal_with_full_tension_is_straight():
    curve = flatten_segments(bezier_segments(KNOTS[:2].repeat(2, 0)[1:], "cardinal", tension=1.0))
    cross = curve[:, 0] * 40 - curve[:, 1] * 30
    np.testing.assert_allclose(cross, 0, atol=1e-9)


def barry_goldman(p, t_share):
    """The centripetal curve between p[1] and p[2], by repeated linear interpolation."""
    knot = np.concatenate(
        [[0.0], np.cumsum([np.linalg.norm(b - a) ** 0.5 for a, b in pairwise(p)])]
    )
    t = knot[1] + t_share * (knot[2] - knot[1])

    def mix(a, b, low, high):
        return ((high - t) * a + (t - low) * b) / (high - low)

    a = [mix(p[i], p[i + 1], knot[i], knot[i + 1]) for i in range(3)]
    b = [mix(a[i], a[i + 1], knot[i], knot[i + 2]) for i in range(2)]
    return mix(b[0], b[1], knot[1], knot[2])


@pytest.mark.parametrize("share", [0.125, 0.5, 0.75])
def test_centripetal_equals_the_barry_goldman_pyramid(share):
    segments = bezier_segments(KNOTS, "centripetal")
    for inner in (1, 2):
        wanted = barry_goldman(KNOTS[inner - 1 : inner + 3], share)
        np.testing.assert_allclose(de_casteljau(segments[inner], share), wanted, atol=1e-9)


def test_centripetal_takes_doubled_knots():
    doubled = KNOTS[[0, 1, 1, 2]]
    curve = flatten_segments(bezier_segments(doubled, "centripetal"))
    assert np.isfinite(curve).all()
    np.testing.assert_allclose(curve[64:129], np.repeat(KNOTS[1:2], 65, axis=0))


def test_protovis_cardinal_has_tripled_tangents_and_quadratic_ends():
    segments = bezier_segments(KNOTS, "protovis-cardinal", tension=0.5)
    offset = (KNOTS[2] - KNOTS[0]) * 0.25
    np.testing.assert_allclose(segments[1, 1], KNOTS[1] + offset)
    quadratic = KNOTS[1] - offset * 2 / 3
    t = 0.3
    wanted = (1 - t) ** 2 * KNOTS[0] + 2 * t * (1 - t) * quadratic + t**2 * KNOTS[1]
    np.testing.assert_allclose(de_casteljau(segments[0], t), wanted, atol=1e-12)
    last = KNOTS[3] + (KNOTS[4] - KNOTS[2]) * 0.25 * 2 / 3
    wanted = (1 - t) ** 2 * KNOTS[3] + 2 * t * (1 - t) * last + t**2 * KNOTS[4]
    np.testing.assert_allclose(de_casteljau(segments[-1], t), wanted, atol=1e-12)


def test_basis_starts_and_ends_on_the_end_knots_and_averages_inside():
    segments = bezier_segments(KNOTS, "basis")
    assert len(segments) == 6
    np.testing.assert_allclose(segments[0, 0], KNOTS[0])
    np.testing.assert_allclose(segments[-1, 3], KNOTS[-1])
    np.testing.assert_allclose(segments[3, 0], (KNOTS[1] + 4 * KNOTS[2] + KNOTS[3]) / 6)


def test_monotone_does_not_overshoot_and_survives_vertical_steps():
    knots = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 100.0], [30.0, 100.0]])
    curve = flatten_segments(bezier_segments(knots, "monotone"))
    assert curve[:, 1].min() >= -1e-9
    assert curve[:, 1].max() <= 100 + 1e-9
    assert (np.diff(curve[:, 0]) >= 0).all()
    steep = np.array([[0.0, 0.0], [10.0, 0.3], [20.0, 20.3], [30.0, 20.6]])
    assert (np.diff(flatten_segments(bezier_segments(steep, "monotone"))[:, 1]) >= 0).all()
    vertical = np.array([[5.0, 0.0], [5.0, 50.0], [5.0, 50.0], [9.0, 60.0]])
    assert np.isfinite(flatten_segments(bezier_segments(vertical, "monotone"))).all()


def test_steps_turn_the_right_corner():
    knots = np.array([[0.0, 0.0], [30.0, 40.0]])
    half = np.array([30 / 70])
    np.testing.assert_allclose(sample_curve(knots, half, kind="step-after"), [[30, 0]])
    half = np.array([40 / 70])
    np.testing.assert_allclose(sample_curve(knots, half, kind="step-before"), [[0, 40]])


def test_even_progress_gives_even_distances_on_every_kind():
    handles = np.stack([KNOTS - 5, KNOTS + 5], axis=1)
    for kind in CURVE_KINDS:
        points = sample_curve(
            KNOTS, np.linspace(0, 1, 2001), kind=kind, tension=0.2, handles=handles
        )
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        # A corner is cut by at most one step; everywhere else the steps are equal.
        assert np.percentile(steps, 2) > 0.99 * np.percentile(steps, 98), kind


def test_polyline_by_hand_and_beyond_its_ends():
    polyline = np.array([[0.0, 0.0], [30.0, 40.0], [30.0, 40.0], [30.0, 90.0]])
    points = sample_polyline(polyline, np.array([-0.1, 0.0, 0.25, 0.5, 0.75, 1.0, 1.2]))
    wanted = [[-6, -8], [0, 0], [15, 20], [30, 40], [30, 65], [30, 90], [30, 110]]
    np.testing.assert_allclose(points, wanted, atol=1e-12)


def test_doubled_ends_do_not_matter():
    polyline = np.array([[0.0, 0.0], [0.0, 0.0], [10.0, 0.0], [10.0, 0.0]])
    points = sample_polyline(polyline, np.array([-0.5, 0.0, 0.5, 1.0, 1.5]))
    np.testing.assert_allclose(points[:, 0], [-5, 0, 5, 10, 15])


def test_a_curve_without_length_stays():
    same = np.full((3, 2), 7.0)
    assert (sample_curve(same, np.linspace(0, 1, 5), kind="basis") == 7).all()
    assert (sample_curve(same[:1], np.linspace(0, 1, 5)) == 7).all()


def test_easing_matches_css_and_reverses():
    # cubic-bezier(0.25, 0.1, 0.25, 1.0), CSS "ease": browsers give 0.8024 at the middle.
    ease = ease_cubic_bezier(np.array([0.0, 0.5, 1.0]), (0.0, 0.25, 0.1, 0.25, 1.0, 1.0))
    np.testing.assert_allclose(ease, [0, 0.80240339, 1], atol=1e-8)
    time = np.linspace(0, 1, 17)
    straight = ease_cubic_bezier(time, (0.0, 0.0, 0.0, 1.0, 1.0, 1.0))
    np.testing.assert_allclose(straight, time, atol=1e-12)
    back = ease_cubic_bezier(time, (1.0, 0.0, 1.0, 1.0, 0.0, 0.0))
    np.testing.assert_allclose(back, 1 - time, atol=1e-12)


def test_bad_options_are_refused():
    with pytest.raises(OptionError, match="at least 2"):
        bezier_segments(KNOTS[:1])
    with pytest.raises(OptionError, match="kind must be one of"):
        bezier_segments(KNOTS, "polar")
    with pytest.raises(OptionError, match="handles must be given"):
        bezier_segments(KNOTS, "bezier")
