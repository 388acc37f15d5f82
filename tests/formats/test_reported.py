"""Files that people reported elsewhere, and their siblings: read right, not refused whole."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import ReadOptions, parse_tracks, read_track_file, read_tracks

REPORTED = Path(__file__).parents[1] / "fixtures" / "reported"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" {0}>{1}</svg>'
LINE = '<path d="M10 10L50 50"/>'


def first_track(text, **options):
    return parse_tracks(text, options=ReadOptions(**options)).tracks.positions[:, 0]


@pytest.mark.parametrize(
    "root, content",
    [
        ("", '<rect width="100%" height="100%"/>' + LINE),
        ("", '<circle cx="50%" r="2em"/>' + LINE),
        ("", '<rect width="auto" height="calc(100% - 2px)"/>' + LINE),
        ('width="30em" height="auto"', LINE),
        ("", '<path d="none"/>' + LINE),
        ("", '<g transform="perspective(4)"><text>a</text></g>' + LINE),
        ("", '<g transform="rotate3d(1,1,1,45deg)"/>' + LINE),
    ],
)
def test_what_an_svg_needs_not_is_left_out(root, content):
    expected = first_track(SVG.format("", LINE))
    assert torch.equal(first_track(SVG.format(root, content)), expected)


@pytest.mark.parametrize(
    "content",
    [
        '<g transform="translate(10px, 20px)">{}</g>',
        '<g style="fill:none; transform: translate(10px 20px);">{}</g>',
        '<g transform="rotate(0.25turn) rotate(-90deg) translate(10,20)">{}</g>',
    ],
)
def test_css_transforms_count(content):
    moved = first_track(SVG.format("", content.format(LINE)))
    torch.testing.assert_close(
        moved, first_track(SVG.format("", LINE)) + torch.tensor([10.0, 20.0]), atol=1e-3, rtol=0
    )


def test_a_transform_that_cannot_be_read_is_told_where_it_counts():
    with pytest.raises(TrackFormatError, match="be made of matrix, translate"):
        parse_tracks(SVG.format("", f'<g transform="perspective(4)">{LINE}</g>'))


def test_the_reported_picture_has_its_line():
    assert read_tracks(REPORTED / "bgrect.svg").num_points == 1


def test_corner_pins_of_after_effects():
    found = read_track_file(REPORTED / "ae_powerpin.txt", options=ReadOptions())
    assert (found.tracks.num_points, found.tracks.num_frames, found.fps) == (4, 24, 24)
    starts = found.tracks.positions[0].tolist()
    assert starts == [[20, 10], [60, 10], [20, 50], [60, 50]]
    text = (REPORTED / "ae_powerpin.txt").read_text()
    for effect, point in (("ADBE Corner Pin", "ADBE Corner Pin"), ("Point Control", "Point")):
        other = text.replace("CC Power Pin #1", effect).replace("CC Power Pin", point)
        assert parse_tracks(other).tracks.num_points == 4


def test_after_effects_in_german():
    text = (REPORTED / "ae30.txt").read_text().replace("Keyframe Data\n\n", "Keyframe-Daten\n\n")
    for english, german in {
        "End of Keyframe Data": "Ende der Keyframe-Daten",
        "Units Per Second": "Einheiten pro Sekunde",
        "Source Width": "Breite der Quelle",
        "Source Height": "Höhe der Quelle",
        "Source Pixel Aspect Ratio": "Pixelseitenverhältnis der Quelle",
        "Comp Pixel Aspect Ratio": "Pixelseitenverhältnis der Komposition",
        "Transform": "Transformieren",
        "Frame\tX pixels": "Bild\tX Pixel",
        "\t3\t5\t20\t": "\t3\t5,25\t20\t",
    }.items():
        assert english in text
        text = text.replace(english, german)
    found = parse_tracks(text)
    assert (found.fps, found.size, found.tracks.num_frames) == (30, (96, 64), 81)
    assert found.tracks.positions[3, 0].tolist() == [5.25, 20]


@pytest.mark.parametrize("first", [0, 1, 1001])
def test_csv_begins_at_its_first_frame(first):
    text = "frame,track,x,y\n" + "".join(f"{first + k},a,{10 + k},20\n" for k in range(5))
    tracks = parse_tracks(text).tracks
    assert tracks.num_frames == 5 and tracks.visibility.all()
    assert read_tracks(REPORTED / "csv_from1001.csv").num_frames == 2


def test_a_late_track_of_csv_stays_late():
    tracks = parse_tracks("frame,track,x,y\n24,a,10,20\n25,a,11,20\n").tracks
    assert tracks.num_frames == 26 and tracks.visibility[:, 0].nonzero().flatten().tolist() == [
        24,
        25,
    ]
    tracks = parse_tracks("frame,track,x,y\n1,a,1,2\n2,a,1,2\n2,b,3,4\n").tracks
    assert tracks.visibility.tolist() == [[True, False], [True, True]]


def test_german_csv():
    found = parse_tracks("frame;track;x;y\n0;a;10,5;20,25\n1;a;11,5;20\n").tracks
    assert found.positions[:, 0].tolist() == [[10.5, 20.25], [11.5, 20.0]]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_lines_end_at_line_feeds_alone(separator):
    found = parse_tracks(f"frame,track,x,y\r\n0,a{separator}b,1,20\r\n0,c,3,40\r\n")
    assert found.tracks.num_points == 2 and found.names == (f"a{separator}b", "c")


def test_every_entrance_takes_a_byte_order_mark(tmp_path):
    text = "\ufeff[[[1,20],[3,40]]]"
    assert parse_tracks(text).tracks.num_frames == 2
    assert read_tracks(text).num_frames == 2
    path = tmp_path / "[v1] tracks.json"
    path.write_text(text, encoding="utf-8")
    assert read_tracks(str(path)).num_frames == 2
    assert read_tracks([[[1, 20], [3, 40]]]).num_frames == 2
    assert parse_tracks(["[[1,20],[3,40]]", "[[5,60],[7,80]]"]).tracks.num_points == 2


def test_a_name_in_brackets_is_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("[v1] tracks.npy", np.full((2, 1, 2), 9.0, np.float32))
    assert read_tracks("[v1] tracks.npy").num_frames == 2


@pytest.mark.parametrize("text", ["\ud800", "[[[1,2],[3,\udc00]]]", "0,a,1,2\n1,\ud9ff,2,3\n"])
def test_half_a_character_is_one_line(text):
    with pytest.raises(TrackFormatError, match="half a character"):
        parse_tracks(text)


@pytest.mark.parametrize("radius", ["1e9", "5e-324", "1e-300", "1e308"])
def test_arcs_of_any_radius_are_read_or_refused(radius):
    for flags in ("0 0", "1 0", "0 1", "1 1"):
        try:
            parse_tracks(SVG.format("", f'<path d="M1 1A{radius} 1e9 0 {flags} 5 5"/>'))
        except TrackFormatError as error:
            assert "must" in str(error)


def test_an_empty_text_in_a_curve_of_nuke_is_one_line():
    text = 'Tracker3 {\n track1 {{curve ""} {curve ""}}\n}\n'
    with pytest.raises(TrackFormatError, match="must be a number"):
        parse_tracks(text, options=ReadOptions(canvas_size=(96, 64)))


@pytest.mark.parametrize("shape", [(5, 3), (5, 3, 1), (1, 5, 3), (1, 5, 3, 1)])
def test_visibility_of_every_shape_in_use_is_read(shape):
    def npy(array):
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()

    seen = np.arange(15).reshape(5, 3) % 2 == 0
    positions = np.full((5, 3, 2), 7, np.float32)
    found = parse_tracks(npy(positions), visibility=npy(seen.reshape(shape)))
    assert (found.tracks.visibility.numpy() == seen).all()


@pytest.mark.parametrize(
    "head",
    [
        "{'descr': '<<f4', 'fortran_order': False, 'shape': (5, 3, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 3, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-18446744073709551616, 3, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ", 3, 2), }",
        "{'descr': '<f4', 'fortran_order': 1e999, 'shape': (5, 3, 2), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (5, 3, 2), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (5, 3, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (5.0, 3, 2), }",
        "{'descr': 'f' * 99999999, 'fortran_order': False, 'shape': (5, 3, 2), }",
    ],
)
def test_heads_of_npy_that_numpy_breaks_on_are_one_line(head):
    text = (head + " " * 63)[: (len(head) + 64) // 64 * 64 - 11].encode() + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(120)
    with pytest.raises(TrackFormatError) as told:
        parse_tracks(data, name="a.npy")
    assert str(told.value).isprintable() and len(str(told.value)) <= 500
    assert str(told.value).startswith("a.npy")


def test_every_kind_of_a_list_of_texts_is_read_alike():
    """A byte order mark, and the list that Append Strings To List gives."""
    text = "[[1, 20], [3, 40]]"
    for given in (text, "\ufeff" + text, ("\ufeff" + text).encode(), text.encode("utf-16"), [text]):
        assert parse_tracks(given).tracks.positions.tolist() == [[[1, 20]], [[3, 40]]]
    assert parse_tracks([text, text]).tracks.num_points == 2
