"""A drawing brought to another length keeps what was drawn of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from wanmove_core.document.retime import ascending, retimed
from wanmove_core.document.sampling import sample_document, scale_document
from wanmove_core.document.schema import SpreadKey, TimingKey, parse_document

RETIMED = json.loads((Path(__file__).parents[1] / "fixtures" / "retimed.json").read_text())
SIZE = {"width": 832, "height": 480}


def drawn(frames, **track):
    knots = [{"x": 0, "y": 0}, {"x": 80, "y": 0}]
    head = {"version": 1, **SIZE, "fps": 16, "frames": frames}
    return parse_document(json.dumps({**head, "tracks": [{"knots": knots, **track}]}))


@pytest.mark.parametrize("case", RETIMED, ids=lambda case: case["name"])
def test_short_windows_do_not_vanish(case):
    before, after = case["frames"]
    document = scale_document(drawn(before, windows=case["windows"]), **SIZE, num_frames=after)
    (track,) = document.tracks
    assert [pytest.approx(window) for window in track.windows] == case["retimed"]
    seen = sample_document(document).visibility[:, 0].nonzero().flatten().tolist()
    shown = {f for a, b in case["retimed"] for f in range(after) if a <= f <= b}
    assert seen == sorted(shown)


def test_of_keys_that_come_together_the_first_stays():
    keys = [{"frame": 10, "at": 0.2}, {"frame": 40, "at": 0.6}]
    poses = [{"frame": f, "scale": 1 + f, "angle": 0} for f in (0, 5, 9)]
    spread = {"shape": "line", "count": 2, "size": 8, "keys": poses}
    document = drawn(81, timing={"keys": keys}, spread=spread)
    (track,) = scale_document(document, **SIZE, num_frames=1).tracks
    assert track.timing.keys == (TimingKey(0.0, 0.2),)
    assert track.spread.keys == (SpreadKey(0.0, 1.0, 0.0),)
    assert retimed(21.0, 36 / 28) == 27 != 21 * (36 / 28)
    near = TimingKey(7.0, 0.1)
    assert ascending([near, replace(near, frame=7.0004), replace(near, frame=7.001)]) == (
        near,
        replace(near, frame=7.001),
    )
