"""Formats of other programs: each is told by its content, read as it says, and comes back."""

import json
import pathlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wanmove_core.errors import OptionError, TrackFormatError
from wanmove_core.formats import (
    WRITE_FORMATS,
    ReadOptions,
    parse_tracks,
    read_track_file,
    read_tracks,
    write_tracks,
)
from wanmove_core.formats.registry import WRITTEN
from wanmove_core.tracks import Tracks

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "interchange"
SIZE = (832, 480)
EXACT = ("svg", "nuke", "blender")
PROGRAMS = (*EXACT, "after-effects", "kling")


def close(actual, wanted, atol=1e-4):
    np.testing.assert_allclose(actual.numpy(), np.asarray(wanted, np.float32), atol=atol)


def sample(frames=13, points=3):
    generator = torch.Generator().manual_seed(5)
    positions = torch.rand(frames, points, 2, generator=generator) * torch.tensor([832.0, 480.0])
    visibility = torch.rand(frames, points, generator=generator) > 0.3
    return Tracks(positions, visibility)


def shares(kind, path):
    """A file in which a point goes from (1/4, 1/8) to (3/4, 1/2) of the picture."""
    ends = torch.tensor([[[0.25, 0.125]], [[0.75, 0.5]]])
    tracks = Tracks(ends, torch.ones(2, 1, dtype=torch.bool))
    up, down = ([{"x": x, "y": y} for x, y in ((0.25, a), (0.75, b))]
                for a, b in ((0.875, 0.5), (0.125, 0.5)))  # fmt: skip
    texts = {
        "blender": "1,0.25,0.875\n2,0.75,0.5\n",
        "kling": json.dumps({"dynamic_masks": [{"trajectories": up}]}),
        "kj-points": json.dumps({"points_store": json.dumps([{"points": down}])}),
    }
    if kind in texts:
        return texts[kind]
    file = path / f"a{WRITTEN[kind].suffix}"
    # Nuke counts from the bottom of a picture that is one pixel high: in shares.
    write_tracks(tracks, file, size=(832, 1) if kind == "nuke" else SIZE)
    if kind == "npy":
        return file
    return file.read_text().replace("832x1\n", "832x480\n")


@pytest.mark.parametrize("kind", [*WRITTEN, "kj-points"])
def test_positions_of_0_to_1_are_noticed_and_read_when_told(kind, tmp_path, caplog):
    """In every format with pixels; Blender's JSON alone says that it has shares."""
    data = shares(kind, tmp_path)
    given = ReadOptions(canvas_size=SIZE, num_frames=2)
    read = read_track_file if kind == "npy" else parse_tracks
    (note,) = read(data, options=given).notes
    assert note in caplog.text
    assert "within 2 px of the corner of 832x480" in note and "the unit normalized" in note
    caplog.clear()
    told = read(data, options=replace(given, unit="normalized"))
    close(told.tracks.positions[:, 0], [[208, 60], [624, 240]])
    assert not told.notes and not caplog.text
    # Pixels of pictures are not taken for shares.
    write_tracks(sample(2, 1), tmp_path / "b.csv", size=SIZE)
    assert not read_track_file(tmp_path / "b.csv").notes


DOCUMENT = {"version": 1, "width": 832, "height": 480, "fps": 16, "frames": 13}
DOCUMENT |= {"tracks": [{"id": "t1", "curve": "polyline", "knots": [{"x": 8, "y": 16}]}]}


@pytest.mark.parametrize(
    "kind", ["after-effects", "nuke", "blender", "svg", "csv", "json", "document"]
)
def test_the_frame_of_the_file_is_the_tracks(kind, tmp_path):
    """What the file states goes before what the caller supposes, and scales to what is wanted."""
    if kind == "document":
        path = tmp_path / "a.json"
        path.write_text(json.dumps(DOCUMENT))
    else:
        path = tmp_path / f"a{WRITTEN[kind].suffix}"
        write_tracks(sample(), path, size=SIZE)
    assert read_tracks(path).frame == SIZE
    assert read_tracks(path, canvas_size=(64, 48)).frame == SIZE
    half = read_tracks(path, size=(416, 240))
    assert half.frame == (416, 240)
    close(half.positions * 2, read_tracks(path).positions, atol=1e-3)


@st.composite
def any_tracks(draw):
    frames, points = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    number = st.one_of(
        st.sampled_from([-1.0, -100.0, 0.0, 480.0]), st.floats(-9999, 9999, width=32)
    )
    values = draw(st.lists(number, min_size=2 * frames * points, max_size=2 * frames * points))
    seen = draw(st.lists(st.booleans(), min_size=frames * points, max_size=frames * points))
    positions = torch.tensor(values, dtype=torch.float32).reshape(frames, points, 2)
    return Tracks(positions, torch.tensor(seen).reshape(frames, points))


@pytest.mark.parametrize("kind", EXACT)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(tracks=any_tracks())
def test_write_then_read_is_the_identity_where_visible(kind, tmp_path, tracks):
    path = tmp_path / f"a{WRITTEN[kind].suffix}"
    write_tracks(tracks, path, size=SIZE, fps=24.0)
    back = read_track_file(path)
    assert (back.format, back.size) == (kind, SIZE)
    assert back.fps == (None if kind == "nuke" else 24.0)
    assert torch.equal(back.tracks.visibility, tracks.visibility)
    seen = tracks.visibility
    # SVG keeps float32 itself; the other two count y from the bottom or in shares.
    atol = 0 if kind == "svg" else 1e-3
    torch.testing.assert_close(
        back.tracks.positions[seen], tracks.positions[seen], atol=atol, rtol=0
    )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(tracks=any_tracks())
def test_after_effects_keeps_length_and_every_visible_position(tmp_path, tracks):
    write_tracks(tracks, tmp_path / "a.ae.txt", size=SIZE, fps=29.97)
    back = read_track_file(tmp_path / "a.ae.txt")
    assert (back.format, back.size, back.fps) == ("after-effects", SIZE, 29.97)
    assert back.tracks.num_frames == tracks.num_frames
    assert back.tracks.visibility.all()
    seen = tracks.visibility
    assert torch.equal(back.tracks.positions[seen], tracks.positions[seen])


def test_hidden_frames_lie_between_keys_in_after_effects(tmp_path, caplog):
    positions = torch.tensor([[[0.0, 8.0]], [[99.0, 99.0]], [[20.0, 4.0]], [[99.0, 99.0]]])
    tracks = Tracks(positions, torch.tensor([[True], [False], [True], [False]]))
    write_tracks(tracks, tmp_path / "a.ae.txt", size=SIZE)
    assert "2 hidden points lie between keys" in caplog.text
    close(read_tracks(tmp_path / "a.ae.txt").positions[:, 0], [[0, 8], [10, 6], [20, 4], [20, 4]])
    # One track is pasted as the Position of a layer.
    assert (
        "Transform\tPosition\n\tFrame\tX pixels\tY pixels\tZ pixels"
        in (tmp_path / "a.ae.txt").read_text()
    )


def test_kling_takes_six_tracks_of_whole_pixels(tmp_path):
    tracks = sample(frames=77, points=5)
    path = tmp_path / "a.kling.json"
    write_tracks(tracks, path, size=SIZE)
    value = json.loads(path.read_text())
    assert [len(mask["trajectories"]) for mask in value["dynamic_masks"]] == [77] * 5
    options = ReadOptions(canvas_size=SIZE, num_frames=77)
    back = read_track_file(path, options=options).tracks
    seen = tracks.visibility
    assert (back.positions[seen] - tracks.positions[seen]).abs().max() <= 0.5
    # Longer clips are sampled evenly in time: the first and last frame stay.
    long = Tracks(torch.linspace(0, 160, 161)[:, None, None].expand(161, 1, 2).clone(),
                  torch.ones(161, 1, dtype=torch.bool))  # fmt: skip
    write_tracks(long, path, size=SIZE)
    points = json.loads(path.read_text())["dynamic_masks"][0]["trajectories"]
    assert (len(points), points[0], points[-1]) == (77, {"x": 0, "y": 480}, {"x": 160, "y": 320})


def test_what_kling_cannot_take(tmp_path):
    with pytest.raises(OptionError, match="at most 6 for Kling; got 7"):
        write_tracks(sample(points=7), tmp_path / "a.kling.json", size=SIZE)
    hidden = Tracks(torch.zeros(5, 1, 2), torch.zeros(5, 1).bool())
    with pytest.raises(OptionError, match="track 0 must have 2 frames and be visible"):
        write_tracks(hidden, tmp_path / "a.kling.json", size=SIZE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", PROGRAMS)
def test_other_programs_need_a_size(kind, tmp_path):
    with pytest.raises(OptionError, match=f"size must be given to write {kind}"):
        write_tracks(sample(), tmp_path / f"a{WRITTEN[kind].suffix}")
    with pytest.raises(OptionError, match="fps must be"):
        write_tracks(sample(), tmp_path / "a", format=kind, size=SIZE, fps=float("nan"))


@pytest.mark.parametrize("kind", WRITE_FORMATS)
def test_the_name_of_a_file_asks_for_its_format_and_reading_looks_inside(kind, tmp_path):
    tracks = sample(points=2)
    whole = Tracks(tracks.positions, torch.ones_like(tracks.visibility))
    data = write_tracks(whole, tmp_path / f"A{WRITTEN[kind].suffix.upper()}", size=SIZE)[
        -1
    ].read_bytes()
    read = parse_tracks(data, name="x.bin", options=ReadOptions(size=SIZE)).format
    assert read == {"json": "coordinates"}.get(kind, kind)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("drawing.svg", "svg"),
        ("after_effects_position.txt", "after-effects"),
        ("after_effects_trackers.txt", "after-effects"),
        ("tracker4.nk", "nuke"),
        ("tracker3.nk", "nuke"),
        ("blender_4.5.json", "blender"),
        ("shot_Camera_tr_Late_hand.csv", "blender"),
        ("kling_request.json", "kling"),
    ],
)
def test_fixtures_are_told_by_content_and_survive_every_program(file, kind, tmp_path):
    data = (FIXTURES / file).read_bytes()
    options = ReadOptions(canvas_size=(208, 120), size=SIZE, num_frames=9)
    loaded = parse_tracks(data, name="unnamed", options=options)
    assert loaded.format == kind
    by_name = parse_tracks(
        data, options=ReadOptions(canvas_size=(208, 120), size=SIZE, num_frames=9, format=kind)
    )
    assert torch.equal(by_name.tracks.positions, loaded.tracks.positions)
    with_mark = parse_tracks(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"), options=options)
    assert torch.equal(with_mark.tracks.positions, loaded.tracks.positions)
    seen = loaded.tracks.visibility
    for other in EXACT:
        write_tracks(loaded.tracks, tmp_path / f"b{WRITTEN[other].suffix}", size=SIZE)
        back = read_tracks(tmp_path / f"b{WRITTEN[other].suffix}")
        assert torch.equal(back.visibility, seen)
        torch.testing.assert_close(
            back.positions[seen], loaded.tracks.positions[seen], atol=1e-3, rtol=0
        )


def test_kling_request_counts_y_from_the_bottom():
    options = ReadOptions(num_frames=3, canvas_size=SIZE)
    tracks = read_track_file(FIXTURES / "kling_request.json", options=options).tracks
    close(tracks.positions[:, 0], [[279, 261], [348, 338], [417, 415]])
    with pytest.raises(TrackFormatError, match="Kling counts y from its bottom"):
        read_tracks(FIXTURES / "kling_request.json")


def test_blender_json_of_blender_itself():
    file = read_track_file(FIXTURES / "blender_4.5.json")
    assert (file.size, file.fps, file.names) == ((208, 120), None, ("Ball", "Late hand"))
    close(file.tracks.positions[:, 0], [[16 + 8 * t, 30 + 4 * t] for t in range(13)])
    seen = file.tracks.visibility[:, 1]
    # Markers from frame 4 to 10, counted from 1; that of frame 11 is muted.
    assert seen.nonzero().flatten().tolist() == list(range(3, 10))
    close(file.tracks.positions[3:10, 1], [[200 - 8 * t, 100] for t in range(7)])


def test_blender_csv_of_one_track_in_pixels_or_shares():
    path = FIXTURES / "shot_Camera_tr_Late_hand.csv"
    tracks = read_tracks(path, canvas_size=(208, 120))
    # The script does not say which markers are muted; frames before the first one are hidden.
    assert tracks.visibility[:, 0].nonzero().flatten().tolist() == list(range(3, 11))
    close(tracks.positions[3:10, 0], [[200 - 8 * t, 100] for t in range(7)])
    with pytest.raises(TrackFormatError, match="Blender counts y from its bottom"):
        read_tracks(path)
    shares = parse_tracks("1 0.25 0.75\n3 0.5 0.5\n", options=ReadOptions(
        unit="normalized", size=(80, 40)))  # fmt: skip
    close(shares.tracks.positions[[0, 2], 0], [[20, 10], [40, 20]])
    assert shares.tracks.visibility[:, 0].tolist() == [True, False, True]


def test_three_columns_are_blender_and_four_are_csv():
    assert parse_tracks("0,0,5,6\n").format == "csv"
    options = ReadOptions(canvas_size=(80, 40))
    found = parse_tracks("0,5,6\n1,6,7\n", options=options)
    # A file that starts at 0 has its first frame there.
    assert (found.format, found.tracks.num_frames) == ("blender", 2)
    close(found.tracks.positions[:, 0], [[5, 34], [6, 33]])
