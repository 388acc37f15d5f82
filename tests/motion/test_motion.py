"""Tracks in another length, another size, and several in one."""

import pytest
import torch

from wanmove_core import (
    GridError,
    OptionError,
    ShapeError,
    Tracks,
    concat_tracks,
    fit_tracks,
    resample_tracks,
    retime_tracks,
)
from wanmove_core.grid import Fit


def unchecked(function):
    """The function without the test run's type check, as users call it."""
    return getattr(function, "__wrapped__", function)


def some_tracks(frames=17, points=3, seed=0):
    rng = torch.Generator().manual_seed(seed)
    positions = torch.rand(frames, points, 2, generator=rng) * 50
    return Tracks(positions, torch.rand(frames, points, generator=rng) > 0.3)


def line(x, visible=None):
    """One track along y = 0 with these x."""
    positions = torch.tensor([[[value, 0.0]] for value in x])
    seen = torch.ones(len(x), 1) if visible is None else torch.tensor(visible)[:, None]
    return Tracks(positions, seen.bool())


def x_of(tracks):
    return tracks.positions[:, 0, 0].tolist()


def seen_in(tracks):
    return tracks.visibility[:, 0].int().tolist()


def oracle_resample(x, visible, num_frames):
    """One track, frame by frame."""
    positions, seen = [], []
    for j in range(num_frames):
        numerator, steps = j * (len(x) - 1), max(num_frames - 1, 1)
        before, rest = divmod(numerator, steps)
        after = min(before + 1, len(x) - 1)
        nearest = after if 2 * rest > steps else before
        if visible[before] and visible[after]:
            positions.append(x[before] + (x[after] - x[before]) * (rest / steps))
        else:
            positions.append(x[nearest])
        seen.append(visible[nearest])
    return positions, seen


@pytest.mark.parametrize("frames", [1, 2, 5, 16, 81])
@pytest.mark.parametrize("num_frames", [1, 2, 5, 13, 81, 121])
def test_resample_equals_the_oracle(frames, num_frames):
    tracks = some_tracks(frames)
    out = resample_tracks(tracks, num_frames)
    assert out.positions.shape == (num_frames, 3, 2)
    for point in range(3):
        seen = tracks.visibility[:, point].tolist()
        for axis in range(2):
            x, visible = oracle_resample(
                tracks.positions[:, point, axis].tolist(), seen, num_frames
            )
            torch.testing.assert_close(
                out.positions[:, point, axis], torch.tensor(x), rtol=0, atol=1e-5
            )
        assert out.visibility[:, point].tolist() == visible


def test_resample_to_the_same_length_is_the_identity():
    tracks = some_tracks()
    out = resample_tracks(tracks, 17)
    assert torch.equal(out.positions, tracks.positions)
    assert torch.equal(out.visibility, tracks.visibility)


def test_resample_keeps_ends_and_hits_whole_frames_exactly():
    tracks = some_tracks(21)
    seen = torch.ones_like(tracks.visibility)
    out = resample_tracks(Tracks(tracks.positions, seen), 81)
    assert torch.equal(out.positions[::4], tracks.positions)


def test_resample_does_not_move_a_point_that_stands_still():
    tracks = line([0.1] * 7)
    assert x_of(resample_tracks(tracks, 81)) == x_of(line([0.1] * 81))


def test_resample_never_goes_through_a_hidden_gap():
    tracks = line([0.0, 10.0, 9999.0, 30.0, 40.0], [1, 1, 0, 1, 1])
    out = resample_tracks(tracks, 13)
    x = [value for value, seen in zip(x_of(out), seen_in(out), strict=True) if seen]
    assert max(x) == 40.0
    assert seen_in(out) == [1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1]
    assert x_of(out)[4] == 10.0 and x_of(out)[8] == 30.0


def test_resample_leaves_its_argument_alone_and_keeps_dtype():
    tracks = some_tracks()
    before = tracks.positions.clone()
    wide = Tracks(tracks.positions.double(), tracks.visibility)
    assert resample_tracks(wide, 33).positions.dtype == torch.float64
    resample_tracks(tracks, 5)
    assert torch.equal(tracks.positions, before)


@pytest.mark.parametrize("retime", [resample_tracks, retime_tracks])
def test_no_frames_is_refused(retime):
    with pytest.raises(OptionError, match=r"num_frames must be 1 or more; got 0\."):
        retime(some_tracks(), 0)


def test_retime_cut_hides_and_hold_holds():
    tracks = line([1.0, 2.0, 3.0])
    assert x_of(retime_tracks(tracks, 5, "hold")) == [1, 2, 3, 3, 3]
    assert seen_in(retime_tracks(tracks, 5, "hold")) == [1, 1, 1, 1, 1]
    assert seen_in(retime_tracks(tracks, 5, "cut")) == [1, 1, 1, 0, 0]
    assert x_of(retime_tracks(tracks, 2, "cut")) == [1, 2]
    assert x_of(retime_tracks(tracks, 2, "hold")) == [1, 2]
    assert x_of(retime_tracks(tracks, 5, "time")) == [1, 1.5, 2, 2.5, 3]
    with pytest.raises(OptionError, match="mode must be one of time, cut, hold; got 'loop'"):
        unchecked(retime_tracks)(tracks, 5, "loop")


def test_hold_does_not_show_a_point_that_ended_hidden():
    assert seen_in(retime_tracks(line([1.0, 2.0], [1, 0]), 4, "hold")) == [1, 0, 0, 0]


def corners(width, height):
    points = [[0.0, 0.0], [width, height], [width / 2, height / 2]]
    return Tracks(torch.tensor([points]), torch.ones(1, 3, dtype=torch.bool))


def test_fit_stretch_scales_each_axis():
    out = fit_tracks(corners(100.0, 50.0), (100, 50), (832, 480))
    assert out.positions[0].tolist() == [[0, 0], [832, 480], [416, 240]]


@pytest.mark.parametrize("size", [(100, 50), (1921, 1079), (333, 777), (720, 576)])
def test_fit_keeps_the_far_edge_on_the_far_edge(size):
    out = fit_tracks(corners(float(size[0]), float(size[1])), size, (832, 480))
    assert out.positions[0, 1].tolist() == [832, 480]


def test_fit_crop_keeps_the_centre_and_pushes_the_rest_off_canvas():
    out = fit_tracks(corners(200.0, 100.0), (200, 100), (64, 64), mode="crop")
    assert out.positions[0].tolist() == [[-32, 0], [96, 64], [32, 32]]
    assert out.visibility.all()


def test_fit_pad_keeps_everything_inside():
    out = fit_tracks(corners(200.0, 100.0), (200, 100), (64, 64), mode="pad")
    assert out.positions[0].tolist() == [[0, 16], [64, 48], [32, 32]]


@pytest.mark.parametrize("mode", ["stretch", "crop", "pad"])
def test_fit_to_the_same_size_is_the_identity(mode):
    tracks = some_tracks()
    out = fit_tracks(tracks, (71, 43), (71, 43), mode=mode)
    assert torch.equal(out.positions, tracks.positions)
    assert out.positions.data_ptr() != tracks.positions.data_ptr()


def test_fit_refuses_a_size_without_pixels():
    with pytest.raises(GridError, match=r"from_size must be \(width, height\) of at least 1 px"):
        fit_tracks(some_tracks(), (0, 5), (64, 64))
    with pytest.raises(OptionError, match="mode must be one of crop, stretch, pad; got 'zoom'"):
        unchecked(Fit.between.__func__)(Fit, (5, 5), (64, 64), "zoom")


def test_concat_keeps_the_order():
    first, second = some_tracks(5, 2, seed=1), some_tracks(5, 3, seed=2)
    out = concat_tracks([first, second])
    assert torch.equal(out.positions, torch.cat([first.positions, second.positions], 1))
    assert torch.equal(out.visibility, torch.cat([first.visibility, second.visibility], 1))


def test_concat_refuses_none_and_other_lengths():
    with pytest.raises(ShapeError, match=r"at least one item to join; got none\."):
        concat_tracks([])
    with pytest.raises(ShapeError, match=r"got \[5, 7\]\. Use resample_tracks"):
        concat_tracks([some_tracks(5), some_tracks(7)])
