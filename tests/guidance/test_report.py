"""The report counts what replication does and names the tracks that do nothing."""

import torch

from wanmove_core import LatentGrid, Tracks, guidance_report, project_tracks, replicate_first_frame

GRID = LatentGrid(13, 40, 56)


def six_tracks():
    """In order: moving, still, hidden at the start, outside at it, only at it, never."""
    positions = torch.full((13, 6, 2), 4.0)
    positions[:, 0, 0] = 4 + 2 * torch.arange(13)
    positions[0, 3] = -50.0
    visibility = torch.ones(13, 6, dtype=torch.bool)
    visibility[0, 2] = False
    visibility[1:, 4] = False
    visibility[:, 5] = False
    return Tracks(positions, visibility)


def test_each_track_is_named_once_with_its_reason():
    report = guidance_report(six_tracks(), GRID)
    assert report.num_points == 6
    assert report.num_guiding == 2
    assert report.num_still == 1
    assert report.hidden_starts == (2,)
    assert report.outside_starts == (3,)
    assert report.start_only == (4,)
    assert report.never_seen == (5,)


def test_counts_equal_what_replication_changes():
    for seed in range(30):
        rng = torch.Generator().manual_seed(seed)
        positions = torch.rand(13, 19, 2, generator=rng) * 60
        tracks = Tracks(positions, torch.rand(13, 19, generator=rng) > 0.4)
        latent = torch.randn(1, 1, 4, 5, 7, generator=rng)
        # Frame 0 lies apart from all else, so that a copy always changes its target.
        latent[:, :, 0] += 100
        for known in (1, 2, 4):
            cells, visible = project_tracks(tracks, GRID)
            first, last = (
                replicate_first_frame(
                    latent, cells, visible, collision=rule, known_latent_frames=known
                )
                for rule in ("first", "last")
            )
            report = guidance_report(tracks, GRID, known_latent_frames=known)
            assert report.edited_cells == int((last != latent).sum())
            assert int((first != last).sum()) <= report.shared_cells <= report.edited_cells


def test_the_sentence_says_it_all_and_stays_on_one_line():
    assert str(guidance_report(six_tracks(), GRID)) == (
        "2 of 6 tracks guide 6 latent cells (0 of them shared; still tracks: 1); "
        "1 without effect, hidden at the start, so there is nothing to copy: 2; "
        "1 without effect, outside of the picture at the start: 3; "
        "1 without effect, visible at the start only: 4; "
        "1 without effect, never visible inside the picture: 5."
    )


def test_a_long_list_is_cut():
    many = Tracks(torch.zeros(13, 30, 2), torch.zeros(13, 30, dtype=torch.bool))
    assert str(guidance_report(many, GRID)).endswith(": 0, 1, 2, 3, 4, 5, 6, 7 and 22 more.")
