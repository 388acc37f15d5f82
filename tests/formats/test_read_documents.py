"""Documents of other editors, sampled here; expected positions are worked out another way."""

import json
import pathlib

import numpy as np
import pytest
import torch

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import ReadOptions, parse_tracks, read_track_file, read_tracks

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "tracks"


def close(actual, wanted, atol=1e-4):
    np.testing.assert_allclose(actual.numpy(), np.asarray(wanted, np.float32), atol=atol)


def test_path_animator_windows_easing_and_parallels():
    options = ReadOptions(num_frames=17)
    file = read_track_file(FIXTURES / "path_animator.json", options=options)
    assert file.size == (512, 288)
    positions, seen = file.tracks.positions, file.tracks.visibility
    close(positions[:, 0], [[5 * i, 0] for i in range(17)])
    # 0.25 .. 0.5 of 16 steps: frames 4 to 8, hidden ("pop") outside.
    close(positions[4:9, 1], [[10, 10 + 20 * i] for i in range(5)])
    assert seen[:, 1].nonzero().flatten().tolist() == [4, 5, 6, 7, 8]
    close(positions[:, 2], [[200, 100]] * 17)
    assert seen[:, 2].all()
    # Runs backwards; three parallels 2.5 % of (512 + 288) / 2 = 10 px apart, never swapping.
    for track, y in ((3, 50), (4, 60), (5, 70)):
        close(positions[:, track], [[80 - 5 * i, y] for i in range(17)])


def test_path_animator_named_easing_and_fit():
    tracks = read_tracks(FIXTURES / "fl_path_animator.json", num_frames=11, size=(1024, 256))
    # ease-in is t squared; 100 px of path; then stretched from 512x512 to 1024x256.
    wanted = [[2 * 0.6 * i * i, 0.5 * 0.8 * i * i] for i in range(11)]
    close(tracks.positions[:, 0], wanted, atol=1e-3)


def test_wan2gp_definition():
    file = read_track_file(FIXTURES / "wan2gp_definition.json")
    assert (file.size, file.fps) == ((832, 480), 16.0)
    positions, seen = file.tracks.positions, file.tracks.visibility
    close(positions[:, 0], [[2 * i, 100] for i in range(81)])
    assert seen[:, 1].nonzero().flatten().tolist() == list(range(20, 61))
    # Speed 1 to 3: after half the time (frame 40) 0.5 * (1 + 2) / 2 of 2, so 3/8 of 400 px.
    close(positions[[20, 40, 60], 1], [[10, 0], [10, 150], [10, 400]])
    # The centre of the 20x10 rectangle moves to the path's point.
    close(positions[[0, 40, 80], 2], [[10, 5], [50, 5], [90, 5]])


@pytest.mark.parametrize(
    ("mode", "speeds"),
    [
        ("none", [1, 1, 1]), ("accelerate", [1, 3, 5]), ("decelerate", [5, 3, 1]),
        ("accelerate-decelerate", [1, 5, 1]), ("decelerate-accelerate", [5, 1, 5]),
    ],
)  # fmt: skip
def test_wan2gp_speeds_against_numeric_integration(mode, speeds):
    value = json.loads((FIXTURES / "wan2gp_definition.json").read_text())
    value["layers"] = [{**value["layers"][0], "speedMode": mode, "speedRatio": 5}]
    x = parse_tracks(json.dumps(value)).tracks.positions[:, 0, 0]
    fine = np.interp(np.linspace(0, 1, 80_001), [0, 0.5, 1], speeds)
    way = np.concatenate([[0], np.cumsum((fine[1:] + fine[:-1]) / 2)])
    close(x, 160 * way[::1000] / way[-1], atol=1e-3)


def test_wan2gp_definition_at_another_length():
    tracks = read_tracks(FIXTURES / "wan2gp_definition.json", num_frames=41)
    assert tracks.visibility[:, 1].nonzero().flatten().tolist() == list(range(10, 31))
    close(tracks.positions[20, 1], [10, 150])


def test_ltx_is_even_in_the_parameter():
    options = ReadOptions(num_frames=5, format="ltx-points")
    bare = read_track_file(FIXTURES / "ltx_points_store.json", options=options).tracks
    inputs = read_tracks(FIXTURES / "ltx_node_inputs.json", num_frames=5)
    assert torch.equal(bare.positions, inputs.positions)
    # Catmull-Rom with doubled ends, half way in each segment: (-p0 + 9 p1 + 9 p2 - p3) / 16.
    wanted = [[0, 0], [50, -6.25], [100, 0], [106.25, 50], [100, 100]]
    wanted[1] = [(9 * 0 + 9 * 100 - 0 - 100) / 16, -100 / 16]
    wanted[3] = [(9 * 100 + 9 * 100 - 0 - 100) / 16, (9 * 100 - 100) / 16]
    close(bare.positions[:, 0], wanted)
    close(bare.positions[:, 1], [[5, 6]] * 5)


def test_strokes_are_normalized_by_format():
    file = read_track_file(FIXTURES / "strokes.json", options=ReadOptions(num_frames=7))
    assert file.size == (400, 200)
    # 0.5 right then 1.0 down, in shares of the picture: a third of the way is the corner.
    close(file.tracks.positions[[0, 2, 6], 0], [[0, 0], [200, 0], [200, 200]])
    close(file.tracks.positions[:, 1], [[100, 100]] * 7)
    assert read_tracks(FIXTURES / "strokes_tracks.json").num_frames == 151


def test_qq_pauses():
    tracks = read_tracks(FIXTURES / "qq_coord_out.json", size=(800, 400), num_frames=81)
    x = tracks.positions[:, 0, 0]
    assert (x[:21] == 0).all()
    assert (x[60:] == 800).all()
    close(tracks.positions[40, 0], [400, 200])
    close(tracks.positions[:, 1], [[200, 300]] * 81)


def test_kling_counts_y_from_the_bottom():
    options = ReadOptions(num_frames=5, canvas_size=(832, 480))
    tracks = read_track_file(FIXTURES / "kling.json", options=options).tracks
    close(tracks.positions[[0, 4], 0], [[279, 261], [417, 415]])
    close(tracks.positions[:, 1], [[0, 480], [4, 472], [8, 464], [8, 232], [8, 0]])
    with pytest.raises(TrackFormatError, match="counts y from its bottom"):
        read_tracks(FIXTURES / "kling.json")
