"""The two ways to a long video that ComfyUI has, on a real server: for `benchmarks.long_video`."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from benchmarks.toy_scenes import TOY
from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer, running
from wanmove_core import Tracks, write_tracks
from wanmove_core.generation.settings import GenerationSettings
from wanmove_core.guidance.segments import plan_segments
from wanmove_core.media.writer import write_image

_GUIDING = {"strength": 1.0, "branch": "both", "collision": "last", "temporal": "sample"}
_GUIDING |= {"track_space": "video", "collision_seed": 0}
_SAMPLING = {"cfg": 1.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}
_SAMPLING |= {"shift": 3.0, "motion_scale": 0.0, "guidance_start": 0.0, "guidance_end": 1.0}
# Core adds the start image to every window but the first: 17 frames then, as the model knows.
_WINDOWS = {"context_length": 13, "context_overlap": 4, "context_schedule": "standard_static"}
_WINDOWS |= {"context_stride": 1, "closed_loop": False, "fuse_method": "pyramid"}
_WINDOWS |= {"freenoise": True, "retain_first_frame": True, "split_conds_to_windows": False}


@contextmanager
def comfyui_ways() -> Iterator[dict[str, Callable[..., Tensor]]]:
    """Ways with the arguments of those in `benchmarks.long_video`; the pipeline is not used."""
    with TemporaryDirectory() as folder, running(Path(folder)) as server:
        for kind, name in (("diffusion_models", "bf16"), ("vae", "vae")):
            target = server.base / f"models/{kind}/toy.safetensors"
            shutil.copy(TOY / f"wanmove_toy_{name}.safetensors", target)

        def way(make: Callable[..., Node]) -> Callable[..., Tensor]:
            return lambda _pipeline, *given: _run(server, make, *given)

        yield {
            "ComfyUI, Wan Context Windows": way(_windows),
            "ComfyUI, chain by Continue Guidance": way(_chain),
        }


def _run(
    server: ComfyServer,
    make: Callable[..., Node],
    image: Tensor,
    tracks: Tracks,
    settings: GenerationSettings,
) -> Tensor:
    write_image(server.base / "input/start.png", image)
    write_tracks(tracks, server.base / "input/tracks.npy")
    graph = Graph()
    stored = {"width": 0, "height": 0, "length": 0, "unit": "auto"}
    stored |= {"canvas_width": 0, "canvas_height": 0}
    parts: dict[str, Any] = {
        "vae": graph.add("VAELoader", vae_name="toy.safetensors"),
        "model": graph.add("UNETLoader", unet_name="toy.safetensors", weight_dtype="default"),
        "vision": graph.add("TestBlankVision"),
        "prompts": graph.add("TestToyPrompts", file=str(TOY / "wanmove_toy_prompts.safetensors")),
        "image": graph.add("LoadImage", image="start.png"),
        "tracks": graph.add("WanMoveLoadTracks", file="tracks.npy", **stored),
    }
    graph.add("TestKeepValue", value=make(graph, parts, settings), name="video.pt")
    run = server.run(graph.prompt, timeout=1800)
    if run.error is not None:
        raise SystemExit(run.error["exception_message"])
    frames = torch.load(server.base / "output/video.pt", weights_only=True)
    return (frames.clamp(0, 1) * 255).round().byte()


def _windows(graph: Graph, parts: dict[str, Any], settings: GenerationSettings) -> Node:
    """The graph of wan-move-10-long-windows."""
    model = graph.add("WanContextWindowsManual", model=parts["model"], **_WINDOWS)
    start = _start(graph, parts, settings, settings.num_frames)
    guided = _guided(graph, parts, start, retime="time")
    return _sampled(graph, {**parts, "model": model}, guided, settings, 0)


def _chain(graph: Graph, parts: dict[str, Any], settings: GenerationSettings) -> Node:
    """The graph of wan-move-11-long-chain, with as many clips as it takes."""
    segments = plan_segments(settings.num_frames, settings.clip_frames)
    start = _start(graph, parts, settings, segments[0].num_frames)
    guided = _guided(graph, parts, start, retime="cut")
    frames = _sampled(graph, parts, guided, settings, 0)
    for segment in segments[1:]:
        guided = graph.add(
            "WanMoveContinueGuidance",
            positive=parts["prompts"].out(0),
            negative=parts["prompts"].out(1),
            vae=parts["vae"],
            conditioning_latent=start,
            frames=frames,
            tracks=parts["tracks"],
            clip_vision_output=parts["vision"],
            length=segment.num_frames,
            video_length=settings.num_frames,
            start_frame=-1,
            retime="time",
            **_GUIDING,
        )
        clip = _sampled(graph, parts, guided, settings, segment.index)
        later = graph.add("ImageFromBatch", image=clip, batch_index=1, length=4096)
        frames = graph.add("ImageBatch", image1=frames, image2=later)
    return frames


def _start(graph: Graph, parts: dict[str, Any], settings: GenerationSettings, length: int) -> Node:
    width, height = settings.size
    size = {"width": width, "height": height, "length": length, "resize": "stretch"}
    return graph.add(
        "WanMoveEncodeStartImage", vae=parts["vae"], start_image=parts["image"], **size
    )


def _guided(graph: Graph, parts: dict[str, Any], start: Node, *, retime: str) -> Node:
    return graph.add(
        "WanMoveTrajectoryGuidance",
        positive=parts["prompts"].out(0),
        negative=parts["prompts"].out(1),
        conditioning_latent=start,
        clip_vision_output=parts["vision"],
        tracks=parts["tracks"],
        batch_size=1,
        retime=retime,
        **_GUIDING,
    )


def _sampled(
    graph: Graph, parts: dict[str, Any], guided: Node, settings: GenerationSettings, clip: int
) -> Node:
    latent = graph.add(
        "WanMoveSampler",
        model=parts["model"],
        positive=guided.out(0),
        negative=guided.out(1),
        latent_image=guided.out(2),
        seed=settings.seed + clip,
        steps=settings.steps,
        **_SAMPLING,
    )
    return graph.add("VAEDecode", samples=latent, vae=parts["vae"])
