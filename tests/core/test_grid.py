"""The latent grid, and how pictures fit into frames."""

import pytest
import torch

from wanmove_core import GridError, LatentGrid
from wanmove_core.grid import Fit


def test_sizes():
    grid = LatentGrid(81, 480, 832)
    assert (grid.latent_frames, grid.rows, grid.cols) == (21, 60, 104)
    assert LatentGrid(1, 8, 8).latent_frames == 1
    other = LatentGrid(13, 32, 48, strides=(6, 16, 16))
    assert (other.latent_frames, other.rows, other.cols) == (3, 2, 3)


def test_latent_frame_of_is_the_causal_one():
    grid = LatentGrid(13, 8, 8)
    assert [grid.latent_frame_of(frame) for frame in range(13)] == [0] + [1] * 4 + [2] * 4 + [3] * 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((80, 480, 832), r"multiple of 4 plus 1; got 80\. Use 77 or 81\."),
        ((0, 480, 832), r"got 0\. Use 1 or 5\."),
        ((-3, 480, 832), r"got -3\. Use 1 or 5\."),
        ((81, 481, 832), r"height must be a positive multiple of 8 px; got 481\. Use 480\."),
        ((81, 480, 0), r"width must be a positive multiple of 8 px; got 0\. Use 8\."),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_ones_that_do(arguments, message):
    with pytest.raises(GridError, match=message):
        LatentGrid(*arguments)


@pytest.mark.parametrize("mode", ["stretch", "crop", "pad"])
def test_boxes_lie_inside_and_keep_the_aspect_ratio(mode):
    rng = torch.Generator().manual_seed(0)
    for _ in range(300):
        size, to_size = torch.randint(1, 3000, (2, 2), generator=rng).tolist()
        fit = Fit.between(tuple(size), tuple(to_size), mode)
        for (x, y, width, height), (whole_width, whole_height) in (
            (fit.source, size),
            (fit.target, to_size),
        ):
            assert x >= 0 and y >= 0 and width >= 1 and height >= 1
            assert x + width <= whole_width and y + height <= whole_height
        if mode != "stretch":
            x_scale, y_scale = (fit.target[k] / fit.source[k] for k in (2, 3))
            # One pixel of rounding in each box, no more.
            slack = 1 / min(fit.target[2:]) + 2 / min(fit.source[2:])
            assert x_scale == pytest.approx(y_scale, rel=slack)
