"""What is written is read back the same, by us and by others; and never half of it."""

import io
import json
import os
import pathlib
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wanmove_core.errors import OptionError, TrackFormatError
from wanmove_core.formats import coordinates_json, parse_tracks, read_tracks, write_tracks
from wanmove_core.formats.exchange import export_document
from wanmove_core.tracks import Tracks

KINDS = ("npy", "json", "csv")
# Values that other rules give a meaning to, and ordinary ones of every size.
COORDINATE = st.one_of(
    st.sampled_from([-1.0, -100.0, 0.0, -0.0, 832.0, 0.1, 1e6, -1e6]),
    st.floats(-1e6, 1e6, width=32),
)


@st.composite
def any_tracks(draw):
    frames, points = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    size = frames * points
    values = draw(st.lists(COORDINATE, min_size=2 * size, max_size=2 * size))
    seen = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    positions = torch.tensor(values, dtype=torch.float32).reshape(frames, points, 2)
    return Tracks(positions, torch.tensor(seen).reshape(frames, points))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(tracks=any_tracks())
def test_write_then_read_is_the_identity(kind, tmp_path, tracks):
    path = tmp_path / f"a_tracks.{kind}"
    write_tracks(tracks, path)
    back = read_tracks(path)
    assert torch.equal(back.visibility, tracks.visibility)
    # JSON does not keep where a hidden point was; the others keep everything.
    kept = tracks.visibility if kind == "json" else torch.ones_like(tracks.visibility)
    assert torch.equal(back.positions[kept], tracks.positions[kept])


def sample():
    positions = torch.arange(2 * 5 * 3, dtype=torch.float64).reshape(5, 3, 2) / 3
    visibility = torch.ones(5, 3, dtype=torch.bool)
    visibility[2, 1] = False
    return Tracks(positions, visibility)


def test_the_pair_is_what_the_reference_loads(tmp_path):
    written = write_tracks(sample(), tmp_path / "walk_tracks.npy")
    assert {p.name for p in written} == {"walk_tracks.npy", "walk_visibility.npy"}
    tracks = np.load(tmp_path / "walk_tracks.npy", allow_pickle=False)
    visibility = np.load(tmp_path / "walk_visibility.npy", allow_pickle=False)
    assert (tracks.shape, tracks.dtype) == ((1, 5, 3, 2), np.float32)
    assert (visibility.shape, visibility.dtype) == ((1, 5, 3), np.bool_)
    assert not visibility[0, 2, 1]


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("walk.npy", "walk_visibility.npy"),
        ("tracks.npy", "visibility.npy"),
        ("a_tracks.npy", "a_visibility.npy"),
    ],
)
def test_names_of_the_visibility_file(tmp_path, name, beside):
    write_tracks(sample(), str(tmp_path / name))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, beside])
    assert not read_tracks(tmp_path / name).visibility[2, 1]


def test_other_programs_read_our_json():
    """As core's parse_json_tracks and WanMoveTracksFromCoords do: ["x"] and ["y"] of each point."""
    lists = json.loads(coordinates_json(sample()))
    table = torch.tensor([[[point["x"], point["y"]] for point in track] for track in lists])
    wanted = sample().positions.float().transpose(0, 1).clone()
    wanted[1, 2] = -1
    assert torch.equal(table, wanted)
    assert lists[1][2] == {"x": -1.0, "y": -1.0, "visible": False}
    assert lists[0][0] == {"x": 0.0, "y": pytest.approx(1 / 3)}


def test_a_visible_point_on_the_mark_says_so():
    tracks = Tracks(torch.full((2, 1, 2), -1.0), torch.tensor([[True], [False]]))
    assert json.loads(coordinates_json(tracks))[0][0]["visible"] is True
    assert torch.equal(parse_tracks(coordinates_json(tracks)).tracks.visibility, tracks.visibility)


def test_format_by_name_overrides_the_suffix(tmp_path):
    write_tracks(sample(), tmp_path / "walk.txt", format="csv")
    assert (tmp_path / "walk.txt").read_text().startswith("frame,track,x,y,visible\n0,0,0.0,0.33")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, kind, failing):
    path = tmp_path / f"a_tracks.{kind}"
    write_tracks(sample(), path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full_disk(*_args):
        raise OSError(28, "No space left on device")

    where = os if failing == "fsync" else pathlib.Path
    with monkeypatch.context() as patch:
        patch.setattr(where, failing, full_disk)
        with pytest.raises(TrackFormatError, match="no space left"):
            write_tracks(Tracks(torch.zeros(2, 1, 2), torch.ones(2, 1).bool()), path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(OptionError, match="format must be one of"):
        write_tracks(sample(), tmp_path / "a.mp4")
    with pytest.raises(OptionError, match="must name the tracks file"):
        write_tracks(sample(), tmp_path / "a_visibility.npy")
    with pytest.raises(TrackFormatError, match="must be a file; got a folder"):
        write_tracks(sample(), tmp_path, format="npy")
    with pytest.raises(TrackFormatError, match="at least one track"):
        write_tracks(Tracks(torch.zeros(5, 0, 2), torch.ones(5, 0).bool()), tmp_path / "a.json")
    far = Tracks(torch.full((1, 1, 2), 2e6), torch.ones(1, 1).bool())
    with pytest.raises(TrackFormatError, match="within 1000000 px"):
        write_tracks(far, tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_missing_folders_are_made_and_a_file_is_none(tmp_path):
    write_tracks(sample(), tmp_path / "new" / "deep" / "a.csv")
    assert (tmp_path / "new" / "deep" / "a.csv").is_file()
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackFormatError, match="must be a file that can be written"):
        write_tracks(sample(), tmp_path / "file" / "a.csv")


def test_a_folder_of_the_name_leaves_no_half_of_a_pair(tmp_path):
    (tmp_path / "a.npy").mkdir()
    with pytest.raises(TrackFormatError, match="must be a file; got a folder"):
        write_tracks(sample(), tmp_path / "a.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


def test_hidden_points_beyond_single_precision_are_written_without_a_warning(tmp_path):
    tracks = Tracks(torch.full((1, 1, 2), 1e300, dtype=torch.float64), torch.zeros(1, 1).bool())
    write_tracks(tracks, tmp_path / "a.npy")
    assert not read_tracks(tmp_path / "a.npy").visibility.any()


def test_hidden_points_far_out_are_written_for_reading(tmp_path):
    tracks = Tracks(torch.full((1, 1, 2), 2e6), torch.zeros(1, 1).bool())
    for kind in KINDS:
        write_tracks(tracks, tmp_path / f"a.{kind}")
        assert not read_tracks(tmp_path / f"a.{kind}").visibility.any()


def test_the_zip_that_the_editor_exports_is_read_again_and_no_other_one():
    knots = [{"x": 20, "y": 30}, {"x": 60, "y": 41}]
    track = {"id": "t1", "curve": "polyline", "knots": knots, "windows": [[0, 5]]}
    drawing = {"version": 1, "width": 96, "height": 64, "fps": 16, "frames": 17, "tracks": [track]}
    name, packed = export_document(json.dumps(drawing), "npy")
    assert name.endswith(".zip")
    read = parse_tracks(packed, name=name).tracks
    assert read.visibility.squeeze(1).tolist() == [True] * 6 + [False] * 11
    assert read.positions[[0, 5], 0].tolist() == [[20, 30], [32.5, 33.4375]]
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    for more in ({"evil.npy": b""}, {"a/tracks.npy": b""}):
        other = io.BytesIO()
        with zipfile.ZipFile(other, "w") as archive:
            for path, content in (files | more).items():
                archive.writestr(path, content)
        with pytest.raises(TrackFormatError, match="got another zip archive"):
            parse_tracks(other.getvalue())
    for broken in (packed[:-30], packed[:60] + b"?" + packed[61:], b"PK\x03\x04"):
        with pytest.raises(TrackFormatError):
            parse_tracks(broken)
