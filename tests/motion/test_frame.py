"""Tracks know their frame, and one rule brings them to another."""

from dataclasses import replace

import pytest
import torch

from wanmove_core import ShapeError, Tracks, concat_tracks, fit_tracks, resample_tracks
from wanmove_core.errors import GridError
from wanmove_core.motion.animate import follow_tracks, loop_tracks, mirror_tracks, parent_tracks
from wanmove_core.motion.dynamics import fall_tracks, spring_tracks, wiggle_tracks
from wanmove_core.motion.frame import common_frame, place_in_frame
from wanmove_core.motion.retime import retime_tracks
from wanmove_core.motion.transform import Transform, transform_tracks

VIDEO, IMAGE = (96, 64), (200, 200)


def tracks(frame, at=((20.0, 10.0), (60.0, 30.0))):
    positions = torch.tensor(at)[None].repeat(5, 1, 1) + torch.arange(5.0)[:, None, None]
    return Tracks(positions, torch.ones(5, len(at)).bool(), frame)


def place(given, **rule):
    return place_in_frame(given, VIDEO, image_size=IMAGE, fit_mode="crop", **rule)


def test_the_videos_own_frame_stays_as_it_is():
    given = tracks(VIDEO)
    placed, how = place(given, track_space="start image")  # the stated frame wins
    assert torch.equal(placed.positions, given.positions) and how == ""


def test_the_start_images_frame_goes_through_its_fit():
    placed, how = place(tracks(IMAGE))
    expected = fit_tracks(tracks(IMAGE), IMAGE, VIDEO, mode="crop")
    assert torch.equal(placed.positions, expected.positions) and placed.frame == VIDEO
    assert how == "tracks of 200x200 through the start image's crop to 96x64"


@pytest.mark.parametrize(
    ("frame", "through", "mode"),
    [((832, 555), VIDEO, "stretch"), ((48, 32), VIDEO, "stretch"), ((768, 768), IMAGE, "crop")],
)
def test_a_scaled_copy_is_scaled_then_taken_as_that(frame, through, mode):
    placed, how = place(tracks(frame))
    expected = fit_tracks(fit_tracks(tracks(frame), frame, through), through, VIDEO, mode=mode)
    torch.testing.assert_close(placed.positions, expected.positions)
    assert f"tracks of {frame[0]}x{frame[1]}" in how and placed.frame == VIDEO


@pytest.mark.parametrize("frame", [(640, 400), (64, 96), (832, 480)])
def test_any_other_is_refused_with_both_sizes(frame):
    with pytest.raises(ShapeError, match=r"\(96x64\) or its start image \(200x200\)") as error:
        place(tracks(frame))
    assert f"got tracks of {frame[0]}x{frame[1]}" in str(error.value)


def test_an_unknown_frame_goes_by_track_space():
    given = tracks(None)
    placed, how = place(given)
    assert torch.equal(placed.positions, given.positions) and placed.frame == VIDEO
    assert how == "frame unknown, taken as 96x64"
    placed, how = place(given, track_space="start image")
    assert torch.equal(placed.positions, place(tracks(IMAGE))[0].positions)
    assert how.startswith("frame unknown, taken as 200x200, through the start image's crop")


KEEP = {
    "resample": lambda t: resample_tracks(t, 9),
    "cut": lambda t: retime_tracks(t, 9, "cut"),
    "transform": lambda t: transform_tracks(t, Transform(rotate=5.0, max_points=1)),
    "attach": lambda t: parent_tracks(t, t),
    "follow": lambda t: follow_tracks(t, t),
    "loop": lambda t: loop_tracks(t, 12, mode="offset"),
    "ping-pong": lambda t: loop_tracks(t, 12, mode="ping-pong"),
    "mirror": lambda t: mirror_tracks(t, at=48.0),
    "spring": spring_tracks,
    "drop": fall_tracks,
    "wiggle": lambda t: wiggle_tracks(t, generator=torch.Generator()),
    "to": lambda t: t.to("cpu"),
    "concat": lambda t: concat_tracks([t, t]),
}


@pytest.mark.parametrize("name", KEEP)
def test_every_change_of_motion_keeps_the_frame(name):
    assert KEEP[name](tracks(VIDEO)).frame == VIDEO
    assert KEEP[name](tracks(None)).frame is None


def test_joining_takes_the_frame_that_is_known():
    assert concat_tracks([tracks(None), tracks(VIDEO)]).frame == VIDEO
    with pytest.raises(ShapeError, match=r"one frame to be joined; got \[\(96, 64\), \(200, 200\)"):
        concat_tracks([tracks(VIDEO), tracks(IMAGE)])
    placed, how = common_frame([tracks(None), tracks(VIDEO), tracks((192, 128))])
    assert [item.frame for item in placed] == [VIDEO] * 3
    torch.testing.assert_close(placed[2].positions, tracks(None).positions / 2)
    assert how == (
        "input 0: frame unknown, taken as 96x64; input 2: tracks of 192x128 scaled to 96x64"
    )


def test_a_frame_against_the_tracks_own_is_refused():
    with pytest.raises(ShapeError, match=r"from_size must be the tracks' own frame \(96, 64\)"):
        fit_tracks(tracks(VIDEO), (100, 100), (50, 50))
    with pytest.raises(GridError, match=r"frame must be \(width, height\)"):
        replace(tracks(VIDEO), frame=(0, 5))
