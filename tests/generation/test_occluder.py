"""On the small model: what is hidden where two clips meet comes back where its track says."""

import numpy as np
import torch

from benchmarks.long_video import CLIP, chain, last_frame_chain, toy_pipeline
from benchmarks.occluder import FRAMES, behind_wall, measure, way_points
from benchmarks.toy_scenes import FIRST_SEED, exact_tracks
from wanmove_core.bench.world import HEIGHT, WIDTH
from wanmove_core.generation.settings import GenerationSettings


def test_features_of_the_first_frame_bring_a_hidden_object_back() -> None:
    """A plain chain from the last frame has nothing of it to copy: `benchmarks.occluder`."""
    scene, pipeline = behind_wall(FIRST_SEED + 7), toy_pipeline()
    assert scene is not None
    settings = GenerationSettings(
        (WIDTH, HEIGHT), FRAMES, 4, 1.0, 1.0, "euler", resize="stretch", window=CLIP
    )
    points = np.concatenate([way_points(scene, layer) for layer in (1, 0, 2)])
    away, alike = {}, {}
    for way in (last_frame_chain, chain):
        start = torch.from_numpy(scene.frames[0])
        video = way(pipeline, start, exact_tracks(scene, points), settings)
        away[way], alike[way] = measure(video, scene)
    assert away[chain] < 6
    assert away[last_frame_chain] > 20
    assert alike[chain] > alike[last_frame_chain] + 1
