"""What several processes, streaming and caches bring, on the small model and two CPU cores.

    python -m benchmarks.scale [--only caches] [--videos 16 --scenes 24]

Four tables: one video by two ranks against one process; many videos by two Ray workers against one
process, with and without start-up; the time to the first frame in the file and the peak memory of
decoding 81 and 241 frames, streaming and at once; caches, with passes, PSNR against the video
without one, and end-point error.
Wall times are those of this machine at this moment: its load is printed beside them.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.long_video import measure, scenes_of
from benchmarks.toy_scenes import TOY
from training.vae_model import channels_last
from wanmove_core.bench.world import FRAMES, HEIGHT, WIDTH
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.settings import GenerationSettings
from wanmove_core.generation.speed import SpeedOptions
from wanmove_core.media.video_writer import video_writer, write_video

CACHES = ("none", "taylor", "firstblock", "cfg", "attention")
_SMALL = ["--device", "cpu", "--dtype", "fp32", "--size", "96x64", "--resize", "stretch"]
_SMALL += ["--frames", "17", "--steps", "8"]


def seconds(words: list[str]) -> float:
    """Wall time of a command."""
    begin = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(words, check=True, env=environment, capture_output=True)
    return time.perf_counter() - begin


def generate(*more: str, ranks: int = 1) -> list[str]:
    """A command line of `wanmove generate` with the small model."""
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={ranks}"]
    words = [sys.executable, *(launch if ranks > 1 else []), "-m", "wanmove_core", "generate"]
    return [*words, "--checkpoint", str(TOY), *_SMALL, *more]


def compare_ranks(folder: Path) -> None:
    """One video by one process and by two."""
    start, tracks = TOY / "demo/start.png", TOY / "demo/curve_tracks.npy"
    one = ["--image", str(start), "--tracks", str(tracks), "--prompt", "", "--negative-prompt", ""]
    one += ["--steps", "40"]
    alone = seconds(generate(*one, "--out", str(folder / "one.mp4")))
    both = seconds(generate(*one, "--out", str(folder / "two.mp4"), ranks=2))
    same = (folder / "one.mp4").read_bytes() == (folder / "two.mp4").read_bytes()
    print(f"one video, 40 steps: {alone:.1f} s alone, {both:.1f} s by two ranks; same file: {same}")


def until_first(words: list[str]) -> tuple[float, float]:
    """Wall time of a command that makes many videos: until it began the first one, and in all."""
    begin, ready = time.perf_counter(), 0.0
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            wrote = re.search(r": wrote .* in ([\d.]+) s$", line)
            if wrote and not ready:
                ready = time.perf_counter() - begin - float(wrote[1])
    if process.returncode:
        raise SystemExit(f"{words} failed")
    return ready, time.perf_counter() - begin


def compare_workers(folder: Path, count: int, steps: int) -> None:
    """Many videos by one process of one thread and by two Ray workers of one thread each."""
    start = str(TOY / "demo/start.png")
    times = {}
    for name, more in (("alone", []), ("workers", ["--workers", "2"])):
        jobs = folder / f"{name}.jsonl"
        lines = [{"image": start, "prompt": "", "out": f"{name}{n}.mp4"} for n in range(count)]
        jobs.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        options = ["--batch", str(jobs), "--guidance-scale", "1", "--steps", str(steps), *more]
        times[name] = until_first(generate(*options))
        ready, whole = times[name]
        told = f"{count} videos of {steps} steps, {name}: {whole:.0f} s"
        print(f"{told}; the first began after {ready:.0f} s")
    (one_ready, one), (two_ready, two) = times["alone"], times["workers"]
    bare = (one - one_ready) / (two - two_ready)
    print(f"two workers are {one / two:.2f} times as fast, {bare:.2f} times without start-up")


def decode_once(way: str, frames: int) -> None:
    """Decode and write in this process alone; prints seconds to the first frame, and MiB."""
    vae = load_components([TOY], dtype="fp32", needs=("vae",)).vae
    parts: Any = type("Parts", (), {"vae": vae, "transformer": None})
    pipeline = WanMovePipeline.__new__(WanMovePipeline)
    pipeline.components, pipeline.tile_decode = parts, False
    from wanmove_core.generation.placement import Placement

    pipeline.placement = Placement("cpu")
    latent = torch.zeros(1, 16, (frames - 1) // 4 + 1, 12, 16)
    resting = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin, first = time.perf_counter(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        if way == "streaming":
            with video_writer(path) as writer:
                for piece in pipeline.decode_stream(latent):
                    writer.add(piece)
                    first = first or time.perf_counter() - begin
        else:
            whole = pipeline.decode(latent)
            first = time.perf_counter() - begin
            write_video(path, whole)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([first, (peak - resting) / 1024]))


def compare_decoding() -> None:
    """Streaming against all at once, each in a fresh process."""
    print("| frames | way | first frame, s | memory above resting, MiB |\n|---|---|---|---|")
    for frames in (81, 241):
        for way in ("at once", "streaming"):
            words = [sys.executable, "-m", "benchmarks.scale", "--decode", way, str(frames)]
            out = subprocess.run(words, check=True, capture_output=True, text=True).stdout
            first, peak = json.loads(out.splitlines()[-1])
            print(f"| {frames} | {way} | {first:.1f} | {peak:.0f} |", flush=True)


def compare_caches(count: int, steps: int) -> None:
    """Passes of the last block, PSNR against the video without a cache, and end-point error."""
    settings = GenerationSettings((WIDTH, HEIGHT), FRAMES, steps, 1.0, 3.0, "euler")
    settings = GenerationSettings(
        **{**vars(settings), "resize": "stretch", "branch": "positive"}  # a branch without motion
    )
    rows: dict[str, list[list[float]]] = {cache: [] for cache in CACHES}
    parts, passes = load_components([TOY], dtype="fp32"), []
    channels_last(parts.vae)
    parts.transformer.blocks[-1].ffn.register_forward_hook(lambda *_: passes.append(1))
    for clip, tracks, measured in scenes_of(count, FRAMES):
        plain = None
        for cache in CACHES:
            passes.clear()
            pipeline = WanMovePipeline(parts, speed=SpeedOptions(cache=cache))
            latent = pipeline.sample(clip[0], tracks, ("", ""), settings)
            with torch.autocast("cpu", torch.bfloat16):  # several times faster
                video = pipeline.decode(latent)
            plain = video if plain is None else plain
            square = (video.float() - plain.float()).square().mean().clamp(min=1e-3)
            psnr = float(10 * torch.log10(255**2 / square))
            rows[cache].append([len(passes), psnr, measure(video, clip, tracks, measured)[0]])
    print(f"\n{count} scenes, {steps} steps, two branches")
    print("| cache | passes | dB against none | EPE, px |\n|---|---|---|---|")
    for cache, values in rows.items():
        table = np.array(values)
        wide = 1.96 * table.std(0, ddof=min(1, len(table) - 1)) / len(table) ** 0.5
        psnr = "-" if cache == "none" else f"{table[:, 1].mean():.1f} ± {wide[1]:.1f}"
        error = f"{table[:, 2].mean():.2f} ± {wide[2]:.2f}"
        print(f"| {cache} | {table[:, 0].mean():.0f} | {psnr} | {error} |", flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("ranks", "workers", "decoding", "caches"))
    parser.add_argument("--videos", type=int, default=16)
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--decode", nargs=2, metavar=("WAY", "FRAMES"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.decode:
        decode_once(args.decode[0], int(args.decode[1]))
        return
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        for name, compare in (
            ("ranks", lambda: compare_ranks(Path(folder))),
            ("workers", lambda: compare_workers(Path(folder), args.videos, 2 * args.steps)),
            ("decoding", compare_decoding),
            ("caches", lambda: compare_caches(args.scenes, args.steps)),
        ):
            if args.only in (None, name):
                compare()


if __name__ == "__main__":
    main()
