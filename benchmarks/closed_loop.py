"""The same held-out scenes through the command line and through ComfyUI: do both follow the tracks?

    python -m benchmarks.closed_loop [--scenes 16] [--version 2]

Scenes, tracks and tracker are those of `benchmarks.motion_control`; each way starts from files, as
a user's does, with the small model in models/toy. ComfyUI (COMFYUI_PATH, else ~/ComfyUI) is left
out, and said to be, where there is none.
"""

import argparse
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.motion_control import TRACKS, interval
from benchmarks.toy_scenes import (
    FEW_STEPS,
    TOY,
    TestScene,
    first_tracks,
    load_toy,
    make_test_scenes,
    measure,
)
from tests.host.graphs import Graph
from tests.host.server import ComfyServer, find_host, running
from wanmove_core import write_tracks
from wanmove_core.bench.world import FRAMES, SIZES
from wanmove_core.command import main as cli
from wanmove_core.evaluate.fidelity import psnr
from wanmove_core.media.video import read_video
from wanmove_core.media.writer import write_image

SHIFT, SEED = 3.0, 0
MODELS = {"bf16": "wanmove_toy_bf16", "fp8": "wanmove_toy_fp8_scaled"}


@dataclass(frozen=True)
class Way:
    """How a scene's video is made.

    Args:
        tracks: whether they guide.
        model: of `MODELS`.
        few: four steps with the LoRA of four steps, in place of eight.
    """

    tracks: bool = True
    model: str = "bf16"
    few: bool = False

    @property
    def steps(self) -> int:
        return 4 if self.few else 8


WAYS = {
    "guided": Way(),
    "without tracks": Way(tracks=False),
    "fp8 weights": Way(model="fp8"),
    "four steps with the LoRA": Way(few=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=16)
    parser.add_argument("--version", type=int, choices=(1, 2), default=1, help="of the world")
    options = parser.parse_args()
    torch.set_num_threads(1)
    scenes = make_test_scenes(load_toy()[1], options.scenes, version=options.version)
    height, width = SIZES[options.version]
    size = (width, height)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_scenes(scenes, folder / "scenes")
        videos = {
            f"command line, {name}": by_command(folder / str(number), folder / "scenes", size, way)
            for number, (name, way) in enumerate(WAYS.items())
        }
        if find_host() is None:
            print("No ComfyUI found (COMFYUI_PATH, ~/ComfyUI): its rows are left out.\n")
        else:
            (folder / "comfy").mkdir()
            with running(folder / "comfy") as server:
                videos |= by_comfyui(server, folder / "scenes", len(scenes), size)
    show(videos, scenes)


def write_scenes(scenes: list[TestScene], folder: Path) -> None:
    folder.mkdir()
    for index, test in enumerate(scenes):
        write_image(folder / f"{index}.png", test.frames[0])
        write_tracks(first_tracks(test.tracks, TRACKS), folder / f"{index}_tracks.npy")


def by_command(folder: Path, scenes: Path, size: tuple[int, int], way: Way) -> Tensor:
    """`wanmove generate --batch` into a new folder; the frames as the .mp4 holds them."""
    folder.mkdir()
    lines = []
    pictures = sorted(scenes.glob("*.png"), key=lambda path: int(path.stem))
    for path in pictures:
        job: dict[str, Any] = {"image": str(path), "out": f"{path.stem}.mp4"}
        if way.tracks:
            job["tracks"] = [str(path.with_name(f"{path.stem}_tracks.npy"))]
        lines.append(json.dumps(job))
    batch = folder / "jobs.jsonl"
    batch.write_text("\n".join(lines), encoding="utf-8")
    files = [MODELS[way.model], "wanmove_toy_vae", "wanmove_toy_prompts"]
    command = ["--quiet", "generate", "--batch", str(batch), "--checkpoint"]
    command += [str(TOY / f"{file}.safetensors") for file in files]
    command += ["--size", f"{size[0]}x{size[1]}", "--frames", str(FRAMES), "--resize", "stretch"]
    command += ["--steps", str(way.steps), "--shift", str(SHIFT), "--solver", "euler"]
    command += ["--guidance-scale", "1", "--seed", str(SEED), "--prompt", "", "--device", "cpu"]
    command += ["--dtype", "fp8" if way.model == "fp8" else "fp32"]
    command += ["--lora", str(FEW_STEPS)] if way.few else []
    if cli.main(command) != 0:
        raise SystemExit("wanmove generate failed.")
    return torch.stack([read_video(folder / f"{path.stem}.mp4") for path in pictures])


def by_comfyui(
    server: ComfyServer, scenes: Path, count: int, size: tuple[int, int]
) -> dict[str, Tensor]:
    """Our nodes in a real ComfyUI; the frames as VAE Decode hands them on."""
    models, given = server.base / "models", server.base / "input"
    for model, file in MODELS.items():
        target = models / f"diffusion_models/toy_{model}.safetensors"
        shutil.copy(TOY / f"{file}.safetensors", target)
    shutil.copy(TOY / "wanmove_toy_vae.safetensors", models / "vae/toy.safetensors")
    (models / "loras").mkdir(exist_ok=True)
    shutil.copy(FEW_STEPS, models / "loras/toy.safetensors")
    for path in scenes.iterdir():
        shutil.copy(path, given / f"scene_{path.name}")
    return {
        f"ComfyUI, {name}": collect(server, [graph_of(i, size, way) for i in range(count)])
        for name, way in WAYS.items()
    }


def collect(server: ComfyServer, graphs: list[Graph]) -> Tensor:
    videos = []
    for graph in graphs:
        run = server.run(graph.prompt, timeout=900)
        if run.error is not None:
            raise SystemExit(run.error["exception_message"])
        frames = torch.load(server.base / "output/video.pt", weights_only=True)
        videos.append((frames.clamp(0, 1) * 255).round().byte())
    return torch.stack(videos)


def graph_of(index: int, size: tuple[int, int], way: Way) -> Graph:
    graph = Graph()
    prompts = graph.add("TestToyPrompts", file=str(TOY / "wanmove_toy_prompts.safetensors"))
    vae = graph.add("VAELoader", vae_name="toy.safetensors")
    encoded = graph.add(
        "WanMoveEncodeStartImage",
        vae=vae,
        start_image=graph.add("LoadImage", image=f"scene_{index}.png"),
        width=size[0],
        height=size[1],
        length=FRAMES,
        resize="stretch",
    )
    guidance = {"batch_size": 1, "strength": 1.0, "branch": "both", "collision": "last"}
    guidance |= {"temporal": "sample", "track_space": "video", "retime": "time"}
    if way.tracks:
        stored = {"width": 0, "height": 0, "length": 0, "unit": "auto"}
        stored |= {"canvas_width": 0, "canvas_height": 0}
        file = f"scene_{index}_tracks.npy"
        guidance["tracks"] = graph.add("WanMoveLoadTracks", file=file, **stored)
    guided = graph.add(
        "WanMoveTrajectoryGuidance",
        positive=prompts.out(0),
        negative=prompts.out(1),
        conditioning_latent=encoded,
        collision_seed=0,
        **guidance,
    )
    file = f"toy_{way.model}.safetensors"
    model = graph.add("UNETLoader", unet_name=file, weight_dtype="default")
    if way.few:
        lora = {"lora_name": "toy.safetensors", "strength_model": 1.0}
        model = graph.add("LoraLoaderModelOnly", model=model, **lora)
    latent = graph.add(
        "WanMoveSampler",
        model=model,
        positive=guided.out(0),
        negative=guided.out(1),
        latent_image=guided.out(2),
        seed=SEED,
        steps=way.steps,
        cfg=1.0,
        sampler_name="euler",
        scheduler="simple",
        denoise=1.0,
        shift=SHIFT,
        motion_scale=0.0,
        guidance_start=0.0,
        guidance_end=1.0,
    )
    video = graph.add("VAEDecode", samples=latent, vae=vae)
    graph.add("TestKeepValue", value=video, name="video.pt")
    return graph


def show(videos: dict[str, Tensor], scenes: list[TestScene]) -> None:
    print(f"{len(scenes)} held-out scenes, {TRACKS} tracks, 8 Euler steps, one noise.\n")
    print("| way | object EPE, px | background EPE, px | PSNR to the true clip, dB |")
    print("|---|---|---|---|")
    for name, video in videos.items():
        figures = {key: interval(values) for key, values in measure(video, scenes).items()}
        cells = [f"{mean:.2f} ± {half:.2f}" for mean, half in figures.values()]
        print(f"| {name} | {' | '.join(cells)} |")
    if "ComfyUI, guided" in videos:
        same = psnr(
            videos["ComfyUI, guided"].flatten(0, 1), videos["command line, guided"].flatten(0, 1)
        )
        print(f"\nThe two guided videos, frame by frame: {float(same.mean()):.1f} dB PSNR.")


if __name__ == "__main__":
    main()
