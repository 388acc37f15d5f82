"""A folder with a start image and tracks, and a small model in place of the one that is loaded."""

import numpy as np
import pytest

from tests.generation.small_parts import small_components, small_image, small_tracks
from wanmove_core.command import generate as command
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.media.writer import write_image


@pytest.fixture
def folder(tmp_path):
    write_image(tmp_path / "start.png", small_image())
    tracks = small_tracks(5)
    np.save(tmp_path / "cat_tracks.npy", tracks.positions.numpy())
    np.save(tmp_path / "cat_visibility.npy", tracks.visibility.numpy())
    return tmp_path


@pytest.fixture
def made(monkeypatch):
    """The seeds that the model was run with; loading is replaced by a small model."""
    seeds = []

    class Watched(WanMovePipeline):
        def sample(self, image, tracks, prompts, settings, **more):
            seeds.append(settings.seed)
            if settings.seed == 666:
                raise RuntimeError("CUDA out of memory.\nTried to allocate much")
            return super().sample(image, tracks, prompts, settings, **more)

    monkeypatch.setattr(command, "load_pipeline", lambda *_, **__: Watched(small_components()))
    return seeds
