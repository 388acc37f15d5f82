"""What goes to a terminal or log is printable and short, whatever files and options are called."""

import ast
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from wanmove_core.command import main as cli
from wanmove_core.errors import MAX_MESSAGE, MediaError, WanMoveError, printable

CORE = Path(__file__).parents[2] / "wanmove_core"
ODD = "a\x1b[31m\nb\u2028\x85\u202ec"


def said(capsys) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.fixture
def odd(tmp_path):
    """Tracks, weights and CSV names that would steer a terminal."""
    folder = tmp_path / ODD
    folder.mkdir()
    np.save(folder / f"{ODD}_tracks.npy", np.full((1, 5, 1, 2), 9, np.float32))
    (folder / f"{ODD}.csv").write_text(f'frame,track,x,y\n0,"{ODD[:4]}",1,2\n1,z,3,4\n')
    save_file({f"{ODD}.{k}": torch.ones(2) for k in range(3)}, folder / f"{ODD}.safetensors")
    return folder


def test_verbs_print_names_without_control_characters(odd, capsys, caplog):
    tracks, weights = odd / f"{ODD}_tracks.npy", odd / f"{ODD}.safetensors"
    for words, code in (
        (["tracks", "show", tracks, odd / f"{ODD}.csv"], 0),
        (["tracks", "convert", tracks, odd / "new" / f"{ODD}.csv"], 0),
        (["tracks", "lint", tracks, "--size", "64x64", "--frames", "5"], None),
        (["tracks", "maps", tracks, odd / "maps", "--box", "9x9", "--size", "32x32"], 0),
        (["tracks", "camera", odd / f"{ODD}.npy", "--size", "64x64", "--move", ODD], 2),
        (["tracks", "camera", odd / f"{ODD}.npy", "--size", ODD], 2),
        (["tracks", "show", odd / ODD], 2),
        (["inspect", "--names", weights], 1),
        (["doctor", "--models", odd], 0),
        (["bench", "check", odd], 2),
        (["bench", "score", odd, "--against", odd, "--out", odd / "out"], 2),
        (["train", "prepare", odd, "--out", odd / "c", "--checkpoint", weights], 2),
        (["generate", "--image", "x", "--prompt", ODD, "--out", ODD], 2),
        (["evaluate", odd / ODD, tracks], 2),
        ([ODD], 2),
        ([f"--{ODD}"], 2),
    ):
        found = cli.main([str(word) for word in words])
        text = said(capsys)
        assert code in (None, found), (words, text)
        lines = [*text.split("\n"), *(record.getMessage() for record in caplog.records)]
        assert all(line.isprintable() for line in lines), (words, text)
        assert found != 2 or text.count("\n") == 1, (words, text)
    assert "\\x1b[31m" in printable(ODD)


@pytest.mark.parametrize("quoted", [ODD, Path(ODD), MediaError(ODD), OSError(5, ODD), "x" * 9000])
def test_a_log_quotes_names_and_errors_printably(caplog, quoted):
    logging.getLogger("wanmove").warning("%s, %d: read", quoted, 3)
    told = caplog.records[-1].getMessage()
    assert told.isprintable() and told.endswith(", 3: read") and len(told) <= MAX_MESSAGE + 20


def test_every_module_logs_where_the_filter_is():
    names = {
        node.args[0].value
        for path in CORE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", None) == "getLogger"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert {name for name in names if not name.startswith(("diffusers.", "PIL."))} == {"wanmove"}


def test_lines_are_printed_in_one_way():
    """`say`; other writing is a progress counter, and to no terminal of its own."""
    writers = {"say.py", "main.py", "video.py"}
    for path in CORE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if path.name not in writers or path.parent.name not in ("command", "tracks"):
            assert "sys.stdout.write" not in source and "sys.stderr.write" not in source, path


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "x" * 10_000, "\n" * 900, "\udcff" * 400, ODD])
def test_a_message_is_one_printable_line_of_at_most_500_characters(text):
    told = str(WanMoveError(f"{text} must be short; got {text}."))
    assert told.isprintable() and len(told) <= MAX_MESSAGE


@pytest.mark.parametrize(
    ("name", "words"),
    [("x" * 300, "file name too long"), ("a\0b", "null byte"), ("d/" * 2100, "name too long")],
)
def test_a_name_that_no_file_can_have_is_told_by_every_option(name, words, capsys):
    for verb in (
        ["tracks", "show", name],
        ["tracks", "video", "a.mp4", "b.npy", "--tracker", name],
        ["evaluate", name, "a.npy"],
        ["inspect", name],
        ["doctor", "--models", name],
        ["bench", "check", name],
        ["bench", "vote", "--key", name, "a.json"],
        ["demo", "--out", name],
        ["demo", "--model", name],
        ["train", "prepare", name, "--out", "a", "--checkpoint", "b"],
        ["draw", name],
        ["generate", "--out", name],
        ["generate", "--batch", name],
        ["generate", "--frame", f"3={name}"],
    ):
        assert cli.main(verb) == 2
        text = said(capsys)
        assert "must be a name that a file can have" in text and words in text, (verb, text)
        assert text.count("\n") == 1


def test_a_folder_below_a_thousand_others_is_made(tmp_path, capsys):
    np.save(tmp_path / "a.npy", np.full((5, 1, 2), 9, np.float32))
    deep = tmp_path.joinpath(*["d"] * 1200, "a.csv")
    assert cli.main(["tracks", "convert", str(tmp_path / "a.npy"), str(deep)]) == 0
    assert deep.is_file() and said(capsys).strip() == str(deep)
    deep.unlink()
    for folder in deep.parents[:1200]:  # which pytest could not remove
        folder.rmdir()


def test_what_the_system_refuses_is_one_line(monkeypatch, capsys):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied", ODD)

    monkeypatch.setattr("wanmove_core.command.doctor.describe_models", refuse)
    assert cli.main(["doctor", "--models", "."]) == 2
    text = said(capsys)
    assert "must be usable; got Permission denied" in text and text.count("\n") == 1
    assert text.rstrip("\n").isprintable()
