"""`wanmove doctor`: one block that says what there is, and what is missing."""

import importlib.util
import shutil
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import torch

from wanmove_core import environment, opencv
from wanmove_core.command.main import main

TOY = Path(__file__).parents[2] / "models/toy"


def test_tells_versions_and_each_model(capsys) -> None:
    assert main(["doctor", "--models", str(TOY)]) == 0
    told = capsys.readouterr().out
    assert f"torch {torch.__version__}" in told and "\nOpenCV " in told
    assert "wanmove_toy_bf16.safetensors, 0.02 GB: an image-to-video transformer" in told
    assert "wanmove_toy_vae.safetensors, 0.01 GB: a Wan 2.1 VAE" in told


def test_a_suffix_in_capitals_is_a_model_too(capsys, tmp_path: Path) -> None:
    """As in a folder that Windows or an old archiver named: for `inspect` and `doctor` alike."""
    shutil.copy(TOY / "wanmove_toy_vae.safetensors", tmp_path / "VAE.SAFETENSORS")
    for words in (["doctor", "--models", str(tmp_path)], ["inspect", str(tmp_path)]):
        assert main(words) == 0
        told = capsys.readouterr().out
        assert "VAE.SAFETENSORS" in told and "Wan 2.1 VAE" in told, words


def test_the_version_is_that_of_the_folder_that_runs(capsys, monkeypatch) -> None:
    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(environment, "version", not_installed)
    assert main(["doctor"]) == 0
    project = (TOY.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    shown = capsys.readouterr().out.splitlines()[0].removeprefix("wan-move ")
    assert f'\nversion = "{shown}"\n' in project


def test_a_damaged_file_is_a_line(capsys, tmp_path: Path) -> None:
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae/bad.safetensors").write_bytes(b"\xff" * 99)
    (tmp_path / "elsewhere.safetensors").write_bytes(b"")
    assert main(["doctor", "--models", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].endswith("1 files") and "bad.safetensors, 0.00 GB: not readable" in lines[-1]


def test_says_what_goes_without_opencv(capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main(["doctor"]) == 0
    assert f"Video Tracks and Trajectory Error need it. Run: {opencv.INSTALL}" in (
        capsys.readouterr().out
    )


def test_a_folder_that_is_none(capsys) -> None:
    assert main(["doctor", "--models", "/none"]) == 2
    assert capsys.readouterr().err.startswith("wanmove: --models must be a folder; got /none.")


@pytest.mark.parametrize(("found", "recent"), [("4.5.0", True), ("4.4.9", False), ("5.0.0", True)])
def test_versions_of_opencv(monkeypatch, found: str, recent: bool) -> None:
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setattr(cv2, "__version__", found)
    assert (opencv.find_opencv() is not None) == recent


def module_elsewhere(monkeypatch, folder: Path, text: str) -> None:
    """A cv2 that comes before the installed one, whose metadata stay."""
    (folder / "cv2").mkdir()
    (folder / "cv2/__init__.py").write_text(text)
    (folder / "cv2/version.py").write_text('opencv_version = "4.10.0.84"\ncontrib = True\n')
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)


def test_the_version_is_that_of_the_module_which_is_found(monkeypatch, tmp_path: Path) -> None:
    module_elsewhere(monkeypatch, tmp_path, "raise SystemError('not for a version')")
    assert opencv.opencv_version() == "4.10.0.84"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert opencv.opencv_version() is None


def test_an_opencv_that_cannot_be_imported_is_none(capsys, monkeypatch, tmp_path: Path) -> None:
    module_elsewhere(monkeypatch, tmp_path, "raise ImportError('libGL.so.1')")
    assert main(["doctor"]) == 0
    assert "\nOpenCV (none)" in capsys.readouterr().out
