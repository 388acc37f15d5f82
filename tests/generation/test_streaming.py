"""A job's frames go into its files as they come."""

import torch

from tests.generation.small_parts import small_tracks
from wanmove_core.media.video import read_video
from wanmove_core.media.video_writer import video_writer, write_video
from wanmove_core.view.draw import TrackDrawer, draw_tracks


def clip(frames=7):
    return torch.randint(
        0, 256, (frames, 40, 56, 3), generator=torch.Generator().manual_seed(1)
    ).byte()


def test_pieces_make_the_same_file_as_the_whole(tmp_path):
    write_video(tmp_path / "whole.mp4", clip(), metadata={"a": 1})
    with video_writer(tmp_path / "pieces.mp4", metadata={"a": 1}) as writer:
        for piece in clip().split(3):
            writer.add(piece)
    assert (tmp_path / "pieces.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert len(read_video(tmp_path / "whole.mp4")) == 7


def test_tracks_drawn_on_pieces_are_those_drawn_on_the_whole():
    tracks, frames = small_tracks(7, 56, 40), clip()
    drawer = TrackDrawer(tracks, (56, 40))
    pieces = torch.cat([drawer.draw(piece) for piece in frames.split(2)])
    assert torch.equal(pieces, draw_tracks(frames, tracks))
    assert not torch.equal(pieces, frames)
