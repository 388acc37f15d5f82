"""Points that fill a region: the right number, evenly apart, inside, denser where asked."""

import cv2
import numpy as np
import pytest
from scipy.spatial import cKDTree

from tests.refusals import refusal_test
from wanmove_core import OptionError, ShapeError
from wanmove_core.sources.region.fill import Fill, fill_mask
from wanmove_core.view.polygons import polygon_mask

WIDTH, HEIGHT = 211, 113


def blob():
    """A disc with a hole, and a bar apart from it."""
    row, col = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot(col - 70, row - 55)
    mask = (away < 47) & (away > 13)
    mask[30:37, 140:200] = True
    return mask


def inside(mask, points):
    col, row = np.floor(points).astype(int).T
    return mask[row, col]


def nearest(points):
    return cKDTree(points).query(points, k=2)[0][:, 1]


@pytest.mark.parametrize("count", [1, 2, 61, 307])
def test_a_scatter_has_exactly_so_many_points_all_inside(count):
    mask = blob()
    points = fill_mask(mask, Fill(count))
    assert points.shape == (count, 2) and inside(mask, points).all()


def test_a_scatter_of_a_spacing_is_a_maximal_poisson_disc_set():
    mask = blob()
    points = fill_mask(mask, Fill(spacing=9.0, margin=0))
    assert nearest(points).min() >= 9.0 - 1e-4
    pixels = np.argwhere(mask)[:, ::-1] + 0.5
    gap = cKDTree(points).query(pixels)[0].max()
    assert gap < 9.0 + 1.5  # a candidate lies within its pixel


def test_points_of_a_count_are_about_as_far_apart_as_there_is_room():
    mask = blob()
    points = fill_mask(mask, Fill(307))
    even = np.sqrt(mask.sum() / 307)
    # A hexagonal grid, the closest packing, is 1.07 of it; a random scatter has 0 in places.
    assert nearest(points).min() > 0.65 * even


def test_the_first_point_lies_deepest():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:81, 30:111] = True
    x, y = fill_mask(mask, Fill(1))[0]
    assert abs(y - 50.5) <= 1 and 59 <= x <= 82


def test_the_seed_chooses_the_scatter_and_no_global_state_does():
    mask = blob()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (fill_mask(mask, Fill(41, seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, same) and not np.allclose(one, other)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_the_margin_holds_and_thin_pieces_are_filled_along_their_middle():
    mask = blob()
    away = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    points = fill_mask(mask, Fill(400, margin=6.0))
    col, row = np.floor(points).astype(int).T
    disc = col < 130
    assert away[row, col][disc].min() >= 6.0
    bar = row[~disc]
    assert len(bar) > 3 and bar.min() >= 31 and bar.max() <= 35


def test_detail_draws_points_to_edges():
    mask = np.ones((HEIGHT, WIDTH), bool)
    image = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    image[:, 101:] = 200
    even, drawn = (fill_mask(mask, Fill(300, detail=d), image=image) for d in (0.0, 1.0))
    at_edge = [(np.abs(points[:, 0] - 101) < 4).mean() for points in (even, drawn)]
    assert at_edge[1] > 3 * at_edge[0] and len(drawn) == 300
    # The plain part is still covered.
    pixels = np.argwhere(mask)[:, ::-1] + 0.5
    assert cKDTree(drawn).query(pixels)[0].max() < 3 * np.sqrt(mask.sum() / 300)


def test_a_grid_has_rows_and_columns_and_about_the_count():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:73, 20:160] = True
    points = fill_mask(mask, Fill(150, pattern="grid", margin=0))
    assert abs(len(points) - 150) <= 8 and inside(mask, points).all()
    x, y = (np.unique(points[:, axis].round(6)) for axis in (0, 1))
    assert len(x) * len(y) == len(points)
    assert np.ptp(np.diff(x)) < 1e-5 and abs(np.diff(x)[0] - np.diff(y)[0]) < 1e-5
    # As far from the left edge as from the right.
    assert abs((x[0] - 20) - (160 - x[-1])) < 1e-5
    spaced = fill_mask(mask, Fill(spacing=7, pattern="grid", margin=0))
    assert len(spaced) == 9 * 20


def test_one_pixel_is_a_region():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[0, WIDTH - 1] = True
    for pattern in ("scatter", "grid"):
        points = fill_mask(mask, Fill(5, pattern=pattern, margin=3))
        assert len(points) == 1 and inside(mask, points).all()


def test_polygons_follow_the_even_odd_rule():
    rng = np.random.default_rng(5)
    for corners in (3, 7, 12):
        polygon = rng.uniform(-20, 230, (corners, 2))
        found = polygon_mask(polygon, WIDTH, HEIGHT)
        for y, x in rng.integers(0, [HEIGHT, WIDTH], (200, 2)):
            ends = zip(polygon, np.roll(polygon, -1, 0), strict=True)
            parity = sum(
                (a[1] <= y + 0.5) != (b[1] <= y + 0.5)
                and a[0] + (y + 0.5 - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) <= x + 0.5
                for a, b in ends
            )
            assert found[y, x] == parity % 2
    square = polygon_mask(
        np.array([[10.0, 20.0], [30.0, 20.0], [30.0, 50.0], [10.0, 50.0]]), 90, 80
    )
    assert np.array_equal(np.argwhere(square).min(0), [20, 10]) and square.sum() == 20 * 30


def bad_inputs():
    mask, grey = blob(), np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    nan = np.full((4, 2), np.nan)
    yield ShapeError, "empty", lambda: fill_mask(mask & False, Fill())
    yield ShapeError, "frame's size", lambda: fill_mask(mask, Fill(detail=1), image=grey[1:])
    yield OptionError, "must have an image", lambda: fill_mask(mask, Fill(detail=1))
    yield OptionError, "scatter", lambda: Fill(detail=1, pattern="grid")
    yield OptionError, "pattern", lambda: Fill(pattern="hex")
    yield OptionError, "count", lambda: Fill(0)
    yield OptionError, "spacing", lambda: Fill(spacing=0)
    yield OptionError, "at most", lambda: fill_mask(np.ones((300, 300), bool), Fill(spacing=1))
    yield OptionError, "margin", lambda: Fill(margin=-1)
    yield ShapeError, "corners", lambda: polygon_mask(np.zeros((2, 2)), 9, 9)
    yield ShapeError, "finite", lambda: polygon_mask(nan, 9, 9)


test_bad_input_is_one_clear_line = refusal_test(bad_inputs())
