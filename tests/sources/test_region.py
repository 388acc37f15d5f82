"""Regions that follow a path, move by keys or bend; pins that hold the rest."""

import tracemalloc

import numpy as np
import pytest
import torch

from tests.refusals import refusal_test
from wanmove_core import OptionError, ShapeError, Tracks
from wanmove_core.motion.concat import concat_tracks
from wanmove_core.sources import pieces
from wanmove_core.sources.region.fill import Fill
from wanmove_core.sources.region.motion import Following, Keyed, Puppet, RegionKey, region_tracks

WIDTH, HEIGHT, FRAMES = 208, 112, 13


def disc():
    row, col = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.hypot(col - 70, row - 50) < 21


def one_track(x, y, seen=None):
    positions = torch.tensor(np.stack(np.broadcast_arrays(x, y), -1), dtype=torch.float64)
    visible = torch.ones(len(positions), dtype=torch.bool) if seen is None else torch.tensor(seen)
    return Tracks(positions[:, None], visible[:, None])


def path():
    time = np.linspace(0, 1, FRAMES)
    return one_track(60 + 90 * time, 40 + 15 * np.sin(5 * time))


def moved(motion, **options):
    tracks = region_tracks(disc(), motion, fill=Fill(67), **options)
    return tracks.positions.numpy(), tracks.visibility.numpy()


def keyed(*keys, pivot="centre"):
    return Keyed([RegionKey(0, ease="linear"), *keys], FRAMES, pivot)


def turn(degrees):
    a = np.radians(degrees)
    return np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


def test_following_shifts_all_points_as_the_path_moves():
    position, seen = moved(Following(path()))
    way = path().positions.numpy() - path().positions.numpy()[0]
    assert np.abs(position - position[0] - way).max() < 1e-9
    assert seen.all() and position.shape == (FRAMES, 67, 2)


def test_a_hidden_path_hides_the_region():
    seen = np.arange(FRAMES) != 4
    lost = path()
    lost.positions[4] = 0.0
    position, visible = moved(Following(Tracks(lost.positions, torch.tensor(seen)[:, None])))
    assert np.array_equal(visible, np.repeat(seen[:, None], 67, 1))
    assert np.abs(position[4] - (position[3] + position[5]) / 2).max() < 1e-9


def test_orient_turns_with_the_path():
    angle = np.linspace(0, np.pi, FRAMES)
    # On a circle the direction turns as fast as the point goes round; clockwise on the screen.
    circle = one_track(70 + 30 * np.sin(angle), 80 - 30 * np.cos(angle))
    position, _ = moved(Following(circle, orient=True, pivot=(70.0, 50.0)))
    for frame in range(1, FRAMES - 1):
        own = position[frame] - [70 + 30 * np.sin(angle[frame]), 80 - 30 * np.cos(angle[frame])]
        start = (position[0] - [70.0, 50.0]) @ turn(np.degrees(angle[frame] - angle[1] / 2)).T
        assert np.abs(own - start).max() < 1e-9
    # A stop keeps the direction, a straight path has one.
    stop = one_track(np.minimum(np.arange(FRAMES), 5) * 4.0, 0 * np.arange(FRAMES))
    position, _ = moved(Following(stop, orient=True))
    assert np.abs(position[-1] - position[0] - [20.0, 0.0]).max() < 1e-9
    still, _ = moved(Following(one_track(np.full(FRAMES, 5.0), 3.0), orient=True))
    assert np.ptp(still, axis=0).max() < 1e-9


def test_keys_equal_the_closed_form():
    end = RegionKey(12, x=20.0, y=-6.0, scale=2.25, stretch=1.44, rotate=50.0)
    position, _ = moved(keyed(end, pivot=(60.0, 45.0)))
    for frame in (0, 6, 12):
        share = frame / 12
        sizes = 2.25**share * np.array([1.44**-share, 1.44**share])
        own = (position[0] - [60.0, 45.0]) * sizes
        truth = own @ turn(50 * share).T + [60.0, 45.0] + share * np.array([20.0, -6.0])
        assert np.abs(position[frame] - truth).max() < 1e-9


def test_eases_and_frame_0_as_it_is():
    keys = [RegionKey(0, x=50.0, rotate=30.0), RegionKey(12, x=90.0, rotate=30.0)]
    position, _ = moved(Keyed(keys, FRAMES))
    way = (position - position[0]).mean(1)[:, 0]
    assert way[0] == 0 and abs(way[6] - 20) < 1e-6 and way[3] < 8
    assert disc()[tuple(position[0].astype(int).T[::-1])].all()


@pytest.mark.parametrize(
    ("pivot", "held"),
    [
        ("centre", (70, 50)),
        ("top", (70, 29)),
        ("bottom", (70, 71)),
        ("left", (49, 50)),
        ("right", (91, 50)),
    ],
)
def test_pivots_stay(pivot, held):
    position, _ = moved(keyed(RegionKey(12, scale=1.5), pivot=pivot))
    truth = (position[0] - held) * 1.5 + held
    assert np.abs(position[-1] - truth).max() < 1e-9


def test_a_puppet_bends_to_its_handles():
    time = np.arange(FRAMES, dtype=float)
    rest = np.array([[55.0, 50.0], [85.0, 50.0], [70.0, 65.0]])
    way = np.array([[0.0, 0.0], [2.0, 1.0], [0.0, 0.0]])
    handles = torch.from_numpy(rest + time[:, None, None] * way)
    position, seen = moved(Puppet(Tracks(handles, torch.ones(FRAMES, 3, dtype=torch.bool))))
    assert seen.all()
    close = np.linalg.norm(position[0] - rest[1], axis=1).argmin()
    assert np.linalg.norm(position[-1, close] - position[0, close] - 12 * way[1]) < 6
    held = np.linalg.norm(position[0] - rest[0], axis=1).argmin()
    assert np.linalg.norm(position[-1, held] - position[0, held]) < 4


def test_points_that_leave_the_frame_or_pass_behind_are_hidden():
    position, seen = moved(keyed(RegionKey(12, x=-90.0)))
    assert np.array_equal(seen, position[..., 0] >= 0) and not seen.all()
    front = np.zeros((HEIGHT, WIDTH), bool)
    front[:, 100:130] = True
    position, seen = moved(keyed(RegionKey(12, x=60.0)), front=front)
    x = position[..., 0]
    assert np.array_equal(seen, ~((x >= 100) & (x < 130))) and not seen.all()
    # What stands in front at the start is no part of the region.
    front[:, :70] = True
    position, _ = moved(keyed(RegionKey(12, x=60.0)), front=front)
    assert (position[0, :, 0] >= 70).all()


@pytest.mark.parametrize(
    "motion",
    [
        Following(path()),
        keyed(RegionKey(12, x=70.0, scale=2.5, rotate=100.0)),
        keyed(RegionKey(12, x=70.0, stretch=0.4)),
        keyed(RegionKey(12, x=70.0, scale=0.5)),
    ],
)
def test_pins_hold_the_rest_and_are_hidden_where_the_region_lies(motion):
    tracks = region_tracks(disc(), motion, fill=Fill(67), pins=300)
    still = tracks.positions[:, :-67].numpy()
    seen = tracks.visibility[:, :-67].numpy()
    assert 270 < still.shape[1] < 330 and np.ptp(still, axis=0).max() == 0
    away = np.hypot(*(still[0] - [70.0, 50.0]).T)
    assert away.min() > 21 + 7 and seen[0].all()
    # Points of the region, dense, are the truth of where it lies in the end.
    dense = region_tracks(disc(), motion, fill=Fill(4000, margin=0)).positions[-1].numpy()
    gap = np.linalg.norm(still[-1][:, None] - dense, axis=-1).min(1)
    assert not seen[-1][gap < 1.0].any() and (gap < 1.0).any()
    assert seen[-1][gap > 12.0].all()


def test_a_region_that_stands_still_hides_no_pins_and_one_that_is_gone_neither():
    tracks = region_tracks(disc(), keyed(RegionKey(12)), fill=Fill(67), pins=2000)
    assert tracks.visibility.all()
    gone = Following(Tracks(path().positions, torch.arange(FRAMES)[:, None] < 6))
    seen = region_tracks(disc(), gone, fill=Fill(67), pins=200).visibility[:, :-67]
    assert seen[6:].all() and not seen[5].all()


def test_pins_before_the_region_stay_and_a_full_region_has_none():
    front = np.zeros((HEIGHT, WIDTH), bool)
    front[:, 100:130] = True
    motion = keyed(RegionKey(12, x=45.0))
    tracks = region_tracks(disc(), motion, fill=Fill(67), pins=200, front=front)
    pins, seen = tracks.positions[0, :-67].numpy(), tracks.visibility[:, :-67].numpy()
    before = front[tuple(pins.astype(int).T[::-1])]
    assert seen[:, before].all() and not seen[:, ~before].all()
    full = region_tracks(~(disc() & False), motion, fill=Fill(67), pins=200)
    assert full.num_points == 67


def bad_inputs():
    mask, motion = disc(), Following(path())
    two = Tracks(path().positions.repeat(1, 2, 1), path().visibility.repeat(1, 2))
    nothing = Tracks(torch.zeros(3, 0, 2), torch.zeros(3, 0, dtype=torch.bool))
    yield ShapeError, "empty", lambda: region_tracks(mask & False, motion)
    yield ShapeError, "frame's size", lambda: region_tracks(mask, motion, front=mask[1:])
    yield ShapeError, "covers it", lambda: region_tracks(mask, motion, front=mask)
    yield OptionError, "pins", lambda: region_tracks(mask, motion, pins=-1)
    yield ShapeError, "one track", lambda: region_tracks(mask, Following(two))
    yield ShapeError, "handles", lambda: region_tracks(mask, Puppet(nothing))
    yield OptionError, "pivot must be one", lambda: moved(keyed(pivot="middle"))
    yield OptionError, "pivot must be finite", lambda: moved(keyed(pivot=(np.nan, 0.0)))
    yield OptionError, "scale", lambda: moved(keyed(RegionKey(12, scale=0)))
    yield OptionError, "at least 1", lambda: moved(Keyed([], FRAMES))
    yield OptionError, "finite", lambda: moved(keyed(RegionKey(12, x=np.inf)))
    yield OptionError, "ascending", lambda: moved(keyed(RegionKey(0)))


test_bad_input_is_one_clear_line = refusal_test(bad_inputs())


LONG = 1000


@pytest.mark.parametrize(
    "motion",
    [
        Keyed([RegionKey(0), RegionKey(LONG - 1, x=50, scale=1.3, rotate=30)], LONG),
        Following(one_track(np.linspace(60, 150, LONG), np.linspace(40, 70, LONG)), orient=True),
        Puppet(
            concat_tracks(
                [one_track(np.linspace(55, x, LONG), np.full(LONG, 50)) for x in (55, 99)]
            )
        ),
    ],
    ids=["keys", "follow", "puppet"],
)
def test_long_motions_are_made_a_few_frames_at_a_time(motion, monkeypatch):
    """Beside the tracks themselves there is little in memory; the answer is the same."""
    front = np.zeros((HEIGHT, WIDTH), bool)
    front[:, 100:105] = True
    options = {"fill": Fill(1024), "front": front, "pins": 60}
    tracemalloc.start()
    tracks = region_tracks(disc(), motion, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < (~tracks.visibility).sum() < tracks.visibility.numel()
    samples = 16 * LONG * int(disc().sum())  # of the region, by which pins are hidden
    assert peak < 1.6 * (16 * tracks.visibility.numel() + samples)
    monkeypatch.setattr(pieces, "FRAMES", LONG)
    whole = region_tracks(disc(), motion, **options)
    assert torch.equal(whole.visibility, tracks.visibility)
    assert torch.allclose(whole.positions, tracks.positions, rtol=0, atol=1e-9)
