"""Run every example workflow on a real ComfyUI with the small trained model, and keep a picture.

    .venv/bin/python -m dev.make_thumbnails [part of a workflow's name]

The frontend shows example_workflows/NAME.jpg beside NAME.json, cut to a square. The picture is the
first frame of the run with some of the paths that it was asked to follow, what is special about the
workflow (`thumbnail_marks`), the last frame, the name.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from dev.thumbnail_marks import MARKS
from tests.host.server import PACK, ComfyServer, Prompt, running
from tests.host.workflows import to_prompt
from training.demo_scene import SCENES
from training.world import make_scene
from wanmove_core import Tracks, fit_tracks, read_tracks
from wanmove_core.media.video_writer import write_video
from wanmove_core.view.colours import track_colours
from wanmove_core.view.draw import draw_paths
from wanmove_core.view.map_objects import objects_from_masks
from wanmove_core.view.trajectory_maps import draw_trajectory_maps

TOY = PACK / "models/toy"
SCENE = next(drawn for drawn in SCENES if drawn.folder == "fish")
SHOWN = TOY / "demo" / SCENE.folder
WIDTH, HEIGHT, LENGTH = 192, 128, 17
LARGER = 2
DRAWN = 8  # paths, of those that move farthest; the rest are anchors
# What a source node needs on a picture this small.
SOURCES = {
    "WanMoveCameraTracks": {"count": 150},
    "WanMoveRotationTracks": {"count": 120, "pins": 80, "degrees": 30.0},
    "WanMoveRegionTracks": {"count": 120},
    "WanMoveVideoTracks": {"count": 150},
}


def prepare(prompt: Prompt) -> Prompt:
    """Put the small model, its prompts and its demo's motion in place of the named ones."""
    sources = {"WanMoveTextEncodeCached": ("TestToyPrompts", {"file": _prompts()})}
    sources["CLIPVisionEncode"] = ("TestBlankVision", {})
    stored = {"file": "demo_tracks.npy", "width": WIDTH, "height": HEIGHT, "length": LENGTH}
    stored |= {"unit": "auto", "canvas_width": WIDTH, "canvas_height": HEIGHT}
    sources["WanMoveSplineEditor"] = ("WanMoveLoadTracks", stored)
    size = {"width": WIDTH, "height": HEIGHT, "length": LENGTH}
    if any(node["class_type"] == "WanMoveRegionTracks" for node in prompt.values()):
        stored["file"] = "demo_path.npy"
    for node in prompt.values():
        kind, inputs = node["class_type"], node["inputs"]
        if kind in sources:
            node["class_type"], node["inputs"] = sources[kind]
        elif kind == "WanMoveModelLoader":
            inputs |= {"diffusion_model": "toy.safetensors", "vae": "toy.safetensors"}
            inputs["clip_vision"] = "none"
        elif kind in ("WanMoveEncodeStartImage", "WanMoveFitStartImage"):
            inputs |= {**size, "resize": "stretch"}
        elif kind in SOURCES:
            inputs |= {**size, **SOURCES[kind]}
        elif kind == "LoraLoaderModelOnly":
            inputs |= {"lora_name": "lora.safetensors", "strength_model": 0.0}
    decoder = next(key for key, n in prompt.items() if n["class_type"].startswith("VAEDecode"))
    guided = next(n for n in prompt.values() if n["class_type"] == "WanMoveTrajectoryGuidance")
    for name, value in (("frames", [decoder, 0]), ("tracks", guided["inputs"]["tracks"])):
        keep = {"value": value, "name": f"{name}.pt"}
        prompt[f"keep_{name}"] = {"class_type": "TestKeepValue", "inputs": keep}
    return prompt


def _prompts() -> str:
    return str(next(TOY.glob("*prompts.safetensors")))


# Workflows that need models which nobody ships, and the one that shows the same.
RELATIVES = {"10": "01", "11": "01", "12": "06", "13": "07", "14": "01", "15": "01"}


def card(first: Image.Image, last: Image.Image, name: str) -> Image.Image:
    """A square that can be told from others at a glance: the paths, the last frame, the name."""
    number, _, words = name.removeprefix("wan-move-").partition("-")
    colour = tuple(track_colours(int(number) + 1)[-1].tolist())
    both = Image.new("RGB", (384, 384), colour)
    first = first.resize((384, 256))
    if number in MARKS:
        MARKS[number](first)
    both.paste(first, (0, 0))
    both.paste(last.resize((192, 128)), (0, 256))
    pen = ImageDraw.Draw(both)
    lines = words.split("-")
    for row, word in enumerate(lines):
        place = (204, 320 + 34 * (row - len(lines) / 2))
        pen.text(place, word, fill=(24, 22, 28), font=ImageFont.load_default(size=28))
    return both


def picture(frames: torch.Tensor, tracks: Tracks) -> tuple[Image.Image, Image.Image]:
    """The first frame with the paths that were asked for, and the last frame."""
    size = (WIDTH * LARGER, HEIGHT * LARGER)
    first, last = (
        Image.fromarray(frame.mul(255).round().clamp(0, 255).byte().numpy()).resize(
            size, Image.BICUBIC
        )
        for frame in (frames[0], frames[-1])
    )
    way = (tracks.positions[-1] - tracks.positions[0]).norm(dim=-1)
    way = way * tracks.visibility.all(0)  # not those that leave the picture
    order = way.argsort(descending=True)
    # Of the farther half, some that lie apart.
    far = order[: max(DRAWN, len(order) // 2)][:: max(1, len(order) // (2 * DRAWN))][:DRAWN]
    moving = Tracks(tracks.positions[:, far], tracks.visibility[:, far])
    pixels = torch.frombuffer(bytearray(first.tobytes()), dtype=torch.uint8)
    moving = fit_tracks(moving, (WIDTH, HEIGHT), size)
    drawn = draw_paths(pixels.view(size[1], size[0], 3), moving, radius=4.0)
    return Image.fromarray(drawn.numpy()), last


def moving_tracks() -> Tracks:
    """The demo's tracks that lie on its object."""
    tracks = read_tracks(SHOWN / "curve_tracks.npy")
    moves = (tracks.positions - tracks.positions[:1]).norm(dim=-1).amax(0) > 2
    return Tracks(tracks.positions[:, moves], tracks.visibility[:, moves])


def object_mask(tracks: Tracks, size: tuple[int, int]) -> np.ndarray:
    """What the object's tracks enclose in the first frame: 255, else 0."""
    outline = cv2.convexHull(tracks.positions[0].numpy().round().astype(np.int32))
    return cv2.fillConvexPoly(np.zeros((size[1], size[0]), np.uint8), outline, 255)


def boxes_picture() -> tuple[Image.Image, Image.Image]:
    """FlashMotion's request: the demo's object in boxes over its picture, and the last map.

    No model is run: the one that takes boxes has another size than the small one.
    """
    size = (WIDTH * LARGER, HEIGHT * LARGER)
    tracks = fit_tracks(moving_tracks(), (WIDTH, HEIGHT), size)
    objects = objects_from_masks(object_mask(tracks, size)[None] > 0, tracks)
    maps = draw_trajectory_maps(objects, size).numpy()
    start = np.asarray(Image.open(SHOWN / "start.png").convert("RGB").resize(size))

    def over(drawn: np.ndarray, light: float) -> Image.Image:
        shown = np.minimum(2 * drawn.astype(np.int64), 255)  # as bright as the preview's
        return Image.fromarray(
            np.where(drawn.any(2, keepdims=True), shown, start * light).astype(np.uint8)
        )

    later = maps[1::5].max(0)
    kernel = np.ones((3, 3), np.uint8)  # lines that a small card still shows
    return over(cv2.dilate(later, kernel), 0.9), over(cv2.dilate(maps[-1], kernel), 0.5)


DRAWN_CARDS = {"16": boxes_picture}


def write_pictures(folder: Path) -> None:
    """The demo's start image, its object cut out as alpha, and a dome for the object's depth."""
    mask = object_mask(moving_tracks(), (WIDTH, HEIGHT))
    start = np.asarray(Image.open(SHOWN / "start.png").convert("RGB"))
    Image.fromarray(np.dstack([start, 255 - mask])).save(folder / "example.png")
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    dome = np.sqrt(1 - (1 - inside / inside.max()) ** 2) * 0.6 + 0.4 * (mask > 0)
    depth = (255 * np.clip(dome, 0.1, 1)).astype(np.uint8)
    Image.fromarray(np.dstack([depth] * 3)).save(folder / "example_depth.png")


def write_path(path: Path) -> None:
    """The way of the demo's object, as one track."""
    np.save(path, moving_tracks().positions.mean(1, keepdim=True).float().numpy())


def write_motion(path: Path) -> None:
    """A clip whose motion is taken: the world's own of the demo's scene."""
    write_video(
        path, torch.from_numpy(make_scene(SCENE.seed, version=SCENE.version).frames), fps=16
    )


def run_all(server: ComfyServer) -> None:
    """Run the workflows one by one."""
    models = server.base / "models"
    shutil.copy(TOY / "wanmove_toy_bf16.safetensors", models / "diffusion_models/toy.safetensors")
    shutil.copy(TOY / "wanmove_toy_vae.safetensors", models / "vae/toy.safetensors")
    write_pictures(server.base / "input")
    write_motion(server.base / "input/example_motion.mp4")
    write_path(server.base / "input/demo_path.npy")
    for kind in ("tracks", "visibility"):
        shutil.copy(SHOWN / f"curve_{kind}.npy", server.base / f"input/demo_{kind}.npy")
    info = server.get("/object_info")
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    paths = sorted((PACK / "example_workflows").glob("*.json"))
    pictures: dict[str, tuple[Image.Image, Image.Image]] = {}
    for path in paths:
        number = path.stem[9:11]
        if wanted not in path.stem or number in RELATIVES:
            continue
        if number in DRAWN_CARDS:
            pictures[number] = DRAWN_CARDS[number]()
            continue
        prompt = prepare(to_prompt(json.loads(path.read_text(encoding="utf-8")), info))
        run = server.run(prompt, timeout=900, extra_data={"extra_pnginfo": {}})
        if run.error is not None:
            raise RuntimeError(f"{path.name}: {run.error['exception_message']}")
        frames, asked = (
            torch.load(server.base / f"output/{name}.pt", weights_only=True)
            for name in ("frames", "tracks")
        )
        tracks = Tracks(asked["track_path"], asked["track_visibility"])
        pictures[number] = picture(frames, tracks)
    for path in paths:
        number = path.stem[9:11]
        shown = pictures.get(RELATIVES.get(number, number))
        if shown:
            card(*shown, path.stem).save(path.with_suffix(".jpg"), quality=88)


def main() -> None:
    """Start a host, run the workflows, write the pictures."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        run_all(server)


if __name__ == "__main__":
    main()
