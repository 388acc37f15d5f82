import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from wanmove_core import LatentGrid, project_tracks
from wanmove_core.document.sampling import sample_document, scale_document
from wanmove_core.document.schema import EditorDocument, parse_document
from wanmove_core.errors import TrackFormatError
from wanmove_core.family import FAMILIES

FIXTURES = Path(__file__).parents[1] / "fixtures"
GOLDEN = json.loads((FIXTURES / "curves.json").read_text())
STRETCHED = json.loads((FIXTURES / "stretched.json").read_text())
REGIONS = json.loads((FIXTURES / "regions.json").read_text())
CELLS = json.loads((FIXTURES / "cells.json").read_text())
LIMITS = json.loads((FIXTURES / "limits.json").read_text())
HOSTILE = json.loads((FIXTURES / "hostile_documents.json").read_text())


def drawn(*tracks, frames=11, **canvas):
    head = {"version": 1, "width": 832, "height": 480, "fps": 16, "frames": frames}
    return parse_document(json.dumps({**head, **canvas, "tracks": list(tracks)}))


def line(x0, x1, **rest):
    knots = [{"x": x0, "y": 7}, {"x": x1, "y": 7}]
    return {"name": "line", "curve": "polyline", "knots": knots, **rest}


def xs(document, point=0):
    return sample_document(document).positions[:, point, 0].tolist()


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_golden_file_is_met(case):
    tracks = sample_document(parse_document(json.dumps(case["document"])))
    expected = np.array(case["positions"]).reshape(tracks.num_frames, case["points"], 2)
    np.testing.assert_allclose(tracks.positions, expected, atol=1e-4)
    assert tracks.visibility.int().reshape(-1).tolist() == case["visibility"]


@pytest.mark.parametrize("case", STRETCHED, ids=lambda case: case["name"])
def test_golden_file_of_stretched_drawings_is_met(case):
    to = case["to"]
    scaled = scale_document(
        parse_document(json.dumps(case["document"])),
        width=to["width"],
        height=to["height"],
        num_frames=to["frames"],
    )
    positions = sample_document(scaled).positions
    np.testing.assert_allclose(positions.reshape(-1, 2), case["positions"], atol=1e-3)


@pytest.mark.parametrize("case", REGIONS, ids=lambda case: case["name"])
def test_golden_file_of_filled_regions_is_met(case):
    positions = sample_document(parse_document(json.dumps(case["document"]))).positions
    np.testing.assert_allclose(positions.reshape(-1, 2), case["positions"], atol=1e-3)


def test_a_level_line_at_half_the_width_is_half_as_long():
    spread = {"shape": "line", "count": 2, "size": 64}
    scaled = scale_document(drawn(line(0, 0, spread=spread)), width=416, height=480, num_frames=11)
    x = sample_document(scaled).positions[0, :, 0]
    assert (x[1] - x[0]).item() == pytest.approx(32)


@pytest.mark.parametrize("case", CELLS, ids=lambda case: case["name"])
def test_golden_file_of_latent_cells_is_met(case):
    document = parse_document(json.dumps(case["document"]))
    strides = {family.name: family.strides for family in FAMILIES}[case["family"]]
    grid = LatentGrid(document.num_frames, document.height, document.width, strides)
    cells, seen = project_tracks(sample_document(document), grid)
    at = case["frame"] // strides[0]
    place = (cells[..., 0] * grid.cols + cells[..., 1])[:, at]
    written = Counter(place[(seen & seen[:, :1])[:, at]].tolist())
    assert {str(cell): count for cell, count in written.items()} == case["cells"]


def limited(shape, count):
    """A document that has `count` of something."""
    point = {"x": 1, "y": 1}
    if shape == "flat":
        return json.dumps([point] * count)
    if shape == "lists":
        return json.dumps([[point]] * count)
    track = {"knots": [point] * (count if shape == "knots" else 1)}
    if shape == "spread":
        track["spread"] = {"shape": "disc", "count": count, "size": 9}
    head = {"version": 1, "width": 832, "height": 480, "fps": 16, "frames": 11}
    head |= {shape: count} if shape in head else {}
    return json.dumps({**head, "tracks": [track] * (count if shape == "tracks" else 1)})


@pytest.mark.parametrize("case", LIMITS, ids=lambda case: case["name"])
def test_limits_are_those_of_the_editor(case):
    text = limited(case["shape"], case["count"])
    if case["accepted"]:
        parse_document(text)
        return
    with pytest.raises(TrackFormatError, match="must be"):
        parse_document(text)


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case["name"])
def test_hostile_documents_are_named_by_place(case):
    head = {"version": 1, "width": 832, "height": 480, "fps": 16, "frames": 11}
    text = case.get("text") or json.dumps({**head, "tracks": case["tracks"]})
    with pytest.raises(TrackFormatError) as error:
        parse_document(text)
    assert str(error.value).startswith(case["place"])
    assert "\n" not in str(error.value)


def test_nan_literals_and_deep_nesting_are_refused():
    with pytest.raises(TrackFormatError, match=r"tracks\[0\].knots\[0\].x must be a finite"):
        drawn({"knots": [{"x": math.nan, "y": 0}]})
    with pytest.raises(TrackFormatError, match="must be"):
        parse_document("[" * 100_000)
    with pytest.raises(TrackFormatError, match="finite"):
        parse_document('{"version": ' + "9" * 400 + "}")


def test_constant_speed_is_by_arc_length_not_by_knots():
    knots = [{"x": x, "y": 0} for x in (0, 10, 100)]
    assert xs(drawn({"curve": "polyline", "knots": knots})) == pytest.approx(range(0, 101, 10))


def test_straight_curves_of_every_kind_agree():
    expected = [10 * frame for frame in range(11)]
    for curve in ("polyline", "catmull-rom"):
        assert xs(drawn(line(0, 100) | {"curve": curve})) == pytest.approx(expected, abs=1e-4)
    handles = [{"x": 0, "y": 0, "out": [30, 0]}, {"x": 100, "y": 0, "in": [-30, 0]}]
    assert xs(drawn({"curve": "bezier", "knots": handles})) == pytest.approx(expected, abs=2e-2)


def test_a_key_is_met_at_its_frame_and_equal_keys_hold():
    keys = [{"frame": 2, "at": 0.5}, {"frame": 6, "at": 0.5}]
    given = xs(drawn(line(0, 80, timing={"keys": keys})))
    assert given == pytest.approx([0, 20, 40, 40, 40, 40, 40, 50, 60, 70, 80])


def test_start_and_end_hold_the_ends_of_the_path():
    given = xs(drawn(line(0, 80, timing={"start": 2, "end": 4})))
    assert given == pytest.approx([0, 0, 0, 40, 80, 80, 80, 80, 80, 80, 80])


def test_repeats():
    loop = xs(drawn(line(0, 40, timing={"repeat": "loop", "times": 2}), frames=9))
    assert loop == pytest.approx([0, 10, 20, 30, 0, 10, 20, 30, 40])
    swing = xs(drawn(line(0, 40, timing={"repeat": "ping-pong", "times": 2}), frames=9))
    assert swing == pytest.approx([0, 10, 20, 30, 40, 30, 20, 10, 0])
    back = xs(drawn(line(0, 40, timing={"reverse": True}), frames=5))
    assert back == pytest.approx([40, 30, 20, 10, 0])


def test_ease_in_out_is_symmetric_and_in_starts_slowly():
    both = xs(drawn(line(0, 100, timing={"ease": "in-out"})))
    assert [a + b for a, b in zip(both, both[::-1], strict=True)] == pytest.approx([100] * 11)
    assert xs(drawn(line(0, 100, timing={"ease": "in"})))[5] < 40


def test_a_region_turns_about_its_point():
    keys = [{"frame": 0, "scale": 1, "angle": 0}, {"frame": 10, "scale": 2, "angle": 90}]
    spread = {"shape": "region", "offsets": [[10, 0], [0, 0]], "keys": keys}
    tracks = sample_document(drawn(line(0, 100, spread=spread)))
    assert tracks.positions[0].tolist() == [[10, 7], [0, 7]]
    torch.testing.assert_close(tracks.positions[10, 0], torch.tensor([100.0, 27.0]))


def test_disc_keeps_to_its_radius_and_line_to_its_length():
    disc = {"shape": "disc", "count": 23, "size": 30}
    spread = sample_document(drawn(line(50, 50, spread=disc))).positions[0]
    radii = (spread - torch.tensor([50.0, 7.0])).norm(dim=1)
    assert radii[0] == 0 and radii.max() == pytest.approx(15, abs=1e-4)
    row = {"shape": "line", "count": 3, "size": 30, "angle": 90}
    spread = sample_document(drawn(line(50, 50, spread=row))).positions[0]
    assert spread.tolist() == [pytest.approx([50, y], abs=1e-4) for y in (-8, 7, 22)]


def test_windows_and_hidden():
    tracks = sample_document(drawn(line(0, 9, windows=[[1, 2], [10, 10]]), line(0, 1, hidden=True)))
    assert tracks.num_points == 1
    assert tracks.visibility[:, 0].nonzero().flatten().tolist() == [1, 2, 10]


def test_empty_text_is_a_drawing_without_points():
    assert parse_document("  \n") == EditorDocument()
    tracks = sample_document(EditorDocument())
    assert (tracks.num_frames, tracks.num_points) == (81, 0)


def test_bare_coordinates_are_version_0():
    document = parse_document('[{"x": 0, "y": 3}, {"x": 8, "y": 3}, {"x": 80, "y": 3}]')
    given = xs(document)
    assert (len(given), given[0], given[40], given[80]) == (81, 0, pytest.approx(8), 80)
    two = parse_document('[[{"x": 0, "y": 3}], [{"x": 1, "y": 3}, {"x": 5, "y": 3}]]')
    assert sample_document(two).num_points == 2


def test_unknown_fields_are_ignored():
    document = drawn(line(0, 10, future={"a": 1}), someday=[1])
    assert xs(document)[10] == pytest.approx(10)


def test_too_many_points_are_refused():
    spread = {"shape": "disc", "count": 4096, "size": 9}
    document = drawn(*[line(0, 1, spread=spread)] * 17)
    with pytest.raises(TrackFormatError, match="at most 65536 points; got 69632"):
        sample_document(document)


def test_too_many_points_in_all_frames_are_refused():
    """A drawing of a hundred bytes would take gigabytes."""
    document = drawn(line(0, 1, spread={"shape": "disc", "count": 4096, "size": 9}), frames=4883)
    with pytest.raises(TrackFormatError, match=r"at most 20000000 points in all .* 4883 frames"):
        sample_document(document)


def test_an_integer_that_python_does_not_read_is_refused_by_its_place():
    text = '[{"x": 0, "y": ' + "9" * 5000 + "}]"
    with pytest.raises(TrackFormatError, match=r"^\[0\]\.y must be a"):
        parse_document(text)


def test_scale_document_stretches_positions_and_keeps_first_and_last_frame():
    timing = {"start": 2, "end": 8, "keys": [{"frame": 5, "at": 0.25}]}
    document = drawn(line(0, 100, timing=timing, windows=[[2, 8]]))
    scaled = scale_document(document, width=416, height=960, num_frames=21)
    before, after = sample_document(document), sample_document(scaled)
    torch.testing.assert_close(after.positions[::2], before.positions * torch.tensor([0.5, 2.0]))
    assert (after.visibility[::2] == before.visibility).all()
