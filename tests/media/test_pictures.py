"""Pictures of every kind: right, or refused in one line."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wanmove_core import MediaError
from wanmove_core.media.image import read_grey, read_image

GREY = np.linspace(0, 1, 40 * 30).reshape(30, 40)


def saved(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values).save(path)
    return path


@pytest.mark.parametrize(
    "name, values",
    [
        ("f32.tif", GREY.astype(np.float32)),
        ("u16.tif", (GREY * 65535).astype(np.uint16)),
        ("big.tif", (GREY * 65535).astype(">u2")),
        ("u16.png", (GREY * 65535).astype(np.uint16)),
        ("u8.tif", (GREY * 255).astype(np.uint8)),
    ],
)
def test_grey_of_any_depth_keeps_its_brightness(tmp_path, name, values):
    read = read_image(saved(tmp_path / name, values)).numpy()
    assert np.abs(read - (GREY * 255)[..., None]).max() <= 1


@pytest.mark.parametrize(
    "values",
    [
        (GREY * 1000).astype(np.float32),
        (GREY - 0.5).astype(np.float32),
        np.full((4, 4), np.nan, np.float32),
        (GREY * 70000).astype(np.int32),
        (GREY * 255).astype(np.int32),
    ],
)
def test_numbers_without_a_known_white_are_refused(tmp_path, values):
    path = saved(tmp_path / "a.tif", values)
    with pytest.raises(MediaError, match="must hold grey values of 8 or 16 bits"):
        read_image(path)
    # Masks and depth maps need no white.
    assert np.array_equal(read_grey(path), values, equal_nan=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_upright(tmp_path, orientation):
    photo = Image.fromarray((GREY * 255).astype(np.uint8)).convert("RGB")
    exif = photo.getexif()
    exif[0x0112] = orientation
    for name in ("a.jpg", "a.tif", "a.png"):
        photo.save(tmp_path / name, exif=exif)
        read = read_image(tmp_path / name)
        assert read_grey(tmp_path / name).shape == read.shape[:2]
        assert (read.shape[0] > read.shape[1]) == (orientation > 4)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_is_white_in_a_picture_and_black_in_a_mask(tmp_path, mode):
    image = Image.new("RGBA", (6, 4), (10, 20, 30, 0))
    image.paste((200, 200, 200, 255), (0, 0, 3, 4))
    image = image.quantize() if mode == "P" else image.convert(mode)
    image.save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png")[:, 3:] == 255).all()
    assert (read_grey(tmp_path / "a.png")[:, 3:] == 0).all()
    assert (read_grey(tmp_path / "a.png")[:, :3] > 150).all()


def test_a_pipe_a_program_and_a_bomb_are_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    for name, side in (("bomb.png", 13300), ("larger.png", 14200)):
        Image.new("1", (side, side)).save(tmp_path / name, compress_level=1)
    for name, told in (
        ("pipe.png", "got a pipe or device"),
        ("a.eps", "must be a picture"),
        ("bomb.png", "at most 80 megapixels; got 13300x13300"),
        ("larger.png", "at most 80 megapixels; got a larger one. Make it smaller."),
        ("", "got a folder"),
    ):
        for read in (read_image, read_grey):
            with pytest.raises(MediaError, match=told):
                read(tmp_path / name)


@pytest.mark.parametrize(
    "suffix", ["png", "jpg", "webp", "tif", "bmp", "gif", "avif", "dds", "ico"]
)
def test_damage_is_one_line(tmp_path, suffix):
    picture = Image.fromarray((np.random.default_rng(0).random((20, 30, 3)) * 255).astype("uint8"))
    path = tmp_path / f"a.{suffix}"
    picture.save(path)
    whole, generator = path.read_bytes(), np.random.default_rng(1)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(generator.integers(1, 8)):
            data[generator.integers(min(200, len(data)))] = generator.integers(256)
        path.write_bytes(data[: generator.integers(1, len(data) + 1)])
        try:
            read = read_image(path)
        except MediaError as error:
            assert "\n" not in str(error) and len(str(error)) <= 500
        else:
            assert read.dtype == torch.uint8
