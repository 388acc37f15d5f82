"""The laws of projection and replication, and what they refuse."""

import pytest
import torch

from tests.guidance.test_guidance_oracle import random_case
from tests.oracles import guidance as oracle
from wanmove_core import (
    LatentGrid,
    OptionError,
    ShapeError,
    Tracks,
    project_tracks,
    replicate_first_frame,
)


def unchecked(function):
    """The function without the test run's type check, as users call it."""
    return getattr(function, "__wrapped__", function)


def busy_case(dtype=torch.float32, batch=2):
    """Tracks that collide and vanish; every element of the latent has its own value."""
    rng = torch.Generator().manual_seed(5)
    grid = LatentGrid(17, 40, 56)
    positions = torch.rand(17, 11, 2, generator=rng) * torch.tensor([56.0, 40.0])
    tracks = Tracks(positions, torch.rand(17, 11, generator=rng) > 0.2)
    latent = torch.randn(batch, 3, 5, 5, 7, generator=rng).to(dtype)
    return latent, *project_tracks(tracks, grid)


@pytest.mark.parametrize("collision", ["last", "first", "mean", "random"])
def test_arguments_and_the_global_rng_stay_as_they_were(collision):
    latent, cells, visible = busy_case()
    before = [item.clone() for item in (latent, cells, visible)]
    generator = torch.Generator().manual_seed(1) if collision == "random" else None
    state = torch.random.get_rng_state()
    out = replicate_first_frame(latent, cells, visible, collision=collision, generator=generator)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(map(torch.equal, (latent, cells, visible), before))
    assert out.untyped_storage().data_ptr() != latent.untyped_storage().data_ptr()


def test_projection_leaves_tracks_and_rng_as_they_were():
    tracks, grid, _ = random_case(3)
    before = tracks.positions.clone(), tracks.visibility.clone()
    state = torch.random.get_rng_state()
    for temporal in ("sample", "mean"):
        project_tracks(tracks, grid, temporal=temporal)
    assert torch.equal(tracks.positions, before[0])
    assert torch.equal(tracks.visibility, before[1])
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("points", [0, 3])
def test_no_guiding_track_is_the_identity_in_new_memory(points):
    latent, _, _ = busy_case()
    cells = torch.zeros(points, 5, 2, dtype=torch.int64)
    visible = torch.zeros(points, 5, dtype=torch.bool)
    for collision in ("last", "first", "mean"):
        out = replicate_first_frame(latent, cells, visible, collision=collision)
        assert torch.equal(out, latent)
        assert out.data_ptr() != latent.data_ptr()


def test_only_visited_cells_differ_and_frame_0_never():
    latent, cells, visible = busy_case()
    out = replicate_first_frame(latent, cells, visible)
    visited = torch.zeros(5, 5, 7, dtype=torch.bool)
    for point, frame in visible.nonzero().tolist():
        if visible[point, 0] and frame > 0:
            visited[frame, cells[point, frame, 0], cells[point, frame, 1]] = True
    assert torch.equal((out != latent).any(1).any(0), visited)
    assert not visited[0].any() and visited.any()


def test_point_order_does_not_matter_without_collisions():
    latent, cells, visible = busy_case()
    # One row of cells per track, so that tracks never meet.
    cells = cells[:5].clone()
    cells[..., 0] = torch.arange(5)[:, None]
    order = torch.tensor([3, 0, 4, 1, 2])
    out = replicate_first_frame(latent, cells, visible[:5])
    assert not torch.equal(out, latent)
    assert torch.equal(out, replicate_first_frame(latent, cells[order], visible[:5][order]))


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float32, torch.bfloat16, torch.float16],
    ids=str,
)
def test_strength_1_copies_bit_for_bit_in_every_dtype(dtype):
    latent, cells, visible = busy_case(dtype)
    out = replicate_first_frame(latent, cells, visible)
    assert out.dtype == dtype
    want = oracle.replicate(
        latent.double(),
        {tuple(at): tuple(cells[tuple(at)].tolist()) for at in visible.nonzero().tolist()},
        len(cells),
    )
    assert torch.equal(out.double(), want)
    assert not torch.equal(out.double(), latent.double())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("collision", ["last", "mean"])
def test_blends_in_low_precision_round_once(dtype, collision):
    latent, cells, visible = busy_case(dtype)
    wide = replicate_first_frame(latent.float(), cells, visible, strength=0.37, collision="last")
    out = replicate_first_frame(latent, cells, visible, strength=0.37, collision="last")
    assert torch.equal(out.float(), wide.to(dtype).float())
    wide = replicate_first_frame(latent.float(), cells, visible, collision="mean")
    out = replicate_first_frame(latent, cells, visible, collision="mean")
    assert torch.equal(out.float(), wide.to(dtype).float())


def test_a_non_contiguous_latent_and_int32_cells_are_fine():
    latent, cells, visible = busy_case()
    twisted = latent.transpose(3, 4).contiguous().transpose(3, 4)
    assert not twisted.is_contiguous()
    want = replicate_first_frame(latent, cells, visible)
    assert torch.equal(replicate_first_frame(twisted, cells.int(), visible), want)


def test_nan_elsewhere_in_the_latent_does_not_spread():
    latent, cells, visible = busy_case()
    want = replicate_first_frame(latent, cells, visible)
    holes = latent.clone()
    holes[:, :, 1:] = float("nan")
    out = replicate_first_frame(holes, cells, visible)
    edited = want != latent
    assert torch.equal(out[edited], want[edited])


def test_random_collisions_repeat_with_the_seed_and_vary_between_seeds():
    latent, cells, visible = busy_case()

    def run(seed):
        generator = torch.Generator().manual_seed(seed)
        return replicate_first_frame(
            latent, cells, visible, collision="random", generator=generator
        )

    assert torch.equal(run(4), run(4))
    assert any(not torch.equal(run(4), run(seed)) for seed in range(5, 12))


def test_a_position_on_the_far_edge_belongs_to_the_last_cell():
    grid = LatentGrid(1, 40, 56)
    positions = torch.tensor([[[56.0, 40.0], [56.1, 3.0], [3.0, 40.1], [-0.1, 3.0], [0.0, 0.0]]])
    cells, visible = project_tracks(Tracks(positions, torch.ones(1, 5, dtype=torch.bool)), grid)
    assert visible[:, 0].tolist() == [True, False, False, False, True]
    assert cells[0, 0].tolist() == [4, 6]


def test_mean_counts_only_frames_that_are_visible_and_inside():
    grid = LatentGrid(5, 40, 56)
    x = torch.tensor([30.0, 8.0, 24.0, 1e30, 500.0])
    positions = torch.stack([x, torch.full((5,), 12.0)], -1)[:, None]
    visibility = torch.tensor([True, True, True, True, False])[:, None]
    cells, visible = project_tracks(Tracks(positions, visibility), grid, temporal="mean")
    assert visible.tolist() == [[True, True]]
    assert cells.tolist() == [[[1, 3], [1, 2]]]
    # The released model's own sampling looks at frame 4 alone and loses the track.
    assert project_tracks(Tracks(positions, visibility), grid)[1].tolist() == [[True, False]]


def test_other_strides_are_those_of_the_grid():
    grid = LatentGrid(7, 48, 32, strides=(3, 16, 4))
    positions = torch.full((7, 1, 2), 31.0)
    tracks = Tracks(positions, torch.ones(7, 1, dtype=torch.bool))
    cells, visible = project_tracks(tracks, grid)
    assert cells.tolist() == [[[1, 7]] * 3]
    assert visible.all()


def test_frame_count_mismatch_says_resample():
    tracks = Tracks(torch.zeros(16, 1, 2), torch.ones(16, 1, dtype=torch.bool))
    with pytest.raises(ShapeError, match=r"17 frames; got 16\. Use resample_tracks\(tracks, 17\)"):
        project_tracks(tracks, LatentGrid(17, 40, 56))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": -0.1}, r"strength must be 0 to 2; got -0\.1\."),
        ({"strength": 2.5}, r"strength must be 0 to 2; got 2\.5\."),
        ({"strength": float("nan")}, r"strength must be 0 to 2; got nan\."),
        ({"collision": "random"}, r"generator must be given .* no generator"),
        ({"collision": "over"}, r"one of last, first, mean, random; got 'over'\."),
        ({"generator": torch.Generator()}, r"generator must be given .* a generator"),
        ({"known_latent_frames": 0}, r"known_latent_frames must be 1 or more; got 0\."),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(OptionError, match=message):
        unchecked(replicate_first_frame)(*busy_case(), **options)


def test_an_unknown_temporal_rule():
    tracks, grid, _ = random_case(3)
    with pytest.raises(OptionError, match=r'temporal must be "sample" or "mean"; got \'max\'\.'):
        unchecked(project_tracks)(tracks, grid, temporal="max")


def test_cells_of_another_grid_are_refused():
    latent, cells, visible = busy_case()
    with pytest.raises(ShapeError, match=r"must cover the latent's 4 frames; got 5 and 5\."):
        replicate_first_frame(latent[:, :, :4], cells, visible)
    with pytest.raises(ShapeError, match=r"must lie on the latent's 5x6 cells; got \[\d, 6\]\."):
        replicate_first_frame(latent[..., :6], cells, visible)


def test_cells_that_are_not_visible_are_ignored():
    latent, cells, visible = busy_case()
    odd = torch.where(visible[..., None], cells, -9999)
    want = replicate_first_frame(latent, cells, visible)
    assert torch.equal(replicate_first_frame(latent, odd, visible), want)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("collision", ["last", "first", "mean", "random"])
def test_cuda_equals_cpu_and_repeats(collision):
    latent, cells, visible = busy_case()

    def run(device):
        generator = torch.Generator().manual_seed(2) if collision == "random" else None
        return replicate_first_frame(
            latent.to(device), cells.to(device), visible.to(device),
            collision=collision, generator=generator,
        )  # fmt: skip

    assert run("cuda").device.type == "cuda"
    assert torch.equal(run("cuda"), run("cuda"))
    torch.testing.assert_close(run("cuda").cpu(), run("cpu"), rtol=0, atol=1e-6)
