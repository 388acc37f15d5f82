"""What torchrun starts in test_parallel: a video by several ranks, compared with one process."""

import sys
from dataclasses import replace

import torch
import torch.distributed as dist

from tests.generation.small_parts import PROMPT, fresh_components, small_image, small_tracks
from wanmove_core.generation.parallel import Ranks, join_group, spread_weights
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.placement import Placement
from wanmove_core.generation.settings import NEGATIVE_PROMPT, GenerationSettings
from wanmove_core.generation.speed import SpeedOptions

SETTINGS = GenerationSettings(size=(64, 48), num_frames=13, steps=6, motion_scale=0.5)
SHARES = {"branch": (2, 1, 1), "ulysses": (1, 2, 1), "both": (2, 2, 1), "fsdp": (1, 1, 1)}
SHARES["taylor"] = SHARES["ulysses"]


def sample(ranks, *, shards=False, speed=None):
    parts = fresh_components()
    if shards:
        spread_weights(parts, Placement("cpu"))
    pipeline = WanMovePipeline(parts, ranks=ranks, speed=speed)
    prompts = (PROMPT, NEGATIVE_PROMPT)
    return pipeline.sample(small_image(), small_tracks(13), prompts, replace(SETTINGS))


def main():
    torch.set_num_threads(1)
    alone = sample(Ranks())
    for share in sys.argv[1].split(","):
        speed = SpeedOptions(cache="taylor") if share == "taylor" else None
        ranks = join_group(SHARES[share], torch.device("cpu"))
        expected = alone if speed is None else sample(Ranks(), speed=speed)
        got = sample(ranks, shards=share == "fsdp", speed=speed)
        sys.stdout.write(f"{share} rank {ranks.rank}: {float((got - expected).abs().max())}\n")
        assert torch.equal(got, expected), share
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
