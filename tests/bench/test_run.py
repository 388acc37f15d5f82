"""The whole verb: toy benchmark, videos, scores, report; killed, resumed, in shards."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wanmove_core.media.video import read_video
from wanmove_core.media.video_writer import write_video

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
ROOT = Path(__file__).parents[2]
SHORT = ("--frames", 17, "--steps", 8, "--guidance-scale", 1, "--threads", 1)
FAST = ("--metrics", "psnr,ssim,fid,fvd", "--no-pictures")


def summary(bench, tmp_path, *words):
    bench("report", *words, "--json", tmp_path / "report.json")
    return json.loads((tmp_path / "report.json").read_text())["runs"]


@pytest.mark.timeout(900)  # 40 s of a quiet core; several times that on a busy machine
def test_a_toy_benchmark_from_nothing_to_the_report(toy_bench, networks, tmp_path, bench):
    assert bench("check", toy_bench)[:2] == (
        0,
        "MoveBench single, en, 6 clips, 2 groups, 0 with a caption, 6 with a start image, "
        "6 with tracks, 6 with a true video\nno defects\n",
    )
    model = ("--checkpoint", ROOT / "models" / "toy", "--out", tmp_path / "runs")
    code, table, _ = bench("run", toy_bench, *model, *SHORT, "--limit", 4, *networks)
    assert code == 0 and "4/4" in table
    some = ("--metrics", "psnr,track", "--no-floor", "--no-pictures")
    code, table, _ = bench("run", toy_bench, *model, *SHORT, "--mode", "multi", "--limit", 2, *some)
    assert code == 0 and "lost (down, share)" in table
    single, multi = tmp_path / "runs" / "single-en-seed0", tmp_path / "runs" / "multi-en-seed0"
    run, other = summary(bench, tmp_path, single, multi)
    figures = run["figures"]
    assert {key: figure["n"] for key, figure in figures.items()} == dict.fromkeys(
        ("track_epe", "track_last", "track_per_distance", "track_lost", "flow_epe", "lpips",
         "psnr", "ssim", "fid", "fvd"), 4
    )  # fmt: skip
    assert other["scored"] == 2 and other["dataset"]["variant"] == "multi, en"
    # The small model follows its tracks; the tracker alone misses less, the codec costs less.
    assert figures["track_epe"]["mean"] < 6
    for key in ("track_epe", "flow_epe", "lpips", "fid", "fvd"):
        assert run["floor"][key]["mean"] < figures[key]["mean"]
    assert run["floor"]["psnr"]["mean"] > 35 > figures["psnr"]["mean"] > 15
    assert run["published"] == []
    # The seed of a clip goes by its place in the list.
    before = read_video(single / "videos" / f"{run['clips'][1]['id']}.mp4")
    code, _, _ = bench(
        "run", toy_bench, *model[:2], "--out", tmp_path / "again", *SHORT, "--only",
        run["clips"][1]["id"], "--metrics", "psnr", "--no-floor",
    )  # fmt: skip
    again = read_video(next((tmp_path / "again").rglob("videos/*.mp4")))
    assert code == 0 and (before == again).all()


def test_the_true_videos_are_perfect_and_shifted_or_reversed_ones_are_not(
    clips, networks, tmp_path, bench
):
    true = clips / "true"
    for kind in ("shifted", "reversed"):
        for path in sorted(true.glob("*.mp4"))[:3]:
            frames = read_video(path)
            odd = frames.roll((3, 2), (1, 2)) if kind == "shifted" else frames.flip(0)
            write_video(tmp_path / kind / path.name, odd)
    found = {}
    for kind, videos in (("same", true), ("shifted", tmp_path / "shifted"),
                         ("reversed", tmp_path / "reversed")):  # fmt: skip
        code, _, _ = bench(
            "score", videos, "--against", true, "--out", tmp_path / "s" / kind, *networks,
            "--metrics", "psnr,ssim,flow,flow-dis,lpips,fid,fvd", "--no-floor", "--no-pictures",
        )  # fmt: skip
        assert code == (0 if kind == "same" else 1)  # two of five are not there
        (run,) = summary(bench, tmp_path, tmp_path / "s" / kind)
        found[kind] = {key: figure["mean"] for key, figure in run["figures"].items()}
        assert run["figures"]["psnr"]["n"] == (5 if kind == "same" else 3)
        assert run["asked"] == 5
    same = found["same"]
    assert (same["psnr"], same["ssim"]) == (100, pytest.approx(1, abs=1e-6))
    assert same["flow_epe"] == same["flow_dis_epe"] == same["lpips"] == 0
    assert abs(same["fid"]) < 1e-6 and abs(same["fvd"]) < 1e-6
    assert found["shifted"]["psnr"] < 35
    assert found["reversed"]["flow_dis_epe"] > 2 * found["shifted"]["flow_dis_epe"]


@pytest.mark.timeout(600)
def test_killed_in_the_middle_it_goes_on_to_the_same_table(clips, networks, tmp_path, bench):
    words = ["score", clips / "made", "--against", clips / "true", *FAST, *networks[:4]]
    whole = bench(*words, "--out", tmp_path / "a" / "run")
    assert whole[0] == 0
    out = tmp_path / "b" / "run"
    command = [sys.executable, "-m", "wanmove_core", "bench", *words, "--out", out]
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 500
        while not (out / "scores" / "clip_1.json").is_file() and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = {path.name for path in (out / "scores").iterdir()}
    assert "clip_1.json" in done and "clip_4.json" not in done
    stamp = (out / "scores" / "clip_0.json").stat().st_mtime_ns
    code, resumed, _ = bench(*words, "--out", out)
    assert (code, resumed) == whole[:2]
    assert (out / "scores" / "clip_0.json").stat().st_mtime_ns == stamp
    assert not list(out.rglob("*.part*")) or process.returncode == -signal.SIGKILL


def test_shards_come_together_bit_for_bit(clips, networks, tmp_path, bench):
    words = ("score", clips / "made", "--against", clips / "true", *FAST, *networks[:4])
    whole = bench(*words, "--out", tmp_path / "whole" / "run")
    for shard in ("1/2", "0/2"):
        assert bench(*words, "--out", tmp_path / "one" / "run", "--shard", shard)[:2] == (0, "")
        bench(*words, "--out", tmp_path / shard[0] / "run", "--shard", shard)
    (expected,) = summary(bench, tmp_path, tmp_path / "whole" / "run")
    assert summary(bench, tmp_path, tmp_path / "one" / "run") == [expected]
    parts = (tmp_path / "0" / "run", tmp_path / "1" / "run")
    assert summary(bench, tmp_path, *parts, "--merge") == [expected]
    assert bench("report", *parts, "--merge")[1] == whole[1]
    # One shard alone says what it lacks.
    code, table, _ = bench("report", parts[0])
    assert code == 1 and "3/5" in table and "2 of 5 not scored: clip_1: not scored yet" in table


def test_a_changed_clip_is_scored_again_and_the_others_are_not(clips, tmp_path, bench):
    videos = shutil.copytree(clips / "made", tmp_path / "videos")
    words = ("score", videos, "--against", clips / "true", "--out", tmp_path / "run",
             "--metrics", "psnr", "--no-floor", "--no-pictures")  # fmt: skip
    bench(*words)
    stamps = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "run" / "scores").iterdir()}
    shutil.copyfile(videos / "clip_0.mp4", videos / "clip_3.mp4")
    (videos / "clip_2.mp4").write_bytes(b"cut off")
    code, table, told = bench(*words)
    assert code == 1 and "clip_2.mp4 must be a readable video" in told
    now = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "run" / "scores").iterdir()}
    assert {name for name in now if now[name] != stamps[name]} == {"clip_3.json"}
    # A damaged record, or one of fewer metrics, is made again.
    (tmp_path / "run" / "scores" / "clip_0.json").write_text('{"id": ')
    shutil.copyfile(clips / "made" / "clip_2.mp4", videos / "clip_2.mp4")
    code, table, _ = bench(*words[:-3], "psnr,ssim", "--no-floor", "--no-pictures")
    assert code == 0 and "SSIM 2-D" in table and table.count("5/5") == 2
