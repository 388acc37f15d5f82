"""`wanmove generate`: what cannot make the video asked for is refused before a model is loaded."""

import numpy as np
import pytest

from tests.generation.small_parts import small_tracks
from wanmove_core.command import main as cli


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tracks-size", "100x10"], "must belong to the video"),
        (["--tracks", "outside.npy"], "must act on the video; got 3 without effect"),
        (["--cache", "auto", "--steps", "2"], "cache auto must have at least"),
    ],
)
def test_it_is_refused_before_the_model_is_loaded(folder, capsys, monkeypatch, words, message):
    def load(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr("wanmove_core.command.generate.load_pipeline", load)
    monkeypatch.chdir(folder)
    np.save("outside.npy", small_tracks(5).positions.numpy() - 5000)
    job = ["--image", "start.png", "--tracks", "cat_tracks.npy", "--prompt", "", "--out", "a.mp4"]
    small = ["--size", "64x48", "--frames", "5", "--checkpoint", "some.safetensors"]
    assert cli.main(["--quiet", "generate", *job, *small, *words]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
