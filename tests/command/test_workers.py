"""Ray workers: all videos are there, and one that is killed costs its own video's time only."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from wanmove_core import OptionError
from wanmove_core.command import main as cli
from wanmove_core.command.workers import _check_cluster
from wanmove_core.media.video import read_metadata

ROOT = Path(__file__).parents[2]
TOY = ROOT / "models" / "toy"


@pytest.mark.parametrize(
    "options,said",
    [
        ("--workers 2", "--workers must come with --batch or --movebench; got one video"),
        ("--ray-address a:1", "--ray-address must come with --workers"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, said, capsys) -> None:
    line = f"generate --checkpoint a --image a.png --prompt cat --out a.mp4 {options}"
    assert cli.main(line.split()) == 2
    assert said in capsys.readouterr().err


@pytest.mark.timeout(600)
def test_a_killed_worker_costs_its_video_s_time_only(tmp_path) -> None:
    pytest.importorskip("ray")
    jobs = tmp_path / "jobs.jsonl"
    start = str(TOY / "demo" / "start.png")
    lines = [{"image": start, "prompt": "", "out": f"{n}.mp4", "seed": n} for n in range(4)]
    jobs.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    words = f"generate --checkpoint {TOY} --batch {jobs} --workers 2 --device cpu --dtype fp32"
    words += " --size 96x64 --resize stretch --frames 17 --steps 4 --guidance-scale 1"
    killed: list[int] = []
    watch = threading.Thread(target=kill_a_worker, args=(tmp_path, killed), daemon=True)
    watch.start()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "wanmove_core", *words.split()],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "4 made, 0 already there, 0 failed." in done.stderr
    assert len(killed) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f"{number}.mp4" for number in range(4)),
        "jobs.jsonl",
    ]
    assert [read_metadata(tmp_path / f"{n}.mp4")["seed"] for n in range(4)] == [0, 1, 2, 3]


def kill_a_worker(folder: Path, killed: list[int]) -> None:
    """Kill a worker in the middle of its job, once a video is being written."""
    deadline = time.monotonic() + 500
    while not killed and time.monotonic() < deadline:
        if any(folder.glob(".*.worker/.*.part*")):
            killed += [pid for pid in map(working_in(folder), processes()) if pid][:1]
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def processes() -> list[Path]:
    return list(Path("/proc").glob("[0-9]*"))


def working_in(folder: Path):
    """Tells the id of a Ray worker that makes a video in a folder; None of other processes."""

    def tell(process: Path) -> int | None:
        try:
            works = (process / "cmdline").read_bytes().startswith(b"ray::Worker.make")
            return int(process.name) if works and (process / "cwd").readlink() == folder else None
        except OSError:
            return None

    return tell


@pytest.mark.parametrize("address", ["127.0.0.1:1", "somewhere", "127.0.0.1:99999", ":6379"])
def test_a_cluster_that_is_not_there_is_refused_at_once(address):
    with pytest.raises(OptionError, match=r"--ray-address must be that of a running cluster; got"):
        _check_cluster(address)
