"""Previews while sampling: a sheet of frames for the host's previewer, and for no other."""

import sys

import pytest
import torch


@pytest.fixture
def previews(pack):
    return pack.module("nodes.host.previews")


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        (4, [[0, 1], [2, 3]]),
        (5, [[0, 1], [3, 4]]),
        (21, [[0, 2, 5], [8, 10, 12], [15, 18, 20]]),
    ],
)
def test_frames_lie_side_by_side_from_first_to_last(previews, frames: int, shown: list) -> None:
    latent = torch.arange(float(frames))[None, None, :, None, None].expand(2, 3, -1, 5, 7)
    sheet = previews.sheet_of(latent)
    side = len(shown)
    assert sheet.shape == (1, 3, 1, 5 * side, 7 * side)
    for down, row in enumerate(shown):
        for across, frame in enumerate(row):
            part = sheet[..., 5 * down : 5 * down + 5, 7 * across : 7 * across + 7]
            assert part.unique().tolist() == [frame]


def test_rows_and_columns_of_a_frame_keep_their_place(previews) -> None:
    latent = torch.rand(1, 2, 5, 3, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(previews.sheet_of(latent)[:, :, 0, :3, 7:], latent[:, :, 1])
    assert torch.equal(previews.sheet_of(latent)[:, :, 0, 3:, :7], latent[:, :, 3])


@pytest.mark.parametrize("shape", [(1, 16, 8, 8), (1, 16, 1, 8, 8), (1, 16, 3, 8, 8)])
def test_what_is_no_video_stays_as_it_is(previews, shape: tuple) -> None:
    latent = torch.zeros(shape)
    assert previews.sheet_of(latent) is latent


@pytest.mark.parametrize("owner", ["latent_preview", "custom_nodes.other_pack"])
def test_a_previewer_of_another_pack_gets_the_whole_latent(previews, monkeypatch, owner) -> None:
    def get_previewer() -> None: ...

    get_previewer.__module__ = owner
    host = sys.modules["latent_preview"]
    monkeypatch.setattr(host, "get_previewer", get_previewer, raising=False)
    wrappers = {}

    class Model:
        def clone(self):
            return self

        def add_wrapper_with_key(self, kind, _key, wrapper):
            wrappers[kind] = wrapper

    def executor(_noise, _latent, _sampler, _sigmas, _mask, callback, *rest, **named):
        assert rest == (True, 7) and named == {"latent_shapes": []}
        return callback(2, torch.zeros(1, 16, 9, 2, 2), "noisy", 8)

    previews.with_sheet_preview(Model())
    seen = wrappers["outer_sample"](
        executor, *"nlsgm", lambda *told: told, True, 7, latent_shapes=[]
    )
    shape = (1, 16, 1, 6, 6) if owner == "latent_preview" else (1, 16, 9, 2, 2)
    assert (seen[0], *seen[2:]) == (2, "noisy", 8) and seen[1].shape == shape


def test_without_a_callback_nothing_is_shown(previews) -> None:
    arguments = previews._sample(lambda *told, **_: told, *"nlsgm", None)
    assert arguments[5] is None
