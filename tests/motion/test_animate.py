"""Parents, followers, loops and mirrors against their closed forms."""

import math

import numpy as np
import pytest
import torch

from tests.refusals import refusal_test
from wanmove_core import OptionError, ShapeError, Tracks
from wanmove_core.motion.animate import follow_tracks, loop_tracks, mirror_tracks, parent_tracks
from wanmove_core.motion.gaps import bridge_gaps

FRAMES, POINTS = 13, 7
CLOSE = {"rtol": 0, "atol": 1e-9}


def random_tracks(seed=0, points=POINTS, frames=FRAMES):
    generator = torch.Generator().manual_seed(seed)
    positions = torch.rand(frames, points, 2, generator=generator, dtype=torch.float64) * 100
    return Tracks(positions, torch.rand(frames, points, generator=generator) > 0.3)


def all_visible(positions):
    return Tracks(positions, torch.ones(positions.shape[:2], dtype=torch.bool))


def turning_parent(scale=1.0):
    """Five points that turn by 7 degrees, shift and grow, each frame."""
    body = random_tracks(1, 5, 1).positions[0]
    poses = []
    for frame in range(FRAMES):
        a = math.radians(7.0 * frame)
        turn = body.new_tensor([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
        shift = body.new_tensor([3.0 * frame, -2.0 * frame])
        poses.append((body - body.mean(0)) @ turn * scale**frame + body.mean(0) + shift)
    return all_visible(torch.stack(poses))


def carried(child, parent, frame, degrees, scale):
    a = math.radians(degrees)
    turn = child.new_tensor([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
    centre = parent.mean(1)
    return (child[frame] - centre[0]) @ turn * scale + centre[frame]


@pytest.mark.parametrize(("turn", "scale"), [(True, False), (True, True), (False, False)])
def test_a_child_moves_in_its_parents_space(turn, scale):
    child, parent = random_tracks(), turning_parent(1.05 if scale else 1.0)
    out = parent_tracks(child, parent, turn=turn, scale=scale)
    for frame in range(FRAMES):
        grown = 1.05**frame if scale else 1.0
        truth = carried(
            child.positions, parent.positions, frame, 7.0 * frame if turn else 0.0, grown
        )
        torch.testing.assert_close(out.positions[frame], truth, **CLOSE)
    assert torch.equal(out.visibility, child.visibility)


def test_a_parent_of_one_point_shifts():
    child, parent = random_tracks(), all_visible(random_tracks(2, 1).positions)
    out = parent_tracks(child, parent, scale=True)
    truth = child.positions + parent.positions - parent.positions[:1]
    torch.testing.assert_close(out.positions, truth, **CLOSE)
    assert torch.equal(child.positions, random_tracks().positions)


def test_followers_do_what_the_leader_did():
    leader = all_visible(
        torch.stack([torch.arange(13.0) ** 2, 5.0 * torch.arange(13.0)], -1)[:, None]
    )
    followers = random_tracks()
    out = follow_tracks(followers, leader, delay=2.5, stagger=1.25)
    for frame in range(FRAMES):
        for point in range(POINTS):
            time = max(frame - 2.5 - 1.25 * point, 0.0)
            low = math.floor(time)
            # Between whole frames the leader moves straight.
            x = low**2 + (time - low) * ((low + 1) ** 2 - low**2)
            truth = followers.positions[frame, point] + torch.tensor([x, 5.0 * time])
            torch.testing.assert_close(out.positions[frame, point], truth.double(), **CLOSE)


def test_no_delay_is_a_parent():
    leader = all_visible(random_tracks(2, 1).positions)
    one, other = follow_tracks(random_tracks(), leader, delay=0), random_tracks()
    torch.testing.assert_close(one.positions, parent_tracks(other, leader).positions, **CLOSE)


@pytest.mark.parametrize(
    ("mode", "frames"),
    [
        ("cycle", [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2]),
        ("ping-pong", [0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2]),
    ],
)
def test_loops_play_these_frames(mode, frames):
    given = random_tracks(frames=5)
    out = loop_tracks(given, 11, mode=mode)
    expected = list(frames)
    if mode == "cycle":
        expected[4] = 4  # the same moment as the next round's first
    assert torch.equal(out.positions, given.positions[expected])
    assert torch.equal(out.visibility, given.visibility[expected])


def test_an_offset_loop_walks_on():
    step = all_visible(torch.tensor([[[0.0, 5.0]], [[1.0, 3.0]], [[4.0, 6.0]]]))
    out = loop_tracks(step, 7, mode="offset").positions[:, 0]
    assert out.tolist() == [[0, 5], [1, 3], [4, 6], [5, 4], [8, 7], [9, 5], [12, 8]]


@pytest.mark.parametrize("mode", ["cycle", "ping-pong", "offset"])
def test_a_loop_as_long_as_the_motion_is_the_motion(mode):
    given = random_tracks()
    same = loop_tracks(given, FRAMES, mode=mode)
    assert torch.equal(same.positions, given.positions)
    assert torch.equal(loop_tracks(given, 4, mode=mode).positions, given.positions[:4])
    assert loop_tracks(random_tracks(frames=1), 5, mode=mode).num_frames == 5


@pytest.mark.parametrize(("axis", "index"), [("left-right", 0), ("up-down", 1)])
def test_mirrors(axis, index):
    given = random_tracks()
    both = mirror_tracks(given, axis=axis, at=50)
    image = mirror_tracks(given, axis=axis, at=50, keep=False)
    assert torch.equal(both.positions[:, :POINTS], given.positions)
    assert torch.equal(both.positions[:, POINTS:], image.positions)
    mean = (image.positions + given.positions) / 2
    torch.testing.assert_close(mean[..., index], torch.full_like(mean[..., index], 50.0), **CLOSE)
    assert torch.equal(image.positions[..., 1 - index], given.positions[..., 1 - index])
    again = mirror_tracks(image, axis=axis, at=50, keep=False)
    torch.testing.assert_close(again.positions, given.positions, **CLOSE)


def test_gaps_are_bridged_as_numpy_interpolates():
    given = random_tracks(3)
    given.visibility[:, 2] = False
    out = bridge_gaps(given).numpy()
    for point in range(POINTS):
        when = np.flatnonzero(given.visibility[:, point])
        if len(when) == 0:
            assert np.array_equal(out[:, point], given.positions[:, point])
            continue
        for axis in (0, 1):
            known = given.positions[when, point, axis].numpy()
            truth = np.interp(np.arange(FRAMES), when, known)
            assert np.abs(out[:, point, axis] - truth).max() < 1e-12


def bad_inputs():
    tracks, none = random_tracks(), random_tracks(points=0)
    yield ShapeError, "13 frames", lambda: parent_tracks(tracks, random_tracks(frames=5))
    yield ShapeError, "1 point", lambda: follow_tracks(tracks, none)
    yield OptionError, "delay", lambda: follow_tracks(tracks, tracks, delay=-1)
    yield OptionError, "mode", lambda: loop_tracks(tracks, 5, mode="twice")
    yield OptionError, "num_frames", lambda: loop_tracks(tracks, 0)
    yield OptionError, "axis", lambda: mirror_tracks(tracks, axis="x", at=0)
    yield OptionError, "finite", lambda: mirror_tracks(tracks, at=math.nan)


test_bad_input_is_one_clear_line = refusal_test(bad_inputs())
