"""Many jobs: resumable, and one failure does not stop the rest."""

import argparse
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.command.batches import entry, run
from tests.generation.small_parts import PROMPT, small_components, small_image, small_tracks
from wanmove_core.command import generate as command
from wanmove_core.command import main as cli
from wanmove_core.command.generation_options import add_job_options
from wanmove_core.command.job_lines import JobOptions, read_options
from wanmove_core.command.long_options import parse_known
from wanmove_core.command.parse import parse_numbers, parse_path, parse_size
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.media.video import read_metadata, read_video
from wanmove_core.media.writer import write_image


def test_each_line_is_a_video_with_its_own_options(folder, made, monkeypatch):
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    lines = [
        "# two of them",
        entry("a.mp4", seed=3),
        "",
        entry("sub/b.mp4", seed=5, size=[48, 64], resize="stretch", draw_tracks=True),
    ]
    assert run(folder, lines) == 0
    assert made == [3, 5]
    assert read_video(folder / "a.mp4").shape == (5, 32, 64, 3)
    assert read_video(folder / "sub" / "b.mp4").shape == (5, 64, 48, 3)
    assert (folder / "sub" / "b_tracks.mp4").is_file()


def test_a_batch_draws_the_tracks_of_the_lines_that_have_some(folder, made, caplog):
    free = entry("free.mp4", tracks=None)
    assert run(folder, [entry("a.mp4"), free], "--draw-tracks", "--tracks-size", "112x80") == 0
    assert sorted(path.name for path in folder.glob("*.mp4")) == [
        "a.mp4",
        "a_tracks.mp4",
        "free.mp4",
    ]
    assert run(folder, [entry("b.mp4", tracks=None, draw_tracks=True)]) == 1
    assert "--draw-tracks must come with --tracks" in caplog.text


def test_a_second_run_makes_only_what_is_missing_or_changed(folder, made):
    lines = [entry(f"{name}.mp4", seed=seed) for seed, name in enumerate("abc")]
    assert run(folder, lines) == 0
    assert run(folder, lines) == 0 and made == [0, 1, 2]
    (folder / "b.mp4").unlink()
    (folder / "c.mp4").write_bytes(b"cut off")
    assert run(folder, lines) == 0 and made[3:] == [1, 2]
    assert run(folder, [*lines[:2], entry("c.mp4", seed=9)]) == 0 and made[5:] == [9]
    # The same name with other tracks inside is another job.
    np.save(folder / "cat_tracks.npy", small_tracks(5).positions.numpy() + 1)
    assert run(folder, lines) == 0 and made[6:] == [0, 1, 2]


def test_a_drawing_in_which_nothing_is_drawn_is_made_once(folder, made):
    size = {"width": 112, "height": 80, "fps": 16, "frames": 5}
    drawing = {"version": 1, **size, "tracks": []}
    (folder / "empty.json").write_text(json.dumps(drawing), encoding="utf-8")
    lines = [entry("a.mp4", tracks=["empty.json"], draw_tracks=True)]
    assert run(folder, lines) == 0 and made == [0]
    assert not (folder / "a_tracks.mp4").exists()
    assert run(folder, lines) == 0 and made == [0]
    # With a track in it, it is another job, and one whose overlay has gone is made again.
    drawing["tracks"] = [{"knots": [{"x": 20, "y": 20}, {"x": 60, "y": 40}]}]
    (folder / "empty.json").write_text(json.dumps(drawing), encoding="utf-8")
    assert run(folder, lines) == 0 and made == [0, 0]
    (folder / "a_tracks.mp4").unlink()
    assert run(folder, lines) == 0 and made == [0, 0, 0]


def test_one_failure_does_not_stop_the_rest(folder, made, caplog):
    lines = [
        entry("a.mp4", image="missing.png"),
        entry("b.mp4", seed=666),
        "{not json",
        "[1]",
        entry("d.mp4", sede=4),
        entry("e.mp4", steps=0),
        {"out": "f.mp4"},
        entry("good.mp4", seed=8),
    ]
    caplog.set_level("INFO", logger="wanmove")
    assert run(folder, lines) == 1
    assert made == [666, 8] and (folder / "good.mp4").is_file()
    for message in (
        "missing.png must be a readable",
        "b.mp4: CUDA out of memory.",
        "jobs.jsonl line 3",
        "jobs.jsonl line 4: must be a JSON object",
        "jobs.jsonl line 5: a line must hold options of one video; got 'sede'.",
        "jobs.jsonl line 6: steps must be 1 or more",
        "jobs.jsonl line 7: --image must be given",
        "1 made, 0 already there, 7 failed.",
    ):
        assert message in caplog.text
    assert "Tried to allocate" not in caplog.text


def test_two_jobs_may_not_write_one_video(folder, made, caplog):
    assert run(folder, [entry("a.mp4"), entry("a.mp4", seed=2), entry("b.mp4")]) == 1
    assert made == [0, 0]
    assert "must differ from that of other lines; got that of 1/3 a.mp4" in caplog.text


def test_two_jobs_of_different_shards_may_not_write_one_video(folder, made, caplog):
    lines = [entry("a.mp4"), entry("a.mp4", seed=2)]
    assert run(folder, lines, "--shard", "0/2") == 0 and made == [0]
    assert run(folder, lines, "--shard", "1/2") == 1 and made == [0]
    assert "got that of 1/2 a.mp4" in caplog.text


def test_a_video_of_a_drawn_seed_is_made_once(folder, made):
    lines = [entry("a.mp4", seed=-1)]
    assert run(folder, lines) == 0 and run(folder, lines) == 0
    assert len(made) == 1
    assert run(folder, [entry("a.mp4", seed=-1, steps=2)]) == 0 and len(made) == 2


def test_a_file_without_jobs_is_refused(folder, made, capsys):
    assert run(folder, []) == 2
    assert "must hold at least one job; got none" in capsys.readouterr().err and made == []


def test_the_model_is_loaded_once_and_only_for_work(folder, monkeypatch):
    loads = []

    def load(*_args, **_options):
        loads.append(1)
        return WanMovePipeline(small_components())

    monkeypatch.setattr(command, "load_pipeline", load)
    lines = [entry("a.mp4"), entry("b.mp4")]
    bad = [entry("c.mp4", image="none.png"), entry("d.mp4", tracks=["none.npy"])]
    assert run(folder, bad) == 1 and not loads
    assert run(folder, bad + lines) == 1 and len(loads) == 1
    assert run(folder, lines) == 0 and len(loads) == 1


def test_model_options_are_no_part_of_a_line(folder, made, caplog):
    assert run(folder, [entry("a.mp4", checkpoint="x")]) == 1
    assert "a line must hold options of one video; got 'checkpoint'." in caplog.text


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"seed": True}, "seed must be an integer; got true."),
        ({"shift": [3]}, "shift must be a number; got a list of 1."),
        ({"draw-tracks": "yes"}, "draw-tracks must be true or false; got 'yes'."),
        ({"size": [64.5, 48]}, "size must be a size, as [832, 480]"),
        ({"sigmas": [1, "x"]}, "sigmas must be a list of numbers; got a list of 2."),
        ({"prompt": 5}, "prompt must be a string; got 5."),
        ({"tracks": [7]}, "tracks must be a file's name as a string; got 7."),
        ({"resize": "bend"}, "resize must be one of area, "),
        ({"image": "a\0b"}, "image must be a name that a file can have; got 'a\\x00b'"),
    ],
)
def test_a_value_of_another_type_is_refused_in_one_line(folder, made, caplog, more, told):
    assert run(folder, [entry("a.mp4", **more)]) == 1 and not made
    assert f"jobs.jsonl line 1: {told}" in caplog.text and "Traceback" not in caplog.text


def test_a_line_becomes_the_job_that_the_command_line_makes(folder):
    """Every option of one video: typed, as text, and as words of argv give the same."""
    parser, options = argparse.ArgumentParser(), JobOptions()
    add_job_options(parser)
    add_job_options(options)
    words, typed, texts = [], {}, {}
    values = {int: 7, float: 2.0, str: "text", parse_path: "a.png"}
    values |= {parse_size: [64, 48], parse_numbers: [0.5, 1], parse_known: "7=a.png", bool: True}
    for name, option in options.items():
        value = option.choices[-1] if option.choices else values[option.parse]
        text = "64x48" if option.parse is parse_size else str(value).strip("[]").replace(" ", "")
        words += [f"--{name.replace('_', '-')}", *([] if value is True else [text])]
        typed[name], texts[name] = value, value if value is True else text
    asked = vars(parser.parse_args(words))
    assert set(asked) == {option.target for option in options.values()}
    for entry_ in (typed, texts):
        assert read_options(options, entry_, Path()) == asked


def test_a_missing_batch_file_is_exit_code_2(folder, capsys):
    batch = ["--batch", str(folder / "none.jsonl"), "--checkpoint", "x"]
    assert cli.main(["generate", *batch]) == 2
    assert "none.jsonl must be a readable UTF-8 file" in capsys.readouterr().err


def test_movebench_is_read_as_the_reference_reads_it(folder, made, monkeypatch):
    root = folder / "MoveBench" / "en"
    for sub in ("first_frame/clips", "track/single/clips"):
        (root / sub).mkdir(parents=True)
    for name in ("one", "two"):
        write_image(root / "first_frame" / "clips" / f"{name}.jpg", small_image(64, 48))
        tracks = small_tracks(5, 64, 48)
        place = root / "track" / "single" / "clips"
        np.save(place / f"{name}_tracks.npy", tracks.positions.numpy()[None])
        np.save(place / f"{name}_visibility.npy", tracks.visibility.numpy()[None])
    listing = f"# all\nclips/one.mp4,{PROMPT}\nclips/two.mp4, {PROMPT}\nbroken line\n"
    (root / "single_track.txt").write_text(listing, encoding="utf-8")
    bench = ["--movebench", str(folder / "MoveBench"), "--out-dir", str(folder / "results")]
    more = ["--checkpoint", "x", "--frames", "5", "--steps", "1", "--seed", "40"]
    # One line is broken, so not every video is there.
    assert cli.main(["generate", *bench, *more]) == 1
    assert made == [40, 41]
    made_files = sorted(p.name for p in Path(folder / "results" / "clips").iterdir())
    assert made_files == ["one.mp4", "two.mp4"]
    video = folder / "results" / "clips" / "one.mp4"
    assert read_video(video).shape == (5, 48, 64, 3)
    assert read_metadata(video)["prompt"] == PROMPT


def test_the_references_bench_is_chinese_and_its_one_folder_is_a_trap(
    folder, made, monkeypatch, caplog
):
    root = folder / "MoveBench"
    for language, mode, step in (("zh", "single", 0), ("zh", "multi", 1), ("en", "single", 2)):
        place = root / language / "track" / mode
        place.mkdir(parents=True)
        picture = root / language / "first_frame" / "one.jpg"
        picture.parent.mkdir(exist_ok=True)
        write_image(picture, small_image(64, 48))
        tracks = small_tracks(5, 64, 48)
        np.save(place / "one_tracks.npy", tracks.positions.numpy()[None] + step)
        np.save(place / "one_visibility.npy", tracks.visibility.numpy()[None])
        listing = root / language / f"{mode}_track.txt"
        listing.write_text(f"one.mp4,{PROMPT}\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    caplog.set_level("INFO", logger="wanmove")
    official = [
        "generate",
        "--task",
        "wan-move-i2v",
        "--ckpt_dir",
        "x",
        "--save_path",
        "results/zh",
    ]
    short = ["--frame_num", "5", "--sample_steps", "1", "--eval_bench"]
    assert cli.main([*official, *short]) == 0
    told = "wanmove bench score results/zh --against MoveBench --mode single --language zh"
    assert told in caplog.text and "made with other tracks" not in caplog.text
    assert cli.main([*official, *short, "--mode", "multi"]) == 0
    assert "was made with other tracks than those of --mode multi, and is made again" in caplog.text
    assert cli.main([*official[:-1], "results/en", *short, "--language", "en"]) == 0
    assert "--mode single --language en" in caplog.text and made == [0, 0, 0]


def test_progress_is_a_context_of_each_job(folder, made, monkeypatch):
    names = []

    @contextmanager
    def bar(name):
        names.append(name)
        yield lambda _done, _total: None

    monkeypatch.setattr(command, "progress_bar", bar)
    assert run(folder, [entry("a.mp4"), entry("b.mp4")]) == 0
    assert names == ["1/2 a.mp4", "2/2 b.mp4"]
