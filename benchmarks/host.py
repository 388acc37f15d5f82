"""Our nodes beside ComfyUI's own, in one real server. Needs a ComfyUI checkout (COMFYUI_PATH).

    .venv/bin/python -m benchmarks.host [part of a comparison's name]

Prints one row per comparison: both times, and the ratio, which is what the README quotes; then
the same ratio in CPU time, which a busy machine disturbs less.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer, Run, running

WIDTH, HEIGHT, LENGTH = 832, 480, 81
SMALL = 32  # pixels a side where the full-width VAE runs: its work per pixel is the same
OPTIONS = {
    "batch_size": 1,
    "strength": 1.0,
    "branch": "both",
    "collision": "last",
    "temporal": "sample",
    "track_space": "video",
    "retime": "time",
    "collision_seed": 0,
}
WARM_UPS = 3  # until the server's memory has settled
SAMPLING = {"steps": 4, "cfg": 5.0, "denoise": 1.0, "sampler_name": "euler", "scheduler": "simple"}
NO_MOTION = {"shift": 0.0, "motion_scale": 0.0, "guidance_start": 0.0, "guidance_end": 1.0}


@dataclass(frozen=True)
class Cost:
    """Seconds, by the clock and on all the server's threads together."""

    wall: float
    cpu: float


def between(begin: dict[str, Any], end: dict[str, Any]) -> Cost:
    """From one event to another."""
    return Cost(end["at"] - begin["at"], end["cpu"] - begin["cpu"])


def node_cost(run: Run, node: Node) -> Cost:
    """From the moment a node starts to the moment the next one does."""
    starts = run.of("executing")
    index = [data["node"] for data in starts].index(node.id)
    return between(starts[index], starts[index + 1])


def first_step_cost(run: Run, node: Node) -> Cost:
    """From queueing to the sampler's first finished step."""
    done = next(data for data in run.of("progress") if data["node"] == node.id)
    return between(run.of("execution_start")[0], done)


def measured(server: ComfyServer, graph: Graph, measure: Callable[[Run], Cost]) -> Cost:
    run = server.run(graph.prompt, timeout=900)
    if run.error is not None:
        raise RuntimeError(run.error["exception_message"])
    return measure(run)


def compare(
    server: ComfyServer, make: Callable, runs: int, *, by_turns: bool
) -> tuple[list[Cost], list[Cost]]:
    """Costs of ComfyUI's node and of ours, each after warming up.

    By turns for a difference of percents. Otherwise one after the other: memory that was free for
    some seconds, or never used, costs a virtual machine ten times as much to touch, and after the
    slow node's run all of it was.
    """
    total = WARM_UPS + runs
    order = [False, True] * total if by_turns else [False] * total + [True] * total
    costs: dict[bool, list[Cost]] = {False: [], True: []}
    for ours in order:
        costs[ours].append(measured(server, *make(ours)(len(costs[ours]))))
    return costs[False][WARM_UPS:], costs[True][WARM_UPS:]


def row_of(name: str, theirs: list[Cost], ours: list[Cost]) -> str:
    """Medians and their ratios."""
    wall = [statistics.median(cost.wall for cost in costs) for costs in (theirs, ours)]
    cpu = [statistics.median(cost.cpu for cost in costs) for costs in (theirs, ours)]
    ratios = f"{wall[0] / wall[1]:.2f} | {cpu[0] / cpu[1]:.2f}"
    return f"| {name} | {wall[0]:.3f} s | {wall[1]:.4f} s | {ratios} |"


def interval_of(theirs: list[Cost], ours: list[Cost]) -> str:
    """Ours against theirs in CPU time, pair by pair: the median and its 95 % interval.

    Of ranks, since a few disturbed runs would carry a mean away.
    """
    ratios = sorted(b.cpu / a.cpu for a, b in zip(theirs, ours, strict=True))
    reach = 0.98 * len(ratios) ** 0.5
    low, high = (ratios[round((len(ratios) - 1) / 2 + side * reach)] for side in (-1, 1))
    return (
        f"ours / ComfyUI's CPU time: median {statistics.median(ratios):.4f}, "
        f"95 % between {low:.4f} and {high:.4f} ({len(ratios)} pairs)"
    )


def tracks(graph: Graph, number: int, shift: int, *, width: int, height: int) -> Node:
    """Random walks; `shift` makes them new to the host's cache."""
    return graph.add(
        "TestTracks", number=number, num_frames=LENGTH, width=width, height=height, seed=shift
    )


def start(graph: Graph, width: int, height: int) -> dict[str, Any]:
    return {
        "positive": graph.add("TestPrompt", seed=1),
        "negative": graph.add("TestPrompt", seed=2),
        "start_image": graph.add("TestPicture", seed=3, width=width, height=height, frames=1),
    }


def keep(graph: Graph, value: Any) -> None:
    graph.add("TestDrop", value=value)


def guidance(ours: bool, number: int = 1024):
    """The node that edits the latent, with a VAE that costs nothing."""

    def make(index: int):
        graph = Graph()
        inputs = start(graph, WIDTH, HEIGHT)
        inputs["vae"] = graph.add("TestInstantVae")
        inputs["tracks"] = tracks(graph, number, index, width=WIDTH, height=HEIGHT)
        node = conditioned(graph, ours, inputs, size=(WIDTH, HEIGHT))
        keep(graph, node)
        return graph, lambda run: node_cost(run, node)

    return make


def conditioned(graph: Graph, ours: bool, inputs: dict, *, size: tuple[int, int]) -> Node:
    size = {"width": size[0], "height": size[1], "length": LENGTH}
    if not ours:
        fixed = {"batch_size": 1, "strength": 1.0, **size}
        return graph.add("WanMoveTrackToVideo", **inputs, **fixed)
    image = inputs["start_image"]
    encoded = graph.add(
        "WanMoveEncodeStartImage", vae=inputs["vae"], start_image=image, resize="crop", **size
    )
    prompts = {name: inputs[name] for name in ("positive", "negative")}
    latent = {"conditioning_latent": encoded, "tracks": inputs["tracks"]}
    return graph.add("WanMoveTrajectoryGuidance", **prompts, **latent, **OPTIONS)


def encoding(ours: bool):
    """The start image and its grey, through a VAE of full width."""

    def make(index: int):
        graph = Graph()
        inputs = start(graph, SMALL, SMALL)
        image = graph.add("TestPicture", seed=index + 9, width=SMALL, height=SMALL, frames=1)
        vae = graph.add("VAELoader", vae_name="wan_2.1_vae_full_width.safetensors")
        size = {"width": SMALL, "height": SMALL, "length": LENGTH}
        if ours:
            fixed = {"vae": vae, "start_image": image, "resize": "crop"}
            node = graph.add("WanMoveEncodeStartImage", **fixed, **size)
        else:
            inputs["start_image"] = image
            fixed = {"batch_size": 1, "strength": 1.0, "vae": vae}
            node = graph.add("WanMoveTrackToVideo", **inputs, **fixed, **size)
        keep(graph, node)
        return graph, lambda run: node_cost(run, node)

    return make


def moved_point(ours: bool):
    """A changed track, up to the sampler's first step; all else is cached."""

    def make(index: int):
        graph = Graph()
        inputs = start(graph, SMALL, SMALL)
        inputs["vae"] = graph.add("VAELoader", vae_name="wan_2.1_vae_full_width.safetensors")
        inputs["tracks"] = tracks(graph, 20, index, width=SMALL, height=SMALL)
        guided = conditioned(graph, ours, inputs, size=(SMALL, SMALL))
        sampler = sampled(graph, False, guided, index)
        return graph, lambda run: first_step_cost(run, sampler)

    return make


def sampled(graph: Graph, ours: bool, guided: Node, seed: int, steps: int = 1) -> Node:
    model = graph.add("UNETLoader", unet_name="bf16.safetensors", weight_dtype="default")
    inputs = {"positive": guided.out(0), "negative": guided.out(1), "latent_image": guided.out(2)}
    choices = {**SAMPLING, "steps": steps, "seed": seed, **(NO_MOTION if ours else {})}
    kind = "WanMoveSampler" if ours else "KSampler"
    node = graph.add(kind, model=model, **inputs, **choices)
    keep(graph, node)
    return node


def sampling(ours: bool):
    """The same steps by our sampler and by KSampler."""

    def make(index: int):
        graph = Graph()
        inputs = start(graph, 64, 64)
        inputs["vae"] = graph.add("TestInstantVae")
        inputs["tracks"] = tracks(graph, 20, 0, width=64, height=64)
        guided = conditioned(graph, True, inputs, size=(64, 64))
        node = sampled(graph, ours, guided, index, steps=6)
        return graph, lambda run: node_cost(run, node)

    return make


def sampler_overhead(server: ComfyServer) -> str:
    """What the sampler's own code takes, measured inside of the server."""
    graph = Graph()
    inputs = start(graph, 64, 64)
    inputs["vae"] = graph.add("TestInstantVae")
    inputs["tracks"] = tracks(graph, 20, 0, width=64, height=64)
    guided = conditioned(graph, True, inputs, size=(64, 64))
    links = {"positive": guided.out(0), "negative": guided.out(1), "latent_image": guided.out(2)}
    model = graph.add("UNETLoader", unet_name="bf16.safetensors", weight_dtype="default")
    cost = graph.add("TestSamplerCost", model=model, **links, runs=25)
    for index, name in enumerate(("own", "inside")):
        graph.add("TestKeepValue", value=cost.out(index), name=f"{name}.pt")
    measured(server, graph, lambda _run: Cost(0, 0))
    own, inside = (
        torch.load(server.base / f"output/{name}.pt", weights_only=True)
        for name in ("own", "inside")
    )
    return (
        f"WanMoveSampler's own code: {1e6 * own:.0f} us a run, {own / inside:.3%} of two steps of "
        f"{1e3 * inside / 2:.0f} ms"
    )


def drawing(ours: bool, number: int = 100):
    """Tracks over a clip."""

    def make(index: int):
        graph = Graph()
        image = graph.add("TestPicture", seed=3, width=WIDTH, height=HEIGHT, frames=1)
        clip = graph.add("RepeatImageBatch", image=image, amount=LENGTH)
        motion = tracks(graph, number, index, width=WIDTH, height=HEIGHT)
        if ours:
            look = {"style": "trails", "trail": 24, "radius": 0.0, "opacity": 0.85}
            node = graph.add("WanMoveDrawTracks", images=clip, tracks=motion, **look)
        else:
            look = {"line_resolution": 24, "circle_size": 12, "opacity": 0.75, "line_width": 16}
            node = graph.add("WanMoveVisualizeTracks", images=clip, tracks=motion, **look)
        keep(graph, node)
        return graph, lambda run: node_cost(run, node)

    return make


ROWS: tuple[tuple[str, Callable, int], ...] = (
    ("guidance node, 1024 tracks, 832x480x81, no VAE", guidance, 7),
    ("conditioning encode, full-width VAE, 32x32x81", encoding, 3),
    ("moved point to first step, full-width VAE, 32x32x81", moved_point, 3),
    ("sampler, 6 steps, 64x64x81, small model", sampling, 60),
    ("draw 100 tracks on 81 frames of 832x480", drawing, 7),
)


def main(only: str = "") -> None:
    """Run every comparison, or those with `only` in their name."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "comfy"
        base.mkdir()
        with running(base, full_width_vae=True) as server:
            print("| comparison | ComfyUI's | ours | ratio | in CPU time |\n|---|---|---|---|---|")
            for name, make, runs in (row for row in ROWS if only in row[0]):
                costs = compare(server, make, runs, by_turns=make is sampling)
                print(row_of(name, *costs), flush=True)
                if make is sampling:
                    print(interval_of(*costs), sampler_overhead(server), sep="\n", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
