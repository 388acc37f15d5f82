"""Is what is drawn what moves: pictures of five shapes against the exactly fitting one.

Held-out scenes are put into pictures of other sizes and aspect ratios, so that crop, stretch or pad
brings each scene back to the video's 96x64. The tracks are in pixels of the picture and say so. A
real ComfyUI (COMFYUI_PATH) encodes, guides and samples with models/toy, from the same noise; the
end-point error of the objects' points should lie within the 95 % interval of the pictures that fit.

    python -m benchmarks.frames [--scenes N] [--steps N] [--out FILE]
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from benchmarks.motion_control import interval
from benchmarks.toy_scenes import TOY, TestScene, first_tracks, load_toy, make_test_scenes
from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer, running
from wanmove_core import Tracks
from wanmove_core.evaluate.metrics import end_point_error
from wanmove_core.formats import coordinates_json
from wanmove_core.tracking.video import track_points

SIZE = (96, 64)
_BAR = 8  # px at the left and right that "pad" adds
_GUIDING = {"batch_size": 1, "strength": 1.0, "branch": "both", "collision": "last"}
_GUIDING |= {"temporal": "sample", "track_space": "video", "retime": "time", "collision_seed": 0}
_SAMPLING = {"seed": 0, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple"}
_SAMPLING |= {"denoise": 1.0, "shift": 3.0, "motion_scale": 0.0}
_SAMPLING |= {"guidance_start": 0.0, "guidance_end": 1.0}


@dataclass(frozen=True)
class Shape:
    """A picture that holds a scene's frame.

    Args:
        resize: how it comes to the video.
        border: rows and columns that are mirrored on at every side; negative ones are cut off.
        scale: x and y, after that.
    """

    resize: str
    border: tuple[int, int] = (0, 0)
    scale: tuple[float, float] = (1.0, 1.0)

    def picture(self, frame: np.ndarray) -> np.ndarray:
        """uint8 [height, width, 3]."""
        rows, columns = self.border
        if columns < 0:
            frame = frame[:, -columns:columns]
        else:
            edges = (rows, rows, columns, columns)
            frame = cv2.copyMakeBorder(frame, *edges, cv2.BORDER_REFLECT)
        size = (round(frame.shape[1] * self.scale[0]), round(frame.shape[0] * self.scale[1]))
        return cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)

    def tracks(self, tracks: Tracks) -> Tracks:
        """The same points in pixels of the picture."""
        shift = torch.tensor([self.border[1], self.border[0]], dtype=torch.float32)
        moved = (tracks.positions.float() + shift) * torch.tensor(self.scale)
        return Tracks(moved, tracks.visibility)


SHAPES = {
    "fits (96x64)": Shape("crop"),
    "square, cropped (96x96)": Shape("crop", border=(16, 0)),
    "tall, cropped (288x672)": Shape("crop", border=(80, 0), scale=(3.0, 3.0)),
    "long, cropped (480x128)": Shape("crop", border=(0, 72), scale=(2.0, 2.0)),
    "square, stretched (192x192)": Shape("stretch", scale=(2.0, 3.0)),
    "5:4, padded (160x128)": Shape("pad", border=(0, -_BAR), scale=(2.0, 2.0)),
}


def asked_tracks(test: TestScene) -> Tracks:
    """The scene's measured tracks, hidden where one of the pictures does not show them."""
    own = first_tracks(test.tracks, test.measured)
    x = own.positions[..., 0]
    return replace(own, visibility=own.visibility & (x > _BAR + 1) & (x < SIZE[0] - _BAR - 1))


def sampled(graph: Graph, parts: dict[str, Node], picture: str, shape: Shape, text: str) -> Node:
    """The video of one picture and its tracks."""
    image = graph.add("LoadImage", image=picture)
    video = {"width": SIZE[0], "height": SIZE[1], "length": 17, "resize": shape.resize}
    encoded = graph.add("WanMoveEncodeStartImage", vae=parts["vae"], start_image=image, **video)
    stored = {"width": 0, "height": 0, "length": 0, "unit": "auto"}
    stored |= {"canvas_width": 0, "canvas_height": 0}
    guided = graph.add(
        "WanMoveTrajectoryGuidance",
        positive=parts["prompts"].out(0),
        negative=parts["prompts"].out(1),
        conditioning_latent=encoded,
        clip_vision_output=parts["vision"],
        tracks=graph.add("WanMoveLoadTracks", text=text, **stored),
        **_GUIDING,
    )
    names = ("positive", "negative", "latent_image")
    latent = graph.add(
        "WanMoveSampler",
        model=parts["model"],
        **{name: guided.out(slot) for slot, name in enumerate(names)},
        **parts["sampling"],
    )
    return graph.add("VAEDecode", samples=latent, vae=parts["vae"])


def videos(server: ComfyServer, tests: list[TestScene], shape: Shape, steps: int) -> list[Any]:
    """One video a scene, float [17, 64, 96, 3]."""
    graph = Graph()
    parts: dict[str, Any] = {
        "vae": graph.add("VAELoader", vae_name="toy.safetensors"),
        "model": graph.add("UNETLoader", unet_name="toy.safetensors", weight_dtype="default"),
        "vision": graph.add("TestBlankVision"),
        "prompts": graph.add("TestToyPrompts", file=str(TOY / "wanmove_toy_prompts.safetensors")),
        "sampling": {**_SAMPLING, "steps": steps},
    }
    for index, test in enumerate(tests):
        picture = shape.picture(test.scene.frames[0])
        Image.fromarray(picture).save(server.base / f"input/{index}.png")
        frame = (picture.shape[1], picture.shape[0])
        text = coordinates_json(shape.tracks(asked_tracks(test)), frame)
        video = sampled(graph, parts, f"{index}.png", shape, text)
        graph.add("TestKeepValue", value=video, name=f"{index}.pt")
    run = server.run(graph.prompt, timeout=3600)
    if run.error is not None:
        raise RuntimeError(run.error["exception_message"])
    files = [server.base / f"output/{index}.pt" for index in range(len(tests))]
    return [torch.load(file, weights_only=True) for file in files]


def error_px(test: TestScene, video: torch.Tensor) -> float:
    """Mean end-point error of the objects' points."""
    asked = asked_tracks(test)
    clip = (video * 255).round().to(torch.uint8)
    error = end_point_error(asked, track_points(clip, asked.positions[0]))
    part = slice(0, test.on_object)
    return float(error.distance[:, part][error.counted[:, part]].mean())


def run(count: int, steps: int, say: Callable[[str], None] = print) -> list[dict[str, Any]]:
    """Measure every shape; say each row when it is done."""
    tests = make_test_scenes(load_toy()[1], count)
    say(f"{count} scenes, {steps} steps; 95 % intervals\n")
    say("| start image | object EPE, px | more than the fitting one | within its interval |")
    say("|---|---|---|---|")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        for kind, name in (("diffusion_models", "bf16"), ("vae", "vae")):
            target = server.base / f"models/{kind}/toy.safetensors"
            shutil.copy(TOY / f"wanmove_toy_{name}.safetensors", target)
        for name, shape in SHAPES.items():
            made = videos(server, tests, shape, steps)
            errors = [error_px(test, video) for test, video in zip(tests, made, strict=True)]
            rows.append({"name": name, "errors": errors})
            middle, half = interval(rows[0]["errors"])
            rows[-1]["within"] = abs(float(np.mean(errors)) - middle) <= half
            more = [one - fits for one, fits in zip(errors, rows[0]["errors"], strict=True)]
            told = ["{:.2f} ± {:.2f}".format(*interval(values)) for values in (errors, more)]
            told += ["yes" if rows[-1]["within"] else "no"]
            say(f"| {name} | {' | '.join(told)} |")
    return rows


def main() -> int:
    """Run from the command line; 1 where a shape is not within the interval."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=12, help="2 or more (default 12)")
    parser.add_argument("--steps", type=int, default=6, help="of the sampler (default 6)")
    parser.add_argument("--out", type=Path, help="JSON with the errors of every scene")
    args = parser.parse_args()
    rows = run(args.scenes, args.steps, lambda text: print(text, flush=True))
    if args.out is not None:
        args.out.write_text(json.dumps({"steps": args.steps, "rows": rows}, indent=1) + "\n")
    return 0 if all(row["within"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
