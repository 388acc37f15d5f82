"""Previews while sampling: a sheet of frames for the host's previewer, and for no other."""

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


HOST, OTHER = "latent_preview", "custom_nodes.other_pack"


@pytest.mark.parametrize(
    ("of_callback", "of_previewer", "whole"),
    [(HOST, HOST, False), (OTHER, HOST, True), (HOST, OTHER, True)],
)
def test_what_another_pack_wrapped_gets_the_whole_latent(
    previews, of_callback: str, of_previewer: str, whole: bool
) -> None:
    previewer = type("Previewer", (), {"__module__": of_previewer})()

    def callback(*told):
        return (*told, previewer)[:4]

    callback.__module__ = of_callback
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
    seen = wrappers["outer_sample"](executor, *"nlsgm", callback, True, 7, latent_shapes=[])
    shape = (1, 16, 9, 2, 2) if whole else (1, 16, 1, 6, 6)
    assert (seen[0], *seen[2:]) == (2, "noisy", 8) and seen[1].shape == shape


def test_without_a_callback_nothing_is_shown(previews) -> None:
    arguments = previews._sample(lambda *told, **_: told, *"nlsgm", None)
    assert arguments[5] is None
