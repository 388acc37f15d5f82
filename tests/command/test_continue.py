"""`wanmove generate --continue`: an old video and new frames in one file."""

import pytest
import torch

from tests.command import test_cli
from wanmove_core.command import main as cli
from wanmove_core.media.video import read_video
from wanmove_core.media.video_writer import write_video

arguments, files, without = test_cli.arguments, test_cli.files, test_cli.without


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--tracks-of-whole"], "must have a multiple of 4 frames plus 1 for --tracks-of-whole"),
        (["--size", "48x64", "--resize", "crop"], "size must have the aspect ratio of old.mp4"),
    ],
)
def test_an_old_video_that_cannot_go_on_is_refused(files, tmp_path, capsys, more, message):
    old, out = tmp_path / "old.mp4", tmp_path / "a.mp4"
    write_video(old, torch.zeros(6, 48, 64, 3, dtype=torch.uint8), fps=16)
    words = without("--image", arguments(files, out, "--continue", str(old), *more))
    assert cli.main(words) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1 and not out.exists()


def test_an_old_video_goes_on_in_one_file_and_another_rate_is_told(files, tmp_path, caplog):
    old, out = tmp_path / "old.mp4", tmp_path / "a.mp4"
    write_video(old, torch.zeros(6, 48, 64, 3, dtype=torch.uint8), fps=24)
    words = without("--image", arguments(files, out, "--continue", str(old)))
    assert cli.main(words) == 0
    assert len(read_video(out)) == 10
    assert "old.mp4 has 24 frames per second; the whole is written with 16" in caplog.text
