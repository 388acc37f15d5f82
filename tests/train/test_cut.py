"""Which frames of a clip a sample is made of."""

import numpy as np
import pytest
import torch

from tests.media.uneven import UNEVEN, write_uneven
from wanmove_core import GridError, OptionError
from wanmove_core.media.video_writer import write_video
from wanmove_core.train.prepare import PrepareOptions, cut


def levels(path, fps, frames):
    """Of the first sample: which frame each one is."""
    sample = next(iter(cut(path, PrepareOptions((32, 32), frames, fps, 1))))
    return [round(float(frame.mean()) / 5) for frame in sample]


def grey(count):
    return [np.full((32, 32, 3), 5 * k, np.uint8) for k in range(count)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif"])
def test_frames_of_a_sample_are_even_in_time(tmp_path, suffix):
    path = write_uneven(tmp_path / f"a{suffix}", grey(len(UNEVEN)))
    assert levels(path, 5.0, 5) == [0, 5, 6, 7, 8]  # 0, 167, 367, 567, 767 ms


def test_of_an_even_clip_frames_are_left_out_and_of_a_slower_one_none(tmp_path):
    for rate, expected in ((32, [0, 2, 4, 6, 8]), (16, [0, 1, 2, 3, 4]), (10, [0, 1, 2, 3, 4])):
        write_video(tmp_path / "a.mp4", torch.from_numpy(np.stack(grey(12))), fps=rate)
        assert levels(tmp_path / "a.mp4", 16.0, 5) == expected
    write_video(tmp_path / "a.mp4", torch.from_numpy(np.stack(grey(5))), fps=16)
    assert levels(tmp_path / "a.mp4", 16.0, 5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"fps": float("nan")}, OptionError, "fps must be 0.01 to 1000; got nan"),
        ({"fps": 0.0}, OptionError, "fps must be"),
        ({"cuts": 0}, OptionError, "cuts must be 1 to 10000; got 0"),
        ({"grid": (0, 3)}, OptionError, "points must be 1 to 65536; got 0"),
        ({"frames": 80}, GridError, "num_frames must be a multiple of 4 plus 1"),
    ],
)
def test_options_are_checked_before_the_model_is_loaded(given, error, words):
    with pytest.raises(error, match=words):
        PrepareOptions(**given)
