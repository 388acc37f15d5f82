"""Puts the motion editor into the wheel, for `wanmove draw`; ComfyUI loads it from web/."""

from pathlib import Path
from shutil import copytree

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithEditor(build_py):
    """An editable install takes the editor from web/ itself."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "wanmove_core", "draw_page", "editor")
            copytree(Path("web", "js", "editor"), target, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithEditor})
