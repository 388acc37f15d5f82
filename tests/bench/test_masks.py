import numpy as np
import pytest
from PIL import Image

from wanmove_core import MediaError
from wanmove_core.bench.masks import box_of, label_files, mask_overlap, overlap, read_labels

RED, BLUE = (255, 0, 0), (0, 0, 255)


def save(folder, number, boxes, size=(23, 17), name="annotated_frame"):
    """A label picture with filled boxes (x0, y0, x1, y1) of colours."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    for colour, (x0, y0, x1, y1) in boxes.items():
        picture[y0:y1, x0:x1] = colour
    Image.fromarray(picture).save(folder / f"{name}_{number:05d}.png")


def test_a_moved_box_overlaps_as_far_as_arithmetic_says(tmp_path):
    for number, shift in enumerate((9, 0, 2)):
        save(tmp_path / "asked", number, {RED: (2, 2, 8, 6), BLUE: (10, 10, 14, 16)})
        made = {RED: (2 + shift, 2, 8 + shift, 6), BLUE: (10, 10, 14, 16)}
        save(tmp_path / "got", number, made)
    # Frame 0 is given and does not count. Of 6 columns 4 are shared, of 8 in all.
    found = overlap(tmp_path / "asked", tmp_path / "got", 3)
    assert found.mean == pytest.approx((1 + 1 + 4 / 8 + 1) / 4)
    assert (found.counted, found.objects) == (4, 2)
    assert overlap(tmp_path / "asked", tmp_path / "got", 2).mean == 1.0


def test_the_box_around_a_cross_is_larger_than_the_cross():
    cross = np.zeros((7, 9), dtype=bool)
    cross[3, 1:8] = cross[1:6, 4] = True
    assert box_of(cross).sum() == 5 * 7
    assert mask_overlap(cross, box_of(cross)) == cross.sum() / 35
    empty = np.zeros_like(cross)
    assert not box_of(empty).any() and mask_overlap(empty, empty) == 1.0


def test_an_object_that_the_annotation_hides_is_not_counted_and_a_lost_one_is(tmp_path):
    for number in range(3):
        boxes = {RED: (1, 1, 5, 5)} | ({BLUE: (8, 8, 12, 12)} if number == 1 else {})
        save(tmp_path / "asked", number, boxes)
        save(tmp_path / "got", number, {RED: (1, 1, 5, 5)})
    found = overlap(tmp_path / "asked", tmp_path / "got", 3)
    assert (found.mean, found.counted) == (pytest.approx(2 / 3), 3)


def test_numbers_order_the_pictures_and_palettes_keep_their_values(tmp_path):
    for number in (10, 9, 100):
        save(tmp_path, number, {}, name="f")
    (tmp_path / "notes.png").write_bytes(b"")
    assert [path.stem for path in label_files(tmp_path)] == ["f_00009", "f_00010", "f_00100"]
    palette = Image.fromarray(np.array([[0, 3], [2, 0]], dtype=np.uint8), mode=None).convert("P")
    palette.putdata([0, 3, 2, 0])
    palette.putpalette([7, 7, 7] * 4)
    palette.save(tmp_path / "p_1.png")
    assert read_labels(tmp_path / "p_1.png").tolist() == [[0, 3], [2, 0]]


def test_what_is_no_annotation_is_one_line(tmp_path):
    with pytest.raises(MediaError, match="must be a folder of label pictures"):
        overlap(tmp_path / "none", tmp_path, 3)
    with pytest.raises(MediaError, match="must hold label pictures"):
        label_files(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (17, 23, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a_0.png")
    with pytest.raises(MediaError, match="one plain colour per object, 64 at most; got 391"):
        read_labels(tmp_path / "a_0.png")
    (tmp_path / "a_1.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    with pytest.raises(MediaError, match="must be a readable picture"):
        read_labels(tmp_path / "a_1.png")
    for number in range(3):
        save(tmp_path / "asked", number, {RED: (1, 1, 5, 5)})
        save(tmp_path / "small", number, {RED: (1, 1, 5, 5)}, size=(22, 17))
        save(tmp_path / "black", number, {})
    save(tmp_path / "short", 0, {})
    with pytest.raises(MediaError, match=r"size of .*, 23x17; got 22x17"):
        overlap(tmp_path / "asked", tmp_path / "small", 3)
    with pytest.raises(MediaError, match="must have 3 label pictures"):
        overlap(tmp_path / "asked", tmp_path / "short", 3)
    with pytest.raises(MediaError, match="must show an object after its first frame"):
        overlap(tmp_path / "black", tmp_path / "asked", 3)
