"""Projection and replication equal the oracle, and the reference's recorded outputs."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.oracles import guidance as oracle
from wanmove_core import LatentGrid, Tracks, project_tracks, replicate_first_frame

REFERENCE = Path(__file__).parents[1] / "fixtures" / "reference" / "replace_feature.safetensors"


def random_case(seed):
    """Tracks with collisions, hidden starts, hidden gaps, edges and off-canvas points."""
    rng = torch.Generator().manual_seed(seed)

    def pick(options):
        return options[int(torch.randint(len(options), (), generator=rng))]

    grid = LatentGrid(pick([1, 5, 9, 13, 29]), 8 * pick([2, 3, 5]), 8 * pick([3, 5, 7]))
    points = pick([0, 1, 7, 23, 41])
    shape = (grid.num_frames, points)
    span = torch.tensor([grid.width, grid.height]).float()
    positions = (torch.rand(*shape, 2, generator=rng) * 1.3 - 0.15) * span
    edges = torch.stack([torch.zeros(2), span - 1, span, span + 1, torch.full((2,), -1.0)])
    at_edge = torch.rand(*shape, generator=rng) < 0.2
    edge = edges[torch.randint(len(edges), shape, generator=rng)]
    positions = torch.where(at_edge[..., None], edge, positions)
    tracks = Tracks(positions, torch.rand(shape, generator=rng) < pick([0.0, 0.6, 0.9, 1.1]))
    batch, channels = pick([1, 2]), pick([1, 3])
    latent = torch.randn(batch, channels, grid.latent_frames, grid.rows, grid.cols, generator=rng)
    return tracks, grid, latent


def oracle_cells(tracks, grid, temporal="sample"):
    size = (grid.num_frames, grid.height, grid.width)
    positions, visibility = tracks.positions.tolist(), tracks.visibility.tolist()
    return oracle.project(positions, visibility, size, grid.strides, temporal)


@pytest.mark.parametrize("temporal", ["sample", "mean"])
def test_projection_equals_the_oracle_on_200_cases(temporal):
    for seed in range(200):
        tracks, grid, _ = random_case(seed)
        cells, visible = project_tracks(tracks, grid, temporal=temporal)
        want = oracle_cells(tracks, grid, temporal)
        assert cells.shape == (tracks.num_points, grid.latent_frames, 2)
        assert cells.dtype == torch.int64
        got = {tuple(at): tuple(cells[tuple(at)].tolist()) for at in visible.nonzero().tolist()}
        assert got == want, seed
        assert (cells[~visible] == 0).all()


@pytest.mark.parametrize("collision", ["last", "first", "random"])
def test_replication_equals_the_oracle_on_200_cases(collision):
    collided = 0
    for seed in range(200):
        tracks, grid, latent = random_case(seed)
        cells, visible = project_tracks(tracks, grid)
        known = 1 + seed % 2
        generator = torch.Generator().manual_seed(seed) if collision == "random" else None
        order = None
        if collision == "random":
            order = torch.randperm(
                tracks.num_points, generator=torch.Generator().manual_seed(seed)
            ).tolist()
        got = replicate_first_frame(
            latent, cells, visible,
            collision=collision, generator=generator, known_latent_frames=known,
        )  # fmt: skip
        arguments = {"order": order, "known": known}
        want = oracle.replicate(
            latent, oracle_cells(tracks, grid), tracks.num_points, collision=collision, **arguments
        )
        assert torch.equal(got, want), seed
        other = "last" if collision == "first" else "first"
        collided += not torch.equal(
            want,
            oracle.replicate(
                latent, oracle_cells(tracks, grid), tracks.num_points, collision=other, **arguments
            ),
        )
    assert collided > 30


def test_mean_of_collisions_equals_the_oracle_on_200_cases():
    for seed in range(200):
        tracks, grid, latent = random_case(seed)
        cells, visible = project_tracks(tracks, grid)
        got = replicate_first_frame(latent, cells, visible, collision="mean")
        want = oracle.replicate(
            latent, oracle_cells(tracks, grid), tracks.num_points, collision="mean"
        )
        torch.testing.assert_close(got, want, rtol=0, atol=2e-6)


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.5])
def test_strength_is_a_blend_on_200_cases(strength):
    for seed in range(200):
        tracks, grid, latent = random_case(seed)
        cells, visible = project_tracks(tracks, grid)
        got = replicate_first_frame(latent, cells, visible, strength=strength)
        want = oracle.replicate(
            latent, oracle_cells(tracks, grid), tracks.num_points, strength=strength
        )
        torch.testing.assert_close(got, want, rtol=0, atol=2e-6)


@pytest.mark.parametrize("case", range(10))
def test_equal_to_recorded_reference_outputs(case):
    recorded = load_file(REFERENCE)
    tensors = {name: recorded[f"case_{case:02d}.{name}"] for name in (
        "size", "positions", "visibility", "changed", "value"
    )}  # fmt: skip
    grid = LatentGrid(*tensors["size"].tolist())
    shape = (1, 2, grid.latent_frames, grid.rows, grid.cols)
    latent = torch.arange(torch.Size(shape).numel(), dtype=torch.float32).view(shape)
    want = latent.clone()
    want.view(-1)[tensors["changed"].long()] = tensors["value"].float()

    tracks = Tracks(tensors["positions"], tensors["visibility"])
    got = replicate_first_frame(latent, *project_tracks(tracks, grid))
    assert torch.equal(got, want)


def test_the_recorded_cases_do_change_the_latent():
    recorded = load_file(REFERENCE)
    changed = [len(recorded[f"case_{case:02d}.changed"]) for case in range(10)]
    assert sum(count > 0 for count in changed) == 8
    assert sum(changed) > 1000
