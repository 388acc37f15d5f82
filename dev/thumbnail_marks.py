"""What tells a workflow's picture from those that move the same ball: one drawing each."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

INK, PAPER, BLUE = (24, 22, 28), (250, 247, 240), (11, 140, 233)
_FONT = ImageFont.load_default(size=26)


def _scene(kind: str, size: tuple[int, int]) -> Image.Image:
    """The demo's mask or depth, as the workflows get them."""
    from dev.make_thumbnails import write_pictures

    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder))
        if kind == "depth":
            found = Image.open(Path(folder) / "example_depth.png").convert("L")
        else:
            found = ImageOps.invert(Image.open(Path(folder) / "example.png").getchannel("A"))
        return found.resize(size, Image.BICUBIC)


def _panel(picture: Image.Image) -> None:
    """An app's form, with its button."""
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((250, 14, 372, 242), 12, fill=PAPER, outline=INK, width=3)
    for row in range(3):
        pen.rounded_rectangle((264, 30 + 50 * row, 358, 66 + 50 * row), 6, fill=(214, 210, 202))
    pen.rounded_rectangle((264, 190, 358, 228), 8, fill=BLUE)
    pen.text((311, 209), "Run", fill=PAPER, font=_FONT, anchor="mm")


def _notes(picture: Image.Image) -> None:
    """Three notes."""
    pen = ImageDraw.Draw(picture)
    for index in range(3):
        left, top = 14 + 26 * index, 20 + 72 * index
        pen.rectangle((left, top, left + 96, top + 60), fill=(252, 214, 92), outline=INK, width=3)
        for line in range(3):
            pen.line((left + 12, top + 16 + 14 * line, left + 82, top + 16 + 14 * line), INK, 3)


def _steps(picture: Image.Image) -> None:
    """Four steps of a stair."""
    pen = ImageDraw.Draw(picture)
    for index in range(4):
        top = 176 - 40 * index
        pen.rectangle(
            (16 + 44 * index, top, 60 + 44 * index, 240), fill=PAPER, outline=INK, width=3
        )
        pen.text((38 + 44 * index, 220), str(index + 1), fill=INK, font=_FONT, anchor="mm")


def _stronger(picture: Image.Image) -> None:
    """A weak arrow and a strong one."""
    pen = ImageDraw.Draw(picture)
    for top, thick, fill in ((52, 10, (196, 192, 184)), (170, 34, BLUE)):
        right = 90 + 2 * thick
        pen.rectangle((24, top - thick // 2, right, top + thick // 2), fill=fill)
        pen.polygon(
            [(right, top - thick), (right + 2 * thick, top), (right, top + thick)], fill=fill
        )


def _windows(picture: Image.Image) -> None:
    """Windows that overlap on a long strip."""
    pen = ImageDraw.Draw(picture)
    pen.rectangle((10, 176, 374, 244), fill=INK)
    for index, colour in enumerate(((245, 132, 96), (120, 214, 132), (104, 158, 250))):
        left, top = 18 + 110 * index, 184 + 8 * index
        pen.rectangle((left, top, left + 130, top + 36), outline=colour, width=7)


def _chain(picture: Image.Image) -> None:
    """Two strips that share a frame."""
    pen = ImageDraw.Draw(picture)
    for left, top, colour in ((10, 164, (245, 132, 96)), (172, 206, (104, 158, 250))):
        for frame in range(5):
            place = (left + 40 * frame, top, left + 36 + 40 * frame, top + 38)
            pen.rectangle(place, fill=colour, outline=INK, width=3)
    pen.rectangle((170, 162, 208, 246), outline=PAPER, width=5)


def _depth(picture: Image.Image) -> None:
    """The left half as the depth that a node saw; the ball's side is the nearer one."""
    shown = ImageOps.colorize(_scene("depth", picture.size), (20, 12, 70), (255, 244, 170))
    half = Image.new("L", picture.size)
    ImageDraw.Draw(half).polygon([(150, 0), (384, 0), (384, 256), (230, 256)], fill=255)
    picture.paste(shown, mask=half)
    ImageDraw.Draw(picture).line((150, 0, 230, 256), PAPER, 5)


def _mask(picture: Image.Image) -> None:
    """All but the mask is dark, its outline white."""
    mask = _scene("mask", picture.size).point(lambda value: 255 * (value > 127))
    rim = ImageChops.difference(mask.filter(_rim(True)), mask.filter(_rim(False)))
    picture.paste((18, 18, 40), mask=ImageOps.invert(mask).point(lambda value: value * 3 // 4))
    picture.paste(PAPER, mask=rim)


def _rim(grow: bool) -> ImageFilter.Filter:
    return ImageFilter.MaxFilter(5) if grow else ImageFilter.MinFilter(5)


def _node(fill: tuple[int, int, int], *lines: str) -> Callable[[Image.Image], None]:
    """A node of ComfyUI's own that the editor feeds."""

    def draw(picture: Image.Image) -> None:
        pen = ImageDraw.Draw(picture)
        pen.rounded_rectangle((12, 150, 262, 244), 12, fill=fill, outline=PAPER, width=3)
        for row, line in enumerate(lines):
            pen.text((30, 178 + 36 * row), line, fill=PAPER, font=_FONT, anchor="lm")
        pen.line((262, 197, 330, 150), (120, 214, 132), 6)
        pen.ellipse((252, 187, 272, 207), fill=(120, 214, 132))

    return draw


MARKS: dict[str, Callable[[Image.Image], None]] = {
    "02": _notes,
    "03": _panel,
    "04": _steps,
    "05": _stronger,
    "10": _windows,
    "11": _chain,
    "12": _depth,
    "13": _mask,
    "14": _node((52, 52, 60), "WanMove", "TrackToVideo"),
    "15": _node((196, 84, 28), "WanTrack", "ToVideo"),
}
