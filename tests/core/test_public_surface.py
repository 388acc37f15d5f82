"""What others may import. A change here is a change of the contract: note it in CHANGELOG.md."""

import wanmove_core

PUBLIC = [
    "CheckpointError",
    "GridError",
    "GuidanceReport",
    "LatentGrid",
    "MediaError",
    "OptionError",
    "ShapeError",
    "TrackFormatError",
    "Tracks",
    "WanMoveError",
    "concat_tracks",
    "conditioning_input",
    "conditioning_video",
    "draw_tracks",
    "fit_image",
    "fit_tracks",
    "guidance_report",
    "guide_branches",
    "known_mask",
    "project_tracks",
    "read_tracks",
    "reference_size",
    "replicate_first_frame",
    "resample_tracks",
    "retime_tracks",
    "write_tracks",
]


def test_the_public_names_are_pinned_and_sorted():
    assert wanmove_core.__all__ == sorted(PUBLIC)


def test_every_public_name_exists_and_says_what_it_does():
    for name in wanmove_core.__all__:
        assert getattr(wanmove_core, name).__doc__, name


def test_every_error_is_a_wan_move_error_and_a_value_error():
    for name in wanmove_core.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(wanmove_core, name), wanmove_core.WanMoveError)
    assert issubclass(wanmove_core.WanMoveError, ValueError)
