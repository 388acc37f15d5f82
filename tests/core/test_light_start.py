"""Help and mistyped options answer at once: nothing that takes seconds to import is imported."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import wanmove_core
from wanmove_core.command import main as cli

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "numpy", "cv2", "av", "diffusers", "transformers")
# The command runs in the probe itself, so that its modules can be looked at afterwards.
PROBE = """
import contextlib, io, sys
{before}
from wanmove_core.command import main as cli
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    try:
        code = cli.main({words!r})
    except SystemExit as ended:
        code = ended.code
print(code, *(name for name in {heavy!r} if name in sys.modules))
"""


def probe(words, before=""):
    """The exit code of a command line, then the heavy modules that it imported."""
    code = PROBE.format(before=before, words=words, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--help", "0"),
        ("--version", "0"),
        ("generate --help", "0"),
        ("evaluate --help", "0"),
        ("tracks --help", "0"),
        ("tracks camera --help", "0"),
        ("generate --nonsense", "2"),
        ("generate", "2"),
        ("tracks convert a.npy", "2"),
    ],
)
def test_help_and_mistyped_options_import_nothing_heavy(line, code):
    assert probe(line.split()) == [code]


def test_the_probe_can_fail():
    assert probe(["--help"], before="from wanmove_core import Tracks") == ["0", "torch", "numpy"]


def test_the_public_names_are_typed_as_they_are_found():
    tree = ast.parse((ROOT / "wanmove_core" / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {node.names[0].name: node.module for node in block.body}
    assert typed == wanmove_core._HOMES
    eager = {n.names[0].name for n in tree.body if isinstance(n, ast.ImportFrom) and n.level}
    assert eager | set(typed) == set(wanmove_core.__all__) <= set(dir(wanmove_core))


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"'wanmove_core' has no attribute 'draw_cats'"):
        _ = wanmove_core.draw_cats


def test_a_package_that_is_not_installed_is_one_line(monkeypatch, capsys):
    for missing, code in (("torch", 2), ("wanmove_core.standalone", None)):

        def run(_args, missing=missing):
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

        monkeypatch.setattr("wanmove_core.command.tracks.files.run_show", run)
        if code is None:
            with pytest.raises(ModuleNotFoundError):
                cli.main(["tracks", "show", "a.npy"])
        else:
            assert cli.main(["tracks", "show", "a.npy"]) == code
    told = capsys.readouterr().err
    assert "the package torch must be installed; got none." in told and told.count("\n") == 1
