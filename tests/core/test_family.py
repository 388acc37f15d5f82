"""A family's numbers follow from each other, and a second family fits into the type."""

import pytest

from wanmove_core import GridError, LatentGrid
from wanmove_core.family import FAMILIES, WAN21_I2V, WAN22_TI2V


def test_what_the_released_files_say():
    assert (WAN21_I2V.input_channels, WAN22_TI2V.input_channels) == (36, 48)
    assert (WAN21_I2V.multiple, WAN22_TI2V.multiple) == ((16, 16), (32, 32))
    assert WAN21_I2V.has_clip and not WAN22_TI2V.has_clip
    assert [WAN21_I2V.shift(size) for size in ((832, 480), (480, 832), (1280, 720))] == [3, 3, 5]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_size_it_was_made_for_fits_its_grid(family):
    width, height = family.size
    grid = LatentGrid(family.longest_clip, height, width, family.strides)
    assert grid.rows * family.strides[1] == height and grid.cols * family.strides[2] == width
    assert not width % family.multiple[0] and not height % family.multiple[1]
    with pytest.raises(GridError):
        LatentGrid(family.longest_clip + 1, height, width, family.strides)


def test_the_grid_of_the_first_family_is_the_default():
    assert LatentGrid(5, 16, 16).strides == WAN21_I2V.strides
