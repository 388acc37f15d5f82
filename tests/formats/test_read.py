"""Every format, as its tool writes it; expected positions are worked out here, another way."""

import json
import pathlib

import numpy as np
import pytest
import torch

from wanmove_core import formats
from wanmove_core.errors import OptionError
from wanmove_core.formats import ReadOptions, parse_tracks, read_track_file, read_tracks

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "tracks"


def close(actual, wanted, atol=1e-4):
    np.testing.assert_allclose(actual.numpy(), np.asarray(wanted, np.float32), atol=atol)


def test_official_pair_finds_its_visibility():
    tracks = read_tracks(FIXTURES / "official_tracks.npy")
    assert tracks.positions.shape == (13, 3, 2)
    assert tracks.positions.dtype == torch.float32
    close(tracks.positions[7], [[114, 50], [124, 53.5], [134, 57]])
    hidden = [(frame, 1) for frame in (5, 6, 7)]
    assert (~tracks.visibility).nonzero().tolist() == [list(at) for at in hidden]


def test_gradio_float64_pair_equals_the_official_one():
    official = read_tracks(FIXTURES / "official_tracks.npy")
    gradio = read_tracks(str(FIXTURES / "gradio_tracks.npy"))
    assert torch.equal(official.positions, gradio.positions)
    assert torch.equal(official.visibility, gradio.visibility)


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", "<i2", ">i4", "<i8", "<u2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_any_number_type_and_order(tmp_path, dtype, order):
    wanted = np.arange(2 * 5 * 3, dtype=np.float64).reshape(5, 3, 2)
    np.save(tmp_path / "a.npy", np.asarray(wanted.astype(dtype), order=order))
    close(read_tracks(tmp_path / "a.npy").positions, wanted)


@pytest.mark.parametrize("shape", [(1, 5, 3), (5, 3), (5, 1), (5,), (1, 5, 3, 1)])
def test_visibility_shapes_and_floats(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.ones((5, 3, 2), np.float32))
    columns = 3 if shape[-1] == 3 or shape[-2:] == (3, 1) else 1
    seen = np.linspace(0, 1, 5)[:, None].repeat(columns, 1)
    np.save(tmp_path / "v.npy", seen.reshape(shape).astype(np.float64))
    visibility = read_tracks(tmp_path / "a.npy", visibility=tmp_path / "v.npy").visibility
    assert visibility.tolist() == [[False] * 3] * 3 + [[True] * 3] * 2


def test_marks_for_hidden_count_only_without_a_visibility_file(tmp_path):
    array = np.array([[[-1, -1]], [[-100, -100]], [[np.nan, 5]], [[-1, 4]]], np.float32)
    np.save(tmp_path / "a.npy", array)
    assert read_tracks(tmp_path / "a.npy").visibility[:, 0].tolist() == [False] * 3 + [True]
    np.save(tmp_path / "a_visibility.npy", np.ones((4, 1), bool))
    tracks = read_tracks(tmp_path / "a.npy")
    assert tracks.visibility[:, 0].tolist() == [True, True, False, True]
    assert tracks.positions[0, 0].tolist() == [-1, -1]


def test_normalized_only_by_explicit_unit(caplog):
    path = FIXTURES / "wan2gp_normalized.npy"
    pixels = read_tracks(path)
    assert float(pixels.positions.max()) == pytest.approx(1.0)
    assert "with the unit normalized" in caplog.text
    tracks = read_tracks(path, unit="normalized", size=(832, 480))
    # A point past the edge (1.1 before its window) must not turn the file into pixels.
    close(tracks.positions[4], [[0.4 * 832, 0.2 * 480], [0.7 * 832, 0.25 * 480]])
    assert tracks.visibility.tolist() == [[True, False]] * 3 + [[True, True]] * 8


def test_a_value_past_the_edge_stays_normalized(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[[0.5, 0.5]], [[1.1, 0.5]]], np.float32))
    tracks = read_tracks(tmp_path / "a.npy", unit="normalized", size=(100, 50))
    close(tracks.positions, [[[50, 25]], [[110, 25]]])


def test_kj_coordinates_flat_and_nested():
    one = read_tracks(FIXTURES / "kj_coord_str_one.json")
    close(one.positions[:, 0], [[10 + 4 * i, 20 + 3 * i] for i in range(16)])
    many = read_tracks(FIXTURES / "kj_coord_str_many.json")
    close(many.positions[:, 0], one.positions[:, 0].numpy())
    # Six points over sixteen frames by time: frame 15 * k / 5 shows point k.
    close(many.positions[[0, 3, 6, 9, 12, 15], 1], [[500 - 10 * k, 300] for k in range(6)])
    assert (many.positions[:, 2] == torch.tensor([7.0, 9.0])).all()
    assert many.visibility.all()


def test_kj_points_store_runs_evenly_along_the_spline():
    file = read_track_file(FIXTURES / "kj_points_store.json", options=ReadOptions(num_frames=11))
    assert file.names == ("Spline 1", "Point 2", "Spline 3")
    assert file.colors[0] == "#1f77b4"
    positions = file.tracks.positions
    # Knots on one line: whatever the spline, even speed along 100 px of a 3-4-5 triangle.
    close(positions[:, 0], [[6 * i, 8 * i] for i in range(11)])
    close(positions[:, 1], [[100, 50]] * 11)
    # The handles make a symmetric arch: half way, at x = 40, y = 3/4 of the handles' 40.
    close(positions[5, 2], [40, 30], atol=0.02)


def test_kj_node_inputs_use_the_widgets():
    file = read_track_file(FIXTURES / "kj_node_inputs.json", options=ReadOptions(num_frames=15))
    assert file.size == (512, 256)
    # step-after: 30 right, 40 down, 30 right, 40 down; 140 px in 14 steps.
    close(file.tracks.positions[[3, 7, 10, 14], 0], [[30, 0], [30, 40], [60, 40], [60, 80]])


def test_kj_node_inputs_with_sampled_coordinates_use_those():
    value = json.loads((FIXTURES / "kj_node_inputs.json").read_text())
    value["coordinates"] = json.dumps([[{"x": 1, "y": 2}, {"x": 3, "y": 4}]])
    file = parse_tracks(json.dumps(value))
    assert file.size == (512, 256)
    close(file.tracks.positions[:, 0], [[1, 2], [3, 4]])


def test_legacy_knots_are_sampled_when_asked_for():
    path = FIXTURES / "kj_points_store_legacy.json"
    assert read_tracks(path).num_frames == 2
    options = ReadOptions(num_frames=5, format="kj-points")
    close(
        read_track_file(path, options=options).tracks.positions[:, 0],
        [[128 * i, 480 - 120 * i] for i in range(5)],
    )


def test_core_coordinate_strings():
    quotes = read_tracks(FIXTURES / "single_quotes.txt")
    close(quotes.positions, [[[1, 2], [9, 8]], [[3.5, 4], [9, 8]]])
    texts = read_tracks(FIXTURES / "list_of_strings.json")
    assert texts.positions.shape == (5, 2, 2)
    listed = parse_tracks(json.loads((FIXTURES / "list_of_strings.json").read_text()))
    assert torch.equal(listed.tracks.positions, texts.positions)


def test_an_apostrophe_in_a_name_survives():
    text = '[{"points": [{"x": 1, "y": 2}], "name": "bird\'s \\"wing\\""}]'
    assert parse_tracks(text).names == ('bird\'s "wing"',)
    python = repr([{"points": [{"x": 1, "y": 2}], "name": "it's", "isSinglePoint": True}])
    assert parse_tracks(python).names == ("it's",)


def test_ati_is_retimed_not_cut():
    tracks = read_tracks(FIXTURES / "ati_121.json", num_frames=81)
    # 121 frames at 24 fps and 81 at 16 fps both last 5 s: frame j shows point 1.5 j.
    close(tracks.positions[:, 0], [[6 * j, 480 - 3 * j] for j in range(81)])


def test_core_tracks_dict_of_tensors_and_of_lists():
    text = read_tracks(FIXTURES / "tracks_dict.json")
    value = {
        "track_path": torch.arange(12).reshape(1, 3, 2, 2).to(torch.bfloat16),
        "track_visibility": torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
    }
    memory = parse_tracks(value).tracks
    assert torch.equal(text.positions, memory.positions)
    assert memory.visibility.tolist() == [[True, True], [True, False], [True, True]]
    assert parse_tracks({"track_path": value["track_path"]}).tracks.visibility.all()


def test_hidden_points_and_edges():
    tracks = read_tracks(FIXTURES / "hidden_points.json")
    assert tracks.visibility[:, 0].tolist() == [True, False, False, False, False, True, True]
    # x == width and y == height are kept, not moved or dropped.
    assert tracks.positions[6, 0].tolist() == [832, 480]


def test_csv_with_header_bare_and_reordered():
    tracks = read_tracks(FIXTURES / "header.csv")
    close(tracks.positions[:, 1], [[10 + t, t / 4] for t in range(5)])
    assert (~tracks.visibility).nonzero().tolist() == [[2, 1]]
    bare = read_track_file(FIXTURES / "bare.csv")
    assert bare.names == ("ball", "hand")
    assert bare.tracks.visibility.tolist() == [[True, False], [True, True]]
    # Numbered tracks come in numeric order; an empty cell hides the point.
    mixed = read_tracks(FIXTURES / "semicolons.csv")
    close(mixed.positions[:, 1], [[1, 2], [3, 4]])
    assert mixed.visibility.tolist() == [[True, True], [False, True]]


def test_own_editor_document():
    document = {
        "version": 1, "width": 416, "height": 240, "fps": 16, "frames": 11,
        "tracks": [{"id": "t", "name": "a", "curve": "polyline",
                    "knots": [{"x": 0, "y": 0}, {"x": 100, "y": 50}]}],
    }  # fmt: skip
    file = parse_tracks(json.dumps(document), options=ReadOptions(size=(832, 480), num_frames=21))
    assert (file.format, file.size, file.fps) == ("wan-move", (832, 480), 16)
    close(file.tracks.positions[:, 0], [[10 * i, 5 * i] for i in range(21)])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(tmp_path, encoding):
    (tmp_path / "a.json").write_text('[{"x": 1, "y": 2}]', encoding=encoding)
    assert read_tracks(tmp_path / "a.json").positions.tolist() == [[[1.0, 2.0]]]


def test_the_name_never_decides(tmp_path):
    (tmp_path / "walk.npy").write_text('[{"x": 1, "y": 2}]')
    assert read_tracks(tmp_path / "walk.npy").positions.tolist() == [[[1.0, 2.0]]]
    np.save(tmp_path / "walk_tracks.npy", np.ones((3, 2, 2)))
    (tmp_path / "walk_tracks.npy").rename(tmp_path / "walk.json")
    assert read_tracks(tmp_path / "walk.json").num_frames == 3


def test_canvas_size_of_the_caller_is_used_where_the_file_has_none():
    text = json.dumps([{"x": 100, "y": 50}])
    assert read_tracks(text, size=(832, 480)).positions.tolist() == [[[100, 50]]]
    tracks = read_tracks(text, size=(832, 480), canvas_size=(416, 120))
    assert tracks.positions.tolist() == [[[200, 200]]]


def test_json_of_python_values_from_memory():
    assert parse_tracks([[{"x": 1, "y": 2}]]).tracks.positions.tolist() == [[[1.0, 2.0]]]
    wrapped = {"inputs": {"track_coords": '[{"x": 5, "y": 6}]'}, "class_type": "X"}
    assert parse_tracks(wrapped).tracks.positions.tolist() == [[[5.0, 6.0]]]


def test_empty_kj_tracks_are_left_out_loudly(caplog):
    assert parse_tracks('[[], [{"x": 1, "y": 2}]]').tracks.num_points == 1
    assert "1 empty tracks were left out" in caplog.text


def test_the_global_generators_and_arguments_are_untouched():
    value = {"track_path": torch.rand(5, 3, 2), "track_visibility": torch.ones(5, 3)}
    before = {key: tensor.clone() for key, tensor in value.items()}
    state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    parse_tracks(value, options=ReadOptions(num_frames=9, size=(8, 8), canvas_size=(4, 4)))
    assert torch.equal(torch.get_rng_state(), state[0])
    assert (np.random.get_state()[1] == state[1]).all()  # noqa: NPY002
    assert all(torch.equal(value[key], before[key]) for key in value)


@pytest.mark.parametrize(
    "options",
    [{"size": (832, 0)}, {"canvas_size": (70_000, 5)}, {"num_frames": 0}, {"num_frames": 10**9}],
)
def test_bad_options(options):
    with pytest.raises(OptionError):
        ReadOptions(**options)


def test_visibility_needs_npy_and_formats_need_names(tmp_path):
    with pytest.raises(OptionError, match="visibility must come with"):
        parse_tracks("[]", visibility=b"x")
    with pytest.raises(OptionError, match="format must be auto"):
        parse_tracks("[]", options=ReadOptions(format="word"))
    assert "npy" in formats.FORMATS
