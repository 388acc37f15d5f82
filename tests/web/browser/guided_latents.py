"""Pictures with a landmark, and whether a path drawn on one moves what it was drawn on.

`pictures FOLDER` writes one picture of each aspect. Otherwise reads one line of JSON after the
other, {picture, width, height, resize, document, coordinates}, and answers what is under the start
of the path in the video, and whether the guided latents of both ways are bit for bit the same.
"""

import json
import sys
from pathlib import Path

import torch
from PIL import Image
from torch.nn import functional

from wanmove_core import LatentGrid, fit_image
from wanmove_core.document.sampling import sample_document
from wanmove_core.document.schema import parse_document
from wanmove_core.guidance.guide import guide
from wanmove_core.media.image import read_image
from wanmove_core.start_image.encoded import EncodedStart

ASPECTS = {"tall": (300, 600), "upright": (450, 600), "square": (512, 512)}
ASPECTS |= {"wide": (640, 400), "long": (960, 400)}
LANDMARK = (0.45, 0.52)


def picture(width, height):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    image = torch.stack([x * 90 / width, y * 140 / height, (x + y) % 160], -1).to(torch.uint8)
    away = torch.hypot(x - LANDMARK[0] * width, y - LANDMARK[1] * height)
    image[away < 0.035 * min(width, height)] = torch.tensor([255, 0, 0], dtype=torch.uint8)
    return image


def encoded(pixels, grid, image_size, fit_mode):
    """What stands for the VAE's latent: each cell is the mean of its pixels."""
    cells = functional.avg_pool2d(pixels, 8)
    latent = cells[:, :, None].repeat(1, 1, grid.latent_frames, 1, 1) * 1.0
    latent[:, :, 1:] = 0.5
    return EncodedStart(latent, grid, image_size, fit_mode)


def answer(case, folder):
    image = read_image(folder / case["picture"])
    size, mode = (case["width"], case["height"]), case["resize"]
    drawing = parse_document(case["document"])
    grid = LatentGrid(drawing.num_frames, size[1], size[0])
    pixels = fit_image(image[None], size, mode=mode)
    tracks = sample_document(drawing)
    raw = encoded(pixels, grid, (image.shape[1], image.shape[0]), mode)
    fitted = guide(encoded(pixels, grid, size, "stretch"), tracks)
    x, y = (int(value) for value in tracks.positions[0, 0])
    return {
        "under": ((pixels[0, :, y, x] + 1) / 2 * 255).round().tolist(),
        "equal": torch.equal(guide(raw, tracks).positive, fitted.positive),
        "acts": not torch.equal(fitted.positive, fitted.still),
    }


def main():
    folder = Path(sys.argv[-1])
    if sys.argv[1] == "pictures":
        for name, size in ASPECTS.items():
            Image.fromarray(picture(*size).numpy()).save(folder / f"{name}.png")
        return
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line), folder)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
