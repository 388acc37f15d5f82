"""Tracks are checked once, at construction."""

import numpy as np
import pytest
import torch

from wanmove_core import ShapeError, Tracks


def test_good_tracks_know_their_size():
    tracks = Tracks(torch.zeros(5, 3, 2), torch.ones(5, 3, dtype=torch.bool))
    assert (tracks.num_frames, tracks.num_points) == (5, 3)
    assert tracks.to("cpu").positions.device.type == "cpu"


@pytest.mark.parametrize(
    ("positions", "visibility", "message"),
    [
        (torch.zeros(1, 5, 3, 2), torch.ones(5, 3), r"positions must be \[frames, points, 2\]"),
        (torch.zeros(5, 3, 3), torch.ones(5, 3), r"got \[5, 3, 3\]"),
        (torch.zeros(0, 3, 2), torch.ones(0, 3), r"with at least one frame; got \[0, 3, 2\]"),
        (torch.zeros(5, 3, 2), torch.ones(5, 1), r"= \[5, 3\] to match positions; got \[5, 1\]"),
        (torch.zeros(5, 3, 2), torch.ones(5, 3), r"visibility bool; got .*float32"),
        (torch.zeros(5, 3, 2).long(), torch.ones(5, 3), r"positions must be floating"),
    ],
)
def test_misfits_are_refused(positions, visibility, message):
    with pytest.raises(ShapeError, match=message):
        Tracks(positions, visibility)


def test_a_position_that_is_not_finite_is_named():
    positions = torch.zeros(5, 3, 2)
    positions[4, 1, 0] = float("nan")
    with pytest.raises(ShapeError, match=r"track 1, frame 4: x and y must be finite; got \[nan"):
        Tracks(positions, torch.ones(5, 3, dtype=torch.bool))


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.int64, np.uint16, np.uint8, ">f4", ">i2"]
)
@pytest.mark.parametrize("batch", [True, False])
def test_arrays_of_any_dtype_come_in(dtype, batch):
    given = np.arange(30).reshape(5, 3, 2).astype(dtype)
    tracks = Tracks.from_arrays(given[None] if batch else given)
    wanted = torch.float64 if dtype == np.float64 else torch.float32
    assert tracks.positions.dtype == wanted
    assert tracks.positions.tolist() == given.tolist()
    assert tracks.visibility.all()


@pytest.mark.parametrize(
    "visibility",
    [
        torch.tensor([1, 0, 1, 0, 0]),
        torch.tensor([[0.9], [0.5], [0.6], [0.2], [0.0]]),
        torch.tensor([[[1], [0], [1], [0], [0]]]),
        torch.tensor([[True] * 3, [False] * 3, [True] * 3, [False] * 3, [False] * 3]),
    ],
)
def test_visibility_comes_in_all_its_forms(visibility):
    tracks = Tracks.from_arrays(torch.zeros(5, 3, 2), visibility)
    assert tracks.visibility.tolist() == [[on] * 3 for on in (True, False, True, False, False)]


def test_read_only_arrays_and_lists_come_in():
    frozen = np.ones((5, 3, 2), dtype=np.float32)
    frozen.flags.writeable = False
    assert torch.equal(Tracks.from_arrays(frozen).positions, torch.ones(5, 3, 2))
    listed = Tracks.from_arrays([[[1.5, 2], [3, 1e300]]], [[1, 1]])
    assert listed.positions.dtype == torch.float32
    assert listed.visibility.tolist() == [[True, False]]


def test_what_is_no_array_of_numbers_is_refused():
    with pytest.raises(ShapeError, match=r"positions must have one shape; got lists of diff"):
        Tracks.from_arrays([[[1, 2]], [[1, 2], [3, 4]]])
    with pytest.raises(ShapeError, match=r"positions must hold numbers; got object\."):
        Tracks.from_arrays(np.array([[[1, None]]]))
    with pytest.raises(ShapeError, match=r"visibility must hold numbers; got <U3\."):
        Tracks.from_arrays(np.zeros((1, 1, 2)), np.array([["yes"]]))


def test_points_that_are_not_finite_are_hidden_and_stored_as_zero():
    positions = torch.ones(5, 3, 2)
    positions[2, 1, 1] = float("inf")
    tracks = Tracks.from_arrays(positions, torch.ones(5, 3))
    assert tracks.visibility.sum() == 14 and not tracks.visibility[2, 1]
    assert tracks.positions[2, 1].tolist() == [0, 0]


def test_the_result_never_shares_memory_with_the_arguments():
    positions, visibility = torch.ones(5, 3, 2), torch.ones(5, 3, dtype=torch.bool)
    tracks = Tracks.from_arrays(positions, visibility)
    positions.zero_()
    visibility.zero_()
    assert (tracks.positions == 1).all() and tracks.visibility.all()


@pytest.mark.parametrize("shape", [(4, 3), (5, 2), (2, 5, 3), (5, 3, 1, 1)])
def test_visibility_of_another_shape_is_refused(shape):
    with pytest.raises(ShapeError, match=r"= \[5, 3\] to match positions"):
        Tracks.from_arrays(torch.zeros(5, 3, 2), torch.ones(shape))


def test_positions_of_another_rank_are_refused():
    with pytest.raises(ShapeError, match=r"got \[2, 5, 3, 2\]\. Put the frames first"):
        Tracks.from_arrays(torch.zeros(2, 5, 3, 2))
