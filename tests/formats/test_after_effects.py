"""Keyframes of After Effects: which properties count, on which clock, in which pixels."""

import pathlib

import numpy as np
import pytest

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import ReadOptions, parse_tracks, read_track_file

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "interchange"


def keyframes(*sections, width=832, height=480):
    head = (
        "Adobe After Effects 9.0 Keyframe Data\n\n\tUnits Per Second\t24\n"
        f"\tSource Width\t{width}\n\tSource Height\t{height}\n\tComp Pixel Aspect Ratio\t1\n\n"
    )
    return head + "\n\n".join(sections) + "\n\n\nEnd of Keyframe Data\n"


def points(path, *rows):
    return "\n".join(
        [path, "\tFrame\tX pixels\tY pixels", *("\t" + "\t".join(r.split()) for r in rows)]
    )


def close(actual, wanted):
    np.testing.assert_allclose(actual.numpy(), np.asarray(wanted, np.float32), atol=1e-4)


def test_position_between_keys_in_square_pixels(caplog):
    caplog.set_level("INFO")
    file = read_track_file(FIXTURES / "after_effects_position.txt")
    # 720 wide pixels of 1.06667 are 768 square ones; the clock starts at the first key.
    assert (file.size, file.fps) == ((768, 576), 25.0)
    wide = 768 / 720
    close(
        file.tracks.positions[:, 0],
        [[(100 + 10 * t) * wide, 200 - 5 * t] for t in range(5)]
        + [[140 * wide, 170.25], [140 * wide, 160.5]],
    )
    assert file.tracks.visibility.all()
    assert "left out Anchor Point, Rotation, Scale" in caplog.text


def test_trackers_take_the_feature_and_rest_outside_their_keys():
    file = read_track_file(FIXTURES / "after_effects_trackers.txt")
    assert file.names == (
        "Tracker #1 Track Point #1 Feature Center",
        "Tracker #1 Track Point #2 Attach Point",
        "Corner Pin #1 Upper Left #2",
    )
    positions = file.tracks.positions
    close(positions[:, 0], [[940.125, 525.75], [939.25, 526], [938.5, 527], [938.5, 527]])
    close(positions[:, 1], [[100, 50], [100, 50], [105, 60], [110, 70]])
    close(positions[:, 2], [[12, 34]] * 4)


def test_a_null_object_does_not_state_the_size_of_the_picture():
    text = keyframes(points("Transform\tPosition", "0 662 233", "1 660 230"), width=100, height=100)
    assert parse_tracks(text).size is None
    options = ReadOptions(canvas_size=(1920, 1080), size=(960, 540))
    close(parse_tracks(text, options=options).tracks.positions[0, 0], [331, 116.5])


def test_a_given_canvas_counts_the_pixels_of_the_composition():
    text = keyframes(points("Transform\tPosition", "0 360 288"), width=100, height=100)
    text = text.replace("Comp Pixel Aspect Ratio\t1", "Comp Pixel Aspect Ratio\t1.5")
    close(parse_tracks(text).tracks.positions[0, 0], [540, 288])
    options = ReadOptions(canvas_size=(720, 576), size=(1440, 576))
    close(parse_tracks(text, options=options).tracks.positions[0, 0], [720, 288])


def test_several_copies_in_one_file_are_several_tracks():
    one = keyframes(points("Transform\tPosition", "0 1 2", "2 3 4"))
    two = keyframes(points("Transform\tPosition", "1 9 9"))
    positions = parse_tracks(one + "\n" + two).tracks.positions
    close(positions[:, 0], [[1, 2], [2, 3], [3, 4]])
    close(positions[:, 1], [[9, 9]] * 3)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            points("Transform\tScale", "0 1 2"),
            "must have keys of one of Feature Center, .* got 1 other",
        ),
        (
            points("Transform\tPosition", "0 1 2", "0 3 4"),
            "track 0, frame 0 must come after the key",
        ),
        (
            points("Transform\tPosition", "5 1 2", "3 3 4"),
            "track 0, frame 3 must come after the key",
        ),
        (
            points("Transform\tPosition", "0 NaN 2"),
            "Transform Position, frame 0: x must be a number",
        ),
        (points("Transform\tPosition", "0 1 1e300"), "frame 0: y must be a number within"),
        (points("Transform\tPosition", "0 1"), "must have a frame, x and y; got 2 cells"),
        (points("Transform\tPosition", "0 1 2", "9000000 3 4"), "9000001 frames x 1 tracks"),
        (points("Transform\tPosition", "x 1 2"), "frame must be a number within"),
    ],
)
def test_what_is_refused(section, message):
    with pytest.raises(TrackFormatError, match=message):
        parse_tracks(keyframes(section))


def test_a_cut_file_is_refused():
    text = keyframes(points("Transform\tPosition", "0 1 2")).replace("End of Keyframe Data", "")
    with pytest.raises(TrackFormatError, match='must end with "End of Keyframe Data"'):
        parse_tracks(text)
