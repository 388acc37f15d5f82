"""The loop, closed on a real ComfyUI: the small trained model follows its tracks, measured."""

import shutil

import numpy as np
import pytest
import torch

from tests.host.graphs import Graph, Node
from tests.host.server import PACK, ComfyServer
from tests.host.test_sampling import NO_MOTION_CONTROL
from tests.host.test_tracks import AS_STORED

TOY = PACK / "models/toy"
WIDTH, HEIGHT, LENGTH = 96, 64, 17
MOVING_PX = 2.0
SAMPLING = {"seed": 0, "steps": 10, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple"}

pytestmark = pytest.mark.skipif(
    not (TOY / "wanmove_toy_bf16.safetensors").exists(), reason="models/toy is not there"
)


@pytest.fixture
def toy(comfy: ComfyServer) -> ComfyServer:
    """The small model, its start image and its tracks in the server's folders."""
    models, given = comfy.base / "models", comfy.base / "input"
    shutil.copy(TOY / "wanmove_toy_bf16.safetensors", models / "diffusion_models/toy.safetensors")
    shutil.copy(TOY / "wanmove_toy_vae.safetensors", models / "vae/toy.safetensors")
    shutil.copy(TOY / "demo/start.png", given / "toy_start.png")
    positions = np.load(TOY / "demo/curve_tracks.npy")
    visibility = np.load(TOY / "demo/curve_visibility.npy")
    np.save(given / "all_tracks.npy", positions)
    np.save(given / "all_visibility.npy", visibility)
    # What stands still anyway would flatter a still video.
    path = positions.reshape(LENGTH, -1, 2)
    moving = (np.linalg.norm(path - path[:1], axis=-1) > MOVING_PX).any(0)
    np.save(given / "moving_tracks.npy", path[:, moving][None])
    np.save(given / "moving_visibility.npy", visibility.reshape(LENGTH, -1)[:, moving][None])
    return comfy


def conditioned(graph: Graph, vae: Node, image: Node, **tracks: Node) -> Node:
    """The small model's inputs for a clip from the image, guided by the tracks where given."""
    prompts = graph.add("TestToyPrompts", file=str(TOY / "wanmove_toy_prompts.safetensors"))
    size = {"width": WIDTH, "height": HEIGHT, "length": LENGTH, "resize": "stretch"}
    choices = {"batch_size": 1, "strength": 1.0, "branch": "both", "collision": "last"}
    choices |= {"temporal": "sample", "track_space": "video", "retime": "time", "collision_seed": 0}
    return graph.add(
        "WanMoveTrajectoryGuidance",
        positive=prompts.out(0),
        negative=prompts.out(1),
        conditioning_latent=graph.add(
            "WanMoveEncodeStartImage", vae=vae, start_image=image, **size
        ),
        clip_vision_output=graph.add("TestBlankVision"),
        **choices,
        **tracks,
    )


def measured(graph: Graph, name: str, *, guided: bool) -> Node:
    """Start image and tracks -> video -> error; the report, overlay and mean are kept."""
    image = graph.add("LoadImage", image="toy_start.png")
    vae = graph.add("VAELoader", vae_name="toy.safetensors")
    tracks = {}
    if guided:
        tracks["tracks"] = graph.add("WanMoveLoadTracks", file="all_tracks.npy", **AS_STORED)
    given = conditioned(graph, vae, image, **tracks)
    latent = graph.add(
        "WanMoveSampler",
        model=graph.add("UNETLoader", unet_name="toy.safetensors", weight_dtype="default"),
        positive=given.out(0),
        negative=given.out(1),
        latent_image=given.out(2),
        denoise=1.0,
        **{**SAMPLING, **NO_MOTION_CONTROL, "shift": 3.0},
    )
    video = graph.add("VAEDecode", samples=latent, vae=vae)
    asked = graph.add("WanMoveLoadTracks", file="moving_tracks.npy", **AS_STORED)
    error = graph.add("WanMoveTrajectoryError", images=video, tracks=asked, retime="time", trail=8)
    for index, part in enumerate(("report", "overlay", "mean")):
        graph.add("TestKeepValue", value=error.out(index), name=f"{name}_{part}.pt")
    return error


def read(comfy: ComfyServer, name: str):
    return torch.load(comfy.base / f"output/{name}.pt", weights_only=True)


def test_guidance_lowers_the_measured_error(toy: ComfyServer) -> None:
    graph = Graph()
    nodes = {name: measured(graph, name, guided=name == "guided") for name in ("guided", "still")}
    run = toy.run(graph.prompt, timeout=600)
    assert run.error is None, run.error
    guided, still = read(toy, "guided_mean"), read(toy, "still_mean")
    assert guided < 0.7 * still, (guided, still)
    report = read(toy, "guided_report")
    assert report.startswith(f"end-point error  mean {guided:.2f} px")
    assert run.outputs[nodes["guided"].id]["text"] == [report]
    (followed,) = run.outputs[nodes["guided"].id]["wanmove_followed"]
    errors = [track["error"] for track in followed["tracks"]]
    assert (
        errors == sorted(errors, reverse=True) and (len(followed["tracks"][0]["got"])) == 2 * LENGTH
    )
    overlay = read(toy, "guided_overlay")
    assert overlay.shape[0] == LENGTH and overlay.shape[1] >= 480
    bars = [data for data in run.of("progress") if data["node"] == nodes["guided"].id]
    assert bars[-1]["value"] == bars[-1]["max"] == LENGTH
