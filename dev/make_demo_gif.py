"""Make docs/images/demo.gif, the README's first picture, from what `wanmove demo` wrote.

wanmove demo --out out/demo
.venv/bin/python -m dev.make_demo_gif out/demo
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from wanmove_core.media.video import read_video

TARGET = Path(__file__).parents[1] / "docs/images/demo.gif"
SIZE = (384, 256)
GAP, TITLE = 12, 30
INK, PAPER = (38, 38, 46), (250, 250, 248)
FRAME_MS = 90


def panels(folder: Path) -> list[tuple[str, list[Image.Image]]]:
    """The request, the result and the result without tracks, each as its frames."""
    request = Image.open(folder / "request.png").convert("RGB").resize(SIZE, Image.LANCZOS)
    films = {
        "what came out": read_video(folder / "guided.mp4"),
        "without tracks": read_video(folder / "without_tracks.mp4"),
    }
    frames = {
        title: [Image.fromarray(frame.numpy()).resize(SIZE, Image.BICUBIC) for frame in film]
        for title, film in films.items()
    }
    count = len(next(iter(frames.values())))
    return [("what was drawn", [request] * count), *frames.items()]


def main() -> None:
    """Write the GIF."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of wanmove demo")
    shown = panels(parser.parse_args().folder)
    font = ImageFont.load_default(17)
    pictures = []
    for index in range(len(shown[0][1])):
        sheet = Image.new("RGB", (3 * SIZE[0] + 2 * GAP, SIZE[1] + TITLE), PAPER)
        draw = ImageDraw.Draw(sheet)
        for place, (title, frames) in enumerate(shown):
            x = place * (SIZE[0] + GAP)
            draw.text((x + 2, 4), title, font=font, fill=INK)
            sheet.paste(frames[index], (x, TITLE))
        pictures.append(sheet.quantize(128))
    # The last frame stays for a while, so that one sees where things ended.
    times = [FRAME_MS] * (len(pictures) - 1) + [900]
    pictures[0].save(TARGET, save_all=True, append_images=pictures[1:], duration=times, loop=0)


if __name__ == "__main__":
    main()
