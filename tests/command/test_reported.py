"""The reported files through the command line."""

import shutil
from pathlib import Path

import pytest

from tests.reported_files import READ, REFUSED, REPORTED
from wanmove_core import read_tracks
from wanmove_core.bench.datasets import open_dataset
from wanmove_core.command import main as cli
from wanmove_core.command.batch import read_batch
from wanmove_core.formats import ReadOptions, read_track_file


@pytest.mark.parametrize("name", READ)
def test_show_and_convert(name, tmp_path, capsys, caplog):
    tracks, frames, (frame, track, x, y), word = READ[name]
    assert cli.main(["tracks", "show", str(REPORTED / name)]) == 0
    said = capsys.readouterr().out
    assert f"{tracks} track" in said and f"{frames} frames" in said
    assert word in said + caplog.text
    out = str(tmp_path / "a.npy")
    assert cli.main(["tracks", "convert", str(REPORTED / name), out]) == 0
    found = read_tracks(out)
    assert (found.num_points, found.num_frames) == (tracks, frames)
    assert found.positions[frame, track].tolist() == pytest.approx([x, y])
    told = read_track_file(REPORTED / name, options=ReadOptions())
    assert (told.tracks.num_points, told.tracks.num_frames) == (tracks, frames)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_tracks_is_one_line(name, capsys):
    assert cli.main(["tracks", "show", str(REPORTED / name)]) == 2
    said = capsys.readouterr().err
    assert REFUSED[name] in said and said.count("\n") == 1


def test_frames_of_unequal_time_become_even_tracks(tmp_path):
    """60 frames at 30 a second, then 10 at 5: what moved evenly does."""
    assert cli.main(["tracks", "video", str(REPORTED / "vfr.mp4"), str(tmp_path / "a.npy")]) == 0
    tracks = read_tracks(tmp_path / "a.npy")
    steps = tracks.positions[..., 0].diff(dim=0).median(1).values
    assert len(tracks.positions) == 70 and steps.min() > 1.5 and steps.max() < 3


@pytest.mark.parametrize(
    ("name", "size"), [("phone.jpg", "480x832"), ("exif.tiff", "48x80"), ("f32.tif", None)]
)
def test_pictures_are_depth_and_canvas_upright(name, size, tmp_path, capsys):
    out, picture = str(tmp_path / "a.npy"), str(REPORTED / name)
    camera = ["tracks", "camera", out, "--move", "push-in", "--frames", "5", "--count", "9"]
    assert cli.main([*camera, "--depth", picture]) == 0
    if size is not None:
        assert cli.main([*camera, "--size", size, "--mask", picture]) == 0
    capsys.readouterr()
    assert cli.main([*camera, "--size", "7x5", "--mask", picture]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_prompt_with_other_line_separators_stays_whole(tmp_path):
    """U+2028 in a line of a batch, and U+0085 in MoveBench's list of captions."""
    path = Path(shutil.copy(REPORTED / "b_ls.jsonl", tmp_path))
    args = cli.make_parser().parse_args(["generate", "--batch", str(path)])
    (line,) = read_batch(path, args)
    assert line.error is None and line.job.negative_prompt == "a cat\u2028jumps"
    home = tmp_path / "en"
    for part in ("first_frame", "track/single"):
        (home / part).mkdir(parents=True)
    shutil.copy(REPORTED / "single_track.txt", home / "single_track.txt")
    captions = [case.caption for case in open_dataset(tmp_path).cases]
    assert captions == ["a cat\u2028jumps", "a dog\x85runs"]
