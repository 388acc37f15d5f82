"""Each rule of the lint: found where it should be, silent where it should be."""

import pytest
import torch

from wanmove_core import GridError, LatentGrid, ShapeError, Tracks
from wanmove_core.guidance.lint import lint_tracks

WIDTH, HEIGHT, FRAMES = 208, 112, 13


def good_tracks():
    """Seven points, spread out, that move 3 px a frame to the right."""
    start = torch.tensor([[20.0 + 9 * i, 10.0 + 13 * i] for i in range(7)])
    step = torch.arange(FRAMES)[:, None, None] * torch.tensor([3.0, 0.0])
    return start + step, torch.ones(FRAMES, 7, dtype=torch.bool)


def lint(positions, visibility, num_frames=FRAMES, distance=None):
    tracks = Tracks(positions, visibility)
    found = lint_tracks(tracks, LatentGrid(num_frames, HEIGHT, WIDTH), distance=distance)
    assert all("\n" not in str(finding) and finding.message.endswith(".") for finding in found)
    return {finding.rule: finding for finding in found}


def test_good_tracks_have_no_findings():
    assert lint(*good_tracks()) == {}


def test_starts_that_guide_nothing():
    positions, visibility = good_tracks()
    visibility[0, 2] = False
    positions[:, 3, 0] = torch.linspace(-4.0, 60.0, FRAMES)
    visibility[:, 4] = False
    visibility[1:, 5] = False
    found = lint(positions, visibility)
    assert {rule: found[rule].points for rule in found} == {
        "hidden-start": (2,),
        "outside-start": (3,),
        "never-visible": (4,),
        "start-only": (5,),
        "few-points": (),
    }
    assert str(found["hidden-start"]).endswith("Tracks: 2.")


def test_teleports_count_only_between_visible_frames():
    positions, visibility = good_tracks()
    positions[7:, 1] += torch.tensor([60.0, 0.0])
    found = lint(positions, visibility)
    assert found["teleport"].points == (1,) and "frame 7" in found["teleport"].message
    visibility[7, 1] = False
    assert "teleport" not in lint(positions, visibility)


def test_too_few_points_and_none_that_moves():
    positions, visibility = good_tracks()
    assert "few-points" in lint(positions[:, :3], visibility[:, :3])
    still = positions[:1].expand(FRAMES, -1, -1).clone()
    assert list(lint(still, visibility)) == ["no-motion"]
    # One still anchor beside enough that moves is no fault.
    positions[:, 0] = positions[0, 0]
    assert lint(positions, visibility) == {}


def test_collisions():
    """Tracks that meet from different places; not neighbours that go along together."""
    positions, visibility = good_tracks()
    positions[:, 1] = positions[:, 0] + 0.5
    assert lint(positions, visibility) == {}
    positions[4:, 2] = positions[4:, 0] + 0.5
    found = lint(positions, visibility)["collision"]
    assert "3 of 15 guided cells" in found.message
    visibility[4:, 2] = False
    assert "collision" not in lint(positions, visibility)


def test_what_is_far_passes_before_what_is_near():
    positions, visibility = good_tracks()
    # Track 0 stands still and 6 crosses it: their cells meet around frame 8.
    positions[:, 0] = torch.tensor([100.0, 50.0])
    positions[:, 6] = torch.tensor([100.0, 50.0])
    positions[:, 6, 0] += 6 * (torch.arange(FRAMES) - 8)
    near, far = torch.full((7,), 2.0), torch.full((7,), 2.0)
    far[6], near[6] = 2.3, 1.0
    found = lint(positions, visibility, distance=far)
    assert found["depth-order"].points == (6,) and "1 track on top" in found["depth-order"].message
    assert "depth-order" not in lint(positions, visibility, distance=near)
    assert "depth-order" not in lint(positions, visibility, distance=far * 0 + 2.1)
    visibility[6:11, 6] = False
    assert "depth-order" not in lint(positions, visibility, distance=far)
    with pytest.raises(ShapeError, match="one for each of 7"):
        lint(positions, visibility, distance=far[:3])


def test_sizes_and_lengths_that_do_not_fit():
    positions, visibility = good_tracks()
    assert "Fit the tracks" in lint(positions * 4, visibility)["size"].message
    shares = positions / torch.tensor([WIDTH, HEIGHT])
    assert "shares of the frame" in lint(shares, visibility)["size"].message
    assert list(lint(positions[:9], visibility[:9])) == ["length"]
    assert lint(positions[:, :0], visibility[:, :0]) == {}
    with pytest.raises(GridError):
        lint(positions, visibility, num_frames=12)


def test_long_lists_are_cut():
    positions, visibility = good_tracks()
    many = positions.repeat(1, 3, 1)
    text = str(lint(many - 500, visibility.repeat(1, 3))["never-visible"])
    assert text.endswith("Tracks: 0, 1, 2, 3, 4, 5, 6, 7 and 13 more.")
