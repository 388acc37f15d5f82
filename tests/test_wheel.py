"""What an installed wheel holds besides Python, and that the code looks for it there."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from wanmove_core.demo.scenes import BOX, BOX_ADAPTER, SCENES
from wanmove_core.demo.small_model import FILES as SMALL_MODEL
from wanmove_core.demo.small_model import LORA, small_model_folder
from wanmove_core.draw_page.server import editor_folder
from wanmove_core.errors import OptionError

ROOT = Path(__file__).parents[1]
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "NOTICE")
BUILD = """
from setuptools import build_meta
print(build_meta.build_{kind}({folder!r}))
"""


def build(kind, source, folder):
    """Build the wheel or the sdist of a source folder; returns the file."""
    code = BUILD.format(kind=kind, folder=str(folder))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=True
    )
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """What the build needs, so that it leaves nothing in the checkout."""
    pytest.importorskip("setuptools", "77", reason="setuptools 77 builds the wheel")
    folder = tmp_path_factory.mktemp("source")
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("wanmove_core", "web", "models"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder


def editor_files():
    folder = ROOT / "web" / "js" / "editor"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_wheel_holds_the_editor_and_every_page(source, tmp_path, kind):
    # pip builds the wheel of an sdist from what the sdist holds.
    if kind == "sdist":
        shutil.unpack_archive(build("sdist", source, tmp_path), tmp_path, filter="data")
        source = next(path for path in tmp_path.iterdir() if path.is_dir())
    wheel = zipfile.ZipFile(build("wheel", source, tmp_path))
    names = set(wheel.namelist())
    page = "wanmove_core/draw_page/"
    assert {f"{page}editor/{name}" for name in editor_files()} <= names
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "wanmove_core").rglob("*.py")}
    pages = {f"{page}page/{name}" for name in ("page.html", "page.css", "page.js")}
    assert modules | pages | {"wanmove_core/demo/page.html"} <= names
    assert not {name for name in names if name.startswith(("tests/", "nodes/", "web/"))}
    wheel.extractall(tmp_path / "installed")
    wheel.close()
    package = tmp_path / "installed" / "wanmove_core" / "draw_page"
    assert editor_folder(package) == package / "editor"
    demo = package.parent / "demo"
    assert small_model_folder(demo) == demo / "toy"
    held = {path.relative_to(demo / "toy").as_posix() for path in (demo / "toy").rglob("*.*")}
    places = ["demo", *(f"demo/{scene.name}" for scene in SCENES)]
    scene = {f"{place}/{name}" for place in places for name in ("start.png", "curve_tracks.npy")}
    scene |= {file.relative_to(demo / "toy").as_posix() for file in BOX.files(demo / "toy")}
    assert scene | {f"{name}.safetensors" for name in (*SMALL_MODEL, LORA, BOX_ADAPTER)} <= held
    assert not any("fp8" in name or "figures" in name for name in held)


def test_a_checkout_takes_the_small_model_from_models():
    assert small_model_folder() == ROOT / "models" / "toy"


def test_a_checkout_takes_the_editor_from_where_comfyui_does(tmp_path):
    assert editor_folder() == ROOT / "web" / "js" / "editor"
    with pytest.raises(OptionError, match=r"the motion editor must be in .*; got no editor\.js"):
        editor_folder(tmp_path / "a" / "b")
