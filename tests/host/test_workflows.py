"""Every shipped workflow, and ComfyUI's official one, run on a real ComfyUI with small models."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.host.flashmotion_models import MODEL, has_hook, write_models
from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer, Prompt, find_host
from tests.host.test_guidance import HEIGHT, LENGTH, WIDTH, start, tracks
from tests.host.workflows import NOTES, slots, to_prompt
from wanmove_core.media.video_writer import write_video

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / "example_workflows").glob("*.json"))
STANDS_FOR = {
    "Wan21-WanMove_fp8_scaled_e4m3fn_KJ.safetensors": "fp8_scaled_legacy.safetensors",
    "umt5_xxl_fp8_e4m3fn_scaled.safetensors": "umt5.safetensors",
    "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors": "lora.safetensors",
    "Wan2_1-I2V-ATI-14B_fp8_e4m3fn.safetensors": "fp8_scaled_legacy.safetensors",
    "FastGenerator/model.pt": MODEL,
    "FastAdapter/ResNet/model.pt": "resnet.safetensors",
}
# What core's nodes with models of their own would have made, of the same type.
MADE = {
    "DA3Render": ("LoadImage", {"image": "example_depth.png"}),
    "SAM3_Detect": ("LoadImageMask", {"image": "example.png", "channel": "alpha"}),
    "FrameInterpolate": ("RepeatImageBatch", {"amount": 2}),
}
UNUSED = {"LoadDA3Model", "DA3Inference", "CheckpointLoaderSimple", "CLIPTextEncode"}
UNUSED |= {"FrameInterpolationModelLoader"}
SMALLER = {"width": 112, "height": 80, "length": 13, "num_frames": 13}
FEWER = {"num_tracks": 1}
OF_THE_5B = {"width": 96, "height": 64}  # its tokens are of 32 px


@pytest.fixture(autouse=True)
def pictures(comfy: ComfyServer) -> None:
    """The images that the workflows name."""
    # A still picture, written without any library: binary PPM.
    pixels = bytes(
        (x * 3 + y * 5 + c * 40) % 256 for y in range(97) for x in range(131) for c in range(3)
    )
    for name in ("example.png", "snowboard_rush.png"):
        (comfy.base / "input" / name).write_bytes(b"P6 131 97 255\n" + pixels)
    # A dome, near in the middle, and the object's mask as the alpha of a picture.
    y, x = np.mgrid[:97, :131]
    dome = np.clip(1 - np.hypot(x - 65, y - 48) / 40, 0, 1)
    depth = np.repeat((dome * 255).astype(np.uint8)[..., None], 3, axis=2)
    Image.fromarray(depth).save(comfy.base / "input/example_depth.png")
    colours = np.frombuffer(pixels, np.uint8).reshape(97, 131, 3)
    # The host's mask is what is transparent.
    alpha = np.where(dome > 0, 0, 255).astype(np.uint8)[..., None]
    picture = Image.fromarray(np.concatenate([colours, alpha], axis=2))
    picture.save(comfy.base / "input/example.png")
    # The picture slides to the right, two pixels a frame.
    slide = torch.stack([torch.from_numpy(np.roll(colours[:96, :128], 2 * k, 1)) for k in range(9)])
    write_video(comfy.base / "input/example_motion.mp4", slide, fps=16)


def small(prompt: Prompt, **changes: int) -> Prompt:
    """Put the small checkpoints in place of the named ones, and a small size."""
    for node in prompt.values():
        for name, value in node["inputs"].items():
            if isinstance(value, str):
                node["inputs"][name] = STANDS_FOR.get(value, value)
            elif name in changes and isinstance(value, int):
                node["inputs"][name] = changes[name]
    return prompt


def load(path: Path, comfy: ComfyServer) -> Prompt:
    workflow, info = json.loads(path.read_text(encoding="utf-8")), comfy.get("/object_info")
    known = {graph["id"] for graph in workflow.get("definitions", {}).get("subgraphs", [])}
    missing = {node["type"] for node in workflow["nodes"]} - set(info) - NOTES - known
    if missing:
        pytest.skip(f"this ComfyUI has no {', '.join(sorted(missing))}")
    kinds = {node["type"] for node in workflow["nodes"]} & set(info)
    assert not [kind for kind in kinds if info[kind].get("deprecated")]
    return to_prompt(workflow, info)


def stand_in(prompt: Prompt) -> Prompt:
    """The same graph where core's nodes with models of their own have none."""
    for node in prompt.values():
        kind, inputs = MADE.get(node["class_type"], (None, {}))
        if kind:
            images = node["inputs"].get("images")
            given = {"image": images} if images else {}
            node.update(class_type=kind, inputs={**given, **inputs})
    return {key: node for key, node in prompt.items() if node["class_type"] not in UNUSED}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_shipped_workflow_runs(comfy: ComfyServer, path: Path) -> None:
    size = SMALLER
    if "flashmotion" in path.stem:
        if not has_hook(comfy):
            pytest.skip("FlashMotion acts from ComfyUI 0.33 on")
        write_models(comfy.base / "models")
        size = SMALLER | OF_THE_5B
    prompt = stand_in(small(load(path, comfy), **size, steps=2))
    run = comfy.run(prompt, extra_data={"extra_pnginfo": {}})
    assert run.error is None, run.error
    saves = [key for key, node in prompt.items() if node["class_type"] == "SaveVideo"]
    for key in saves:
        shown = run.outputs[key]["images"][0]
        file = comfy.base / "output" / shown["subfolder"] / shown["filename"]
        assert file.stat().st_size > 1000
    assert saves
    sampled = [data for data in run.of("progress") if data["max"] > 1]
    assert sampled and run.previews


@pytest.mark.parametrize("retained", [True, False])
def test_windows_of_a_long_video(comfy: ComfyServer, output: Path, *, retained: bool) -> None:
    """241 frames in windows of 81 with the start image: the shipped numbers on core's own node."""
    (path,) = (ROOT / "example_workflows").glob("*long-windows.json")
    prompt = small(load(path, comfy), width=32, height=32, num_frames=241, steps=1)
    kinds = {node["class_type"]: node["inputs"] for node in prompt.values()}
    sampler, windows = kinds["WanMoveSampler"], kinds["WanContextWindowsManual"]
    assert windows["context_length"] == 77
    assert kinds["WanMoveFitStartImage"]["length"] == 241
    if "retain_first_frame" not in windows:
        pytest.skip("this ComfyUI retains no first frame in its windows")
    assert windows["retain_first_frame"] is True
    windows["retain_first_frame"] = retained
    log = output / f"windows_{retained}.jsonl"
    given = {"model": windows["model"], "positive": sampler["positive"], "name": log.name}
    prompt["watch"] = {"class_type": "TestNumberedWindows", "inputs": given}
    windows["model"], sampler["positive"], sampler["cfg"] = ["watch", 0], ["watch", 1], 1.0
    name = next(key for key, node in prompt.items() if node["inputs"] is sampler)
    prompt["keep"] = {"class_type": "TestDrop", "inputs": {"value": [name, 0]}}
    prompt = {k: n for k, n in prompt.items() if n["class_type"] not in ("SaveVideo", "PreviewAny")}
    run = comfy.run(prompt)
    assert run.error is None, run.error
    seen = [json.loads(line) for line in log.read_text().splitlines()]
    frames = [window["frames"] for window in seen]
    # Without the start image core puts the frame before a window in its place.
    begins = [12, 24, 36, 41]
    later = [[0 if retained else begin - 1, *range(begin, begin + 20)] for begin in begins]
    assert frames == [list(range(20)), *later]  # 21 latent frames: 81, which the model knows
    for window in seen:
        known = [1.0 if frame == 0 else 0.0 for frame in window["frames"]]
        assert window["known"] == [[value] * 4 for value in known]


def test_blueprint_takes_cores_inputs(comfy: ComfyServer, output: Path) -> None:
    """The subgraph, fed as core's node is fed, gives what core's node gives."""
    (path,) = (ROOT / "subgraphs").glob("*.json")
    workflow = json.loads(path.read_text(encoding="utf-8"))
    info = comfy.get("/object_info")
    core = info["WanMoveTrackToVideo"]["input_order"]
    (holder,) = workflow["nodes"]
    names = [entry["name"] for entry in holder["inputs"]]
    assert sorted(names) == sorted(core["required"] + core["optional"])

    graph = Graph()
    inputs = start(graph)
    inputs |= {"tracks": tracks(graph), "strength": 0.7, "batch_size": 2}
    inputs |= {"width": WIDTH, "height": HEIGHT, "length": LENGTH}
    prompt = to_prompt(workflow, info)
    entering = {e["id"]: e["name"] for e in workflow["definitions"]["subgraphs"][0]["inputs"]}
    assert len(entering) == len(names)
    for key, node in prompt.items():
        for name in slot_names(info, node["class_type"]):
            value = inputs.get({"image": "start_image"}.get(name, name))
            if value is not None and not isinstance(node["inputs"].get(name), list):
                node["inputs"][name] = value.out(0) if isinstance(value, Node) else value
        graph.prompt[key] = node
    guided = next(k for k, n in prompt.items() if n["class_type"].endswith("Guidance"))
    graph.add("TestKeepValue", value=Node(guided), name="blueprint.pt")
    given = {**inputs, "batch_size": 1}  # core's node fails with more
    graph.add("TestKeepValue", value=graph.add("WanMoveTrackToVideo", **given), name="core.pt")
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    ours, theirs = (
        torch.load(output / f"{name}.pt", weights_only=True)[0][1]["concat_latent_image"]
        for name in ("blueprint", "core")
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=3e-5)


def slot_names(info: dict, kind: str) -> list[str]:
    return [name for name, _ in slots(info[kind])]


def official_template() -> Path:
    _, python = find_host()
    found = list(python.parent.parent.glob("lib/*/site-packages/**/video_wanmove_480p.json"))
    if not found:
        pytest.skip("the host's workflow templates are not installed")
    return found[0]


def replace_guidance(prompt: Prompt) -> None:
    """Swap core's guidance node for ours, in place: the same inputs, two nodes."""
    key = next(k for k, node in prompt.items() if node["class_type"] == "WanMoveTrackToVideo")
    given = prompt[key]["inputs"]
    moved = {name: given[name] for name in ("vae", "start_image", "width", "height", "length")}
    prompt["encode"] = {
        "class_type": "WanMoveEncodeStartImage",
        "inputs": {**moved, "resize": "crop"},
    }
    kept = ("positive", "negative", "tracks", "clip_vision_output", "strength", "batch_size")
    choices = {"branch": "both", "collision": "last", "temporal": "sample", "collision_seed": 0}
    choices |= {"track_space": "video", "retime": "cut", "conditioning_latent": ["encode", 0]}
    prompt[key] = {
        "class_type": "WanMoveTrajectoryGuidance",
        "inputs": {name: given[name] for name in kept} | choices,
    }


def test_official_template_gives_the_same_latents(comfy: ComfyServer, output: Path) -> None:
    kept = {}
    for name in ("core", "ours"):
        # One track a bunch: where tracks share a cell, core picks the winner at random.
        prompt = small(load(official_template(), comfy), **SMALLER, **FEWER)
        for node in prompt.values():
            if node["class_type"] == "PrimitiveInt":
                node["inputs"]["value"] = 2  # steps
            if node["class_type"] == "GenerateTracks":
                # The template starts one at y = height: core calls that outside, and then copies
                # the bottom right cell along it.
                node["inputs"]["start_y"] = min(node["inputs"]["start_y"], 0.97)
        if name == "ours":
            replace_guidance(prompt)
        sampler = next(k for k, n in prompt.items() if n["class_type"] == "KSampler")
        drop = {"SaveVideo", "PreviewImage", "CreateVideo", "VAEDecode"}
        prompt = {k: n for k, n in prompt.items() if n["class_type"] not in drop}
        inputs = {"value": [sampler, 0], "name": "template.pt"}
        prompt["keep"] = {"class_type": "TestKeepValue", "inputs": inputs}
        run = comfy.run(prompt)
        assert run.error is None, run.error
        kept[name] = torch.load(output / "template.pt", weights_only=True)["samples"]
    torch.testing.assert_close(kept["ours"], kept["core"], rtol=0, atol=5e-3)
