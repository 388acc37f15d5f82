"""SVG: every path command and shape, transforms, canvas, and what is not drawn."""

import pathlib

import numpy as np
import pytest

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import ReadOptions, parse_tracks, read_track_file
from wanmove_core.formats.svg_path import parse_path
from wanmove_core.formats.svg_shapes import apply, parse_transform

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "interchange"


def picture(content, attributes=""):
    return f"<svg xmlns='http://www.w3.org/2000/svg' {attributes}>{content}</svg>"


def tracks(content, attributes="", frames=5, **options):
    return parse_tracks(
        picture(content, attributes), options=ReadOptions(num_frames=frames, **options)
    ).tracks.positions


def close(actual, wanted, atol=1e-3):
    np.testing.assert_allclose(np.asarray(actual), np.asarray(wanted, np.float32), atol=atol)


def corners(data):
    """Ends of the segments of one subpath."""
    (segments,) = parse_path(data, "x", 100)
    return [segments[0, 0].tolist(), *segments[:, 3].tolist()]


@pytest.mark.parametrize(
    ("relative", "absolute"),
    [
        ("m1 2l3 4 5-6", "M1 2L4 6 9 0"),
        ("m1 2 3 4h5v-6z", "M1,2L4,6H9V0Z"),
        ("M1 2c1 2 3 4 5 6s7 8 9 10", "M1 2C2 4 4 6 6 8S13 16 15 18"),
        ("M1 2q3 4 5 6t7 8t1 1", "M1 2Q4 6 6 8T13 16T14 17"),
        ("M9 9a5 3 20 1 0 4 5", "M9 9A5 3 20 1 0 13 14"),
        ("m.5.5-1e1+.5", "M0.5,0.5 L-9.5,1"),
        ("M0 0a5 5 0 0110 0", "M0 0A5 5 0 0 1 10 0"),
    ],
)
def test_relative_commands_and_tight_writing(relative, absolute):
    for one, other in zip(
        parse_path(relative, "x", 100), parse_path(absolute, "x", 100), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_smooth_commands_mirror_the_control_point_only_after_their_kind():
    (after_cubic,) = parse_path("M0 0C0 9 5 9 9 9S20 9 20 0", "x", 9)
    assert after_cubic[1, 1].tolist() == [13, 9]
    (after_line,) = parse_path("M0 0L9 9S20 9 20 0", "x", 9)
    assert after_line[1, 1].tolist() == [9, 9]
    # A quadratic's control at 2/3 of the way: T after Q mirrors (4, 6) to (8, 10).
    (quadratic,) = parse_path("M1 2Q4 6 6 8T13 16", "x", 9)
    np.testing.assert_allclose(quadratic[1, 1], [6 + 2 / 3 * 2, 8 + 2 / 3 * 2])


def test_closing_and_moving_begin_subpaths():
    paths = parse_path("M1 1h4v4z m2 2h1 M9 9z", "x", 99)
    assert [len(path) for path in paths] == [3, 1]
    assert paths[1][0, 0].tolist() == [3, 3]
    assert corners("M1 1 5 1 5 5Z") == [[1, 1], [5, 1], [5, 5], [1, 1]]


@pytest.mark.parametrize(("large", "sweep"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_arcs_lie_on_their_ellipse(large, sweep):
    """Against the implicit equation of an ellipse of known centre, radii and tilt."""
    radii, tilt = np.array([50.0, 30.0]), np.radians(25)
    rotate = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    center, angles = np.array([70.0, 90.0]), np.radians([200.0, 290.0])
    ends = center + (radii * np.stack([np.cos(angles), np.sin(angles)], 1)) @ rotate
    # From 200 to 290 degrees about this centre is short clockwise, and long the other way. The
    # other two arcs lie on the ellipse that is this one's mirror in the middle of the chord.
    data = f"M{ends[0, 0]} {ends[0, 1]} A50 30 25 {large} {sweep} {ends[1, 0]} {ends[1, 1]}"
    points = tracks(f"<path d='{data}'/>", frames=97)[:, 0].numpy()
    close(points[[0, -1]], ends)
    own = center if (large, sweep) in ((0, 1), (1, 0)) else ends.sum(0) - center
    unit = (points - own) @ rotate.T / radii
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=2e-5)
    turned = np.unwrap(np.arctan2(unit[:, 1], unit[:, 0]))
    assert np.degrees(turned[-1] - turned[0]) == pytest.approx(
        {(0, 1): 90, (1, 0): -270, (0, 0): -90, (1, 1): 270}[large, sweep], abs=0.01
    )


def test_arcs_that_are_too_small_grow_and_flat_ones_are_lines():
    close(tracks("<path d='M0 0A1 1 0 0 1 20 0'/>")[2, 0], [10, -10])
    assert corners("M0 0A0 5 0 0 1 9 9") == [[0, 0], [9, 9]]
    assert parse_path("M3 4A5 5 0 0 1 3 4", "x", 9) == []


def test_points_run_evenly_and_on_the_curve_itself():
    circle = tracks("<circle cx='100' cy='50' r='40'/>", frames=17)[:, 0].numpy()
    angle = 2 * np.pi * np.arange(17) / 16
    close(circle, np.stack([100 + 40 * np.cos(angle), 50 + 40 * np.sin(angle)], 1), atol=0.01)
    np.testing.assert_allclose(np.hypot(*(circle - [100, 50]).T), 40, atol=2e-4)


@pytest.mark.parametrize(
    ("text", "point", "wanted"),
    [
        ("matrix(1 2 3 4 5 6)", (1, 1), (9, 12)),
        ("translate(5)", (1, 1), (6, 1)),
        ("translate(5,7)", (1, 1), (6, 8)),
        ("scale(2)", (1, 3), (2, 6)),
        ("scale(2 -3)", (1, 3), (2, -9)),
        ("rotate(90)", (1, 0), (0, 1)),
        ("rotate(90 10 10)", (11, 10), (10, 11)),
        ("skewX(45)", (1, 2), (3, 2)),
        ("skewY(45)", (1, 2), (1, 3)),
        ("translate(10) scale(2), rotate(90)", (1, 0), (10, 2)),
        ("", (1, 2), (1, 2)),
    ],
)
def test_transforms(text, point, wanted):
    np.testing.assert_allclose(
        apply(parse_transform(text, "x"), np.array([point], float)), [wanted], atol=1e-12
    )


@pytest.mark.parametrize(
    ("attributes", "size", "wanted"),
    [
        ("", None, (10, 20)),
        ("viewBox='0 0 100 50'", (100, 50), (10, 20)),
        ("viewBox='5 5 100 50'", (100, 50), (5, 15)),
        ("width='200' height='100' viewBox='0 0 100 50'", (200, 100), (20, 40)),
        ("width='200px' viewBox='0 0 100 50'", (200, 100), (20, 40)),
        ("width='100%' height='100%' viewBox='0 0 100 50'", (100, 50), (10, 20)),
        # Twice as wide as it needs: centred, unless it says otherwise.
        ("width='200' height='50' viewBox='0 0 100 50'", (200, 50), (60, 20)),
        ("width='200' height='50' viewBox='0 0 100 50' preserveAspectRatio='xMinYMin'",
         (200, 50), (10, 20)),
        ("width='200' height='50' viewBox='0 0 100 50' preserveAspectRatio='none'",
         (200, 50), (20, 20)),
        ("width='200' height='50' viewBox='0 0 100 50' preserveAspectRatio='xMidYMax slice'",
         (200, 50), (20, -10)),
        ("width='1in' height='0.5in'", (96, 48), (10, 20)),
    ],
)  # fmt: skip
def test_the_canvas(attributes, size, wanted):
    file = parse_tracks(picture("<path d='M10 20h9'/>", attributes))
    assert file.size == size
    close(file.tracks.positions[0, 0], wanted)


def test_a_drawing_with_everything():
    file = read_track_file(FIXTURES / "drawing.svg", options=ReadOptions(num_frames=3))
    assert file.size == (832, 480)
    assert file.names == (
        "line", "arc", "ring", "both", "both", "", "", "", "", "", "inner",
    )  # fmt: skip
    assert file.colors[:2] == ("#c00000", "#00aa00")
    ends = file.tracks.positions[[0, 2]].transpose(0, 1).numpy() / 2
    # translate(8 4) matrix(.. 2 6) scale(2 .5): (10, 20) and (40, 100).
    close(ends[0], [[30, 20], [90, 60]])
    close(ends[1], [[50, 94], [150, 94]])
    close(file.tracks.positions[1, 1] / 2, [100, 44])
    close(ends[2], [[240, 120], [240, 120]])
    close(file.tracks.positions[1, 2] / 2, [160, 120])
    close(ends[3:5], [[[8, 4], [18, 4]], [[8, 14], [8, 24]]])
    close(ends[5:7], [[[0, 0], [6, 8]], [[0, 0], [0, 0]]])
    close(ends[7], [[130, 100]] * 2)
    close(ends[8], [[15, 5]] * 2)
    close(ends[9], [[37.795, 0], [75.591, 0]])
    close(ends[10], [[100, 50], [180, 110]])


def test_a_sampled_polyline_that_was_edited_is_a_drawing():
    content = "<polyline data-frames='3' data-visible='0-1' points='0,0 4,0 8,0'/>"
    kept = parse_tracks(picture(content)).tracks
    assert kept.visibility[:, 0].tolist() == [True, True, False]
    edited = parse_tracks(picture(content.replace("8,0", "8,0 12,0"))).tracks
    assert (edited.num_frames, edited.visibility.all()) == (81, True)


def test_clones_are_counted(caplog):
    tracks("<path id='a' d='M0 0h9'/><use href='#a' x='9'/>")
    assert "1 use elements are left out" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "<path d='M0 0 L NaN 5'/>",
            r"element 2 \(path\), character 7 must be a number; got 'NaN 5'",
        ),
        ("<path d='M0 0 L 1e999 5'/>", "character 7 must be a number within"),
        ("<path d='5 5'/>", "character 0 must be a command"),
        ("<path d='M0 0 L 5'/>", "must be a number; got the end of the path"),
        ("<path d='M0 0 h9' transform='spin(3)'/>", "must be made of matrix, translate"),
        ("<path d='M0 0 h9' transform='rotate(3'/>", "must be a list of SVG transforms"),
        ("<path d='M0 0 h9' transform='scale(nan)'/>", "must hold numbers"),
        ("<polyline points='1 2 3'/>", "must hold pairs; got 3 numbers"),
        ("<polyline points='1 2 ٣ 4'/>", "must hold numbers"),
        ("<rect width='50%' height='5'/>", "width must be a length"),
        (
            "<polyline data-frames='2' data-visible='0-7' points='0 0 1 1'/>",
            "must be visible in ranges",
        ),
        ("<path d='M0 0h2e6'/>", "track 0, frame .* x and y must lie within"),
    ],
)
def test_what_is_refused(content, message):
    with pytest.raises(TrackFormatError, match=message):
        parse_tracks(picture(content))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "document type with entities"),
        ("<!DOCTYPE svg SYSTEM 'file:///etc/passwd'><svg>&a;</svg>", "document type with entities"),
        ("<html><svg/></html>", "must be SVG; got XML of 'html'"),
        (picture("<path"), "broken XML"),
        (picture("<path d='M0 0 9 9'/>", "viewBox='0 0 0 9'"), "viewBox must be x, y"),
        (picture("<path d='M0 0 9 9'/>", "viewBox='0 0 9e9 9'"), "viewBox must hold numbers"),
        (picture("<path d='M0 0 9 9'/>", "viewBox='0 0 99999 9'"), "picture width must be"),
    ],
)
def test_pictures_that_are_refused(text, message):
    with pytest.raises(TrackFormatError, match=message):
        parse_tracks(text)
