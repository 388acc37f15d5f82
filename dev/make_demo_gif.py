"""Make docs/images/demo.gif, the README's first picture, from what `wanmove demo` wrote.

wanmove demo --out out/demo
.venv/bin/python -m dev.make_demo_gif out/demo
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from wanmove_core.demo.scenes import SCENES
from wanmove_core.media.video import read_video

TARGET = Path(__file__).parents[1] / "docs/images/demo.gif"
SIZE = (288, 192)
GAP, TITLE = 10, 28
INK, PAPER = (38, 38, 46), (250, 250, 248)
FRAME_MS, HOLD_MS = 90, 900
TITLES = ("what was drawn", "what came out", "without tracks")


def panels(folder: Path) -> list[list[Image.Image]]:
    """Frames of one request: what was drawn, the result, and the result without tracks."""
    request = Image.open(folder / "request.png").convert("RGB").resize(SIZE, Image.LANCZOS)
    films = [
        [Image.fromarray(frame.numpy()).resize(SIZE, Image.BICUBIC) for frame in read_video(path)]
        for path in (folder / "guided.mp4", folder / "without_tracks.mp4")
    ]
    return [[request] * len(films[0]), *films]


def main() -> None:
    """Write the GIF."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of wanmove demo")
    folder = parser.parse_args().folder
    rows = [panels(folder / scene.name) for scene in SCENES]
    font = ImageFont.load_default(16)
    width, height = 3 * (SIZE[0] + GAP) - GAP, TITLE + len(rows) * (SIZE[1] + GAP) - GAP
    sheets = []
    for index in range(len(rows[0][0])):
        sheet = Image.new("RGB", (width, height), PAPER)
        draw = ImageDraw.Draw(sheet)
        for column, title in enumerate(TITLES):
            x = column * (SIZE[0] + GAP)
            draw.text((x + 2, 4), title, font=font, fill=INK)
            for row, films in enumerate(rows):
                sheet.paste(films[column][index], (x, TITLE + row * (SIZE[1] + GAP)))
        sheets.append(sheet)
    # One palette for all frames, without dither: a still place keeps its bytes.
    whole = Image.new("RGB", (width, 2 * height))
    for place, sheet in enumerate((sheets[0], sheets[-1])):
        whole.paste(sheet, (0, place * height))
    palette = whole.quantize(256, dither=Image.Dither.NONE)
    pictures = [sheet.quantize(palette=palette, dither=Image.Dither.NONE) for sheet in sheets]
    # The last frame stays for a while, so that one sees where things ended.
    times = [FRAME_MS] * (len(pictures) - 1) + [HOLD_MS]
    pictures[0].save(TARGET, save_all=True, append_images=pictures[1:], duration=times, loop=0)


if __name__ == "__main__":
    main()
