"""The `wanmove` command from outside: exit codes, one-line errors, and the file it leaves."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.checkpoints.checkpoint_writers import small_model, write_comfyui, write_official
from tests.generation.small_parts import small_image, small_tracks
from wanmove_core.command import main as cli
from wanmove_core.command.parse import parse_numbers, parse_size
from wanmove_core.media.video import read_metadata, read_video
from wanmove_core.media.writer import write_image

TOY_VAE = Path(__file__).parents[2] / "models/toy/wanmove_toy_vae.safetensors"
SMALL = ["--size", "64x48", "--frames", "5", "--steps", "2", "--dtype", "fp32", "--device", "cpu"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_image(folder / "start.png", small_image())
    tracks = small_tracks(5)
    np.save(folder / "cat_tracks.npy", tracks.positions.numpy()[None])
    np.save(folder / "cat_visibility.npy", tracks.visibility.numpy()[None])
    write_official(folder / "official", small_model())
    return folder


def arguments(files, out, *more):
    return [
        "--quiet",
        "generate",
        *("--checkpoint", str(files / "official")),
        *("--image", str(files / "start.png")),
        *("--tracks", str(files / "cat_tracks.npy")),
        *("--prompt", "a cat walks"),
        *("--out", str(out)),
        *SMALL,
        *more,
    ]


def without(name, words):
    """A command line without an option and its value."""
    at = words.index(name)
    return words[:at] + words[at + 2 :]


def test_one_command_makes_video_overlay_and_metadata(files, tmp_path, capsys):
    out = tmp_path / "new folder" / "cat.mp4"
    assert cli.main(arguments(files, out, "--draw-tracks", "--seed", "7")) == 0
    frames, overlay = read_video(out), read_video(out.with_name("cat_tracks.mp4"))
    assert frames.shape == (5, 32, 64, 3)
    # So small a video is enlarged for the overlay: dots and trails on an otherwise equal video.
    assert overlay.shape == (5, 256, 512, 3)
    larger = frames.repeat_interleave(8, 1).repeat_interleave(8, 2)
    changed = ((larger.int() - overlay.int()).abs().amax(-1) > 100).float().mean()
    assert 0.002 < changed < 0.5
    metadata = read_metadata(out)
    assert metadata["seed"] == 7 and metadata["prompt"] == "a cat walks"
    assert metadata["tracks"][0]["name"] == "cat_tracks.npy" and metadata["size"] == [64, 48]
    assert sorted(p.name for p in out.parent.iterdir()) == ["cat.mp4", "cat_tracks.mp4"]
    assert capsys.readouterr().out == ""


def test_the_same_command_makes_the_same_bytes(files, tmp_path):
    for name in ("a.mp4", "b.mp4"):
        assert cli.main(arguments(files, tmp_path / name)) == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_layouts_of_one_model_make_the_same_video(files, tmp_path):
    write_comfyui(tmp_path / "models", small_model())
    assert cli.main(arguments(files, tmp_path / "a.mp4")) == 0
    again = arguments(files, tmp_path / "b.mp4", "--checkpoint", str(tmp_path / "models"))
    assert cli.main(again) == 0
    assert torch.equal(read_video(tmp_path / "a.mp4"), read_video(tmp_path / "b.mp4"))


def test_without_tracks_it_is_plain_image_to_video(files, tmp_path):
    guided = arguments(files, tmp_path / "a.mp4")
    plain = without("--tracks", arguments(files, tmp_path / "b.mp4"))
    assert cli.main(guided) == cli.main(plain) == 0
    assert not torch.equal(read_video(tmp_path / "a.mp4"), read_video(tmp_path / "b.mp4"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--draw-tracks"], "--draw-tracks must come with --tracks; got --draw-tracks alone."),
        (["--vis_track"], "--draw-tracks must come with --tracks"),
        (["--tracks-size", "9x9"], "--tracks-size must come with --tracks"),
    ],
)
def test_options_of_tracks_need_tracks(files, tmp_path, capsys, more, said):
    assert cli.main(without("--tracks", arguments(files, tmp_path / "b.mp4", *more))) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "more,message",
    [
        (["--frames", "80"], "num_frames must be a multiple of 4 plus 1; got 80"),
        (["--frames", "4097", "--window", "0"], "a clip must have at most 4093 frames"),
        (["--window", "8"], "window must be a multiple of 4 plus 1"),
        (["--lora", "a.safetensors:nan"], "--lora must be FILE or FILE:STRENGTH; got"),
        (["--lora", "."], ". must be a file; got a folder"),
        (["--frames", "many"], "argument --frames: invalid int value: 'many'"),
        (["--size", "large"], "argument --size: must be WIDTHxHEIGHT; got 'large'"),
        (["--solver", "heun"], "invalid choice: 'heun'"),
        (["--strength", "3"], "strength must be 0 to 2; got 3.0"),
        (["--guidance-branch", "negative"], "invalid choice: 'negative'"),
        (["--sigmas", "0.5,0.9"], "sigmas must fall"),
        (["--sigmas", "1,0.5", "--shift", "3"], "one of --sigmas and --shift may be given; got"),
        (["--guidance-range", "0.5"], "--guidance-range must be two numbers"),
        (["--out", "a.gif"], "--out must end in .mp4; got a.gif"),
        (["--image", "missing.png"], "missing.png must be a readable picture"),
        (["--tracks", "missing.npy"], "missing.npy"),
        (["--checkpoint", "missing"], "missing"),
        (["--device", "cuda:77"], "device must be one that this machine has; got cuda:77"),
        (["--cache", "magcache"], "cache magcache must come with a file of ratios"),
        (["--attention", "sage"], "attention sage must run on CUDA"),
        (["--lora", "missing.safetensors:0.5"], "missing.safetensors"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--fps", "0"], "--fps must be 1 or more; got 0"),
        (["--fps", "99999999999999"], "--fps must be at most 1000"),
        (["--steps", "999999999999"], "steps must be at most 100000"),
        (["--size", "1600000x1600000"], "must be at most 16384 px a side"),
        (["--size", "8x8"], "the image must fit an output of at least 16 px"),
        (["--device", "meta"], "device must be one that this machine has; got meta"),
        (["--extend-model", "x"], "--extend-model must come with --extend-prompt"),
        (["--extend-language", "en"], "--extend-language must come with --extend-prompt"),
        (["--mode", "multi"], "--mode must come with --movebench"),
        (["--language", "zh"], "--language must come with --movebench"),
        (["--out-dir", "x"], "--out-dir must come with --movebench"),
        (["--movebench", "x"], "--image must be MoveBench's own; got one beside --movebench."),
        (["--cache-threshold", "0.1"], "cache_threshold must come with a cache"),
        (["--mag-ratios", "a.json"], "mag_ratios must come with cache magcache"),
        (["--cache", "magcache", "--mag-ratios", "."], ". must be a file; got a folder"),
        (["--out", __file__ + "/a.mp4"], "must be in a folder; got a file there"),
        (["--batch", "a", "--movebench", "b"], "one of --batch and --movebench may be given"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(files, tmp_path, capsys, more, message):
    assert cli.main(arguments(files, tmp_path / "a.mp4", *more)) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1
    assert captured.out == "" and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--lora", __file__], "must be a safetensors, torch or GGUF file"),
        (["--lora", str(TOY_VAE)], "must be a LoRA of a Wan transformer; got weights like"),
        (["--continue", "old.mp4"], "one of --image and --continue may be given; got both"),
        (["--last-image", __file__], "must be a picture"),
        (["--frame", f"3={__file__}"], "must be a picture"),
        (["--cache", "magcache", "--mag-ratios", __file__], "must hold magcache's ratios"),
        (["--seed", str(2**64)], f"seed must be 0 to {2**64 - 1}; got {2**64}"),
    ],
)
def test_files_are_looked_at_before_the_model_is_loaded(files, tmp_path, capsys, more, message):
    assert cli.main(arguments(files, tmp_path / "a.mp4", *more)[1:]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", [2**63 - 1, 2**63, 2**64 - 1])
def test_seeds_of_64_bits_are_kept(files, tmp_path, seed):
    for name in ("a.mp4", "b.mp4"):
        assert cli.main(arguments(files, tmp_path / name, "--seed", str(seed))) == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert read_metadata(tmp_path / "a.mp4")["seed"] == seed


@pytest.mark.parametrize("name", ["--image", "--prompt", "--out", "--checkpoint"])
def test_a_missing_option_is_named(files, tmp_path, capsys, name):
    assert cli.main(without(name, arguments(files, tmp_path / "a.mp4"))) == 2
    assert f"{name} must be given" in capsys.readouterr().err


def read_terminal(master, *, until=None):
    """What a terminal shows, up to a word or to the end of the process."""
    seen = b""
    with contextlib.suppress(OSError):  # how Linux says that a terminal has closed
        while (until is None or until not in seen) and (chunk := os.read(master, 4096)):
            seen += chunk
    assert until is None or until in seen, f"ended early: {seen.decode()}"
    return seen.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="no terminal to press Ctrl+C on there")
def test_ctrl_c_on_a_terminal_leaves_no_half_written_file(files, tmp_path):
    words = arguments(files, tmp_path / "a.mp4", "--steps", "100000")
    words.remove("--quiet")
    termios = pytest.importorskip("termios")
    master, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    # What a script starts with & ignores SIGINT, and so would its children.
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "wanmove_core", *words],
        cwd=Path(__file__).parents[2],
        stderr=terminal,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    signal.signal(signal.SIGINT, ours)
    try:
        os.close(terminal)
        read_terminal(master, until=b"step/s")
        process.send_signal(signal.SIGINT)
        rest = read_terminal(master)
        assert process.wait(60) == 130
    finally:
        process.kill()
        os.close(master)
    assert "interrupted; nothing half-written is left" in rest and "Traceback" not in rest
    assert not list(tmp_path.iterdir())


def test_a_bug_is_exit_code_1_with_its_traceback(files, tmp_path, monkeypatch):
    def broken(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr("wanmove_core.command.generate.load_pipeline", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main(arguments(files, tmp_path / "a.mp4"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.cuda.OutOfMemoryError("CUDA out of memory.\nMuch more."), "Add --vae-tiling"),
        (MemoryError(), "out of memory: none left"),
    ],
)
def test_memory_that_runs_out_is_one_line(files, monkeypatch, capsys, error, said):
    def load(*_args, **_options):
        raise error

    monkeypatch.setattr("wanmove_core.command.generate.load_pipeline", load)
    assert cli.main(arguments(files, files / "a.mp4")) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1 and "Much more" not in told


def test_help_names_every_option_in_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for words in (["--help"], ["generate", "--help"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 0
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) <= 80
    for word in ("--tracks", "--checkpoint", "--offload", "--batch", "Example:"):
        assert word in text


def test_sizes_and_numbers_are_read_in_the_usual_spellings():
    assert parse_size("832x480") == parse_size("832*480") == parse_size("832X480") == (832, 480)
    assert parse_numbers("1,.9375,0") == (1.0, 0.9375, 0.0)


COMMAND = [sys.executable, "-m", "wanmove_core"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE there")
def test_a_reader_that_stops_and_a_full_disk_are_no_bugs(files):
    show = [*COMMAND, "tracks", "show", *([str(files / "cat_tracks.npy")] * 900)]
    options = {"cwd": Path(__file__).parents[2], "stderr": subprocess.PIPE}
    reader = subprocess.Popen(show, stdout=subprocess.PIPE, **options)
    reader.stdout.close()
    assert (reader.stderr.read(), reader.wait(60)) == (b"", 141)
    reader.stderr.close()
    if Path("/dev/full").exists():
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(show, stdout=full, check=False, **options)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1
        assert b"disk must have space" in done.stderr
    closed = subprocess.run(
        ["sh", "-c", '"$0" -m wanmove_core tracks show "$1" >&-', sys.executable, show[-1]],
        check=False,
        **options,
    )
    assert (closed.returncode, closed.stderr) == (0, b"")
