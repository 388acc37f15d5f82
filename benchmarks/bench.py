"""How fast clips are scored: PSNR and SSIM of the official suite, decoding included.

Ours is timed on all clips; the suite's own way (each frame saved as a PNG and read back, SSIM by a
convolution over 11x11x11) and its functions on frames in memory on a few frames, since they take
seconds each. All on one thread. Memory is the peak after the first clip and after the last.

    OMP_NUM_THREADS=1 python -m benchmarks.bench [--clips 100] [--frames 81] [--suite-frames 4]
"""

import argparse
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from tests.oracles import movebench_suite as suite
from wanmove_core.bench.clips import read_clip
from wanmove_core.bench.compare import Tools, follow
from wanmove_core.bench.datasets import open_dataset
from wanmove_core.bench.protocol import Protocol
from wanmove_core.bench.run_folder import RunFolder
from wanmove_core.bench.score import ScoreOptions, score_run
from wanmove_core.bench.threads import set_threads
from wanmove_core.media.video_writer import write_video
from wanmove_core.tracking.video import track_points
from wanmove_core.tracks import Tracks

HEIGHT, WIDTH = 480, 832
DISTINCT = 4  # the others are copies: what is timed reads and compares each all the same


def make_clips(folder: Path, count: int, frames: int) -> None:
    """Pairs of videos: a moving texture, and the same with another grain."""
    for k in range(min(count, DISTINCT)):
        rng = np.random.default_rng(k)
        coarse = rng.uniform(0, 255, (12, 24, 3)).astype(np.float32)
        picture = cv2.resize(coarse, (WIDTH + 2 * frames, HEIGHT), interpolation=cv2.INTER_CUBIC)
        picture = cv2.blur(picture + rng.normal(0, 12, picture.shape).astype(np.float32), (3, 3))
        for kind, grain in (("true", 0.0), ("made", 10.0)):
            clip = np.empty((frames, HEIGHT, WIDTH, 3), dtype=np.uint8)
            for t in range(frames):
                shown = picture[:, 2 * t : 2 * t + WIDTH]
                noise = rng.normal(0, grain, shown.shape) if grain else 0
                clip[t] = np.clip(shown + noise, 0, 255)
            write_video(folder / kind / f"clip_{k:04d}.mp4", torch.from_numpy(clip))
    for k in range(DISTINCT, count):
        for kind in ("true", "made"):
            name = f"clip_{k % DISTINCT:04d}.mp4"
            shutil.copyfile(folder / kind / name, folder / kind / f"clip_{k:04d}.mp4")


def peak() -> float:
    """The most memory that this process had so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def time_ours(folder: Path, metrics: tuple[str, ...] = ("psnr", "ssim")) -> dict[str, float]:
    """Score all clips; seconds a clip, and memory after the first and after the last."""
    dataset = open_dataset(folder / "true")
    tools = Tools(Protocol("movebench"), metrics, track_points, "")
    run = RunFolder(folder / "run")
    after: list[float] = []
    begin = time.perf_counter()
    failed = score_run(
        dataset,
        folder / "made",
        run,
        tools,
        ScoreOptions(floor=False, pictures=False),
        progress=lambda _done, _all, _name: after.append(peak()),
    )
    seconds = (time.perf_counter() - begin) / len(dataset.cases)
    assert failed == 0
    record = run.record("scores", "clip_0000")
    assert record is not None
    # Peaks before the second clip (the first one done) and after the last.
    return {"seconds": seconds, "first": after[1], "last": after[-1], **record["figures"]}


def time_suite(folder: Path, count: int, frames: int) -> dict[str, float]:
    """The suite's way and its functions on the first frames of a clip; seconds for a whole clip."""
    first, second = (folder / kind / "clip_0000.mp4" for kind in ("true", "made"))
    begin = time.perf_counter()
    for video in (first, second):
        suite.save_frames(video, folder / f"{video.parent.name}_frames")
    saving = time.perf_counter() - begin
    begin = time.perf_counter()
    for number in range(count):
        pair = [suite.read_frame(folder / f"{k}_frames", first.stem, number) for k in
                ("true", "made")]  # fmt: skip
        suite.psnr(*pair)
        suite.ssim(*pair)
    reading = (time.perf_counter() - begin) / count * frames
    begin = time.perf_counter()
    clips = [suite.decode(video) for video in (first, second)]
    decoding = time.perf_counter() - begin
    begin = time.perf_counter()
    values = [
        (suite.psnr(a[None], b[None]), suite.ssim(a[None], b[None]))
        for a, b in zip(clips[0][:count], clips[1][:count], strict=True)
    ]
    comparing = (time.perf_counter() - begin) / count * frames
    psnr, ssim = np.mean(values, axis=0).tolist()
    return {
        "way": saving + reading,
        "functions": decoding + comparing,
        "psnr": psnr,
        "ssim": ssim,
    }


def time_tracks(folder: Path) -> float:
    """Track EPE of one clip with 32 points, without decoding; seconds."""
    frames = read_clip(folder / "made" / "clip_0000.mp4")
    x, y = np.meshgrid(np.linspace(200, 800, 8), np.linspace(40, 440, 4))
    start = torch.from_numpy(np.stack([x.ravel(), y.ravel()], -1)).float()
    step = torch.tensor([-2.0, 0.0]) * torch.arange(len(frames))[:, None, None]
    asked = Tracks(start + step, torch.ones(len(frames), 32).bool())
    tools = Tools(Protocol(), ("track",), track_points, "")
    begin = time.perf_counter()
    error = follow(tools, frames, asked).error
    seconds = time.perf_counter() - begin
    print(f"track EPE of the clip {error.mean:.2f} px", flush=True)
    return seconds


def main() -> None:
    """Parse arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--suite-frames", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("out/bench.json"))
    args = parser.parse_args()
    set_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_clips(folder, max(2, args.clips), args.frames)
        ours = time_ours(folder)
        theirs = time_suite(folder, args.suite_frames, args.frames)
        tracks = time_tracks(folder)
    report = {"clips": args.clips, "frames": args.frames, "size": [WIDTH, HEIGHT]}
    report |= {"ours": ours, "suite": theirs, "track_epe_seconds": tracks}
    print(f"ours                    {ours['seconds']:8.2f} s a clip of {args.frames} frames")
    for key, told in (("way", "the suite's way"), ("functions", "its functions")):
        ratio = theirs[key] / ours["seconds"]
        print(f"{told:23s} {theirs[key]:8.2f} s a clip, {ratio:.1f} times ours")
    print(f"track EPE alone         {tracks:8.2f} s a clip, 32 points")
    print(f"memory after clip 1     {ours['first']:8.2f} GB, after clip {args.clips} "
          f"{ours['last']:.2f} GB")  # fmt: skip
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
