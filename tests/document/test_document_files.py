import io
import json
import zipfile

import numpy as np
import pytest
import torch

from wanmove_core.document.sampling import sample_document
from wanmove_core.document.schema import parse_document
from wanmove_core.errors import OptionError, TrackFormatError
from wanmove_core.formats import parse_tracks
from wanmove_core.formats.exchange import exchange, export_document
from wanmove_core.formats.to_document import import_document
from wanmove_core.tracks import Tracks
from wanmove_core.view.point_mask import draw_point_mask

SQUARE = "M10 20 h30 v-10 l-30 0 z"


def svg(*shapes):
    return ("<svg xmlns='http://www.w3.org/2000/svg'>" + "".join(shapes) + "</svg>").encode()


def knots(text):
    return [[(knot.x, knot.y) for knot in track.knots] for track in parse_document(text).tracks]


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.fixture
def curved():
    time = np.linspace(0, 1, 41)[:, None]
    turns = [np.sin(time * k) for k in (0.5, 1.1, 1.7)]
    paths = [
        np.hstack([100 + 90 * a, 60 + 40 * b]) for a, b in zip(turns, turns[::-1], strict=True)
    ]
    return np.stack(paths, axis=1).astype(np.float32)


def test_imported_tracks_stay_within_the_tolerance_with_fewer_knots(curved):
    document = parse_document(import_document(npy(curved), num_frames=41))
    given = sample_document(document).positions.numpy()
    assert np.linalg.norm(given - curved, axis=-1).max() <= 0.26
    assert sum(len(track.knots) for track in document.tracks) < 3 * 41 / 2


def test_a_still_point_becomes_an_anchor_and_hidden_frames_a_window():
    positions = np.tile(np.float32([[7, 9]]), (11, 1, 1))
    seen = [[{"x": 7, "y": 9, "visible": 2 <= t <= 5} for t in range(11)]]
    document = parse_document(import_document(json.dumps(seen).encode(), num_frames=11))
    (track,) = document.tracks
    assert len(track.knots) == 1 and track.windows == ((2, 5),)
    tracks = sample_document(document)
    assert tracks.visibility[:, 0].nonzero().flatten().tolist() == [2, 3, 4, 5]
    assert np.array_equal(tracks.positions[2:6], positions[2:6])


def test_an_editor_document_stays_as_it_is():
    text = '{"version": 1, "width": 9, "height": 9, "fps": 1, "frames": 5, "tracks": [], "z": 1}'
    assert import_document(text.encode()) == text
    with pytest.raises(TrackFormatError, match="width must be an integer"):
        import_document(text.replace('"width": 9', '"width": -9').encode())


def test_svg_shapes_become_tracks():
    text = import_document(
        svg(
            f"<path id='box' d='{SQUARE}'/>",
            "<g><line x1='1' y1='2' x2='3' y2='4'/></g>",
            "<polyline points='0,0 5,5 9 1'/>",
            "<polygon points='0,0 5,5 9,1'/>",
        )
    )
    box, line, polyline, polygon = knots(text)
    assert box == [(10, 20), (40, 20), (40, 10), (10, 10), (10, 20)]
    assert line == [(1, 2), (3, 4)]
    assert polyline == [(0, 0), (5, 5), (9, 1)] and polygon == [*polyline, (0, 0)]
    assert parse_document(text).tracks[0].name == "box"


def test_svg_curves_keep_their_shape():
    def points(path):
        document = parse_document(import_document(svg(f"<path d='{path}'/>"), num_frames=33))
        return sample_document(document).positions[:, 0]

    cubic = points("M0 0 C 10 40 50 40 60 0")
    # The middle of a cubic: (p0 + 3 c1 + 3 c2 + p3) / 8.
    torch.testing.assert_close(cubic[16], torch.tensor([30.0, 30.0]), atol=0.05, rtol=0)
    torch.testing.assert_close(points("M0 0 c10 40 50 40 60 0"), cubic)
    assert points("M0 0 Q 30 60 60 0")[16].tolist() == pytest.approx([30, 30], abs=0.05)
    smooth = points("M0 0 Q 30 60 60 0 T 120 0")
    assert smooth[24].tolist() == pytest.approx([90, -30], abs=0.05)
    torch.testing.assert_close(
        points("M0 0 C 0 9 5 9 9 9 S 20 9 20 0"), points("M0 0 C 0 9 5 9 9 9 C 13 9 20 9 20 0")
    )


def test_svg_transforms_and_canvas_apply_and_curves_stay_curves():
    picture = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 416 240'>"
        "<g transform='translate(16 40)'><path stroke='#aa0011' d='M0 0 C 0 8 8 8 8 0'/></g></svg>"
    )
    (track,) = parse_document(import_document(picture.encode())).tracks
    assert track.curve == "bezier"
    # The canvas of 832x480 is twice the picture's.
    assert [(k.x, k.y) for k in track.knots] == [(32, 80), (48, 80)]
    assert track.knots[0].leaving == (0, 16) and track.knots[1].arriving == (0, 16)


def test_an_exported_svg_comes_back_as_tracks_in_time(curved):
    text = import_document(npy(curved), num_frames=41)
    _, data = export_document(text, "svg")
    back = sample_document(parse_document(import_document(data, num_frames=41)))
    given = sample_document(parse_document(text))
    assert (back.positions - given.positions).norm(dim=-1).max() <= 0.26


def test_one_path_may_hold_several_tracks():
    assert len(knots(import_document(svg("<path d='M0 0 10 0 M5 5 L 9 9 20 20'/>")))) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (svg("<path d='M0 0 A 5 5 0 2 1 9 9'/>"), "must be 0 or 1; got '2 1 9 9'"),
        (svg("<text>5</text>"), "must have 1 to 10000 paths; got 0"),
        (svg("<path d='M0 0 9 9'/>" * 5000), "at most 4096 paths to be edited; got 5000"),
        (b"<svg", "must be SVG; got broken XML .* at line 1"),
        (
            b'<!DOCTYPE s [<!ENTITY a "b">]><svg/>',
            "must be plain SVG; got a document type with entities",
        ),
        (svg("<line x1='a'/>"), "x1 must be a length within 1e.09 px; got 'a'"),
        (b"\x80\x04pickle", "pickle"),
        (npy(np.zeros((5, 5000, 2), np.float32)), "at most 4096 tracks to be edited; got 5000"),
    ],
)
def test_what_cannot_be_imported_is_named(data, message):
    with pytest.raises(TrackFormatError, match=message):
        import_document(data, name="file")


def test_exports_read_back(curved):
    text = import_document(npy(curved), num_frames=41)
    expected = sample_document(parse_document(text))
    for kind in ("json", "csv"):
        name, data = export_document(text, kind)
        assert name == f"wanmove_tracks.{kind}"
        torch.testing.assert_close(parse_tracks(data).tracks.positions, expected.positions)
    for kind in ("svg", "nuke", "blender", "after-effects"):
        name, data = export_document(text, kind)
        loaded = parse_tracks(data)
        assert (loaded.format, loaded.size) == (kind, (832, 480))
        torch.testing.assert_close(loaded.tracks.positions, expected.positions)
    name, data = export_document(text, "npy")
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert (name, len(archive.namelist())) == ("wanmove_tracks.zip", 2)
    tracks = np.load(archive.open("wanmove_tracks.npy"))
    np.testing.assert_array_equal(tracks[0], expected.positions)


def test_what_cannot_be_exported_is_named():
    with pytest.raises(TrackFormatError, match="must have a track to export; got none"):
        export_document("", "npy")
    with pytest.raises(OptionError, match="format must be one of npy, json, csv"):
        export_document('[[{"x": 1, "y": 2}]]', "exe")


def test_point_mask_is_a_disc_at_each_visible_point():
    positions = torch.tensor([[[10.0, 7.0], [-50.0, 3.0]], [[0.0, 7.0], [18.0, 12.0]]])
    visibility = torch.tensor([[True, True], [True, False]])
    mask = draw_point_mask(Tracks(positions, visibility), (19, 13), radius=3.0)
    assert mask.shape == (2, 13, 19)
    assert mask[0].sum().item() == pytest.approx(torch.pi * 9, abs=4)
    assert mask[1].sum().item() == pytest.approx(torch.pi * 9 / 2, abs=4)
    rows, cols = mask[0].nonzero().unbind(1)
    assert (rows.float().mean() + 0.5).item() == pytest.approx(7)
    assert (cols.float().mean() + 0.5).item() == pytest.approx(10)
    with pytest.raises(OptionError, match="radius must be above 0"):
        draw_point_mask(Tracks(positions, visibility), (19, 13), radius=0.0)


def test_a_file_that_states_its_fps_keeps_its_frames() -> None:
    keys = "\n".join(f"\t{frame}\t{10 + 5 * frame}\t20\t0" for frame in range(0, 101, 50))
    text = (
        "Adobe After Effects 8.0 Keyframe Data\n\n\tUnits Per Second\t24\n\tSource Width\t832\n"
        "\tSource Height\t480\n\nTransform\tPosition\n\tFrame\tX pixels\tY pixels\tZ pixels\n"
        f"{keys}\n\nEnd of Keyframe Data\n"
    )
    document = parse_document(import_document(text.encode(), num_frames=41))
    assert (document.num_frames, document.fps) == (101, 24)
    assert sample_document(document).positions[50, 0].tolist() == [260, 20]
    assert b"untimed" not in exchange(text.encode(), {"frames": "41"})[1]
    untimed = exchange(b"[[[1, 2]], [[3, 4]]]", {"frames": "41"})[1]
    assert json.loads(untimed)["untimed"] and json.loads(untimed)["frames"] == 41
