"""draw_tracks against ComfyUI core's track visualiser, paired in one process.

    COMFYUI_PATH=~/ComfyUI python -m benchmarks.draw [--tracks 100 --pairs 3]

The rival is `draw_tracks_on_video` of comfy_extras/nodes_wanmove.py, taken out of its file since
the rest of it needs a running host. Without a ComfyUI checkout only our own time is printed.
"""

import argparse
import ast
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from wanmove_core import Tracks
from wanmove_core.view.draw import draw_tracks

TARGET_RATIO = 20.0
TRAIL = 24
RUNS = 5  # of ours in each pair; their median counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=100)
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--width", type=int, default=832)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    cv2.setNumThreads(1)  # CPU time is compared, and the rival has one thread
    frames, tracks = make_clip(options)
    rival = load_rival(Path(os.environ.get("COMFYUI_PATH", "~/ComfyUI")).expanduser())

    steps = tracks.positions.diff(dim=0).norm(dim=-1)
    print(
        f"{options.frames} frames {options.width}x{options.height}, {options.tracks} tracks, "
        f"trails of {TRAIL} frames, {steps.mean():.1f} px a frame"
    )
    draw_tracks(frames, tracks, trail=TRAIL)
    ratios = []
    for _ in range(options.pairs):
        # Short next to the rival, so one page fault storm of a busy machine would decide it.
        ours = median(
            cpu_seconds(lambda: draw_tracks(frames, tracks, trail=TRAIL)) for _ in range(RUNS)
        )
        if rival is None:
            print(f"  draw_tracks {ours:.3f} s")
            continue
        visibility = tracks.visibility[None]
        theirs = cpu_seconds(
            lambda v=visibility: rival(frames, tracks.positions[None], v, track_frame=TRAIL)
        )
        ratios.append(theirs / ours)
        print(f"  core {theirs:.2f} s, draw_tracks {ours:.3f} s: {theirs / ours:.1f} times")
    if ratios:
        verdict = "met" if median(ratios) >= TARGET_RATIO else "MISSED"
        print(f"  median {median(ratios):.1f} times in CPU time (target {TARGET_RATIO}: {verdict})")
    else:
        print("  no ComfyUI checkout: set COMFYUI_PATH to compare with its visualiser")


def make_clip(options: argparse.Namespace) -> tuple[Tensor, Tracks]:
    """Points that start all over the frame and drift along arcs, some of them hidden at times."""
    rng = np.random.default_rng(0)
    count, time_axis = options.tracks, np.linspace(0, 1, options.frames)[:, None]
    start = rng.random((count, 2)) * (options.width, options.height)
    turn = rng.random(count) * 2 * np.pi + time_axis * rng.normal(0, 2, count)
    reach = (0.1 + 0.3 * rng.random(count)) * options.height * time_axis
    path = start + np.stack([np.cos(turn), np.sin(turn)], -1) * reach[..., None]
    visibility = np.sin(time_axis * 9 + rng.random(count) * 60) > -0.9
    shape = (options.frames, options.height, options.width, 3)
    frames = torch.from_numpy(rng.integers(0, 256, shape, dtype=np.uint8))
    return frames, Tracks.from_arrays(path, visibility)


def load_rival(root: Path) -> Callable | None:
    source = root / "comfy_extras" / "nodes_wanmove.py"
    if not source.is_file():
        return None
    wanted = {"_draw_gradient_polyline_on_overlay", "add_weighted", "draw_tracks_on_video"}
    module = ast.parse(source.read_text(encoding="utf-8"))
    module.body = [
        node for node in module.body if isinstance(node, ast.FunctionDef) and node.name in wanted
    ]
    names = {"np": np, "torch": torch, "Image": Image, "ImageDraw": ImageDraw}
    exec(compile(module, str(source), "exec"), names)
    return names["draw_tracks_on_video"]


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
