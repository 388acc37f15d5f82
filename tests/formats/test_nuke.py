"""Tracker nodes of Nuke: keys, holds, partial ranges, enabling, and the picture's height."""

import pathlib

import numpy as np
import pytest

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import ReadOptions, parse_tracks, read_track_file
from wanmove_core.formats.nuke_curve import parse_curve

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "interchange"


def close(actual, wanted):
    np.testing.assert_allclose(actual, np.asarray(wanted, np.float32), atol=1e-4)


def keys(text):
    curve = parse_curve(["curve", *text.split()], "x")
    return list(zip(curve.times.tolist(), curve.values.tolist(), strict=True))


def test_tracker4_with_its_script():
    file = read_track_file(FIXTURES / "tracker4.nk")
    assert (file.size, file.names) == ((832, 480), ("track 1", "left {hand}", "still"))
    positions, seen = file.tracks.positions.numpy(), file.tracks.visibility
    close(positions[:, 0], [[100 + 4 * t, 100 + 3 * t] for t in range(9)])
    assert seen[:, 0].tolist() == [True] * 3 + [False] * 2 + [True] * 4
    # Keyed at 1003, 1005 and 1009 only: hidden before, straight lines between.
    assert seen[:, 1].tolist() == [False] * 2 + [True] * 7
    close(positions[2:, 1], [[10, 0], [15, 5], [20, 10], [30, 15], [40, 20], [50, 25], [60, 30]])
    close(positions[:, 2], [[416, 240]] * 9)
    assert seen[:, 2].all()


def test_tracker3_needs_the_size_and_holds_where_it_says_so():
    options = ReadOptions(canvas_size=(160, 120))
    file = read_track_file(FIXTURES / "tracker3.nk", options=options)
    assert file.names == ("track1", "track2")
    positions, seen = file.tracks.positions.numpy(), file.tracks.visibility
    close(positions[:, 0], [[100, 70], [102, 69], [104, 68], [106, 67]])
    close(positions[1:, 1], [[7, 119], [7, 119], [9, 117]])
    assert seen[:, 1].tolist() == [False, True, True, True]
    with pytest.raises(TrackFormatError, match="Nuke counts y from its bottom"):
        read_track_file(FIXTURES / "tracker3.nk")


def test_curve_keys_as_foundry_documents_them():
    assert keys("5 6 7") == [(0, 5), (1, 6), (2, 7)]
    assert keys("x10 5 6 x15 7 8") == [(10, 5), (11, 6), (15, 7), (19, 8)]
    assert keys("i L x1 5 s0.5 t-1 u1 v.5 x3 6 l") == [(1, 5), (3, 6)]
    held = parse_curve(["curve", *["K", "x1", "5", "x3", "6", "L", "x5", "8", "x7", "10"]], "x")
    close(held.at(np.arange(0.0, 9)), [5, 5, 5, 6, 6, 8, 9, 10, 10])


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (
            "Tracker3 { track1 {{curve x1 nan} {curve x1 2}} }",
            "track 0: x, frame 1 must be a number",
        ),
        (
            "Tracker3 { track1 {{curve x3 1 x2 5} {curve x1 2}} }",
            "track 0: x, frame 2 must come after",
        ),
        ("Tracker3 { track1 {{curve x1 1 x90000000 5} {2}} }", "90000000 frames x 1 tracks"),
        ("Tracker3 { track1 {{parent.x*2} {curve x1 2}} }", r"track 0: x must be a number"),
        ("Tracker3 { track1 {{a b} {curve x1 2}} }", "x must be a number or a curve with keys"),
        ("Tracker3 { track1 {{curve x1 2}} }", "track 0 must have x and y"),
        ("Tracker4 { tracks {{ 1 31 1 }} }", "tracks must hold a head, columns and rows"),
        (
            "Tracker4 { tracks {{ 1 31 1 } {{ 5 1 20 enable e 1 }} {{ 1 }}} }",
            "must have the columns",
        ),
        ("Tracker4 { name Tracker1 }", "must have a track in its tracker nodes"),
        ("Tracker4 { tracks {{ 1 31 1 }", "must close every brace; got a node at line 1"),
        ("Tracker4 {" + "{" * 99 + "}" * 99 + "}", "levels deep"),
    ],
)
def test_what_is_refused(node, message):
    with pytest.raises(TrackFormatError, match=message):
        parse_tracks(node, options=ReadOptions(canvas_size=(64, 48)))
