import argparse
import json

import numpy as np
import pytest
import torch

from tests.media.uneven import UNEVEN, write_uneven
from wanmove_core import MediaError, ShapeError, Tracks, read_tracks
from wanmove_core.command import main as cli
from wanmove_core.command.evaluate import add_evaluate_parser
from wanmove_core.evaluate.metrics import end_point_error
from wanmove_core.evaluate.overlay import draw_comparison
from wanmove_core.formats.write import write_tracks
from wanmove_core.media.video import read_video
from wanmove_core.media.video_writer import write_video

FRAMES, HEIGHT, WIDTH = 9, 64, 96
SPEED = 2.0


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A clip that pans by 2 px per frame, tracks that say so, and one track that says 3 px."""
    folder = tmp_path_factory.mktemp("job")
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH + 40), indexing="ij")
    picture = torch.stack(
        [127 + 100 * torch.sin(x / 5 + y / 9), 127 + 100 * torch.cos(y / 6 - x / 11), x + y], -1
    )
    frames = torch.stack([picture[:, 20 - 2 * k :][:, :WIDTH] for k in range(FRAMES)])
    write_video(folder / "clip.mp4", frames.clamp(0, 255).to(torch.uint8))
    start = torch.tensor([[30.0, 20.0], [40.0, 40.0], [25.0, 30.0]])
    step = torch.tensor([[SPEED, 0.0], [SPEED, 0.0], [SPEED + 1, 0.0]])
    positions = start + step * torch.arange(FRAMES)[:, None, None]
    write_tracks(Tracks(positions, torch.ones(FRAMES, 3).bool()), folder / "tracks.npy")
    return folder


def evaluate(*arguments):
    parser = argparse.ArgumentParser()
    add_evaluate_parser(parser.add_subparsers())
    args = parser.parse_args(["evaluate", *map(str, arguments)])
    return args.run(args)


def test_the_wrong_track_is_named_first_with_its_error(job, capsys):
    report = job / "report.json"
    assert evaluate(job / "clip.mp4", job / "tracks.npy", "--json", report) == 0
    figures = json.loads(report.read_text())
    errors = {row["track"]: row["last"] for row in figures["per_track"]}
    assert figures["per_track"][0]["track"] == 2
    assert errors[2] == pytest.approx(8.0, abs=0.3)
    assert errors[0] < 0.3
    assert errors[1] < 0.3
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("end-point error  mean")
    assert table[2].split()[0] == "2"


def test_frames_of_uneven_time_are_compared_at_their_time(tmp_path, capsys):
    """Points that move by 20 px a second, evenly, in a video that shows frames unevenly."""
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH + 40), indexing="ij")
    wave = [127 + 100 * torch.sin(x / 5 + y / 9), 127 + 100 * torch.cos(y / 6 - x / 11), x + y]
    picture = torch.stack(wave, -1).clamp(0, 255).byte().numpy()
    moved = [round(ms / 50) for ms in UNEVEN]
    video = write_uneven(tmp_path / "a.mkv", [picture[:, 20 - d :][:, :WIDTH] for d in moved])
    seconds = torch.linspace(0, UNEVEN[-1] / 1000, 17)[:, None, None]
    even = torch.tensor([[30.0, 20.0]]) + torch.tensor([[20.0, 0.0]]) * seconds
    write_tracks(Tracks(even, torch.ones(17, 1).bool()), tmp_path / "a.csv")
    evaluate(video, tmp_path / "a.csv", "--json", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["mean"] < 1.5  # 4 px, frame by frame
    capsys.readouterr()


def test_the_true_video_gives_psnr_and_ssim(job, capsys):
    evaluate(job / "clip.mp4", job / "tracks.npy", "--true", job / "clip.mp4")
    assert "PSNR inf dB, SSIM 1.000" in capsys.readouterr().out


def test_tracks_of_another_size_are_fitted(job, capsys):
    evaluate(job / "clip.mp4", job / "tracks.npy", "--size", "48x32", "--json", job / "big.json")
    # Twice the motion was asked for, so even the right tracks are off now.
    assert json.loads((job / "big.json").read_text())["per_track"][-1]["mean"] > 3
    capsys.readouterr()


def test_tracks_that_say_their_frame_are_brought_to_the_video(job, capsys):
    """As exactly as without a frame; a frame of another shape is refused."""
    tracks = read_tracks(job / "tracks.npy")
    evaluate(job / "clip.mp4", job / "tracks.npy")
    plain = capsys.readouterr().out
    _, height, width = read_video(job / "clip.mp4").shape[:3]
    big = Tracks(tracks.positions * 2, tracks.visibility)
    write_tracks(big, job / "big.svg", size=(2 * width, 2 * height))
    evaluate(job / "clip.mp4", job / "big.svg", "--size", "7x5")
    said, rest = capsys.readouterr().out.split("\n", 1)
    assert said == f"frame  tracks of {2 * width}x{2 * height} scaled to {width}x{height}"
    assert rest == plain
    write_tracks(big, job / "tall.svg", size=(width, 3 * height))
    with pytest.raises(ShapeError, match=f"got tracks of {width}x{3 * height}"):
        evaluate(job / "clip.mp4", job / "tall.svg")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "small"], "argument --size: must be WIDTHxHEIGHT; got 'small'"),
        (["--size", "\u00b2x5"], "argument --size: must be WIDTHxHEIGHT"),
        (["--size", "99999999x5"], "at most 16384 px a side"),
        (["--size", "1x1"], "must be visible in the video after its first frame"),
        (["--overlay", "clip.mp4"], "--overlay must be its own file; got the input clip.mp4."),
        (["--json", "./tracks.npy"], "--json must be its own file; got the input tracks.npy."),
        (["--true", "b.mp4", "--json", "b.mp4"], "--json must be its own file"),
        (["--overlay", "a.gif"], "--overlay must end in .mp4; got a.gif. Rename it."),
        (["--json", "."], ". must be a file; got a folder"),
    ],
)
def test_wrong_options_are_one_line_and_write_nothing(job, monkeypatch, capsys, words, said):
    monkeypatch.chdir(job)
    before = {path: path.read_bytes() for path in job.iterdir()}
    assert cli.main(["evaluate", "clip.mp4", "tracks.npy", *words]) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1 and told.out == ""
    assert {path: path.read_bytes() for path in job.iterdir()} == before


def test_a_track_outside_the_video_is_not_measured(job, tmp_path, capsys):
    asked = read_tracks(job / "tracks.npy")
    far = torch.full_like(asked.positions[:, :1], 1e6)
    positions = torch.cat([asked.positions[:, :1], far], 1)
    write_tracks(Tracks(positions, torch.ones(FRAMES, 2).bool()), tmp_path / "far.npy")
    evaluate(job / "clip.mp4", tmp_path / "far.npy", "--json", tmp_path / "far.json")
    figures = json.loads((tmp_path / "far.json").read_text())
    assert [row["track"] for row in figures["per_track"]] == [0]
    capsys.readouterr()


def test_the_overlay_is_a_larger_video_of_the_same_length(job, capsys):
    evaluate(job / "clip.mp4", job / "tracks.npy", "--overlay", job / "overlay.mp4")
    assert read_video(job / "overlay.mp4").shape == (FRAMES, 8 * HEIGHT, 8 * WIDTH, 3)


def test_videos_that_do_not_fit_are_refused(job, tmp_path):
    write_video(tmp_path / "short.mp4", torch.zeros(2, HEIGHT, WIDTH, 3, dtype=torch.uint8))
    with pytest.raises(ShapeError, match="frames and size"):
        evaluate(job / "clip.mp4", job / "tracks.npy", "--true", tmp_path / "short.mp4")
    with pytest.raises(MediaError, match="readable video"):
        evaluate(tmp_path / "none.mp4", job / "tracks.npy")


def test_drawing_shows_asked_got_and_the_gap_and_nothing_that_does_not_count():
    frames = torch.zeros(2, 48, 48, 3, dtype=torch.uint8)
    asked = Tracks(
        torch.tensor([[[10.0, 10.0], [40.0, 40.0]], [[20.0, 10.0], [40.0, 40.0]]]),
        torch.tensor([[True, True], [True, False]]),
    )
    got = Tracks(asked.positions + torch.tensor([0.0, 8.0]), asked.visibility)
    drawn = draw_comparison(frames, asked, got, end_point_error(asked, got), trail=0).numpy()
    assert drawn.shape == (2, 480, 480, 3)

    def colour(frame, x, y):
        return tuple(drawn[frame, y * 10, x * 10].tolist())

    assert colour(1, 20, 10) == (80, 230, 120)
    assert colour(1, 20, 18) == (255, 70, 200)
    assert np.median(drawn[1, 130:160, 199:201].max(-1)) > 100
    assert colour(1, 40, 40) == (0, 0, 0)
    assert not frames.any()
