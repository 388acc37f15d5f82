"""A box drawn in the editor moves an object of the small model: ComfyUI equals the command line."""

import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.command.test_generate_5b import BOXES, SQUARE
from tests.command.test_generate_boxes import hearing_controlnet
from tests.host.flashmotion_models import has_hook
from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer
from tests.host.test_sampling import NO_MOTION_CONTROL
from tests.host.test_trajectory_error import TOY, conditioned
from wanmove_core.checkpoints.adapter_loading import adapter_state, load_adapter
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.checkpoints.lora import apply_lora
from wanmove_core.generation.guided import MapPipeline
from wanmove_core.generation.settings import GenerationSettings
from wanmove_core.train.adapters import learn_lora, lora_weights

SIZE = {"width": 96, "height": 64}
LENGTH = 17
STEPS = 4


def transformer():
    return load_components([TOY], dtype="fp32", needs=("transformer",)).transformer


@pytest.fixture(scope="module")
def files(comfy: ComfyServer) -> dict:
    """The small model, a picture, a four-step LoRA of our names and both adapters, as files."""
    if not has_hook(comfy):
        pytest.skip("FlashMotion acts from ComfyUI 0.33 on")
    models = comfy.base / "models"
    shutil.copy(TOY / "wanmove_toy_bf16.safetensors", models / "diffusion_models/toy.safetensors")
    shutil.copy(TOY / "wanmove_toy_vae.safetensors", models / "vae/toy.safetensors")
    picture = np.full((64, 96, 3), 90, np.uint8)
    picture[16:40, 12:36] = (40, 60, 220)
    cv2.imwrite(str(comfy.base / "input/box.png"), picture)
    folder = models / "model_patches"
    folder.mkdir(exist_ok=True)
    shutil.copy(BOXES, folder / "boxes.safetensors")
    state, metadata = adapter_state(hearing_controlnet(transformer()), "fast")
    save_file(state, folder / "control.safetensors", metadata=metadata)
    model = transformer()
    learn_lora(model, 4, seed=0)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.02)
    lora = models / "loras/four.safetensors"
    save_file({n: w.contiguous() for n, w in lora_weights(model).items()}, lora)
    adapters = {kind: folder / f"{kind}.safetensors" for kind in ("boxes", "control")}
    return {"picture": picture[..., ::-1].copy(), "lora": lora, **adapters}


def editor(graph: Graph, image: Node) -> Node:
    """A box, drawn over the square, that goes to the right."""
    spread = {"shape": "region", "polygon": SQUARE, "offsets": [[0, 0], [5, 0], [0, 5]], "keys": []}
    track = {"knots": [{"x": 24, "y": 28}, {"x": 60, "y": 28}], "spread": spread}
    drawing = {"version": 1, **SIZE, "fps": 16, "frames": LENGTH, "tracks": [track]}
    given = {"splines": json.dumps(drawing), "image": image, "mask_radius": 3.0}
    return graph.add("WanMoveSplineEditor", **given)


def sampled(graph: Graph, model, vae: Node, image: Node) -> Node:
    """The small model in four steps, without tracks."""
    given = conditioned(graph, vae, image)
    sampling = {"seed": 5, "steps": STEPS, "cfg": 1.0, "denoise": 1.0}
    sampling |= {"sampler_name": "euler", "scheduler": "simple", **NO_MOTION_CONTROL, "shift": 3.0}
    return graph.add(
        "WanMoveSampler",
        model=model,
        positive=given.out(0),
        negative=given.out(1),
        latent_image=given.out(2),
        **sampling,
    )


def keep(graph: Graph, name: str, node) -> None:
    graph.add("TestKeepValue", value=node, name=f"{name}.pt")


def boxes_of(graph: Graph, files: dict, kind: str, windows: int = 0) -> dict[str, Node]:
    """The graph of a user: editor, maps, adapter, LoRA."""
    image = graph.add("LoadImage", image="box.png")
    drawn = editor(graph, image)
    vae = graph.add("VAELoader", vae_name="toy.safetensors")
    whole = {"shape": "box", "width": 0, "height": 0, "length": 0, "resize": "stretch"}
    maps = graph.add(
        "WanMoveTrajectoryMaps",
        masks=drawn.out(5),
        tracks=drawn,
        **{**whole, "given": "", "box_width": 0, "box_height": 0},
    )
    none = {"width": 0, "height": 0, "length": 0}
    latent = graph.add("WanMoveEncodeTrajectoryMaps", vae=vae, maps=maps, **none)
    model = graph.add("UNETLoader", unet_name="toy.safetensors", weight_dtype="default")
    lora = {"lora_name": files["lora"].name, "strength_model": 1.0}
    few = graph.add("LoraLoaderModelOnly", model=model, **lora)
    if windows:
        few = graph.add(
            "WanContextWindowsManual",
            model=few,
            context_length=windows,
            context_overlap=4,
            context_schedule="standard_static",
            context_stride=1,
            closed_loop=False,
            fuse_method="pyramid",
            freenoise=False,
            retain_first_frame=False,
            split_conds_to_windows=False,
        )
    patch = graph.add(
        "WanMoveFlashMotionLoader", adapter=files[kind].name, kind="auto", weight_dtype="default"
    )
    settings = {"strength": 1.0, "start_percent": 0.0, "end_percent": 1.0}
    guided = graph.add(
        "WanMoveFlashMotionApply", model=few, adapter=patch, maps_latent=latent, **settings
    )
    made = {"maps": maps, "guided": sampled(graph, guided, vae, image)}
    return {**made, "plain": sampled(graph, few, vae, image)}


@pytest.mark.parametrize("kind", ["boxes", "control"])
def test_comfyui_equals_the_command_line(comfy: ComfyServer, output, files, kind: str) -> None:
    graph = Graph()
    for name, node in boxes_of(graph, files, kind).items():
        keep(graph, name, node)
    run = comfy.run(graph.prompt, timeout=600)
    assert run.error is None, run.error
    maps = (torch.load(output / "maps.pt", weights_only=True) * 255).round().to(torch.uint8)
    latents = {n: torch.load(output / f"{n}.pt", weights_only=True) for n in ("guided", "plain")}
    guided, plain = (latents[name]["samples"].float() for name in ("guided", "plain"))

    parts = load_components([TOY], dtype="bf16")
    assert apply_lora(parts.transformer, files["lora"]) == 60
    adapter = load_adapter(files[kind], compute_dtype=torch.bfloat16)
    pipeline = MapPipeline(parts, adapter=adapter)
    settings = GenerationSettings(
        size=(96, 64),
        num_frames=LENGTH,
        steps=STEPS,
        shift=3.0,
        guidance_scale=1.0,
        solver="euler",
        seed=5,
        resize="stretch",
    )
    image = torch.from_numpy(files["picture"])
    mean = torch.tensor(parts.vae.config.latents_mean).view(1, -1, 1, 1, 1)
    std = torch.tensor(parts.vae.config.latents_std).view(1, -1, 1, 1, 1)
    change = (guided - plain).abs().mean()
    assert change > 0.05
    # Right maps, and maps one token to the right.
    own, wrong = (
        pipeline.sample(image, maps.roll(shift, 2), ("", ""), settings) * std + mean
        for shift in (0, 16)
    )
    error = (own - guided).abs().mean()
    # Both in bf16, with kernels of their own.
    assert error < 0.2 * change and error < 0.5 * (wrong - guided).abs().mean()


def test_context_windows_are_refused_in_one_line(comfy: ComfyServer, files) -> None:
    graph = Graph()
    keep(graph, "x", boxes_of(graph, files, "boxes", windows=9)["guided"])
    run = comfy.run(graph.prompt, timeout=600)
    text = run.error["exception_message"].strip()
    assert "leave context windows out" in text and "\n" not in text
