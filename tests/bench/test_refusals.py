"""Every bad input of the verb is one line, before work goes into it."""

import json
import shutil
from pathlib import Path

import pytest

from wanmove_core.bench.tables import format_csv

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
PLAIN = ("--metrics", "psnr", "--no-floor", "--no-pictures")


@pytest.fixture(scope="module")
def scored(clips, tmp_path_factory):
    """A run of five clips with PSNR and FID; returns (videos, true videos, the run's folder)."""
    from tests.bench.stand_ins import stand_in
    from wanmove_core.command.main import main

    folder = tmp_path_factory.mktemp("scored")
    network = str(stand_in("fid", folder / "fid.pt"))
    words = ["bench", "score", str(clips / "made"), "--against", str(clips / "true")]
    more = ["--metrics", "psnr,fid", "--inception", network, "--no-floor", "--no-pictures"]
    assert main([*words, *more, "--out", str(folder / "run")]) == 0
    return clips / "made", clips / "true", folder / "run"


@pytest.fixture
def no_weights(monkeypatch, tmp_path):
    """No weights in any place that is searched."""
    for name in ("TORCH_HOME", "COMFYUI_PATH", "WANMOVE_WEIGHTS"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shard", "8/8"], "--shard: must be I/N, counted from 0 (0/8 to 7/8"),
        (["--metrics", "psnr,pnsr"], "--metrics must be of psnr,ssim,track,flow"),
        (["--metrics", ","], "--metrics must name one of"),
        (["--metrics", "fid"], "--inception must name pt_inception-2015-12-05-6726825d.pth"),
        (["--metrics", "fvd"], "--i3d must name i3d_pretrained_400.pt"),
        (["--metrics", "flow"], "--raft must name raft_large_C_T_SKHT_V2-ff5fadd5.pth"),
        (["--metrics", "lpips"], "--vgg must name vgg16-397923af.pth"),
        (["--raft", "none.pth", "--metrics", "flow"], "--raft must name raft_large"),
        (["--raft", "none.pth"], "none.pth must go with flow in --metrics; got psnr"),
        (["--tracker", "none.pt"], "--tracker must go with track in --metrics; got psnr"),
        (["--tracker", "none.pt", "--metrics", "track"], "tracker none.pt must be a file"),
        (["--masks", "none", "--metrics", "iou"], "--masks must be a folder"),
        (["--mode", "multi"], "--mode must go with MoveBench"),
        (["--frames", "1"], "--frames must be 2 or more; got 1"),
        (["--limit", "0"], "--limit must be 1 or more; got 0"),
        (["--only", "nothing*"], "--only must match a clip"),
        (["--threads", "0"], "--threads must be 1 or more; got 0"),
        (["--against", "none"], "none must be a benchmark's folder; got no such folder"),
        (["--protocol", "movebench"], "must have one protocol; got name=wanmove version=1 and"),
        (["--size", "64x32"], "must have one protocol"),
    ],
)
def test_bad_options_of_score(scored, bench, no_weights, words, said):
    videos, true, run = scored
    before = sorted((path, path.stat().st_mtime_ns) for path in run.rglob("*"))
    code, out, told = bench("score", videos, "--against", true, "--out", run, *PLAIN, *words)
    assert (code, out) == (2, "") and said in told
    assert told.strip().splitlines()[-1].startswith("wanmove: ")
    assert sorted((path, path.stat().st_mtime_ns) for path in run.rglob("*")) == before


def test_a_folder_without_the_videos_is_refused_before_anything_is_written(scored, bench, tmp_path):
    """A run keeps its videos one folder further down than the folder that `--out` named."""
    videos, true, _ = scored
    outer, run = tmp_path / "outer", tmp_path / "run"
    inner = Path(shutil.copytree(videos, outer / "single-en-seed0" / "videos"))
    code, out, told = bench("score", outer, "--against", true, "--out", run, *PLAIN)
    assert (code, out) == (2, "") and f"got none of 5. Name the folder {inner}." in told
    assert not run.exists()
    code, _, told = bench(
        "score", true.parent, "--against", true, "--out", run, *PLAIN, "--only", "*_4"
    )
    assert code == 2 and "as clip_4.mp4; got none of 1" in told and not run.exists()
    # A name that would be a pattern.
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "a**[b.mp4").write_bytes(b"")
    code, _, told = bench("score", tmp_path / "outer", "--against", odd, "--out", run, *PLAIN)
    assert code == 2 and "as a**[b.mp4; got none of 1" in told and not run.exists()


def test_runs_of_other_weights_or_protocols_do_not_come_together(scored, bench, tmp_path, clips):
    from tests.bench.stand_ins import stand_in

    videos, true, run = scored
    other = stand_in("lpips", tmp_path / "other.pt")
    code, _, told = bench(
        "score", videos, "--against", true, "--out", run, "--metrics", "fid", "--inception", other
    )
    assert code == 2 and "must have the same weights for fid; got " in told
    bench("score", videos, "--against", true, "--out", tmp_path / "b", *PLAIN, "--frames", 5)
    code, _, told = bench("report", run, tmp_path / "b", "--merge")
    assert code == 2 and "must have one protocol; got name=wanmove version=1 and" in told
    # Side by side they are two tables, each with its own head.
    code, table, _ = bench("report", run, tmp_path / "b")
    assert code == 0 and " - all frames\n" in table and " - 5 frames\n" in table
    # A record that was put in by hand, of other weights.
    mixed = shutil.copytree(run, tmp_path / "mixed")
    record = json.loads((mixed / "scores" / "clip_0.json").read_text())
    record["weights"]["fid"] = "0" * 16
    (mixed / "scores" / "clip_0.json").write_text(json.dumps(record))
    code, _, told = bench("report", mixed)
    assert code == 2 and "run.json and clip_0 must have the same weights for fid" in told
    # A clip scored twice, and differently.
    record["weights"] = {}
    record["figures"]["psnr"] += 1
    (mixed / "scores" / "clip_0.json").write_text(json.dumps(record))
    code, _, told = bench("report", run, mixed, "--merge")
    assert code == 2 and "clip_0 must be scored once; got different figures" in told


def test_what_is_no_run_is_one_line(scored, bench, tmp_path):
    code, _, told = bench("report", tmp_path)
    assert code == 2 and "run.json must be the description that wanmove bench score writes" in told
    broken = shutil.copytree(scored[2], tmp_path / "broken")
    for path in (broken / "features" / "fid").iterdir():
        path.write_bytes(b"\x93NUMPY rubbish")
    code, _, told = bench("report", broken)
    assert code == 2 and "must be the features that bench score keeps" in told
    (broken / "run.json").write_text("{")
    code, _, told = bench("report", broken)
    assert code == 2 and "got another or a damaged file" in told and told.count("\n") == 1


def test_videos_that_do_not_fit_fail_alone(clips, bench, tmp_path):
    import torch

    from wanmove_core.media.video import read_video
    from wanmove_core.media.video_writer import write_video

    videos = shutil.copytree(clips / "made", tmp_path / "videos")
    first = read_video(videos / "clip_0.mp4")
    write_video(videos / "clip_0.mp4", first[:, :, :64])
    write_video(videos / "clip_1.mp4", torch.cat([first, first], 1))
    write_video(videos / "clip_2.mp4", first[:5])
    write_video(videos / "clip_3_tracks.mp4", first)
    words = ("score", videos, "--against", clips / "true", *PLAIN)
    code, table, told = bench(*words, "--out", tmp_path / "run")
    assert code == 1 and "3/5" in table
    assert "clip_0 must have the true video's size, 80x48; got 64x48. Make it at that size" in told
    assert (
        "clip_1 must have the true video's size, 80x48; got 80x96. It looks like a file of" in told
    )
    assert "clip_2: 5 frames were made and the true video has 9; the first 5 are compared." in told
    code, table, _ = bench(*words, "--out", tmp_path / "scaled", "--size", "40x24")
    assert code == 0 and "scaled to 40x24" in table and "5/5" in table


def test_figures_that_lack_an_input_are_a_dash_with_the_reason(clips, bench, tmp_path):
    lone = tmp_path / "lone"
    shutil.copytree(clips / "made", lone)
    code, table, _ = bench(
        "score", lone, "--against", lone, "--out", tmp_path / "run", "--metrics",
        "track,iou,psnr", "--no-floor", "--no-pictures",
    )  # fmt: skip
    assert code == 0
    assert "track is missing: no tracks (5)" in table
    assert "iou is missing: no masks of the generated video; give --masks (5)" in table
    assert "track EPE" not in table and "PSNR" in table


def test_a_name_is_no_formula_in_a_spreadsheet():
    summary = {
        "name": "=cmd()",
        "protocol": {"name": "wanmove"},
        "clips": [{"id": "@x", "group": "+1", "frames": 5, "figures": {"psnr": 20.0}}],
    }
    _, row = format_csv([summary]).splitlines()
    assert row.startswith("'=cmd(),wanmove,'@x,'+1,5,")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vote", "a", "b"], "one of --html (write a page) and --key (count votes) must be given"),
        (["vote", "a", "--html", "p.html"], "--html must come with two folders; got 1"),
        (["vote", "a", "b", "--html", "p.html"], "a must be a folder of videos"),
        (["vote", "v.json", "--key", "k.json"], "k.json must be the JSON of wanmove vote key"),
        (["toy", "x", "--clips", "0"], "--clips must be 1 to 1000; got 0"),
        (["run", "x", "--out", "y"], "--checkpoint must be given"),
        (["run", "x", "--out", "y", "--checkpoint", "z", "--eval_bench"], "must not go with bench"),
        (["run", "x", "--out", "y", "--checkpoint", "z", "--seeds", "1,1"], "different seeds"),
        (["check", "none"], "must be a benchmark's folder"),
        (["report", "none"], "run.json must be the description"),
    ],
)
def test_bad_options_of_the_other_verbs(bench, monkeypatch, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    code, out, told = bench(*words)
    assert (code, out) == (2, "") and said in told and told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
