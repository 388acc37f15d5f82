"""Long videos on the small model: ways to make more frames than it was trained on.

    python -m benchmarks.long_video --scenes 24 --frames 49 97 [--comfyui] [--out FILE.csv]

One row a way: end-point error of points on objects, px: mean, median of the scenes (the tracker
never finds an object again that a video lost: one such scene moves the mean) and mean in the last
third; PSNR against the true clip, dB, overall and in the last third; the largest change between two
frames over the median one (a seam shows here); how far the mean colour of the last 8 frames is off,
of 255, at the end of the video and of its first 17 frames; and latent frames computed in all steps.
Means over the scenes, with 95 % intervals; below the table, our ways minus the others, scene by
scene. The last row is what the VAE alone loses, 17 frames at a time.
The pipeline works in bfloat16 where PyTorch's autocast does, which is several times faster here.
With --comfyui instead the two ways that it has, run there (COMFYUI_PATH, else ~/ComfyUI).
"""

import argparse
import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.long_comfyui import comfyui_ways
from benchmarks.toy_scenes import FIRST_SEED, TOY, encode, exact_tracks
from training.vae_model import channels_last, to_video
from wanmove_core import Tracks
from wanmove_core.bench.world import HEIGHT, WIDTH, make_scene
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.evaluate.metrics import end_point_error
from wanmove_core.generation.caches import caching
from wanmove_core.generation.decoding import decode_stream, to_pixels
from wanmove_core.generation.denoising import Noise
from wanmove_core.generation.long_video import sample_chain
from wanmove_core.generation.parallel import ALONE
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.sampling import make_solver
from wanmove_core.generation.settings import GenerationSettings
from wanmove_core.generation.windows import WindowedBranches
from wanmove_core.guidance.segments import plan_segments
from wanmove_core.tracking.video import track_points

CLIP = 17  # frames that the small model was trained on
PROMPTS = ("", "")
_OURS = {
    "windows (--blend windows)",
    "chain, features of the first frame",
    "ComfyUI, chain by Continue Guidance",
}
_OTHERS = {"chain from the last frame", "windows as ComfyUI's", "ComfyUI, Wan Context Windows"}
_COLUMNS = ("EPE", "median", "last", "PSNR", "last", "jump", "colour", "in clip 1", "work")


def at_once(pipeline, image, tracks, settings):
    """All frames in one clip, three times as long as the model knows."""
    return pipeline.generate(image, tracks, PROMPTS, replace(settings, window=0))


def last_frame_chain(pipeline, image, tracks, settings):
    """What people do by hand: each clip is a video of its own from the last frame before."""
    text, frames, last = pipeline.encode_prompts(*PROMPTS), [], None
    segments = plan_segments(settings.num_frames, settings.clip_frames)
    first = pipeline.encode_start(image, replace(settings, num_frames=CLIP))
    for segment in segments:
        own = replace(settings, num_frames=segment.num_frames, seed=settings.seed + segment.index)
        start = first
        if last is not None:
            start = pipeline.encode_known(last, segment.num_frames, like=first)
        conditions = pipeline.guide(start, segment.cut(tracks), text, own, placed=True)
        latent = pipeline.denoise(conditions, own)
        with torch.no_grad():
            pieces = list(decode_stream(pipeline.components.vae, latent))
        last = pieces[-1][:, :, -1:]
        frames += [to_pixels(piece) for piece in pieces[segment.index > 0 :]]
    return torch.cat(frames)


@torch.no_grad()
def core_windows(pipeline, image, tracks, settings):
    """As ComfyUI's Wan Context Windows with retain_first_frame, computed here."""
    whole = replace(settings, window=0)
    start = pipeline.encode_start(image, whole)
    text = pipeline.encode_prompts(*PROMPTS)
    conditions = pipeline.guide(start, tracks, text, whole)
    # Nothing is as in `still`, so each window is a plain cut out of the whole, as core makes it.
    conditions = replace(conditions, still=conditions.still + 1)
    schedule = settings.schedule((WIDTH, HEIGHT))
    model = pipeline.components.transformer
    shape = (1, pipeline.family.channels, *conditions.positive.shape[2:])
    noise = Noise(settings.seed, shape, pipeline.placement.device)
    solver, latent = make_solver(settings.solver, schedule, noise), noise()
    with caching(model, pipeline.speed, settings.steps) as reuse:
        windows = core_plan(latent.shape[2])
        branches = WindowedBranches(model, conditions, ALONE, windows, reuse=reuse)
        for timestep in schedule.timesteps:
            velocity = branches.velocity(latent, timestep, guidance_scale=1.0, motion_scale=0.0)
            latent = solver.step(velocity, latent)
    return pipeline.decode(latent)


def core_plan(latent_frames: int, length: int = 4, overlap: int = 1) -> list[list[int]]:
    """Windows of `length`; the anchor makes the later ones one longer."""
    starts = range(0, latent_frames - overlap, length - overlap)
    firsts = sorted({min(start, latent_frames - length) for start in starts})
    return [[0, *range(max(first, 1), first + length)] for first in firsts]


def chain(pipeline, image, tracks, settings):
    """Ours: a chain whose features come from the true first frame."""
    return torch.cat(list(sample_chain(pipeline, image, tracks, PROMPTS, settings)))


def matched_chain(pipeline, image, tracks, settings):
    """The same, with the colours of the start image held."""
    return chain(pipeline, image, tracks, replace(settings, match_colour=True))


def windows(pipeline, image, tracks, settings):
    """Ours: overlapping windows of the trained length, denoised together."""
    return pipeline.generate(image, tracks, PROMPTS, replace(settings, blend="windows"))


def by_the_vae(pipeline, clip):
    """The true clip encoded and decoded, in clips of the trained length: what no way can beat."""
    videos = [clip[segment.first : segment.last + 1] for segment in plan_segments(len(clip), CLIP)]
    made = [
        pipeline.decode(encode(pipeline.components.vae, to_video(v[None].numpy()))) for v in videos
    ]
    return torch.cat([made[0], *(video[1:] for video in made[1:])])


WAYS: dict[str, Callable[..., Any]] = {
    "all at once": at_once,
    "chain from the last frame": last_frame_chain,
    "windows as ComfyUI's": core_windows,
    "windows (--blend windows)": windows,
    "chain, features of the first frame": chain,
    "the same, --match-colour": matched_chain,
}


def scenes_of(count: int, frames: int) -> Iterator[tuple[torch.Tensor, Tracks, int]]:
    """True clips with exact tracks; the first few tracks, on objects, are measured."""
    seed, found = FIRST_SEED, 0
    while found < count:
        scene, rng = make_scene(seed, frames=frames), np.random.default_rng([5, seed])
        seed += 1
        points = rng.uniform([0, 0], [WIDTH - 1, HEIGHT - 1], (2000, 2))
        on_object = scene.owner(points) > 0
        asked = exact_tracks(scene, points[on_object][:60])
        clip = torch.from_numpy(scene.frames)
        own = end_point_error(asked, track_points(clip, asked.positions[0]))
        worst = torch.where(own.counted, own.distance, 0.0).amax(0)
        good = ((worst < 1.5) & (own.counted.sum(0) >= frames // 2)).nonzero().squeeze(1)[:16]
        if len(good) < 4:
            continue
        measured = points[on_object][:60][good.numpy()]
        found += 1
        others = points[~on_object][:200]
        yield clip, exact_tracks(scene, np.concatenate([measured, others])), len(good)


def measure(video: torch.Tensor, clip: torch.Tensor, tracks: Tracks, count: int) -> list[float]:
    """The columns but the last."""
    asked = Tracks(tracks.positions[:, :count], tracks.visibility[:, :count])
    error = end_point_error(asked, track_points(video, asked.positions[0]))
    late = slice(len(clip) * 2 // 3, None)
    far = float(error.distance[late][error.counted[late]].mean())
    square = (video.float() - clip.float()).square().mean((1, 2, 3)).clamp(min=1e-3)
    change = (video[1:].float() - video[:-1].float()).abs().mean((1, 2, 3))
    off = video.float().mean((1, 2)) - clip.float().mean((1, 2))
    colours = [float(off[end - 8 : end].mean(0).abs().max()) for end in (len(clip), CLIP)]
    psnr = 10 * torch.log10(255**2 / square)
    jump = float(change.max() / change.median().clamp(min=1e-3))
    return [error.mean, far, float(psnr.mean()), float(psnr[late].mean()), jump, *colours]


def toy_pipeline() -> WanMovePipeline:
    """The small model."""
    parts = load_components([TOY], dtype="fp32")
    channels_last(parts.vae)
    return WanMovePipeline(parts)


def count_work(pipeline: WanMovePipeline) -> list[int]:
    """Latent frames that the model is asked for, added up as it works."""
    work: list[int] = []
    pipeline.components.transformer.register_forward_pre_hook(
        lambda _m, _a, given: work.append(given["hidden_states"].shape[2]), with_kwargs=True
    )
    return work


def show(frames: int, steps: int, rows: dict[str, list[list[float]]]) -> None:
    """Print the table of one length."""
    scenes = len(next(iter(rows.values())))
    print(f"\n{frames} frames, {scenes} scenes, {steps} steps\n")
    print(f"| way | {' | '.join(_COLUMNS)} |\n|---|{'---|' * len(_COLUMNS)}")
    for name, values in rows.items():
        table = np.array(values)
        mean = table.mean(0)
        wide = 1.96 * table.std(0, ddof=min(1, len(table) - 1)) / len(table) ** 0.5
        cells = [f"{m:.1f} ± {w:.1f}" for m, w in zip(mean[:4], wide[:4], strict=True)]
        cells.insert(1, f"{np.median(table[:, 0]):.1f}")
        cells += [*(f"{value:.1f}" for value in mean[4:7]), f"{mean[7]:.0f}" if mean[7] else "-"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def compare(rows: dict[str, list[list[float]]]) -> None:
    """Print our ways minus the others, scene by scene: px of error and dB of PSNR."""
    tables = {name: np.array(values) for name, values in rows.items()}
    for ours in sorted(_OURS & tables.keys()):
        for other in sorted(_OTHERS & tables.keys()):
            apart = tables[ours] - tables[other]
            cells = []
            for column, unit, sign in ((0, "px", -1), (2, "dB", 1)):
                values = apart[:, column]
                wide = 1.96 * values.std(ddof=min(1, len(values) - 1)) / len(values) ** 0.5
                better = int((sign * values > 0).sum())
                cells.append(f"{values.mean():+.1f} ± {wide:.1f} {unit} (better in {better})")
            print(f"{ours}, minus {other}: {', '.join(cells)}")


def main() -> None:
    """Print one table a length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--frames", type=int, nargs="+", default=[49, 97])
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--comfyui", action="store_true", help="ComfyUI's own two ways, there")
    parser.add_argument("--out", type=Path, help="every scene's figures, as they come")
    args = parser.parse_args()
    for frames in args.frames:
        if frames < CLIP or frames % 4 != 1:
            parser.error(f"--frames must be {CLIP} or more, 4n+1; got {frames}. Use 49 or 97.")
    torch.set_num_threads(1)
    pipeline = toy_pipeline()
    work = count_work(pipeline)
    with ExitStack() as stack:
        ways = stack.enter_context(comfyui_ways()) if args.comfyui else WAYS
        for frames in args.frames:
            settings = GenerationSettings(
                (WIDTH, HEIGHT),
                frames,
                args.steps,
                1.0,
                1.0,
                "euler",
                resize="stretch",
                window=CLIP,
            )
            rows: dict[str, list[list[float]]] = {}
            for clip, tracks, count in scenes_of(args.scenes, frames):
                makers = {
                    name: partial(way, pipeline, clip[0], tracks, settings)
                    for name, way in ways.items()
                }
                makers["the true clip, by the VAE"] = partial(by_the_vae, pipeline, clip)
                for name, make in makers.items():
                    work.clear()
                    with torch.autocast("cpu", torch.bfloat16):
                        video = make()
                    figures = [*measure(video, clip, tracks, count), sum(work)]
                    rows.setdefault(name, []).append(figures)
                    if args.out is not None:
                        with args.out.open("a", encoding="utf-8") as file:
                            csv.writer(file).writerow([frames, name, *figures])
            show(frames, args.steps, rows)
            compare(rows)


if __name__ == "__main__":
    main()
