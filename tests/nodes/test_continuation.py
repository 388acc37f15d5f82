"""The next clip of a long video: its own first frame, the true first frame's features."""

import pytest
import torch

from tests.nodes.conftest import HEIGHT, LENGTH, WIDTH
from tests.nodes.fake_host import VAE

WHOLE = 2 * LENGTH - 1
PROMPT = [[torch.ones(1, 2, 4), {}]]


def picture(seed: int) -> torch.Tensor:
    return torch.rand(1, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def first(pack):
    size = {"width": WIDTH, "height": HEIGHT, "length": LENGTH}
    return pack.run("WanMoveEncodeStartImage", vae=VAE(), start_image=picture(1), **size)[0]


def tracks() -> dict:
    """Track 0 is there from the start; track 1 appears in the frame that the clips share."""
    path = torch.zeros(WHOLE, 2, 2)
    path[:, 0] = torch.stack([torch.linspace(4, 44, WHOLE), torch.full((WHOLE,), 12.0)], -1)
    path[:, 1] = torch.tensor([20.0, 28.0])
    seen = torch.ones(WHOLE, 2, dtype=torch.bool)
    seen[: LENGTH - 1, 1] = False
    return {"track_path": path, "track_visibility": seen}


def go_on(pack, first, frames, **inputs):
    given = {"vae": VAE(), "positive": PROMPT, "negative": PROMPT, "tracks": tracks()}
    given |= {"length": LENGTH, "video_length": WHOLE, **inputs}
    return pack.run("WanMoveContinueGuidance", conditioning_latent=first, frames=frames, **given)


def test_features_are_those_of_the_first_frame_and_of_the_new_one(pack, first) -> None:
    frames = torch.cat([picture(1), *[picture(2)] * (LENGTH - 2), picture(7)])
    positive, _, latent, report = go_on(pack, first, frames)
    told = positive[0][1]
    guided, still = told["concat_latent_image"], told["wanmove_unguided_latent"]
    grid = LENGTH // 4 + 1
    assert latent["samples"].shape[2] == guided.shape[2] == grid
    # The last latent frame of the clip is video frame 24, the end of both tracks.
    assert torch.equal(guided[0, :, -1, 1, 5], first["samples"][0, :, 0, 1, 0])
    assert torch.equal(guided[0, :, -1, 3, 2], still[0, :, 0, 3, 2])
    assert torch.equal(guided[:, :, 0], still[:, :, 0])
    assert not torch.equal(still[:, :, 0], first["samples"][:, :, 0])
    assert report.startswith("2 of 2 tracks guide")


def test_a_track_hidden_where_the_clips_meet_goes_on(pack, first) -> None:
    motion = tracks()
    motion["track_visibility"][LENGTH - 1, 0] = False
    frames = picture(7).expand(LENGTH, -1, -1, -1)
    guided = go_on(pack, first, frames, tracks=motion)[0][0][1]["concat_latent_image"]
    assert torch.equal(guided[0, :, -1, 1, 5], first["samples"][0, :, 0, 1, 0])


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"start_frame": LENGTH}, "start_frame must be one of the 13 frames so far; got 13"),
        ({"video_length": WHOLE - 4}, "the clip must end with the video's 21 frames"),
    ],
)
def test_clips_that_do_not_fit_are_refused(pack, first, inputs: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        go_on(pack, first, picture(7).expand(LENGTH, -1, -1, -1), **inputs)
