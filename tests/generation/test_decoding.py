"""Frames that come some at a time are those that come all at once, bit for bit."""

import pytest
import torch

from tests.generation.small_parts import numbers, small_components
from wanmove_core.generation.decoding import decode_stream, latent_statistics, to_pixels

LATENT = numbers("latent", (1, 16, 4, 3, 5))


def whole(vae, latent):
    mean, std = latent_statistics(vae, latent)
    with torch.no_grad():
        return vae.decode(latent * std + mean).sample


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_pieces_joined_are_bitwise_the_whole(frames):
    vae, latent = small_components().vae, LATENT[:, :, :frames]
    pieces = list(decode_stream(vae, latent))
    assert [piece.shape[2] for piece in pieces] == [1, *[4] * (frames - 1)]
    assert torch.equal(torch.cat(pieces, 2), whole(vae, latent))


def test_a_piece_is_computed_when_it_is_asked_for():
    vae, calls = small_components().vae, []
    hook = vae.decoder.register_forward_hook(lambda *_: calls.append(1))
    try:
        stream = decode_stream(vae, LATENT)
        next(stream)
        assert len(calls) == 1
        stream.close()
    finally:
        hook.remove()
    # Given up in the middle, it leaves nothing behind for the next video.
    assert torch.equal(torch.cat(list(decode_stream(vae, LATENT)), 2), whole(vae, LATENT))


def test_tiles_come_as_one_piece_and_leave_the_vae_as_it_was():
    vae, latent = small_components().vae, numbers("wide", (1, 16, 2, 4, 40))
    (piece,) = decode_stream(vae, latent, tiled=True)
    assert piece.shape == (1, 3, 5, 32, 320)
    assert not vae.use_tiling


def test_pixels_are_rounded_not_cut():
    values = torch.tensor([-1.5, -1.0, 0.0, 0.999, 1.0]).expand(1, 3, 2, 1, 5)
    assert to_pixels(values)[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]
