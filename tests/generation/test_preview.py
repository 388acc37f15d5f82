"""The preview: the clean latent after each step, as a moving picture."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.generation.small_parts import PROMPT, small_components, small_image, small_tracks
from wanmove_core import OptionError
from wanmove_core.family import WAN21_I2V, WAN22_TI2V
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.preview import Preview, make_preview
from wanmove_core.generation.settings import NEGATIVE_PROMPT, GenerationSettings


class Kept(Preview):
    """Remembers what was shown."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 16)
        self.shown: list[torch.Tensor] = []

    def show(self, latent: torch.Tensor) -> None:
        super().show(latent)
        self.shown.append(latent)


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_the_last_picture_is_the_videos_latent(tmp_path, suffix):
    preview = Kept(tmp_path / f"so_far{suffix}")
    pipeline = WanMovePipeline(small_components(), preview=preview)
    settings = GenerationSettings((64, 32), 9, 3, guidance_scale=1.0, solver="euler")
    settings = replace(settings, resize="stretch")
    latent = pipeline.sample(small_image(), small_tracks(9), (PROMPT, NEGATIVE_PROMPT), settings)
    assert len(preview.shown) == 3
    torch.testing.assert_close(preview.shown[-1], latent, rtol=0, atol=1e-5)
    with Image.open(tmp_path / f"so_far{suffix}") as picture:
        assert (picture.size, picture.n_frames) == ((32, 16), 3)
        if suffix == ".gif":
            assert picture.info["duration"] == 250
    assert [path.name for path in tmp_path.iterdir()] == [f"so_far{suffix}"]


def test_what_moves_in_the_latent_moves_in_the_picture(tmp_path):
    latent = torch.zeros(1, 16, 5, 8, 12)
    for frame in range(5):
        latent[0, 2, frame, 4, 2 * frame + 1] = 8.0  # a channel that is bright
    Preview(tmp_path / "a.gif", 16).show(latent)
    with Image.open(tmp_path / "a.gif") as picture:
        for frame in range(5):
            picture.seek(frame)
            grey = torch.tensor(list(picture.convert("L").resize((12, 8)).tobytes())).view(8, 12)
            assert divmod(int(grey.argmax()), 12) == (4, 2 * frame + 1)


def test_another_suffix_or_model_is_refused_before_it_is_loaded(tmp_path):
    with pytest.raises(OptionError, match=r"--preview must end in .webp or .gif; got a.mp4"):
        make_preview(tmp_path / "a.mp4", 16, WAN21_I2V)
    with pytest.raises(OptionError, match=r"--preview must come with a Wan 2.1 model; got Wan 2.2"):
        make_preview(tmp_path / "a.gif", 24, WAN22_TI2V)
    assert make_preview(None, 16, WAN22_TI2V) is None
