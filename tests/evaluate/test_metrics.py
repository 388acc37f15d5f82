import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wanmove_core import ShapeError, Tracks
from wanmove_core.evaluate.metrics import end_point_error, hide_outside


def make_tracks(seed: int, frames: int = 7, points: int = 5, p_visible: float = 0.7) -> Tracks:
    generator = torch.Generator().manual_seed(seed)
    positions = torch.rand(frames, points, 2, generator=generator) * 50
    return Tracks(positions, torch.rand(frames, points, generator=generator) < p_visible)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_end_point_error_is_the_distance_where_the_request_is_visible(seed):
    asked, got = make_tracks(seed), make_tracks(seed + 1)
    expected = [
        math.dist(asked.positions[frame, point], got.positions[frame, point])
        for frame in range(1, 7)
        for point in range(5)
        if asked.visibility[frame, point] and asked.visibility[0, point]
    ]
    error = end_point_error(asked, got)
    assert int(error.counted.sum()) == len(expected)
    if expected:
        assert error.mean == pytest.approx(np.mean(expected), rel=1e-5)


def test_worst_track_comes_first_with_its_worst_frame():
    asked = Tracks(torch.zeros(3, 2, 2), torch.ones(3, 2).bool())
    moved = torch.zeros(3, 2, 2)
    moved[1, 1] = torch.tensor([3.0, 4.0])
    moved[2, 1, 0] = 1.0
    moved[2, 0, 0] = 2.0
    got = Tracks(moved, torch.tensor([[1, 1], [1, 1], [1, 0]]).bool())
    rows = end_point_error(asked, got).worst_first()
    assert [row["track"] for row in rows] == [1, 0]
    assert rows[0] == {
        "track": 1, "mean": 3.0, "last": 1.0, "max": 5.0, "worst_frame": 1, "frames": 2, "lost": 1,
    }  # fmt: skip


def test_a_track_hidden_in_frame_0_is_not_counted():
    asked = Tracks(torch.zeros(3, 1, 2), torch.tensor([[False], [True], [True]]))
    error = end_point_error(asked, Tracks(torch.ones(3, 1, 2), torch.ones(3, 1).bool()))
    assert error.worst_first() == []
    assert math.isnan(error.mean)
    assert math.isnan(error.median)
    assert error.summary()["tracks"] == 0


def test_what_lies_outside_the_video_is_hidden_and_its_edge_is_not():
    positions = torch.tensor([[[96.0, 64.0], [1e9, 3.0], [5.0, 5.0]], [[0.0, 0.0]] * 2 + [[5, -1]]])
    seen = hide_outside(Tracks(positions, torch.ones(2, 3).bool()), 96, 64)
    assert seen.visibility.tolist() == [[True, False, True], [True, True, False]]
    assert torch.equal(seen.positions, positions)


def test_summary_is_plain_json():
    error = end_point_error(make_tracks(1, p_visible=1.0), make_tracks(2))
    assert json.loads(json.dumps(error.summary()))["counted"] == 30


def test_tracks_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match="same frames and points"):
        end_point_error(make_tracks(0), make_tracks(0, points=4))
