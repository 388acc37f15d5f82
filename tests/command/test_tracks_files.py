"""`wanmove tracks`: show and convert."""

import json

import numpy as np
import pytest

from wanmove_core import read_tracks
from wanmove_core.command import main as cli


@pytest.fixture
def tracks_file(tmp_path):
    positions = np.arange(7 * 3 * 2, dtype=np.float32).reshape(1, 7, 3, 2)
    np.save(tmp_path / "cat_tracks.npy", positions)
    visibility = np.ones((1, 7, 3), bool)
    visibility[:, 4:, 2] = False
    np.save(tmp_path / "cat_visibility.npy", visibility)
    return tmp_path / "cat_tracks.npy"


def test_show_says_what_is_in_a_file(tracks_file, capsys):
    assert cli.main(["tracks", "show", str(tracks_file)]) == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    for part in ("npy", "3 tracks", "7 frames", "86% visible", "x 0.0 to 38.0", "y 1.0 to 39.0"):
        assert part in line


@pytest.mark.parametrize("suffix", ["json", "csv", "npy"])
def test_convert_keeps_the_tracks(tracks_file, tmp_path, suffix, capsys):
    target = tmp_path / f"new.{suffix}"
    assert cli.main(["tracks", "convert", str(tracks_file), str(target)]) == 0
    written = next(p for p in capsys.readouterr().out.split() if "visibility" not in p)
    before, after = read_tracks(tracks_file), read_tracks(written)
    seen = before.visibility
    assert (after.positions[seen] == before.positions[seen]).all()
    assert (after.visibility == seen).all()


def test_convert_changes_size_and_length(tracks_file, tmp_path, capsys):
    target = tmp_path / "new.json"
    sizes = ["--from-size", "64x48", "--to-size", "128x48", "--frames", "13"]
    words = ["tracks", "convert", str(tracks_file), str(target), *sizes]
    assert cli.main(words) == 2
    assert "aspect ratio of the tracks' frame, 64x48; got 128x48" in capsys.readouterr().err
    assert cli.main([*words, "--resize", "stretch"]) == 0
    assert "through the start image's stretch to 128x48" in capsys.readouterr().err
    assert len(json.loads(target.read_text())[0]) == 13
    before, after = read_tracks(tracks_file), read_tracks(target)
    assert after.positions[-1, 0].tolist() == [
        2 * before.positions[-1, 0, 0].item(),
        before.positions[-1, 0, 1].item(),
    ]


@pytest.mark.parametrize(
    ("target", "to"),
    [("a.svg", None), ("a.nk", None), ("a.blender.json", None), ("a.txt", "after-effects")],
)
def test_convert_to_other_programs_and_back(tracks_file, tmp_path, target, to, capsys):
    there = ["tracks", "convert", str(tracks_file), str(tmp_path / target), "--from-size", "64x48"]
    assert cli.main([*there, *(["--to", to] if to else []), "--fps", "24"]) == 0
    back = ["tracks", "convert", str(tmp_path / target), str(tmp_path / "back.csv")]
    assert cli.main(back) == 0
    before, after = read_tracks(tracks_file), read_tracks(tmp_path / "back.csv")
    seen = before.visibility
    assert (after.positions[seen] - before.positions[seen]).abs().max() < 1e-4
    capsys.readouterr()
    assert cli.main(["tracks", "convert", str(tracks_file), str(tmp_path / target), "--to", "nuke"])
    assert "size must be given to write nuke; got None" in capsys.readouterr().err


def test_what_is_no_tracks_is_one_line(tmp_path, capsys):
    (tmp_path / "a.json").write_text("{}")
    assert cli.main(["tracks", "show", str(tmp_path / "a.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_show_leaves_out_where_hidden_points_are(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("frame,track,x,y,visible\n0,0,-900,-900,0\n")
    assert cli.main(["tracks", "show", str(tmp_path / "a.csv")]) == 0
    assert capsys.readouterr().out.rstrip().endswith("1 track, 1 frame, 0% visible")


def test_no_frames_per_second_are_refused_and_not_replaced(tracks_file, tmp_path, capsys):
    words = ["tracks", "convert", str(tracks_file), str(tmp_path / "a.csv"), "--fps", "0"]
    assert cli.main(words) == 2
    assert "fps must be from 0.01 to 1000; got 0.0" in capsys.readouterr().err


def test_convert_refuses_sides_that_no_picture_has(tracks_file, tmp_path, capsys):
    words = ["tracks", "convert", str(tracks_file), str(tmp_path / "a.csv"), "--to-size", "99999x8"]
    assert cli.main(words) == 2
    assert "must be at most 16384 px a side; got '99999x8'" in capsys.readouterr().err


def test_a_size_to_scale_to_needs_one_to_scale_from(tracks_file, tmp_path, capsys):
    to = ["--to-size", "128x96"]
    assert cli.main(["tracks", "convert", str(tracks_file), str(tmp_path / "a.csv"), *to]) == 2
    assert "--to-size must come with --from-size" in capsys.readouterr().err
    # A format that keeps the size takes it as a statement; a file that keeps it is scaled.
    assert cli.main(["tracks", "convert", str(tracks_file), str(tmp_path / "a.svg"), *to]) == 0
    bigger = ["--to-size", "256x192"]
    words = ["tracks", "convert", str(tmp_path / "a.svg"), str(tmp_path / "b.csv"), *bigger]
    assert cli.main(words) == 0
    assert "a.svg: tracks of 128x96 scaled to 256x192" in capsys.readouterr().err
    seen = read_tracks(tmp_path / "b.csv").positions[-1, 0]
    assert seen[0] == 2 * read_tracks(tracks_file).positions[-1, 0, 0]
