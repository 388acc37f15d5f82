"""What a user meets: caching, previews, interrupting, errors, and a server that goes on."""

import io
import json
import struct

import numpy as np
import pytest
import torch
from PIL import Image

from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer
from tests.host.test_guidance import LENGTH, ours, start, tracks
from tests.host.test_sampling import KSAMPLER, NO_MOTION_CONTROL

CHOICES = {"weight_dtype": "default", "text_encoder_device": "default", "shift": 3.0}
FILES = {
    "diffusion_model": "bf16.safetensors",
    "text_encoder": "umt5.safetensors",
    "vae": "wan_2.1_vae.safetensors",
    "clip_vision": "clip_vision_h.safetensors",
}
SAMPLING = {**KSAMPLER, **NO_MOTION_CONTROL, "sampler_name": "euler", "scheduler": "simple"}


def loader(graph: Graph, **options) -> Node:
    return graph.add("WanMoveModelLoader", **{**FILES, **CHOICES, **options})


def whole(*, x: float = 0.2, steps: int = 3) -> tuple[Graph, dict[str, Node]]:
    """Loader to sampler; returns the nodes by what they do."""
    graph = Graph()
    models = loader(graph)
    inputs = start(graph)
    inputs["vae"] = models.out(2)
    guided = ours(graph, inputs, tracks(graph, x=x))
    named = {"positive": guided.out(0), "negative": guided.out(1), "latent_image": guided.out(2)}
    sampled = graph.add("WanMoveSampler", model=models, **named, **{**SAMPLING, "steps": steps})
    kept = graph.add("TestKeepValue", value=sampled, name="whole.pt")
    by_type = {node["class_type"]: Node(key) for key, node in graph.prompt.items()}
    return graph, by_type | {"kept": kept}


def test_only_the_changed_part_runs_again(comfy: ComfyServer) -> None:
    graph, nodes = whole()
    assert comfy.run(graph.prompt).error is None
    assert comfy.run(graph.prompt).executed == []
    moved, _ = whole(x=0.4)
    run = comfy.run(moved.prompt)
    again = ("GenerateTracks", "WanMoveTrajectoryGuidance", "WanMoveSampler", "kept")
    assert run.executed == [nodes[name].id for name in again]


def test_reports_steps_and_shows_previews(comfy: ComfyServer) -> None:
    graph, nodes = whole(x=0.45, steps=4)
    run = comfy.run(graph.prompt)
    sampler = nodes["WanMoveSampler"].id
    steps = [data["value"] for data in run.of("progress") if data["node"] == sampler]
    assert steps[-1] == 4
    kinds = [struct.unpack(">I", preview[:4])[0] for preview in run.previews]
    assert kinds and set(kinds) <= {1, 4}
    assert any(b"\xff\xd8\xff" in preview[:600] for preview in run.previews)


def test_previews_show_several_frames(comfy: ComfyServer) -> None:
    """KSampler's is the first frame alone; ours has it in the upper left quarter of a sheet."""
    shown = {}
    for sampler in ("KSampler", "WanMoveSampler"):
        graph, nodes = whole(x=0.47, steps=2)
        node = graph.prompt[nodes["WanMoveSampler"].id]
        node["class_type"] = sampler
        if sampler == "KSampler":
            node["inputs"] = {k: v for k, v in node["inputs"].items() if k not in NO_MOTION_CONTROL}
        run = comfy.run(graph.prompt)
        assert run.error is None, run.error
        jpeg = run.previews[-1][run.previews[-1].index(b"\xff\xd8\xff") :]
        picture = Image.open(io.BytesIO(jpeg)).convert("RGB").resize((96, 64))
        shown[sampler] = torch.from_numpy(np.array(picture)).float()
    sheet = shown["WanMoveSampler"]
    quarters = [
        sheet[down : down + 32, right : right + 48] for down in (0, 32) for right in (0, 48)
    ]
    first = shown["KSampler"].unflatten(0, (32, 2)).unflatten(2, (48, 2)).mean((1, 3))
    apart = [float((quarter - first).abs().mean()) for quarter in quarters]
    assert apart[0] < 8 < min(apart[1:])


def test_interrupt_stops_within_a_step(comfy: ComfyServer) -> None:
    graph, nodes = whole(x=0.5, steps=300)
    seen = []

    def stop(event: dict) -> None:
        data = event["data"]
        if event["type"] == "progress" and data["node"] == nodes["WanMoveSampler"].id:
            if not seen:
                comfy.post("/interrupt", {})
            seen.append(data["value"])

    run = comfy.run(graph.prompt, on_event=stop)
    assert run.of("execution_interrupted")[0]["node_id"] == nodes["WanMoveSampler"].id
    assert seen[-1] - seen[0] < 30
    after, _ = whole(x=0.5, steps=2)
    assert comfy.run(after.prompt).error is None


def test_loads_what_is_connected_only(comfy: ComfyServer) -> None:
    graph = Graph()
    models = loader(graph, text_encoder="umt5.safetensors", vae="wan_2.1_vae.safetensors")
    graph.add("TestKeepValue", value=models.out(2), name="vae.pt")
    before = len(comfy.log())
    assert comfy.run(graph.prompt).error is None
    log = comfy.log()[before:]
    assert "VAE load device" in log
    assert "CLIP" not in log and "model weight dtype" not in log
    # Another output is wanted now: the same inputs must load it, not give the cached nothing.
    graph.add("TestKeepValue", value=models.out(0), name="model.pt")
    assert comfy.run(graph.prompt).error is None
    assert "ModelPatcher" in torch.load(comfy.base / "output/model.pt", weights_only=True)


@pytest.mark.parametrize("name", ["fp16", "fp8_scaled", "fp8_scaled_legacy"], ids=lambda name: name)
def test_weight_formats_sample_alike(comfy: ComfyServer, name: str) -> None:
    kept = {}
    for file in ("bf16", name):
        graph, _ = whole(x=0.35)
        graph.prompt["1"]["inputs"]["diffusion_model"] = f"{file}.safetensors"
        run = comfy.run(graph.prompt)
        assert run.error is None, run.error
        kept[file] = torch.load(comfy.base / "output/whole.pt", weights_only=True)["samples"]
    difference = (kept[name] - kept["bf16"]).std() / kept["bf16"].std()
    assert difference < 0.1, difference


def test_weight_dtype_casts(comfy: ComfyServer) -> None:
    graph, _ = whole(x=0.35)
    graph.prompt["1"]["inputs"]["weight_dtype"] = "fp8_e4m3fn"
    before = len(comfy.log())
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert "float8_e4m3fn" in comfy.log()[before:]


def fails(comfy: ComfyServer, graph: Graph, node_type: str, *words: str) -> None:
    run = comfy.run(graph.prompt)
    assert run.error is not None
    assert run.error["node_type"] == node_type
    for word in words:
        assert word in run.error["exception_message"], run.error["exception_message"]
    assert comfy.get("/system_stats")["system"]["comfyui_version"]


def test_refuses_another_transformer(comfy: ComfyServer) -> None:
    graph = Graph()
    models = loader(graph, diffusion_model="text_to_video.safetensors")
    graph.add("TestKeepValue", value=models, name="model.pt")
    fails(comfy, graph, "WanMoveModelLoader", "diffusion_model:", "text-to-video", "36 channels")


@pytest.mark.parametrize(
    ("role", "folder", "slot"),
    [("text_encoder", "text_encoders", 1), ("vae", "vae", 2), ("clip_vision", "clip_vision", 3)],
)
def test_refuses_files_of_another_part(
    comfy: ComfyServer, role: str, folder: str, slot: int
) -> None:
    """A text encoder of no use gave prompts of no meaning, and cached them."""
    transformer = (comfy.base / "models/diffusion_models/bf16.safetensors").read_bytes()
    files = {"of the transformer": transformer, "cut": transformer[:5000], "empty": b""}
    for kind, data in files.items():
        (comfy.base / f"models/{folder}/{kind}.safetensors").write_bytes(data)
        graph = Graph()
        models = loader(graph, **{role: f"{kind}.safetensors"})
        graph.add("TestKeepValue", value=models.out(slot), name="part.pt")
        fails(comfy, graph, "WanMoveModelLoader", f"{role}: ", f"{kind}.safetensors must be")


def test_names_a_model_that_is_needed_but_not_chosen(comfy: ComfyServer) -> None:
    graph = Graph()
    models = loader(graph, clip_vision="none")
    picture = graph.add("EmptyImage", width=64, height=64, batch_size=1, color=0)
    vision = {"clip_vision": models.out(3), "image": picture, "crop": "none"}
    seen = graph.add("CLIPVisionEncode", **vision)
    graph.add("TestKeepValue", value=models.out(2), name="vae.pt")
    assert comfy.run(graph.prompt).error is None  # nobody needs what was seen
    graph.add("TestKeepValue", value=seen, name="seen.pt")
    fails(comfy, graph, "WanMoveModelLoader", "clip_vision must be a file", "got none")


@pytest.mark.parametrize(("width", "length"), [(100, LENGTH), (112, 30)])
def test_refuses_a_size_off_the_grid(comfy: ComfyServer, width: int, length: int) -> None:
    graph = Graph()
    inputs = start(graph)
    size = {"width": width, "height": 80, "length": length, "resize": "crop"}
    chosen = {name: inputs[name] for name in ("vae", "start_image")}
    encoded = graph.add("WanMoveEncodeStartImage", **chosen, **size)
    graph.add("TestKeepValue", value=encoded, name="encoded.pt")
    fails(comfy, graph, "WanMoveEncodeStartImage", "width, height, length:", "Use ")


def test_refuses_a_still_image_latent(comfy: ComfyServer) -> None:
    graph = Graph()
    inputs = start(graph)
    guided = ours(graph, inputs, tracks(graph))
    flat = graph.add("EmptyLatentImage", width=64, height=64, batch_size=1)
    graph.prompt[guided.id]["inputs"]["conditioning_latent"] = flat.out(0)
    graph.add("TestKeepValue", value=guided, name="guided.pt")
    fails(comfy, graph, "WanMoveTrajectoryGuidance", "conditioning_latent:")


def test_refuses_motion_scale_without_tracks(comfy: ComfyServer) -> None:
    graph, nodes = whole()
    sampler = graph.prompt[nodes["WanMoveSampler"].id]["inputs"]
    sampler["positive"] = graph.add("TestPrompt", seed=1).out(0)
    sampler["motion_scale"] = 1.0
    fails(comfy, graph, "WanMoveSampler", "positive must come from Trajectory Guidance")


def test_refuses_an_empty_range(comfy: ComfyServer) -> None:
    graph, nodes = whole()
    sampler = graph.prompt[nodes["WanMoveSampler"].id]["inputs"]
    sampler |= {"guidance_start": 0.7, "guidance_end": 0.3}
    fails(comfy, graph, "WanMoveSampler", "guidance_start must be below guidance_end")


def test_refuses_tracks_that_are_none(comfy: ComfyServer) -> None:
    graph = Graph()
    sources = graph.add("PrimitiveString", value=json.dumps([[{"x": "no", "y": 1}]]))
    sizes = {"width": 0, "height": 0, "length": 0, "unit": "auto"}
    sizes |= {"canvas_width": 0, "canvas_height": 0}
    loaded = graph.add("WanMoveLoadTracks", text=sources, **sizes)
    graph.add("TestKeepValue", value=loaded, name="none.pt")
    fails(comfy, graph, "WanMoveLoadTracks", "text:", "track 0")


@pytest.mark.parametrize(
    ("name", "value"), [("strength", 3.0), ("branch", "all"), ("collision", "sum")]
)
def test_bad_values_name_their_input(comfy: ComfyServer, name: str, value) -> None:
    graph = Graph()
    guided = ours(graph, start(graph), tracks(graph), **{name: value})
    graph.add("TestKeepValue", value=guided, name="guided.pt")
    with pytest.raises(AssertionError, match=f'"input_name": "{name}"'):
        comfy.run(graph.prompt)


def test_a_prompt_is_encoded_once(comfy: ComfyServer) -> None:
    """The second run changes one prompt; the third, in an emptied host, loads no encoder at all."""
    logs, embeddings = [], []
    for prompt in ("a fox", "a dog", "a fox"):
        graph = Graph()
        options = {"text_encoder": FILES["text_encoder"], "device": "default", "max_cache_mb": 64}
        texts = {"prompt": prompt, "negative_prompt": "the lazy dog"}
        graph.add("TestKeepValue", name="text.pt")
        graph.prompt["1"]["inputs"]["value"] = graph.add(
            "WanMoveTextEncodeCached", **texts, **options
        ).out(0)
        before = len(comfy.log())
        run = comfy.run(graph.prompt)
        assert run.error is None, run.error
        logs.append(comfy.log()[before:])
        embeddings.append(torch.load(comfy.base / "output/text.pt", weights_only=True)[0][0])
        comfy.post("/free", {"free_memory": True, "unload_models": True})
    assert "CLIP" in logs[0] and "CLIP" in logs[1]
    assert "CLIP" not in logs[2]
    assert torch.equal(embeddings[0], embeddings[2])
    assert not torch.equal(embeddings[0], embeddings[1])

    graph = Graph()
    clip = graph.add("CLIPLoader", clip_name=FILES["text_encoder"], type="wan", device="default")
    encoded = graph.add("CLIPTextEncode", clip=clip, text="a fox")
    graph.add("TestKeepValue", value=encoded, name="text.pt")
    assert comfy.run(graph.prompt).error is None
    core = torch.load(comfy.base / "output/text.pt", weights_only=True)[0][0]
    assert torch.equal(embeddings[2], core)
