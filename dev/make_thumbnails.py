"""Run every example workflow on a real ComfyUI with the small trained model, and keep a picture.

    .venv/bin/python -m dev.make_thumbnails

The frontend shows example_workflows/NAME.jpg beside NAME.json. The picture is the first frame
of the run with some of the paths that it was asked to follow, and the last frame, enlarged.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from PIL import Image

from tests.host.server import PACK, ComfyServer, Prompt, running
from tests.host.workflows import to_prompt
from wanmove_core import Tracks, fit_tracks, read_tracks
from wanmove_core.draw import draw_paths

TOY = PACK / "models/toy"
WIDTH, HEIGHT, LENGTH = 96, 64, 17
LARGER = 4


def prepare(prompt: Prompt) -> Prompt:
    """Put the small model, its prompts and its demo's motion in place of the named ones."""
    sources = {"WanMoveTextEncodeCached": ("TestToyPrompts", {"file": _prompts()})}
    sources["CLIPVisionEncode"] = ("TestBlankVision", {})
    stored = {"file": "demo_tracks.npy", "width": WIDTH, "height": HEIGHT, "length": LENGTH}
    stored |= {"unit": "auto", "canvas_width": WIDTH, "canvas_height": HEIGHT}
    sources["WanMoveSplineEditor"] = ("WanMoveLoadTracks", stored)
    for node in prompt.values():
        kind, inputs = node["class_type"], node["inputs"]
        if kind in sources:
            node["class_type"], node["inputs"] = sources[kind]
        elif kind == "WanMoveModelLoader":
            inputs |= {"diffusion_model": "toy.safetensors", "vae": "toy.safetensors"}
            inputs["clip_vision"] = "none"
        elif kind == "WanMoveEncodeStartImage":
            inputs |= {"width": WIDTH, "height": HEIGHT, "length": LENGTH, "resize": "stretch"}
        elif kind == "LoraLoaderModelOnly":
            inputs |= {"lora_name": "lora.safetensors", "strength_model": 0.0}
    decoder = next(key for key, n in prompt.items() if n["class_type"].startswith("VAEDecode"))
    keep = {"value": [decoder, 0], "name": "frames.pt"}
    prompt["keep"] = {"class_type": "TestKeepValue", "inputs": keep}
    return prompt


def _prompts() -> str:
    return str(next(TOY.glob("*prompts.safetensors")))


def picture(frames: torch.Tensor) -> Image.Image:
    """The first frame with the paths that were asked for, and the last frame."""
    size = (WIDTH * LARGER, HEIGHT * LARGER)
    first, last = (
        Image.fromarray(frame.mul(255).round().clamp(0, 255).byte().numpy()).resize(
            size, Image.BICUBIC
        )
        for frame in (frames[0], frames[-1])
    )
    tracks = read_tracks(TOY / "demo/curve_tracks.npy")
    way = (tracks.positions[-1] - tracks.positions[0]).norm(dim=-1)
    far = way.argsort(descending=True)[:8]  # the rest are anchors
    moving = Tracks(tracks.positions[:, far], tracks.visibility[:, far])
    pixels = torch.frombuffer(bytearray(first.tobytes()), dtype=torch.uint8)
    moving = fit_tracks(moving, (WIDTH, HEIGHT), size)
    drawn = draw_paths(pixels.view(size[1], size[0], 3), moving, radius=4.0)
    both = Image.new("RGB", (2 * size[0] + LARGER, size[1]), "white")
    both.paste(Image.fromarray(drawn.numpy()), (0, 0))
    both.paste(last, (size[0] + LARGER, 0))
    return both


def run_all(server: ComfyServer) -> None:
    """Run the workflows one by one."""
    models = server.base / "models"
    shutil.copy(TOY / "wanmove_toy_bf16.safetensors", models / "diffusion_models/toy.safetensors")
    shutil.copy(TOY / "wanmove_toy_vae.safetensors", models / "vae/toy.safetensors")
    shutil.copy(TOY / "demo/start.png", server.base / "input/example.png")
    for kind in ("tracks", "visibility"):
        shutil.copy(TOY / f"demo/curve_{kind}.npy", server.base / f"input/demo_{kind}.npy")
    info = server.get("/object_info")
    for path in sorted((PACK / "example_workflows").glob("*.json")):
        prompt = prepare(to_prompt(json.loads(path.read_text(encoding="utf-8")), info))
        run = server.run(prompt, timeout=900, extra_data={"extra_pnginfo": {}})
        if run.error is not None:
            raise RuntimeError(f"{path.name}: {run.error['exception_message']}")
        frames = torch.load(server.base / "output/frames.pt", weights_only=True)
        picture(frames).save(path.with_suffix(".jpg"), quality=88)


def main() -> None:
    """Start a host, run the workflows, write the pictures."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        run_all(server)


if __name__ == "__main__":
    main()
