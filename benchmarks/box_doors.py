"""Boxes on the same scenes through the command line and through ComfyUI: do objects follow both?

    python -m benchmarks.box_doors [--scenes 12]

The generator is the small model in the layout of Wan2.2-TI2V-5B with its fast adapter, in four
steps. On each held-out picture a box is drawn around the object and moved by the editor's drawing;
each way starts from files, as a user's does. ComfyUI (COMFYUI_PATH, else ~/ComfyUI) is left out,
and said to be, where there is none.
"""

import argparse
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.flashmotion import BoxScene, cells, objects_of, overlaps
from benchmarks.toy_scenes import TOY
from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer, find_host, running
from training.demo_scene import along, draw_box
from training.world import make_scene
from wanmove_core.bench.world import FRAMES, HELD_OUT_SEED, Scene
from wanmove_core.command import main as cli
from wanmove_core.media.video import read_video
from wanmove_core.media.writer import write_image
from wanmove_core.view.map_objects import SegmentedObject

SMALL_5B = TOY.parent / "toy_5b"
FILES = {
    kind: f"wanmove_toy_5b_{name}.safetensors"
    for kind, name in (
        ("diffusion_models", "fp8_scaled"),
        ("vae", "vae"),
        ("loras", "four_steps_lora"),
        ("model_patches", "boxes_resnet_fast"),
    )
}
SIZE = {"width": 192, "height": 128}
SEED = 0
_FIRST_SEED = HELD_OUT_SEED + 50_000
_WAYS = ((44, 0), (-44, 0), (0, 30), (0, -30))


def write_requests(folder: Path, count: int) -> list[BoxScene]:
    """Pictures with one object and drawings that move a box around it; returns what is asked."""
    asked: list[BoxScene] = []
    folder.mkdir(parents=True)
    for scene, objects in _scenes():
        mask = objects[0].masks[0]
        row, col = np.nonzero(mask)
        low, high = np.array([col.min(), row.min()]), np.array([col.max(), row.max()]) + 1
        end = np.array([SIZE["width"], SIZE["height"]])
        fits = [way for way in _WAYS if (low + way >= 0).all() and (high + way <= end).all()]
        if not fits:
            continue
        way = np.array(fits[len(asked) % len(fits)])
        curve = [tuple(float(v) for v in way * share) for share in (0, 1 / 3, 2 / 3, 1)]
        write_image(folder / f"{len(asked)}.png", torch.from_numpy(scene.frames[0]))
        drawing = json.dumps(draw_box(scene, curve))
        (folder / f"{len(asked)}.json").write_text(drawing, encoding="utf-8")
        moved = [np.roll(mask, (y, x), (0, 1)) for x, y in along(curve).round().astype(int)]
        asked.append(BoxScene(scene, [SegmentedObject(np.stack(moved))], torch.empty(0)))
        if len(asked) == count:
            break
    return asked


def _scenes() -> Iterator[tuple[Scene, list[SegmentedObject]]]:
    """Held-out scenes with one object."""
    for seed in itertools.count(_FIRST_SEED):
        scene = make_scene(seed, version=2)
        objects = objects_of(scene)
        if len(objects) == 1:
            yield scene, objects


def by_command(folder: Path, count: int, *, boxes: bool = True) -> list[Tensor]:
    """`wanmove generate --batch`; the frames as the .mp4 holds them."""
    name = "guided" if boxes else "free"
    lines = []
    for index in range(count):
        job: dict[str, Any] = {"image": f"scenes/{index}.png", "out": f"{name}/{index}.mp4"}
        if boxes:
            job["tracks"] = [f"scenes/{index}.json"]
        lines.append(json.dumps(job))
    batch = folder / f"{name}.jsonl"
    batch.write_text("\n".join(lines), encoding="utf-8")
    command = ["--quiet", "generate", "--batch", str(batch), "--checkpoint", str(SMALL_5B)]
    command += ["--lora", str(SMALL_5B / FILES["loras"]), "--few-step", "trained", "--prompt", ""]
    command += ["--size", f"{SIZE['width']}x{SIZE['height']}", "--frames", str(FRAMES)]
    command += ["--resize", "stretch", "--seed", str(SEED), "--device", "cpu", "--dtype", "fp8"]
    if boxes:
        command += ["--adapter", str(SMALL_5B / FILES["model_patches"])]
    if cli.main(command) != 0:
        raise SystemExit("wanmove generate failed.")
    return [read_video(folder / name / f"{index}.mp4") for index in range(count)]


def by_comfyui(server: ComfyServer, scenes: Path, count: int) -> dict[str, list[Tensor]]:
    """Our nodes in a real ComfyUI: videos by name, guided and free, as VAE Decode hands them on."""
    for kind, file in FILES.items():
        target = server.base / "models" / kind
        target.mkdir(exist_ok=True)
        shutil.copy(SMALL_5B / file, target / file)
    videos: dict[str, list[Tensor]] = {"guided": [], "free": []}
    for index in range(count):
        shutil.copy(scenes / f"{index}.png", server.base / "input/box_scene.png")
        drawing = (scenes / f"{index}.json").read_text(encoding="utf-8")
        run = server.run(graph_of(drawing).prompt, timeout=900)
        if run.error is not None:
            raise SystemExit(run.error["exception_message"])
        for name, found in videos.items():
            frames = torch.load(server.base / f"output/{name}.pt", weights_only=True)
            found.append((frames.clamp(0, 1) * 255).round().byte())
    return videos


def graph_of(drawing: str) -> Graph:
    """A user's graph: editor, maps, adapter, LoRA and core's own start image and sampler."""
    graph = Graph()
    image = graph.add("LoadImage", image="box_scene.png")
    loader = graph.add(
        "WanMoveModelLoader",
        diffusion_model=FILES["diffusion_models"],
        vae=FILES["vae"],
        weight_dtype="default",
        text_encoder="none",
        text_encoder_device="default",
        clip_vision="none",
        shift=-1.0,
    )
    few = graph.add(
        "LoraLoaderModelOnly", model=loader, lora_name=FILES["loras"], strength_model=1.0
    )
    start = graph.add(
        "Wan22ImageToVideoLatent",
        vae=loader.out(2),
        start_image=image,
        batch_size=1,
        length=FRAMES,
        **SIZE,
    )
    prompts = graph.add("TestToyPrompts", file=str(TOY / "wanmove_toy_prompts.safetensors"))
    for name, model in (("guided", _guided(graph, few, loader, image, drawing)), ("free", few)):
        sampled = graph.add(
            "SamplerCustomAdvanced",
            noise=graph.add("RandomNoise", noise_seed=SEED),
            guider=graph.add("BasicGuider", model=model, conditioning=prompts.out(0)),
            sampler=graph.add("KSamplerSelect", sampler_name="lcm"),
            sigmas=graph.add("WanMoveFewStepSigmas", preset="FlashMotion / Turbo, as trained"),
            latent_image=start,
        )
        video = graph.add("VAEDecode", samples=sampled, vae=loader.out(2))
        graph.add("TestKeepValue", value=video, name=f"{name}.pt")
    return graph


def _guided(graph: Graph, model: Node, loader: Node, image: Node, drawing: str) -> Node:
    """The model, guided by the boxes that were drawn in the editor."""
    drawn = graph.add("WanMoveSplineEditor", splines=drawing, image=image, mask_radius=3.0)
    whole = {"width": 0, "height": 0, "length": 0}
    no_boxes = {"given": "", "box_width": 0, "box_height": 0}
    maps = graph.add(
        "WanMoveTrajectoryMaps",
        masks=drawn.out(5),
        tracks=drawn,
        shape="box",
        resize="stretch",
        **whole,
        **no_boxes,
    )
    latent = graph.add("WanMoveEncodeTrajectoryMaps", vae=loader.out(2), maps=maps, **whole)
    adapter = graph.add(
        "WanMoveFlashMotionLoader",
        adapter=FILES["model_patches"],
        kind="auto",
        weight_dtype="default",
    )
    return graph.add(
        "WanMoveFlashMotionApply",
        model=model,
        adapter=adapter,
        maps_latent=latent,
        strength=1.0,
        start_percent=0.0,
        end_percent=1.0,
    )


def measured(videos: list[Tensor], asked: list[BoxScene]) -> np.ndarray:
    """IoU of boxes and of masks, [scenes, 2]."""
    return np.array([overlaps(video, one) for video, one in zip(videos, asked, strict=True)])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=12)
    count = parser.parse_args().scenes
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = write_requests(folder / "scenes", count)
        videos = {
            "command line, guided": by_command(folder, count),
            "command line, without boxes": by_command(folder, count, boxes=False),
        }
        if find_host() is None:
            print("No ComfyUI found (COMFYUI_PATH, ~/ComfyUI): its rows are left out.\n")
        else:
            (folder / "comfy").mkdir()
            with running(folder / "comfy") as server:
                made = by_comfyui(server, folder / "scenes", count)
            videos["ComfyUI, guided"] = made["guided"]
            videos["ComfyUI, without boxes"] = made["free"]
    print(f"{count} held-out pictures, four steps, mean and 95 % interval\n")
    print("| way | box IoU | mask IoU |\n|---|---|---|")
    for way, found in videos.items():
        print(f"| {way} | {cells(measured(found, asked))} |", flush=True)


if __name__ == "__main__":
    main()
