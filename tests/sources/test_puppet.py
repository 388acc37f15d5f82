"""Puppets: exact at the handles, rigid where they are, through the mask and not across gaps."""

import numpy as np
import pytest
import torch

from tests.refusals import refusal_test
from wanmove_core import OptionError, ShapeError, Tracks
from wanmove_core.sources.region.puppet import bend_points, handle_positions

RNG = np.random.default_rng(11)
POINTS = RNG.uniform(0, 100, (53, 2))
REST = np.array([[20.0, 30.0], [70.0, 25.0], [45.0, 80.0], [90.0, 90.0]])


def moved(shift=None, frames=5):
    """Handles that stand still, then each go their own way."""
    away = RNG.normal(0, 12, REST.shape) if shift is None else shift
    return REST + np.linspace(0, 1, frames)[:, None, None] * away


def rotation(degrees):
    a = np.radians(degrees)
    return np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


@pytest.mark.parametrize("stiffness", ["rigid", "similar"])
def test_handles_take_what_lies_under_them(stiffness):
    handles = moved()
    out = bend_points(REST, handles, stiffness=stiffness)
    assert np.abs(out - handles).max() < 1e-6
    # And hardly less what lies a thousandth of a pixel beside.
    near = bend_points(REST + 1e-3, handles, stiffness=stiffness)
    assert np.abs(near - handles).max() < 0.02


@pytest.mark.parametrize("stiffness", ["rigid", "similar"])
def test_still_handles_change_nothing(stiffness):
    out = bend_points(POINTS, moved(0.0), stiffness=stiffness)
    assert np.abs(out - POINTS).max() < 1e-9


@pytest.mark.parametrize("count", [2, 3, 4])
def test_handles_that_move_as_a_body_take_all_along(count):
    turn, shift = rotation(127), np.array([31.0, -17.0])
    handles = np.stack([REST, REST @ turn.T + shift])[:, :count]
    out = bend_points(POINTS, handles)
    assert np.abs(out[1] - (POINTS @ turn.T + shift)).max() < 1e-8


def test_similar_grows_and_rigid_keeps_sizes():
    grown = np.stack([REST, 1.7 * REST @ rotation(40).T])
    similar = bend_points(POINTS, grown, stiffness="similar")[1]
    assert np.abs(similar - 1.7 * POINTS @ rotation(40).T).max() < 1e-8
    # Two handles drawn apart: the rigid middle keeps its size, seen at a small square.
    handles = np.array([[[20.0, 50.0], [80.0, 50.0]], [[0.0, 50.0], [100.0, 50.0]]])
    square = np.array([[49.0, 49.0], [51.0, 49.0], [51.0, 51.0], [49.0, 51.0]])
    tall = [
        np.ptp(bend_points(square, handles, stiffness=s)[1, :, 1]) for s in ("rigid", "similar")
    ]
    assert abs(tall[0] - 2.0) < 1e-6 and tall[1] > 3.0


def test_equals_the_paper_in_real_numbers():
    """Equation 7 of Schaefer et al. as a loop over a point's handles."""
    handles = moved()
    out = bend_points(POINTS, handles)
    for v, got in zip(POINTS, out[-1], strict=True):
        w = 1 / ((REST - v) ** 2).sum(1)
        centre, target = w @ REST / w.sum(), w @ handles[-1] / w.sum()
        cross = ((REST - centre) * w[:, None]).T @ (handles[-1] - target)
        u, _, vt = np.linalg.svd(cross)
        flip = np.diag([1, np.sign(np.linalg.det(u @ vt))])
        assert np.abs(got - ((v - centre) @ u @ flip @ vt + target)).max() < 1e-8


def test_one_handle_shifts_all():
    out = bend_points(POINTS, np.array([[[50.0, 50.0]], [[60.0, 45.0]]]))
    assert np.abs(out[1] - POINTS - [10.0, -5.0]).max() < 1e-9


def test_handles_reach_through_the_mask_and_not_across_a_gap():
    """An upside-down U: one leg swings, the other is pinned at its foot, the top at its middle."""
    mask = np.zeros((120, 100), bool)
    mask[10:110, 10:90] = True
    mask[30:, 47:53] = False
    rest = np.array([[30.0, 105.0], [70.0, 105.0], [50.0, 15.0]])
    handles = np.stack([rest, rest + np.array([[-30.0, 0.0], [0.0, 0.0], [0.0, 0.0]])])
    # On the pinned leg, just across the gap from the swinging one.
    column = np.stack([np.full(30, 54.0), np.linspace(60, 105, 30)], -1)
    through = bend_points(column, handles, mask=mask)[1] - column
    straight = bend_points(column, handles)[1] - column
    assert np.abs(through).max() < 0.65 * np.abs(straight).max()
    assert np.abs(bend_points(rest, handles, mask=mask) - handles).max() < 1e-6
    # In a region without gaps there is nothing to go around.
    whole = np.ones((120, 100), bool)
    handles = moved()
    assert (
        np.abs(bend_points(POINTS, handles, mask=whole) - bend_points(POINTS, handles)).max() < 0.3
    )


def test_bending_is_smooth_along_the_mask():
    mask = np.zeros((200, 200), bool)
    mask[20:180, 20:60] = mask[140:180, 20:180] = True
    rest = np.array([[40.0, 25.0], [175.0, 160.0], [40.0, 160.0]])
    handles = np.stack([rest, rest + np.array([[60.0, 30.0], [0.0, 0.0], [0.0, 0.0]])])
    line = np.stack([np.full(601, 40.3), np.linspace(30, 170, 601)], -1)
    out = bend_points(line, handles, mask=mask)[1]
    step = np.linalg.norm(np.diff(out, axis=0), axis=1) / (140 / 600)
    assert step.max() < 2.0 and step.min() > 0.3


def test_a_piece_without_handles_measures_straight_ways():
    mask = np.zeros((100, 100), bool)
    mask[:, :40] = mask[:, 60:] = True
    handles = np.stack([REST[:1] - 5, REST[:1] + 7])
    pair = np.concatenate([handles, handles + np.array([0.0, 40.0])], axis=1)
    out = bend_points(np.array([[80.0, 50.0]]), pair, mask=mask)
    assert np.allclose(out[1] - out[0], 12.0)


def test_hidden_handles_go_on_evenly():
    positions = torch.zeros(7, 3, 2, dtype=torch.float64)
    positions[:, 0, 0] = torch.tensor([0.0, 1.0, 99.0, 99.0, 4.0, 99.0, 99.0])
    visibility = torch.tensor([[1, 1, 0, 0, 1, 0, 0], [0] * 7, [1] * 7]).T.bool()
    found = handle_positions(Tracks(positions, visibility))
    assert found.shape == (7, 2, 2)
    assert found[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 4, 4]


def bad_inputs():
    hidden = Tracks(torch.zeros(3, 2, 2), torch.zeros(3, 2, dtype=torch.bool))
    yield OptionError, "stiffness", lambda: bend_points(POINTS, moved(), stiffness="soft")
    yield ShapeError, "number 1", lambda: bend_points(POINTS, np.zeros((3, 0, 2)))
    yield ShapeError, "finite", lambda: bend_points(POINTS, moved(np.nan))
    yield ShapeError, "visible", lambda: handle_positions(hidden)


test_bad_input_is_one_clear_line = refusal_test(bad_inputs())
