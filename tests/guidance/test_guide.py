"""guide(): what both doors call equals its parts, leaves its inputs, and projects once."""

import pytest
import torch

from wanmove_core import (
    LatentGrid,
    OptionError,
    Tracks,
    fit_tracks,
    guidance_report,
    project_tracks,
    replicate_first_frame,
    retime_tracks,
)
from wanmove_core.choices import Collision
from wanmove_core.guidance import guide as module
from wanmove_core.guidance.guide import guide
from wanmove_core.guidance.options import GuidanceOptions, check_choice
from wanmove_core.start_image.encoded import EncodedStart

GRID = LatentGrid(13, 40, 56)


def start(known_frames=1):
    latent = torch.randn(1, 3, GRID.latent_frames, GRID.rows, GRID.cols)
    return EncodedStart(latent, GRID, (112, 100), "crop", known_frames)


def tracks(frames=13):
    path = torch.linspace(0, 1, frames)[:, None, None] * torch.tensor([[30.0, 20.0], [-9.0, 5.0]])
    return Tracks(path + torch.tensor([[8.0, 9.0], [40.0, 20.0]]), torch.ones(frames, 2).bool())


@pytest.mark.parametrize("collision", ["last", "first", "mean", "random"])
@pytest.mark.parametrize("temporal", ["sample", "mean"])
def test_equals_its_parts(collision, temporal):
    encoded = start()
    before = encoded.latent.clone()
    options = GuidanceOptions(
        strength=0.7, collision=collision, temporal=temporal, track_space="start image", seed=5
    )
    guided = guide(encoded, tracks(7), options)
    placed = retime_tracks(fit_tracks(tracks(7), (112, 100), (56, 40), mode="crop"), 13)
    cells, visible = project_tracks(placed, GRID, temporal=temporal)
    generator = torch.Generator().manual_seed(5) if collision == "random" else None
    expected = replicate_first_frame(
        before, cells, visible, strength=0.7, collision=collision, generator=generator
    )
    assert torch.equal(guided.positive, expected)
    assert guided.negative is guided.positive
    assert guided.still is encoded.latent and torch.equal(encoded.latent, before)
    assert torch.equal(guided.tracks.positions, placed.positions)
    assert guided.report == guidance_report(placed, GRID, temporal=temporal)


def test_without_tracks_nothing_is_made():
    encoded = start()
    guided = guide(encoded, None)
    assert guided.positive is guided.negative is guided.still is encoded.latent
    assert str(guided) == "No tracks: plain image to video."


def test_the_positive_branch_alone():
    encoded = start()
    guided = guide(encoded, tracks(), GuidanceOptions(branch="positive"))
    assert guided.negative is encoded.latent and not torch.equal(guided.positive, encoded.latent)


def test_known_frames_stay():
    encoded = start(known_frames=5)
    guided = guide(encoded, tracks())
    assert torch.equal(guided.positive[:, :, :2], encoded.latent[:, :, :2])
    assert not torch.equal(guided.positive[:, :, 2:], encoded.latent[:, :, 2:])


def test_tracks_are_projected_once(monkeypatch):
    calls = []

    def counted(*args, **options):
        calls.append(args)
        return project_tracks(*args, **options)

    for name in ("guide", "report", "lint"):
        monkeypatch.setattr(f"wanmove_core.guidance.{name}.project_tracks", counted)
    module.guide(start(), tracks())
    assert len(calls) == 1


def test_tracks_without_effect_are_reported_not_refused():
    outside = Tracks(tracks().positions + 500, tracks().visibility)
    guided = guide(start(), outside)
    assert guided.report.num_guiding == 0 and "never visible" in str(guided)


def test_wrong_options_are_one_line():
    with pytest.raises(OptionError, match=r"strength must be 0 to 2; got 2\.5"):
        GuidanceOptions(strength=2.5)
    with pytest.raises(OptionError, match="collision must be one of last, first, mean, random"):
        check_choice("collision", "top", Collision)
