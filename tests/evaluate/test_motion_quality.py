"""Does guidance guide? The shipped small model on held-out scenes; broken guidance must fail."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.toy_scenes import TestScene, first_tracks, generate, load_toy, make_test_scenes
from benchmarks.toy_scenes import measure as measure_scenes
from training.make_latents import GRID
from wanmove_core import Tracks, project_tracks, replicate_first_frame

TOY = Path(__file__).parents[2] / "models" / "toy"
SCENES, STEPS, TRACKS = 4, 6, 96
# Mean object error, px. Measured: see models/toy/README.md; broken guidance is far above.
BOUND = 3.0

pytestmark = pytest.mark.skipif(
    not (TOY / "wanmove_toy_bf16.safetensors").exists(), reason="models/toy is not there"
)


@pytest.fixture(scope="module")
def toy():
    return load_toy("bf16", TOY)


@pytest.fixture(scope="module")
def scenes(toy):
    return make_test_scenes(toy[1], SCENES)


def guide(test: TestScene, change: Callable = lambda cells, visible: (cells, visible)) -> Tensor:
    cells, visible = change(*project_tracks(first_tracks(test.tracks, TRACKS), GRID))
    return replicate_first_frame(test.latent, cells, visible)


def object_error(toy, scenes: list[TestScene], latents: list[Tensor]) -> float:
    videos = generate(*toy, latents, steps=STEPS)
    return float(np.mean(measure_scenes(videos, scenes)["object"]))


@pytest.fixture(scope="module")
def guided_error(toy, scenes) -> float:
    return object_error(toy, scenes, [guide(test) for test in scenes])


def test_the_tracker_can_be_trusted_on_these_scenes(scenes):
    assert np.mean([test.tracker_error.mean for test in scenes]) < 0.3


def test_objects_follow_their_tracks(toy, scenes, guided_error):
    assert guided_error < BOUND
    unguided = object_error(toy, scenes, [test.latent for test in scenes])
    assert guided_error < unguided / 2


def shifted(cells: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Every destination one cell to the right and below."""
    cells = cells.clone()
    cells[:, 1:] += 1
    inside = (cells[..., 0] < GRID.rows) & (cells[..., 1] < GRID.cols)
    return torch.where(inside[..., None], cells, 0), visible & inside


def swapped(cells: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """(col, row) in place of (row, col)."""
    cells = cells.flip(-1)
    inside = (cells[..., 0] < GRID.rows) & (cells[..., 1] < GRID.cols)
    return torch.where(inside[..., None], cells, 0), visible & inside


def late(test: TestScene) -> Tensor:
    """Latent frame k reads video frame k, not 4k: the motion comes four times too slowly."""
    frames = torch.arange(GRID.num_frames) // GRID.strides[0]
    tracks = first_tracks(test.tracks, TRACKS)
    slow = Tracks(tracks.positions[frames], tracks.visibility[frames])
    return replicate_first_frame(test.latent, *project_tracks(slow, GRID))


@pytest.mark.parametrize(
    "broken",
    [lambda test: guide(test, shifted), lambda test: guide(test, swapped), late],
    ids=["cells shifted by one", "x and y swapped", "frames skipped"],
)
def test_broken_guidance_misses_the_bound(toy, scenes, guided_error, broken):
    error = object_error(toy, scenes, [broken(test) for test in scenes])
    assert error > BOUND
    assert error > 1.5 * guided_error
