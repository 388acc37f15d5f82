"""The guidance path on a real ComfyUI: the same latents as core's node, in milliseconds."""

import pytest
import torch

from tests.host.graphs import Graph
from tests.host.server import ComfyServer

WIDTH, HEIGHT, LENGTH = 112, 80, 29


def start(graph: Graph, *, seed: int = 3, size: tuple[int, int] = (131, 97)) -> dict:
    """A vae, prompts and a start image of another shape than the video."""
    return {
        "vae": graph.add("VAELoader", vae_name="wan_2.1_vae.safetensors"),
        "positive": graph.add("TestPrompt", seed=1),
        "negative": graph.add("TestPrompt", seed=2),
        "start_image": graph.add("TestPicture", seed=seed, width=size[0], height=size[1], frames=1),
    }


def tracks(graph: Graph, *, num_frames: int = LENGTH, x: float = 0.2):
    return graph.add(
        "GenerateTracks",
        width=WIDTH,
        height=HEIGHT,
        start_x=x,
        start_y=0.3,
        end_x=0.8,
        end_y=0.7,
        num_frames=num_frames,
        num_tracks=3,
        track_spread=0.15,
        bezier=True,
        mid_x=0.9,
        mid_y=0.1,
        interpolation="ease_in_out",
    )


def ours(graph: Graph, inputs: dict, motion, *, known: dict | None = None, **options):
    encoded = graph.add(
        "WanMoveEncodeStartImage",
        **{name: inputs[name] for name in ("vae", "start_image")},
        width=WIDTH,
        height=HEIGHT,
        length=LENGTH,
        resize="crop",
        **(known or {}),
    )
    choices = {
        "collision": "last",
        "temporal": "sample",
        "track_space": "video",
        "retime": "time",
        "collision_seed": 0,
    }
    choices |= {"batch_size": 1, "strength": 1.0, "branch": "both"} | options
    if motion is not None:
        choices["tracks"] = motion
    return graph.add(
        "WanMoveTrajectoryGuidance",
        **{name: inputs[name] for name in ("positive", "negative")},
        conditioning_latent=encoded,
        **choices,
    )


def core(graph: Graph, inputs: dict, motion, **options):
    choices = {
        "width": WIDTH,
        "height": HEIGHT,
        "length": LENGTH,
        "batch_size": 1,
        "strength": 1.0,
    } | options
    return graph.add("WanMoveTrackToVideo", **inputs, tracks=motion, **choices)


def keep(graph: Graph, name: str, node) -> None:
    for index, part in enumerate(("positive", "negative", "latent")):
        graph.add("TestKeepValue", value=node.out(index), name=f"{name}_{part}.pt")


def read(output, name: str) -> dict:
    return {
        part: torch.load(output / f"{name}_{part}.pt", weights_only=True)
        for part in ("positive", "negative", "latent")
    }


def values(kept: dict, part: str) -> dict:
    return kept[part][0][1]


@pytest.mark.parametrize("strength", [1.0, 0.37, 0.0])
def test_equals_core(comfy: ComfyServer, output, strength: float) -> None:
    graph = Graph()
    inputs = start(graph)
    motion = tracks(graph)
    keep(graph, "ours", ours(graph, inputs, motion, strength=strength))
    keep(graph, "core", core(graph, inputs, motion, strength=strength))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    mine, theirs = read(output, "ours"), read(output, "core")
    for part in ("positive", "negative"):
        for key in ("concat_latent_image", "concat_mask"):
            expected = values(theirs, part)[key]
            torch.testing.assert_close(values(mine, part)[key], expected, rtol=0, atol=3e-5)
        assert torch.equal(mine[part][0][0], theirs[part][0][0])
    assert torch.equal(mine["latent"]["samples"], theirs["latent"]["samples"])
    moved = (
        values(mine, "positive")["concat_latent_image"]
        != values(mine, "positive")["wanmove_unguided_latent"]
    ).any()
    assert moved == (strength > 0)


def test_a_last_frame_equals_cores_first_and_last(comfy: ComfyServer, output) -> None:
    graph = Graph()
    inputs = start(graph)
    end = graph.add("TestPicture", seed=5, width=150, height=90, frames=1)
    keep(graph, "ours", ours(graph, inputs, None, known={"known_frames": end}))
    size = {"width": WIDTH, "height": HEIGHT, "length": LENGTH, "batch_size": 1}
    keep(graph, "core", graph.add("WanFirstLastFrameToVideo", **inputs, **size, end_image=end))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    mine, theirs = (values(read(output, name), "positive") for name in ("ours", "core"))
    expected = theirs["concat_latent_image"]
    torch.testing.assert_close(mine["concat_latent_image"], expected, rtol=0, atol=3e-5)
    assert torch.equal(mine["concat_mask"], theirs["concat_mask"])
    assert mine["concat_mask"][0, :, -1, 0, 0].tolist() == [1, 1, 1, 0]
