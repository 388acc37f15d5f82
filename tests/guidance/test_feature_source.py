"""Features from another latent than the one that is edited: what chains of clips need."""

import pytest
import torch

from tests.guidance.test_guidance import busy_case
from wanmove_core import ShapeError, replicate_first_frame
from wanmove_core.guidance.replicate import FeatureSource


def origins_of(cells, visible):
    """What `replicate_first_frame` takes by itself: the cells of latent frame 0."""
    origins = torch.cat([torch.zeros_like(cells[:, 0, :1]), cells[:, 0]], 1)
    origins[~visible[:, 0], 0] = -1
    return origins


@pytest.mark.parametrize("collision", ["last", "first", "mean", "random"])
def test_the_first_frame_as_source_changes_nothing(collision):
    latent, cells, visible = busy_case()
    generators = [torch.Generator().manual_seed(3) if collision == "random" else None] * 2
    plain = replicate_first_frame(
        latent, cells, visible, collision=collision, generator=generators[0]
    )
    generators = [torch.Generator().manual_seed(3) if collision == "random" else None]
    source = FeatureSource(latent[:, :, :1], origins_of(cells, visible))
    given = replicate_first_frame(
        latent, cells, visible, collision=collision, generator=generators[0], source=source
    )
    assert torch.equal(given, plain) and not torch.equal(plain, latent)


def test_a_track_takes_the_feature_of_its_own_known_frame():
    latent = torch.zeros(1, 2, 3, 4, 5)
    known = torch.arange(80.0).reshape(1, 2, 2, 4, 5)
    cells = torch.tensor([[[0, 0], [1, 1], [2, 2]], [[3, 4], [3, 3], [0, 1]], [[0, 3]] * 3])
    # Track 0 is hidden in this clip's first frame, and still guides; track 2 has no feature.
    visible = torch.tensor([[False, True, True], [True, True, True], [True, True, True]])
    origins = torch.tensor([[1, 2, 3], [0, 3, 0], [-1, 0, 0]])
    got = replicate_first_frame(latent, cells, visible, source=FeatureSource(known, origins))
    expected = torch.zeros_like(latent)
    for frame, (row, col), (from_frame, from_row, from_col) in (
        (1, (1, 1), (1, 2, 3)),
        (2, (2, 2), (1, 2, 3)),
        (1, (3, 3), (0, 3, 0)),
        (2, (0, 1), (0, 3, 0)),
    ):
        expected[:, :, frame, row, col] = known[:, :, from_frame, from_row, from_col]
    assert torch.equal(got, expected)


@pytest.mark.parametrize(
    "shape,origins,said",
    [
        ((1, 2, 1, 4, 5), [[0, 0, 0]], "an origin for each of 2 tracks"),
        ((1, 2, 1, 3, 5), [[0, 0, 0]] * 2, "Encode it at the same size"),
        ((1, 2, 1, 4, 5), [[0, 0, 0], [1, 0, 0]], "track 1: the origin must lie"),
        ((1, 2, 1, 4, 5), [[0, 4, 0], [-1, 9, 9]], "track 0: the origin must lie"),
    ],
)
def test_a_source_that_does_not_fit_is_refused(shape, origins, said):
    cells, visible = torch.zeros(2, 3, 2, dtype=torch.long), torch.ones(2, 3, dtype=torch.bool)
    source = FeatureSource(torch.zeros(shape), torch.tensor(origins))
    with pytest.raises(ShapeError, match=said):
        replicate_first_frame(torch.zeros(1, 2, 3, 4, 5), cells, visible, source=source)
