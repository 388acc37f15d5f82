"""Puts the motion editor (`wanmove draw`) and the small model (`wanmove demo`) into the wheel.

ComfyUI loads the editor from web/, a checkout the model from models/toy.
"""

from pathlib import Path
from shutil import copytree, ignore_patterns

from setuptools import setup
from setuptools.command.build_py import build_py

# The demo computes in float32: the float8 file is for ComfyUI, the figures for the README.
_SURPLUS = ignore_patterns("*fp8*", "figures", "README.md")


class BuildWithEditor(build_py):
    """An editable install takes the editor from web/ itself."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "wanmove_core", "draw_page", "editor")
            copytree(Path("web", "js", "editor"), target, dirs_exist_ok=True)
            toy = Path(self.build_lib, "wanmove_core", "demo", "toy")
            copytree(Path("models", "toy"), toy, dirs_exist_ok=True, ignore=_SURPLUS)


setup(cmdclass={"build_py": BuildWithEditor})
