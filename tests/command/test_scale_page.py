"""The commands of docs/scale.md that two cores can run are run, as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wanmove_core.media.video import read_video

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    "number,videos", [(0, ["two.mp4"]), (1, ["0.mp4", "1.mp4"])], ids=["torchrun", "shards"]
)
def test_a_block_makes_its_videos(number, videos, tmp_path) -> None:
    (tmp_path / "models").symlink_to(ROOT / "models")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, words in (
        ("torchrun", "torch.distributed.run --standalone"),
        ("wanmove", "wanmove_core"),
    ):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {words} "$@"\n')
        script.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-e", "-c", BLOCKS[number]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == videos
    assert all(len(read_video(tmp_path / "out" / name)) == 17 for name in videos)
