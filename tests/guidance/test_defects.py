"""What other implementations get wrong (their source was read and run), and this one must not.

Numbers follow the list of defects found in ComfyUI's `comfy_extras/nodes_wanmove.py` and in
Wan-Move's `wan/modules/trajectory.py`; the ones that concern the tensor core are here.
"""

import time

import pytest
import torch

from wanmove_core import (
    LatentGrid,
    ShapeError,
    Tracks,
    fit_tracks,
    guidance_report,
    guide_branches,
    known_mask,
    project_tracks,
    replicate_first_frame,
    resample_tracks,
    retime_tracks,
)

GRID = LatentGrid(17, 40, 56)


def latent(batch=1, grid=GRID):
    rng = torch.Generator().manual_seed(1)
    return torch.randn(batch, 3, grid.latent_frames, grid.rows, grid.cols, generator=rng)


def moving(points=1, frames=17):
    """Tracks that go right by one cell every latent frame, each in its own row."""
    x = 4.0 + 2.0 * torch.arange(frames)
    y = 4.0 + 8.0 * torch.arange(points)
    positions = torch.stack([x[:, None].expand(-1, points), y[None].expand(frames, -1)], dim=-1)
    return Tracks(positions, torch.ones(frames, points, dtype=torch.bool))


def hidden(tracks, frames, points=slice(None)):
    visibility = tracks.visibility.clone()
    visibility[frames, points] = False
    return Tracks(tracks.positions, visibility)


def guide(tracks, grid=GRID, **options):
    return replicate_first_frame(latent(grid=grid), *project_tracks(tracks, grid), **options)


def test_defect_01_the_unguided_latent_survives_so_both_branch_choices_exist():
    plain = latent()
    before = plain.clone()
    guided = replicate_first_frame(plain, *project_tracks(moving(), GRID))
    assert torch.equal(plain, before)
    positive, negative = guide_branches(plain, guided, "positive")
    assert not torch.equal(positive, negative)
    positive, negative = guide_branches(plain, guided, "both")
    assert torch.equal(positive, negative)


def test_defect_02_a_batch_larger_than_one_is_guided_throughout():
    plain = latent(batch=3)
    cells, visible = project_tracks(moving(2), GRID)
    out = replicate_first_frame(plain, cells, visible)
    for sample in range(3):
        one = replicate_first_frame(plain[sample : sample + 1], cells, visible)
        assert torch.equal(out[sample : sample + 1], one)
        assert not torch.equal(one, plain[sample : sample + 1])


@pytest.mark.parametrize("start", ["hidden", "outside"])
def test_defect_03_a_start_without_feature_guides_nothing_and_is_reported(start):
    tracks = moving(2)
    if start == "hidden":
        tracks = hidden(tracks, 0, 0)
    else:
        positions = tracks.positions.clone()
        positions[0, 0] = torch.tensor([-3.0, 4.0])
        tracks = Tracks(positions, tracks.visibility)
    only_second = Tracks(tracks.positions[:, 1:], tracks.visibility[:, 1:])
    assert torch.equal(guide(tracks), guide(only_second))
    report = guidance_report(tracks, GRID)
    found = report.hidden_starts if start == "hidden" else report.outside_starts
    assert found == (0,) and report.num_guiding == 1


def test_defect_04_one_column_of_visibility_serves_all_points():
    column = torch.ones(17, 1)
    column[4] = 0
    tracks = Tracks.from_arrays(moving(3).positions, column)
    assert torch.equal(tracks.visibility, (column > 0.5).expand(17, 3))
    assert torch.equal(guide(tracks), guide(hidden(moving(3), 4)))


@pytest.mark.parametrize("collision", ["last", "first", "mean", "random"])
def test_defect_05_collisions_do_not_depend_on_the_global_rng(collision):
    crossing = Tracks(
        torch.cat([moving().positions, moving().positions.flip(0)], dim=1),
        torch.ones(17, 2, dtype=torch.bool),
    )

    def run(global_seed):
        torch.manual_seed(global_seed)
        state = torch.random.get_rng_state()
        generator = torch.Generator().manual_seed(1) if collision == "random" else None
        out = guide(crossing, collision=collision, generator=generator)
        assert torch.equal(torch.random.get_rng_state(), state)
        return out

    assert guidance_report(crossing, GRID).shared_cells == 1
    assert all(torch.equal(run(0), run(seed)) for seed in range(1, 8))


def test_defect_05_z_order_is_the_order_of_the_tracks():
    # Both stand in cell (0, 1) at the end; the second starts in another row.
    positions = torch.tensor([[[4.0, 4.0], [4.0, 20.0]]]).repeat(17, 1, 1)
    positions[1:] = torch.tensor([12.0, 4.0])
    tracks = Tracks(positions, torch.ones(17, 2, dtype=torch.bool))
    plain = latent()
    assert torch.equal(guide(tracks)[:, :, 4, 0, 1], plain[:, :, 0, 2, 0])
    assert torch.equal(guide(tracks, collision="first")[:, :, 4, 0, 1], plain[:, :, 0, 0, 0])


@pytest.mark.parametrize("frames", [5, 16, 18, 33])
def test_defect_06_visibility_of_another_length_is_refused_with_both_shapes(frames):
    with pytest.raises(ShapeError, match=rf"\[17, 2\] to match positions; got \[{frames}, 2\]"):
        Tracks.from_arrays(moving(2).positions, torch.ones(frames, 2))


def test_defect_07_tracks_of_another_length_are_never_used_half():
    for frames in (16, 40, 121):
        with pytest.raises(ShapeError, match=r"Use resample_tracks\(tracks, 17\)"):
            project_tracks(moving(1, frames), GRID)
        assert project_tracks(resample_tracks(moving(1, frames), 17), GRID)[1].any()
    held = retime_tracks(moving(1, 9), 17, "hold")
    assert project_tracks(held, GRID)[1].all()


def test_defect_08_a_glimpse_between_the_sampled_frames_counts_with_mean():
    tracks = hidden(moving(), [4, 8, 12, 16])
    assert guidance_report(tracks, GRID).num_guiding == 0
    assert guidance_report(tracks, GRID, temporal="mean").num_guiding == 1


def test_defect_09_nan_and_infinity_hide_a_point():
    positions = moving(2).positions.clone()
    positions[4, 0, 0] = float("nan")
    positions[8, 0, 1] = float("inf")
    tracks = Tracks.from_arrays(positions)
    assert torch.equal(guide(tracks), guide(hidden(moving(2), [4, 8], 0)))


def test_defect_09_huge_positions_are_off_canvas_not_an_overflow():
    positions = moving(1).positions.clone()
    positions[4] = 3e38
    positions[8] = -3e38
    tracks = Tracks(positions, torch.ones(17, 1, dtype=torch.bool))
    for temporal in ("sample", "mean"):
        project_tracks(tracks, GRID, temporal=temporal)
    assert torch.equal(guide(tracks), guide(hidden(moving(), [4, 8])))


def test_defect_10_two_thousand_tracks_take_milliseconds():
    grid = LatentGrid(81, 480, 832)
    rng = torch.Generator().manual_seed(0)
    positions = torch.rand(81, 2000, 2, generator=rng) * torch.tensor([832.0, 480.0])
    tracks = Tracks(positions, torch.ones(81, 2000, dtype=torch.bool))
    plain = torch.zeros(1, 16, 21, 60, 104)
    best = float("inf")
    for _ in range(5):
        # Of this thread: on a busy machine the clock on the wall also times its other work.
        start = time.thread_time()
        replicate_first_frame(plain, *project_tracks(tracks, grid))
        best = min(best, time.thread_time() - start)
    # The loop that this replaces takes 1.2 to 1.6 s.
    assert best < 0.2


def test_defect_11_no_tracks_at_all_is_the_identity():
    none = Tracks(torch.zeros(17, 0, 2), torch.zeros(17, 0, dtype=torch.bool))
    assert torch.equal(guide(none), latent())
    assert guidance_report(none, GRID).num_points == 0


def test_defect_12_points_on_the_far_edge_count():
    positions = torch.tensor([[[56.0, 40.0]]]).repeat(17, 1, 1)
    tracks = Tracks(positions, torch.ones(17, 1, dtype=torch.bool))
    assert guidance_report(tracks, GRID).num_still == 1
    # Also after a change of size.
    small = fit_tracks(tracks, (56, 40), (1280, 720))
    assert project_tracks(small, LatentGrid(17, 720, 1280))[1].all()


def test_defect_13_given_frames_are_never_overwritten():
    out = guide(moving(), known_latent_frames=3)
    plain = latent()
    assert torch.equal(out[:, :, :3], plain[:, :, :3])
    assert not torch.equal(out[:, :, 3:], plain[:, :, 3:])
    assert GRID.latent_frame_of(8) + 1 == 3
    assert (known_mask(GRID, 9)[:, :3] == 1).all() and (known_mask(GRID, 9)[:, 3:] == 0).all()


def test_defect_14_strength_1_is_bit_exact_where_the_lerp_is_not():
    plain = latent()
    plain[:, :, 1:] += 1e4
    cells, visible = project_tracks(moving(), GRID)
    out = replicate_first_frame(plain, cells, visible)
    assert torch.equal(out[:, :, 4, 0, 4], plain[:, :, 0, 0, 0])
    lerp = plain[:, :, 4, 0, 4] + (plain[:, :, 0, 0, 0] - plain[:, :, 4, 0, 4]) * 1.0
    assert not torch.equal(lerp, plain[:, :, 0, 0, 0])


def test_official_the_mask_fits_any_length():
    assert known_mask(LatentGrid(121, 40, 56)).shape == (4, 31, 5, 7)


def test_official_integer_tracks_scale_without_touching_the_callers_array():
    given = torch.full((17, 1, 2), 7, dtype=torch.int64)
    out = fit_tracks(Tracks.from_arrays(given), (56, 40), (112, 80))
    assert (out.positions == 14).all()
    assert (given == 7).all()
