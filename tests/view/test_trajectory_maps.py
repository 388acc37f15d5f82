"""Trajectory maps: laws of drawing and reading, and the reference's way of drawing."""

import cv2
import numpy as np
import pytest
import torch

from wanmove_core import OptionError, ShapeError, Tracks
from wanmove_core.view.map_objects import (
    CutObject,
    OutlinedObject,
    SegmentedObject,
    fit_motion,
    objects_from_masks,
    objects_from_points,
)
from wanmove_core.view.map_reading import LOSSY_TOLERANCE, read_trajectory_maps
from wanmove_core.view.trajectory_maps import (
    MAP_COLOURS,
    _draw_box,
    bounds,
    draw_trajectory_maps,
    map_boxes,
)

WIDTH, HEIGHT, FRAMES = 211, 113, 7
SIZE = (WIDTH, HEIGHT)


def _rectangle(x: int, y: int, width: int, height: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[y : y + height, x : x + width] = True
    return mask


def _still() -> np.ndarray:
    return np.repeat(np.eye(3)[None, :2], FRAMES, axis=0)


def _moving(mask: np.ndarray, step: tuple[int, int]) -> CutObject:
    motion = _still()
    motion[:, :, 2] += np.arange(FRAMES)[:, None] * np.array(step)
    return CutObject(mask, motion, np.ones(FRAMES, dtype=bool))


def _two() -> list[CutObject]:
    return [
        _moving(_rectangle(20, 30, 31, 17), (9, 3)),
        _moving(_rectangle(150, 70, 13, 23), (-2, -5)),
    ]


def test_a_box_is_drawn_as_the_reference_does():
    """plan_box.py: OpenCV's rectangle from (x, y) to (x + w, y + h), min(H, W) // 100 thick."""
    maps = draw_trajectory_maps(_two(), SIZE)
    expected = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    for index, (x, y, w, h) in enumerate([(20 + 27, 30 + 9, 31, 17), (150 - 6, 70 - 15, 13, 23)]):
        cv2.rectangle(expected, (x, y), (x + w, y + h), MAP_COLOURS[index], thickness=1)
    assert np.array_equal(maps[3].numpy(), expected)
    filled = np.zeros_like(expected)
    for index, one in enumerate(_two()):
        filled[one.mask] = MAP_COLOURS[index]
    assert np.array_equal(maps[0].numpy(), filled)


@pytest.mark.parametrize("width", range(1, 13))
def test_a_thick_box_has_the_pixels_of_opencv(width):
    """Also where it leaves the picture, and where it is narrower than its line."""
    for rows, cols in [((40, 80), (30, 90)), ((100, 113), (0, 37)), ((50, 52), (50, 53))]:
        mask = np.zeros((113, 211), dtype=bool)
        mask[slice(*rows), slice(*cols)] = True
        x, y, across, down = bounds(mask)
        mine, expected = np.zeros((2, 113, 211, 3), dtype=np.uint8)
        _draw_box(mine, mask, (9, 8, 7), width)
        cv2.rectangle(expected, (x, y), (x + across, y + down), (9, 8, 7), thickness=width)
        assert np.array_equal(mine, expected)


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("shape", ["box", "mask"])
def test_reading_finds_what_was_drawn(shape, scale):
    objects = [
        CutObject(
            np.kron(one.mask, np.ones((scale, scale), dtype=bool)),
            one.motion * np.array([1, 1, scale]),
            one.shown,
        )
        for one in _two()
    ]
    maps = draw_trajectory_maps(objects, (scale * WIDTH, scale * HEIGHT), shape=shape).numpy()
    found = read_trajectory_maps(maps)
    assert np.array_equal(found.boxes, map_boxes(objects))
    assert np.array_equal(found.colours, np.array(MAP_COLOURS[:2]))
    assert np.array_equal(found.masks, np.stack([one.mask for one in objects]))
    steps = np.arange(FRAMES)[:, None] * np.array([9, 3])
    middles = found.tracks().positions[:, 0].numpy()
    assert np.allclose(middles, scale * (np.array([35.5, 38.5]) + steps))


def test_reading_a_lossy_map_finds_the_same_objects():
    objects = _two()
    maps = draw_trajectory_maps(objects, SIZE, shape="mask").numpy()
    noise = np.random.default_rng(3).integers(-5, 6, maps.shape)
    # Chroma subsampling darkens a pixel of every edge.
    blurred = np.stack([cv2.blur(picture, (3, 3)) for picture in maps])
    lossy = np.clip(blurred.astype(np.int64) + noise, 0, 255).astype(np.uint8)
    found = read_trajectory_maps(lossy, tolerance=LOSSY_TOLERANCE)
    assert len(found.colours) == 2
    assert np.abs(found.boxes - map_boxes(objects)).max() <= 2


def test_later_objects_lie_on_top_and_hidden_ones_are_not_drawn():
    first, second = _rectangle(30, 30, 40, 40), _rectangle(50, 50, 40, 40)
    always, sometimes = np.ones(FRAMES, dtype=bool), np.arange(FRAMES) != 1
    objects = [CutObject(first, _still(), always), CutObject(second, _still(), sometimes)]
    maps = draw_trajectory_maps(objects, SIZE, shape="mask")
    assert maps[0, 60, 60].tolist() == list(MAP_COLOURS[1])
    assert maps[1, 60, 60].tolist() == list(MAP_COLOURS[0])
    assert maps[1, 80, 80].tolist() == [0, 0, 0]


def test_an_object_that_leaves_keeps_the_part_inside_then_nothing():
    leaving = _moving(_rectangle(180, 40, 20, 20), (11, 0))
    boxes = map_boxes([leaving])[:, 0]
    assert boxes[2].tolist() == [202, 40, 9, 20]
    assert boxes[3].tolist() == [0, 0, 0, 0]
    assert not draw_trajectory_maps([leaving], SIZE)[3].any()


def test_an_object_that_begins_outside_of_the_picture_is_told_of(caplog):
    outside = _moving(np.zeros((HEIGHT, WIDTH), dtype=bool), (1, 1))
    draw_trajectory_maps([*_two(), outside], SIZE)
    (told,) = caplog.messages
    assert told.startswith("object 3 of 3 is not in the picture in frame 0")
    caplog.clear()
    draw_trajectory_maps(_two(), SIZE)
    assert not caplog.messages


def test_sparse_boxes_keep_the_given_frames_and_frame_0():
    maps = draw_trajectory_maps(_two(), SIZE, given={4})
    whole = draw_trajectory_maps(_two(), SIZE)
    drawn = [bool(picture.any()) for picture in maps]
    assert drawn == [frame in (0, 4) for frame in range(FRAMES)]
    assert torch.equal(maps[4], whole[4])
    found = read_trajectory_maps(maps.numpy())
    # Hidden between, but where a straight path from one to the next would be.
    assert found.present[:, 0].tolist() == drawn
    assert np.allclose(found.tracks().positions[2, 0], [35.5 + 18, 38.5 + 6])


def test_masks_follow_their_own_tracks_exactly():
    """A similarity of each object's points is found to rounding, whatever the other one does."""
    generator = np.random.default_rng(5)
    masks = np.stack([_rectangle(20, 20, 60, 50), _rectangle(60, 40, 50, 50)])
    factors = [0.97 * np.exp(0.05j), 1.02 * np.exp(-0.04j)]
    positions = []
    for index, (factor, shift) in enumerate(zip(factors, (3 + 1j, -2 + 2j), strict=True)):
        row, col = np.nonzero(masks[index] & ~masks[index + 1 :].any(0))
        chosen = generator.permutation(len(row))[:23]
        start = col[chosen] + 0.5 + 1j * (row[chosen] + 0.5)
        frames = np.arange(FRAMES)[:, None]
        place = start * factor**frames + shift * frames
        positions.append(np.stack([place.real, place.imag], -1))
    tracks = Tracks.from_arrays(np.concatenate(positions, axis=1))
    for one, factor in zip(objects_from_masks(masks, tracks), factors, strict=True):
        found = one.motion[:, 0, 0] + 1j * one.motion[:, 1, 0]
        assert np.abs(found - factor ** np.arange(FRAMES)).max() < 1e-5


def test_a_few_wrong_tracks_do_not_turn_an_object():
    generator = np.random.default_rng(6)
    start = generator.uniform(0, 80, (40, 2))
    positions = np.repeat(start[None], FRAMES, axis=0) + np.arange(FRAMES)[:, None, None] * 4.0
    positions[:, :6] += generator.normal(0, 30, (FRAMES, 6, 2))
    motion = fit_motion(positions, np.ones((FRAMES, 40), dtype=bool))
    assert np.abs(motion[:, :, :2] - np.eye(2)).max() < 1e-2


def test_one_track_alone_moves_without_turning_and_hidden_frames_hide():
    mask = _rectangle(40, 40, 20, 20)
    positions = np.full((FRAMES, 1, 2), 50.0) + np.arange(FRAMES)[:, None, None]
    visible = (np.arange(FRAMES) != 2)[:, None]
    (one,) = objects_from_masks(mask[None], Tracks.from_arrays(positions, visible))
    expected = [[40 + frame, 40 + frame, 20, 20] if frame != 2 else [0] * 4 for frame in range(7)]
    assert map_boxes([one])[:, 0].tolist() == expected


def test_an_outline_turns_and_scales_exactly():
    corners = np.array([(-20, -10), (20, -10), (20, 10), (-20, 10)]) @ np.array([[0, 1], [-1, 0]])
    outline = np.stack([corners + np.array([100.0, 60.0])] * FRAMES)
    one = OutlinedObject(outline, np.ones(FRAMES, dtype=bool), SIZE)
    assert map_boxes([one])[2, 0].tolist() == [90, 40, 20, 40]


def test_points_get_boxes_and_segments_are_taken_as_they_are():
    tracks = Tracks.from_arrays(np.full((FRAMES, 1, 2), 50.0))
    points = objects_from_points(tracks, SIZE, (24, 16))
    assert map_boxes(points)[:, 0].tolist() == [[38, 42, 24, 16]] * FRAMES
    masks = np.stack([_rectangle(10 + frame, 10, 9, 9) for frame in range(FRAMES)])
    masks[4] = False
    assert map_boxes([SegmentedObject(masks)])[:, 0, 2].tolist() == [9, 9, 9, 9, 0, 9, 9]


def test_nothing_given_is_written_to():
    objects = _two()
    before = [(one.mask.copy(), one.motion.copy()) for one in objects]
    draw_trajectory_maps(objects, SIZE)
    for one, (mask, motion) in zip(objects, before, strict=True):
        assert np.array_equal(one.mask, mask)
        assert np.array_equal(one.motion, motion)


_TRACKS = Tracks.from_arrays(np.full((FRAMES, 1, 2), 5.0))
_MASKS = np.stack([_rectangle(100, 50, 9, 9)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: draw_trajectory_maps([], SIZE),
        lambda: draw_trajectory_maps([_moving(_rectangle(20, 30, 0, 0), (1, 1))], SIZE),
        lambda: draw_trajectory_maps(_two(), SIZE, given={FRAMES}),
        lambda: draw_trajectory_maps([_two()[0], SegmentedObject(_MASKS)], SIZE),
        lambda: objects_from_masks(_MASKS, _TRACKS),
        lambda: objects_from_masks(np.zeros_like(_MASKS), _TRACKS),
        lambda: objects_from_points(_TRACKS, SIZE, (0, 9)),
        lambda: read_trajectory_maps(np.zeros((2, 8, 8, 3), dtype=np.uint8)),
    ],
)
def test_bad_inputs_are_refused_in_one_line(make):
    with pytest.raises((ShapeError, OptionError), match=r"^[^\n]+ must [^\n]+; got [^\n]+\.$"):
        make()
