"""Images in, videos out: colours, metadata, and nothing half-written."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from wanmove_core import MediaError
from wanmove_core.media.image import read_image
from wanmove_core.media.video import read_metadata, read_video
from wanmove_core.media.video_writer import write_video
from wanmove_core.media.writer import check_writable, replacing


def clip(frames=7, height=34, width=46):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    rows = [torch.stack([x * 5 + 3 * t, y * 7, 255 - x * 4], -1) for t in range(frames)]
    return torch.stack(rows).clamp(0, 255).byte()


def test_a_video_survives_writing_and_reading(tmp_path):
    frames = clip()
    write_video(tmp_path / "a.mp4", frames, fps=16)
    read = read_video(tmp_path / "a.mp4")
    assert read.shape == frames.shape
    assert (read.float() - frames.float()).abs().mean() < 3


@pytest.mark.parametrize("colour", [(200, 50, 30), (20, 220, 60), (10, 30, 250), (128, 128, 128)])
def test_colours_stay(tmp_path, colour):
    frames = torch.tensor(colour, dtype=torch.uint8).expand(3, 32, 48, 3)
    write_video(tmp_path / "a.mp4", frames)
    got = read_video(tmp_path / "a.mp4").float().mean((0, 1, 2))
    assert (got - torch.tensor(colour)).abs().max() <= 3


def test_it_plays_everywhere(tmp_path):
    write_video(tmp_path / "a.mp4", clip(height=35, width=47), fps=16)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (46, 34, 16)
    content = (tmp_path / "a.mp4").read_bytes()
    # The index before the pictures: playback starts before the file has arrived.
    assert content.index(b"moov") < content.index(b"mdat")


def test_metadata_come_back(tmp_path):
    settings = {"prompt": "ein Käfer 🐞", "size": [832, 480], "seed": 2**40, "shift": None}
    write_video(tmp_path / "a.mp4", clip(), metadata=settings)
    assert read_metadata(tmp_path / "a.mp4") == settings
    write_video(tmp_path / "b.mp4", clip())
    assert read_metadata(tmp_path / "b.mp4") is None


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path, interruption):
    path = tmp_path / "a.mp4"
    path.write_text("the old one")
    with pytest.raises(interruption), replacing(path) as temporary:
        temporary.write_text("half")
        raise interruption
    assert path.read_text() == "the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    "name,frames,message",
    [
        ("a.gif", clip(), "must end in .mp4; got '.gif'"),
        ("a.mp4", clip(frames=1)[:0], "frames must be at least one"),
        ("a.mp4", clip(height=1), "frames must be at least one of 2x2"),
        ("file/a.mp4", clip(), "must be writable"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(tmp_path, name, frames, message):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MediaError, match=message) as error:
        write_video(tmp_path / name, frames)
    assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("content", [None, b"", b"no video", b"\x00" * 99])
def test_what_is_no_video_is_said_in_one_line(tmp_path, content):
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    for read in (read_video, read_metadata):
        with pytest.raises(MediaError, match=r"a\.mp4 must be a readable video") as error:
            read(path)
        assert "\n" not in str(error.value)


def test_foreign_and_hostile_comments_are_no_metadata(tmp_path):
    foreign = ("hello", json.dumps([1]), json.dumps({"wanmove": 3}))
    hostile = ('{"wanmove": ' + "[" * 100_000, "\udce9{" * 9, '{"wanmove": 1e999}')
    for comment in (*foreign, *hostile):
        path = tmp_path / "a.mp4"
        with av.open(str(path), "w") as container:
            container.metadata["comment"] = comment.encode("utf-8", "replace").decode()
            stream = container.add_stream("libx264", rate=5)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
            container.mux(stream.encode(picture))
            container.mux(stream.encode())
        assert read_metadata(path) is None


def test_images_of_every_mode_become_rgb(tmp_path):
    base = Image.new("RGB", (5, 3), (10, 200, 30))
    for mode, suffix in (("RGB", "png"), ("L", "png"), ("P", "png"), ("CMYK", "jpg"), ("1", "png")):
        base.convert(mode).save(tmp_path / f"a.{suffix}")
        assert read_image(tmp_path / f"a.{suffix}").shape == (3, 5, 3)
    clear = Image.new("RGBA", (5, 3), (10, 20, 30, 0))
    clear.save(tmp_path / "clear.png")
    assert (read_image(tmp_path / "clear.png") == 255).all()


def test_a_photograph_is_turned_upright(tmp_path):
    photo = Image.new("RGB", (5, 3))
    exif = photo.getexif()
    exif[0x0112] = 6
    photo.save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg").shape == (5, 3, 3)


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_said_in_one_line(tmp_path, content):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.png must be a") as error:
        read_image(path)
    assert "\n" not in str(error.value)


def test_sixteen_bit_grey_keeps_its_brightness(tmp_path):
    grey = np.arange(0, 2**16, 97, dtype=np.uint16)[: 20 * 30].reshape(20, 30)
    Image.fromarray(grey).save(tmp_path / "a.png")
    read = read_image(tmp_path / "a.png")
    assert (read == torch.from_numpy((grey >> 8).astype(np.uint8))[..., None]).all()


@pytest.mark.parametrize("name", ["folder.mp4", "file/a.mp4"])
def test_a_place_for_no_file_is_refused_before_the_work(tmp_path, name):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match=r"must be a file; got a folder|must be in a folder"):
        check_writable(tmp_path / name)
    check_writable(tmp_path / "new" / "deep" / "a.mp4")
    assert not (tmp_path / "new").exists()


def test_a_name_that_no_file_can_have_is_one_line():
    with pytest.raises(MediaError, match="must be a readable picture"):
        read_image(Path("a\0.png"))
