"""FlashMotion on a real ComfyUI: equal to the public code, and together with what else there is."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.generation.test_adapters import PUBLIC
from tests.host.flashmotion_models import MODEL, has_hook, write_models
from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer

REFERENCE = Path(__file__).parents[1] / "fixtures/reference/turbo_four_steps.safetensors"
SETTINGS = {"strength": 1.0, "start_percent": 0.0, "end_percent": 1.0}
LENGTH = 9
SIZE = {"width": 96, "height": 64}


@pytest.fixture(scope="module", autouse=True)
def files(comfy: ComfyServer) -> None:
    write_models(comfy.base / "models")


def load(graph: Graph, name: str = MODEL, dtype: str = "default") -> Node:
    return graph.add(
        "WanMoveModelLoader",
        diffusion_model=name,
        weight_dtype=dtype,
        text_encoder="none",
        text_encoder_device="default",
        vae="wan2.2_vae.safetensors",
        clip_vision="none",
        shift=-1.0,
    )


def adapter(graph: Graph, name: str, dtype: str = "default") -> Node:
    return graph.add("WanMoveFlashMotionLoader", adapter=name, kind="auto", weight_dtype=dtype)


def sigmas(graph: Graph) -> Node:
    preset = "FlashMotion / Turbo, as published"
    return graph.add("WanMoveFewStepSigmas", preset=preset)


def keep(graph: Graph, name: str, node) -> None:
    graph.add("TestKeepValue", value=node, name=f"{name}.pt")


def kept(output: Path, name: str):
    return torch.load(output / f"{name}.pt", weights_only=True)


@pytest.fixture
def hooked(comfy: ComfyServer) -> None:
    if not has_hook(comfy):
        pytest.skip("FlashMotion acts from ComfyUI 0.33 on; that an older one says so is tested")


@pytest.mark.parametrize("kind", PUBLIC)
@pytest.mark.usefixtures("hooked")
def test_the_hosts_model_equals_the_public_one(comfy: ComfyServer, output, kind: str) -> None:
    graph = Graph()
    keep(graph, "sums", graph.add("TestFlashMotionSums", kind=kind))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    total, absolute = PUBLIC[kind]
    found = kept(output, "sums")
    assert abs(found[0] - total) < 1e-6 * absolute
    assert abs(found[1] - absolute) < 1e-6 * absolute


@pytest.mark.parametrize("name", [MODEL, "wrapped.pt"])
@pytest.mark.usefixtures("hooked")
def test_four_steps_equal_the_public_loop(comfy: ComfyServer, output, name: str) -> None:
    graph = Graph()
    model, levels = load(graph, name), sigmas(graph)
    keep(graph, "base", graph.add("TestFourSteps", model=model, sigmas=levels))
    maps = graph.add("TestMapsLatent", model=model)
    guided = graph.add(
        "WanMoveFlashMotionApply",
        model=model,
        adapter=adapter(graph, "resnet.safetensors"),
        maps_latent=maps,
        **SETTINGS,
    )
    keep(graph, "resnet", graph.add("TestFourSteps", model=guided, sigmas=levels))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    for kind, expected in load_file(REFERENCE).items():
        assert (kept(output, kind) - expected).abs().max() < 2e-6 * expected.abs().max()


def maps_latent(graph: Graph, model: Node, *, length: int = LENGTH, **size) -> Node:
    """A box that moves: drawn, and encoded with the model's own VAE."""
    tracks = graph.add("TestTracks", num_frames=length, number=3, **SIZE, seed=4)
    given = {"shape": "box", "resize": "stretch", "given": "", "length": length, **SIZE, **size}
    drawn = graph.add("WanMoveTrajectoryMaps", tracks=tracks, box_width=24, box_height=16, **given)
    return graph.add(
        "WanMoveEncodeTrajectoryMaps",
        vae=model.out(2),
        maps=drawn,
        width=0,
        height=0,
        length=length,
    )


def apply(graph: Graph, model, patch: Node, maps: Node, **changes) -> Node:
    inputs = {**SETTINGS, **changes}
    return graph.add(
        "WanMoveFlashMotionApply", model=model, adapter=patch, maps_latent=maps, **inputs
    )


def sample(
    graph: Graph, model, loader: Node, *, cfg: float = 1.0, batch: int = 1, **size: int
) -> Node:
    """Core's own nodes: start image, guider, sampler lcm."""
    size = {**SIZE, **size}
    picture = graph.add("TestPicture", frames=1, **size, seed=3)
    start = graph.add(
        "Wan22ImageToVideoLatent",
        vae=loader.out(2),
        length=LENGTH,
        batch_size=batch,
        start_image=picture,
        **size,
    )
    text = graph.add("TestPrompt", seed=1)
    guider = graph.add("CFGGuider", model=model, positive=text, negative=text, cfg=cfg)
    return graph.add(
        "SamplerCustomAdvanced",
        noise=graph.add("RandomNoise", noise_seed=7),
        guider=guider,
        sampler=graph.add("KSamplerSelect", sampler_name="lcm"),
        sigmas=sigmas(graph),
        latent_image=start,
    )


@pytest.mark.parametrize("kind", ["resnet", "controlnet"])
@pytest.mark.usefixtures("hooked")
def test_it_goes_with_the_rest(comfy: ComfyServer, output, kind: str) -> None:
    """fp8, a LoRA, cfg above 1, batches, strength, ranges, twice in one run: all act as told."""
    graph = Graph()
    loader = load(graph)
    patch, maps = adapter(graph, f"{kind}.safetensors"), maps_latent(graph, loader)
    made = {"guided": sample(graph, apply(graph, loader, patch, maps), loader)}
    made["again"] = sample(graph, apply(graph, loader, patch, maps, end_percent=0.999), loader)
    made["plain"] = sample(graph, loader, loader)
    made["none"] = sample(graph, apply(graph, loader, patch, maps, strength=0.0), loader)
    made["half"] = sample(graph, apply(graph, loader, patch, maps, strength=0.5), loader)
    made["late"] = sample(graph, apply(graph, loader, patch, maps, start_percent=0.5), loader)
    made["cfg"] = sample(graph, apply(graph, loader, patch, maps), loader, cfg=3.0)
    made["batch"] = sample(graph, apply(graph, loader, patch, maps), loader, batch=2)
    lora = graph.add(
        "LoraLoaderModelOnly", model=loader, lora_name="ti2v.safetensors", strength_model=1.0
    )
    made["lora"] = sample(graph, apply(graph, lora, patch, maps), loader)
    # What GGUF loaders make: a patcher and operations of their own.
    other = graph.add("TestQuantisedLoader", file=MODEL)
    made["rounded base"] = sample(graph, apply(graph, other, patch, maps), loader)
    small = load(graph, dtype="fp8_e4m3fn")
    made["fp8 base"] = sample(graph, apply(graph, small, patch, maps), loader)
    narrow = adapter(graph, f"{kind}.safetensors", "fp8_e4m3fn")
    made["fp8 adapter"] = sample(graph, apply(graph, loader, narrow, maps), loader)
    for name, node in made.items():
        keep(graph, name, node)
    run = comfy.run(graph.prompt, timeout=600)
    assert run.error is None, run.error
    found = {name: kept(output, name)["samples"] for name in made}
    guided, plain = found["guided"], found["plain"]
    assert torch.equal(found["none"], plain)
    assert torch.equal(found["again"], guided)
    change = (guided - plain).abs().mean()
    assert change > 1e-3
    # The prompts are equal, so guidance changes nothing; its two branches share a call.
    torch.testing.assert_close(found["cfg"], guided, rtol=0, atol=1e-4)
    assert found["batch"].shape[0] == 2
    for name in ("half", "late", "lora"):
        assert (found[name] - guided).abs().mean() > 1e-4
    for name in ("fp8 base", "fp8 adapter", "rounded base"):
        assert (found[name] - guided).abs().mean() < 0.5 * change, name
    assert torch.equal(found["guided"][:, :, 0], plain[:, :, 0])


@pytest.mark.parametrize("kind", ["resnet", "controlnet"])
@pytest.mark.usefixtures("hooked")
def test_odd_rows_of_cells_and_skipped_steps(comfy: ComfyServer, output, kind: str) -> None:
    """80 pixels are 5 rows, as 720 are 45: the model pads them. EasyCache leaves out steps."""
    graph = Graph()
    loader = load(graph)
    maps = maps_latent(graph, loader, height=80)
    guided = apply(graph, loader, adapter(graph, f"{kind}.safetensors"), maps)
    cache = {"reuse_threshold": 3.0, "start_percent": 0.0, "end_percent": 1.0, "verbose": False}
    made = {"odd": guided, "odd cached": graph.add("EasyCache", model=guided, **cache)}
    for name, model in {**made, "odd plain": loader}.items():
        keep(graph, name, sample(graph, model, loader, height=80))
    run = comfy.run(graph.prompt, timeout=600)
    assert run.error is None, run.error
    found = {name: kept(output, name)["samples"] for name in (*made, "odd plain")}
    assert found["odd"].shape[-2:] == (5, 6)
    assert (found["odd"] - found["odd plain"]).abs().mean() > 1e-3
    assert not torch.equal(found["odd"], found["odd cached"])


def refused(comfy: ComfyServer, graph: Graph) -> str:
    run = comfy.run(graph.prompt, timeout=300)
    assert run.error is not None
    text = run.error["exception_message"].strip()
    assert "\n" not in text
    return text


def test_what_does_not_fit_is_refused_in_one_line(comfy: ComfyServer) -> None:
    def attempt(model: str = MODEL, name: str = "resnet.safetensors", vae=None, **maps) -> str:
        graph = Graph()
        loader = load(graph, model)
        given = maps_latent(graph, loader, **maps)
        if vae is not None:
            graph.prompt[given.id]["inputs"]["vae"] = graph.add("VAELoader", vae_name=vae).out(0)
        guided = apply(graph, loader, adapter(graph, name), given)
        keep(graph, "x", sample(graph, guided, loader))
        return refused(comfy, graph)

    if not has_hook(comfy):
        assert "ComfyUI must be 0.33 or newer for FlashMotion to act" in attempt()
        return
    assert "maps_latent must have the latent's frames and size" in attempt(length=5)
    assert "maps_latent must be of a VAE of 48 channels; got 16" in attempt(
        vae="wan_2.1_vae.safetensors"
    )
    assert "model must have 3 blocks of width 256" in attempt(model="bf16.safetensors")
    assert "in a layout that is known; got a FlashMotion ResNet adapter" in attempt(
        name="odd.safetensors"
    )
    graph = Graph()
    keep(
        graph,
        "x",
        graph.add(
            "WanMoveTrajectoryMaps",
            shape="box",
            width=0,
            height=0,
            length=0,
            resize="stretch",
            given="",
            box_width=0,
            box_height=0,
        ),
    )
    assert "Frame 0 needs a filled shape" in refused(comfy, graph)
