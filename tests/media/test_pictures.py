"""Pictures of every kind: right, or refused in one line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wanmove_core import MediaError
from wanmove_core.media.image import read_grey, read_image

REPORTED = Path(__file__).parents[1] / "fixtures" / "reported"
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


MEASURE = """
import sys
from pathlib import Path
from wanmove_core.errors import MediaError
from wanmove_core.media.image import read_image
try:
    told = str(tuple(read_image(Path(sys.argv[1])).shape))
except MediaError as error:
    told = str(error)
# Not ru_maxrss, which begins at the peak of the process that started this one.
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024, told)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
@pytest.mark.parametrize(
    ("size", "mode", "said"),
    [
        ((13300, 13300), "RGB", "at most 80 megapixels"),
        ((10000, 8000), "RGB", "(8000, 10000, 3)"),
        ((10000, 8000), "P", "(8000, 10000, 3)"),
    ],
)
def test_the_largest_pictures_need_less_than_a_gibibyte(tmp_path, size, mode, said):
    Image.new(mode, size).save(tmp_path / "a.png", compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "a.png")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    mebibytes, _, told = done.stdout.partition(" ")
    assert said in told and int(mebibytes) < 1024


@pytest.mark.parametrize(
    ("name", "shape", "corners"),
    [
        # Filmed upright, stored lying: turned by a quarter; the green mark is at the top left.
        ("phone.jpg", (832, 480), [(0, 255, 1), (41, 80, 121), (41, 80, 121)]),
        # Stored as 80x48, rows and columns exchanged: red grows downwards, green to the right.
        ("exif.tiff", (80, 48), [(6, 10, 128), (6, 244, 128), (248, 10, 128)]),
    ],
)
def test_reported_photographs_are_upright(name, shape, corners):
    picture = read_image(REPORTED / name)
    found = [tuple(picture[at].tolist()) for at in ((2, 2), (2, -3), (-3, 2))]
    assert tuple(picture.shape[:2]) == shape and found == corners


def test_decoders_say_nothing_of_their_own(tmp_path, caplog):
    """Pillow logs an error of damaged TIFF files, which Python prints where nobody listens."""
    Image.fromarray((GREY * 255).astype(np.uint8)).convert("RGB").save(tmp_path / "a.tif")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    at = data.index(bytes.fromhex("15010300"))  # SamplesPerPixel, SHORT
    data[at + 8 : at + 10] = (2048).to_bytes(2, "little")
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(MediaError):
        read_image(tmp_path / "a.tif")
    assert caplog.records == []


def test_the_reported_float_picture_has_its_brightness():
    with Image.open(REPORTED / "f32.tif") as stored:
        values = np.asarray(stored)
    assert values.dtype == np.float32 and values.max() <= 1
    assert np.abs(read_image(REPORTED / "f32.tif").numpy()[..., 0] - values * 255).max() <= 1


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
