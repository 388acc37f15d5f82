"""What guidance costs end to end: the same video with tracks and without.

    python -m benchmarks.overhead [--pairs 7 --points 200 --steps 10]

One process, one thread, CPU time, a small model of random weights; videos with and without tracks
alternate. Other work on the machine can only add to a time, so the least of each is compared; the
guidance is also timed by itself, which is the exact figure on a busy machine. The model is about
ten thousand times smaller than the 14B one, so the share shown here is an upper bound.
"""

import argparse
import statistics
import time

import torch

from wanmove_core import Tracks
from wanmove_core.demo.random_model import random_components
from wanmove_core.demo.scene import make_scene
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.settings import GenerationSettings


def main() -> None:
    """Print the overhead."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(1)

    settings = GenerationSettings(
        size=(96, 64), resize="stretch", num_frames=17, steps=options.steps
    )
    pipeline = WanMovePipeline(random_components())
    image, _ = make_scene(settings.num_frames)
    tracks = make_tracks(settings.num_frames, options.points)

    def seconds(given: Tracks | None) -> float:
        begin = time.process_time()
        pipeline.generate(image, given, ("", ""), settings)
        return time.process_time() - begin

    seconds(tracks), seconds(None)
    guided, plain = [], []
    for pair in range(options.pairs):
        # The order alternates, so that a machine that slows down favours neither.
        for given in (tracks, None) if pair % 2 else (None, tracks):
            (plain if given is None else guided).append(seconds(given))
    print(f"17 frames 96x64, {options.steps} steps with guidance scale 5, {options.points} tracks:")
    print(f"  without tracks   {min(plain):.3f} s CPU (least of {options.pairs})")
    print(f"  with tracks      {min(guided):.3f} s, {min(guided) / min(plain) - 1:+.2%}")
    alone = guidance_seconds(pipeline, image, tracks, settings)
    print(f"  guidance alone   {alone * 1e3:.2f} ms, {alone / min(plain):.2%} of the video's time")


def make_tracks(frames: int, points: int) -> Tracks:
    """Points from anywhere to anywhere at constant speed."""
    rng = torch.Generator().manual_seed(points)
    ends = torch.rand(2, points, 2, generator=rng) * torch.tensor([95.0, 63.0])
    time_ = torch.linspace(0, 1, frames)[:, None, None]
    return Tracks.from_arrays(ends[0] + time_ * (ends[1] - ends[0]))


def guidance_seconds(
    pipeline: WanMovePipeline,
    image: torch.Tensor,
    tracks: Tracks,
    settings: GenerationSettings,
    repeats: int = 50,
) -> float:
    """CPU time of guiding, less that of assembling the same input without tracks."""
    start = pipeline.encode_start(image, settings)
    text = pipeline.encode_prompts("", "")
    spent = []
    for given in (tracks, None):
        times = []
        for _ in range(repeats):
            begin = time.process_time()
            pipeline.guide(start, given, text, settings)
            times.append(time.process_time() - begin)
        spent.append(statistics.median(times))
    return spent[0] - spent[1]


if __name__ == "__main__":
    main()
