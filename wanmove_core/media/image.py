"""The one reader of pictures: upright, opaque, 8 bits a channel, or refused in one line."""

import logging
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import error as StructError
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import MediaError
from ..shapes import Shaped, Tensor, UInt8
from .files import check_plain, reason

# The formats that hold pictures and run no other program: Pillow gives EPS to Ghostscript.
_FORMATS = (
    *("PNG", "JPEG", "MPO", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "AVIF", "JPEG2000"),
    *("TGA", "ICO", "QOI", "DDS", "PCX"),
)
# Pillow needs 4 bytes a pixel, turning it as many again, and the result 3.
_MOST_PIXELS = 80_000_000
# What Pillow's decoders raise for a damaged file, besides its own errors.
_DAMAGED = (
    *(OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, RuntimeError),
    *(AttributeError, EOFError, MemoryError, StructError, zlib.error),
    Image.DecompressionBombError,
)


def read_image(path: Path) -> UInt8[Tensor, "height width 3"]:
    """Read a picture as RGB: upright as its EXIF says, on white where it is transparent.

    Raises:
        MediaError: no file, not a picture, too large, or values with an unknown range.
    """
    return torch.from_numpy(np.array(_opaque(_open(path), "white", path).convert("RGB")))


def read_grey(path: Path) -> Shaped[np.ndarray, "height width"]:
    """Read a picture's grey values as they are stored, for masks and depth maps.

    Returns:
        uint8, or uint16, int32 or float32 if the file holds those, [height, width]; transparent is
        black.

    Raises:
        MediaError: no file, not a picture, or too large.
    """
    image = _open(path)
    if image.mode.startswith(("I", "F")):
        grey = np.array(image)
        return grey.astype(grey.dtype.newbyteorder("="))
    return np.array(_opaque(image, "black", path).convert("L"))


def _open(path: Path) -> Image.Image:
    """The decoded picture, upright."""
    with _opening(path) as image, _in_our_words():
        try:
            image.load()
            return ImageOps.exif_transpose(image)
        except _DAMAGED as error:
            raise MediaError(
                f"{path} must be a readable picture; got a damaged one ({reason(error)}). "
                "Save it as PNG again."
            ) from error


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Keep Pillow from warning and logging: what is damaged or too large is refused by us."""
    logger = logging.getLogger("PIL.TiffImagePlugin")
    before = logger.disabled
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.disabled = True
        try:
            yield
        finally:
            logger.disabled = before


def _opening(path: Path) -> Image.Image:
    """The picture's header, checked."""
    check_plain(path, "picture")
    Image.init()
    try:
        with _in_our_words():
            image = Image.open(path, formats=[name for name in _FORMATS if name in Image.OPEN])
    except UnidentifiedImageError as error:
        raise MediaError(
            f"{path} must be a picture (PNG, JPEG, WebP); got another kind of file, or a damaged "
            "one. Save it as PNG."
        ) from error
    except Image.DecompressionBombError as error:  # Pillow's own limit
        raise _too_large(path, "a larger one") from error
    except _DAMAGED as error:
        raise MediaError(
            f"{path} must be a readable picture; got {reason(error)}. Save it as PNG again."
        ) from error
    if image.width * image.height > _MOST_PIXELS:
        image.close()
        raise _too_large(path, f"{image.width}x{image.height}")
    return image


def _too_large(path: Path, got: str) -> MediaError:
    most = _MOST_PIXELS // 10**6
    return MediaError(
        f"{path} must be a picture of at most {most} megapixels; got {got}. Make it smaller."
    )


def _opaque(image: Image.Image, paper: str, path: Path) -> Image.Image:
    """Eight bits a channel, on paper where the picture is transparent."""
    if image.mode.startswith(("I", "F")):  # which Pillow would cut off at 255
        return Image.fromarray(_eight_bits(image, path))
    # Transparency shows the black or white that editors leave below it.
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        upright = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", upright.size, paper), upright)
    return image


def _eight_bits(image: Image.Image, path: Path) -> Any:
    """Grey values of 16 bits, or of 0..1, as bytes."""
    values = np.asarray(image)
    low, high = values.min(initial=0), values.max(initial=0)
    if image.mode.startswith("F") and low >= 0 and high <= 1:
        return (values * 255 + 0.5).astype(np.uint8)
    # PNG and PGM have no other values than 16 bits where Pillow gives integers.
    if image.mode.startswith("I;16") or (image.format in ("PNG", "PPM") and high < 2**16):
        return (values >> 8).astype(np.uint8)
    raise MediaError(
        f"{path} must hold grey values of 8 or 16 bits, or numbers of 0..1; got "
        f"{values.dtype.name} of {low:g} to {high:g}. Save it as PNG."
    )
