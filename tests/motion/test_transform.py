"""Laws of transforming tracks."""

import math

import pytest
import torch

from wanmove_core import OptionError, Tracks
from wanmove_core.motion.transform import Transform, transform_tracks

FRAMES, POINTS = 13, 7


def random_tracks(seed: int = 0) -> Tracks:
    generator = torch.Generator().manual_seed(seed)
    positions = torch.rand(FRAMES, POINTS, 2, generator=generator, dtype=torch.float64) * 100
    visibility = torch.rand(FRAMES, POINTS, generator=generator) > 0.3
    return Tracks(positions, visibility)


def first_positions(tracks: Tracks) -> torch.Tensor:
    first = tracks.visibility.int().argmax(0)
    return tracks.positions[first, torch.arange(tracks.num_points)]


def assert_equal(one: Tracks, other: Tracks) -> None:
    torch.testing.assert_close(one.positions, other.positions)
    assert torch.equal(one.visibility, other.visibility)


def test_defaults_change_nothing() -> None:
    tracks = random_tracks()
    assert transform_tracks(tracks, Transform()) is tracks


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ({"offset": (3.0, -5.0)}, {"offset": (-3.0, 5.0)}),
        ({"reverse": True}, {"reverse": True}),
        ({"scale": 4.0}, {"scale": 0.25}),
        ({"rotate": 37.0}, {"rotate": -37.0}),
        ({"rotate": 37.0, "pivot": "start"}, {"rotate": -37.0, "pivot": "start"}),
    ],
)
def test_undone_by_the_opposite(there: dict, back: dict) -> None:
    tracks = random_tracks()
    moved = transform_tracks(tracks, Transform(**there))
    assert not torch.allclose(moved.positions, tracks.positions)
    assert_equal(transform_tracks(moved, Transform(**back)), tracks)


def test_arguments_stay_as_they_were() -> None:
    tracks = random_tracks()
    positions, visibility = tracks.positions.clone(), tracks.visibility.clone()
    everything = Transform(3, True, 2, 1.5, 2.0, 30.0, "start", (1.0, 2.0))
    transform_tracks(tracks, everything)
    assert torch.equal(tracks.positions, positions)
    assert torch.equal(tracks.visibility, visibility)


def test_start_pivot_keeps_where_motion_begins() -> None:
    tracks = random_tracks()
    turned = transform_tracks(tracks, Transform(scale=2.5, rotate=90.0, pivot="start"))
    torch.testing.assert_close(first_positions(turned), first_positions(tracks))


def test_centre_pivot_keeps_the_centre() -> None:
    tracks = Tracks(random_tracks().positions, torch.ones(FRAMES, POINTS, dtype=torch.bool))
    turned = transform_tracks(tracks, Transform(scale=2.5, rotate=90.0))
    torch.testing.assert_close(turned.positions[0].mean(0), tracks.positions[0].mean(0))


def test_rotates_clockwise_on_the_screen() -> None:
    right = torch.tensor([[[0.0, 0.0]], [[10.0, 0.0]]])
    tracks = Tracks(right, torch.ones(2, 1, dtype=torch.bool))
    turned = transform_tracks(tracks, Transform(rotate=90.0, pivot="start"))
    torch.testing.assert_close(turned.positions[1, 0], torch.tensor([0.0, 10.0]))


def test_repeat_is_the_motion_again() -> None:
    tracks = random_tracks()
    twice = transform_tracks(tracks, Transform(repeat=2))
    assert twice.num_frames == 2 * FRAMES
    assert torch.equal(twice.positions[:FRAMES], twice.positions[FRAMES:])
    assert_equal(Tracks(twice.positions[:FRAMES], twice.visibility[:FRAMES]), tracks)


@pytest.mark.parametrize("count", [1, 3, POINTS, POINTS + 5])
def test_thinning_keeps_whole_tracks(count: int) -> None:
    tracks = random_tracks()
    thin = transform_tracks(tracks, Transform(max_points=count))
    assert thin.num_points == min(count, POINTS)
    for point in thin.positions.unbind(1):
        assert any(torch.equal(point, given) for given in tracks.positions.unbind(1))


def test_smoothing_equals_a_loop() -> None:
    tracks = random_tracks()
    smooth = transform_tracks(tracks, Transform(smooth=1.7))
    for t in range(FRAMES):
        for n in range(POINTS):
            expected = tracks.positions[t, n]
            if tracks.visibility[t, n]:
                seen = [s for s in range(FRAMES) if tracks.visibility[s, n]]
                weights = [math.exp(-0.5 * ((t - s) / 1.7) ** 2) for s in seen]
                weighted = zip(weights, seen, strict=True)
                expected = sum(w * tracks.positions[s, n] for w, s in weighted) / sum(weights)
            torch.testing.assert_close(smooth.positions[t, n], expected)


def test_no_points_and_all_hidden() -> None:
    for points, visible in ((0, True), (3, False)):
        given = Tracks(
            torch.rand(5, points, 2, generator=torch.Generator().manual_seed(1)),
            torch.full((5, points), visible),
        )
        changed = transform_tracks(given, Transform(scale=2.0, smooth=1.0, offset=(1.0, 1.0)))
        assert changed.positions.shape == given.positions.shape


@pytest.mark.parametrize(
    "options", [{"max_points": -1}, {"repeat": 0}, {"smooth": -0.1}, {"pivot": "middle"}]
)
def test_refuses_bad_options(options: dict) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        Transform(**options)


@pytest.mark.parametrize("smooth", [1e-3, 1e-160, 1e-320])
def test_smoothing_over_next_to_nothing_changes_nothing(smooth: float) -> None:
    tracks = random_tracks()
    single = Tracks(tracks.positions.float(), tracks.visibility)
    assert_equal(transform_tracks(single, Transform(smooth=smooth)), single)


def test_long_tracks_are_smoothed_alike_in_pieces() -> None:
    long = Tracks(torch.rand(1031, 1, 2, dtype=torch.float64), torch.ones(1031, 1).bool())
    backwards = Tracks(long.positions.flip(0), long.visibility)
    smooth = transform_tracks(long, Transform(smooth=3.0)).positions
    again = transform_tracks(backwards, Transform(smooth=3.0)).positions.flip(0)
    torch.testing.assert_close(smooth, again)


def test_repeating_without_end_is_refused() -> None:
    tracks = Tracks(torch.zeros(50_001, 1, 2), torch.ones(50_001, 1).bool())
    with pytest.raises(OptionError, match=r"^repeat must give at most 100000 frames; got 2 times"):
        transform_tracks(tracks, Transform(repeat=2))
