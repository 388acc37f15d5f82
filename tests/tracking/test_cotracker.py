"""CoTracker's calling convention, by a small TorchScript module that really tracks."""

import sys
from types import ModuleType
from zipfile import ZipFile

import numpy as np
import pytest
import torch

from wanmove_core import CheckpointError, MediaError
from wanmove_core.tracking.cotracker import load_cotracker, track_with_cotracker

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

FRAMES, HEIGHT, WIDTH = 7, 48, 80


class Brightest(torch.nn.Module):
    """Follows the brightest pixel: each query keeps its offset to it. Visible while it is seen."""

    def forward(
        self, video: torch.Tensor, queries: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        batch, frames, _, height, width = video.shape
        flat = video.mean(2).reshape(batch, frames, height * width)
        value, index = flat.max(2)
        place = torch.stack([index % width, index // width], -1).to(video.dtype)
        offset = queries[:, :, 1:] - place[:, :1]
        return place[:, :, None] + offset[:, None], (value > 128)[:, :, None].expand(
            batch, frames, queries.shape[1]
        )


class OneTensor(torch.nn.Module):
    def forward(self, video: torch.Tensor, queries: torch.Tensor) -> torch.Tensor:
        return video.mean() + queries


def save(module: torch.nn.Module, path) -> None:
    torch.jit.script(module).save(str(path))


def frames(scale: int = 1) -> np.ndarray:
    """A bright square that moves (4, 3) pixels a frame; dark in the last frame."""
    out = np.zeros((FRAMES, HEIGHT * scale, WIDTH * scale, 3), np.uint8)
    for frame in range(FRAMES - 1):
        y, x = (10 + 3 * frame) * scale, (20 + 4 * frame) * scale
        out[frame, y : y + scale, x : x + scale] = 255
    return out


def test_points_and_visibility_come_back(tmp_path):
    save(Brightest(), tmp_path / "model.pt")
    model = load_cotracker(tmp_path / "model.pt")
    points = np.array([[20.5, 10.5], [30.25, 17.0], [5.0, 40.0]])
    tracks = track_with_cotracker(model, frames(), points)
    expected = points + np.arange(FRAMES - 1)[:, None, None] * [4.0, 3.0]
    np.testing.assert_allclose(tracks.positions[:-1].numpy(), expected, atol=1e-4)
    assert tracks.visibility[:-1].all() and not tracks.visibility[-1].any()


def test_large_frames_are_shrunk_and_scaled_back(tmp_path):
    save(Brightest(), tmp_path / "model.pt")
    model = load_cotracker(tmp_path / "model.pt")
    big = 15  # 1200x720: more than the model is given
    points = np.array([[20.5, 10.5]]) * big
    tracks = track_with_cotracker(model, frames(big), points)
    moved = (tracks.positions[5] - tracks.positions[0])[0].numpy()
    np.testing.assert_allclose(moved, np.array([20, 15]) * big, atol=2 * 1.5)


def test_bad_models_are_one_line(tmp_path):
    with pytest.raises(CheckpointError, match="must be a file; got none there"):
        load_cotracker(tmp_path / "none.pt")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "weights.pth")
    with pytest.raises(CheckpointError, match="must be TorchScript where the package cotracker"):
        load_cotracker(tmp_path / "weights.pth")
    (tmp_path / "text.pt").write_text("no model")
    with pytest.raises(CheckpointError, match="got another kind of file"):
        load_cotracker(tmp_path / "text.pt")
    save(Brightest(), tmp_path / "whole.pt")
    with ZipFile(tmp_path / "whole.pt") as whole, ZipFile(tmp_path / "broken.pt", "w") as broken:
        for name in whole.namelist():
            broken.writestr(name, b"?" if name.endswith(".py") else whole.read(name))
    with pytest.raises(CheckpointError, match="must be a TorchScript module") as caught:
        load_cotracker(tmp_path / "broken.pt")
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match="must return tracks and visibility; got Tensor"):
        track_with_cotracker(OneTensor(), frames(), np.array([[5.0, 5.0]]))
    with pytest.raises(MediaError, match="must have frames"):
        track_with_cotracker(Brightest(), [], np.array([[5.0, 5.0]]))


class Harmful:
    """Runs on unpickling."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return (open, (self.mark, "w"))


def test_a_checkpoint_that_holds_a_program_is_not_loaded(tmp_path, monkeypatch):
    seen = []

    class Predictor(torch.nn.Module):
        def __init__(self, checkpoint):
            super().__init__()
            seen.append(checkpoint)

    package = ModuleType("cotracker")
    package.predictor = ModuleType("cotracker.predictor")
    package.predictor.CoTrackerPredictor = Predictor
    monkeypatch.setitem(sys.modules, "cotracker", package)
    monkeypatch.setitem(sys.modules, "cotracker.predictor", package.predictor)
    torch.save({"weight": torch.zeros(3)}, tmp_path / "plain.pth")
    load_cotracker(tmp_path / "plain.pth")
    assert seen == [str(tmp_path / "plain.pth")]
    torch.save({"weight": Harmful(tmp_path / "mark")}, tmp_path / "harmful.pth")
    with pytest.raises(CheckpointError, match="must hold tensors alone"):
        load_cotracker(tmp_path / "harmful.pth")
    assert len(seen) == 1 and not (tmp_path / "mark").exists()
