"""Our nodes among other packs': quantised models, preview hooks, VAEs that we do not know."""

import pytest
import torch

from tests.host.graphs import Graph
from tests.host.server import ComfyServer
from tests.host.test_guidance import start, tracks
from tests.host.test_sampling import KSAMPLER, NO_MOTION_CONTROL, keep, model, prompts, samples

CHOICES = {**KSAMPLER, "sampler_name": "euler", "scheduler": "simple"}


def test_a_quantised_model_of_another_loader_samples_alike(comfy: ComfyServer, output) -> None:
    """GGUF packs bring their own operations and patcher class; the motion controls keep both."""
    graph = Graph()
    quantised = graph.add("TestQuantisedLoader", file="bf16.safetensors")
    guided = prompts(graph)
    ours = {**CHOICES, **NO_MOTION_CONTROL}
    keep(graph, "core", graph.add("KSampler", model=quantised, **guided, **CHOICES))
    keep(graph, "same", graph.add("WanMoveSampler", model=quantised, **guided, **ours))
    strong = {**ours, "motion_scale": 0.7, "shift": 5.0}
    keep(graph, "strong", graph.add("WanMoveSampler", model=quantised, **guided, **strong))
    keep(graph, "exact", graph.add("WanMoveSampler", model=model(graph), **guided, **strong))
    if comfy.get("/object_info/MultiGPU_WorkUnits"):  # core's MultiGPU CFG Split, on one device
        split = graph.add("MultiGPU_WorkUnits", model=quantised, max_gpus=2)
        keep(graph, "split", graph.add("WanMoveSampler", model=split, **guided, **strong))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    kept = {name: samples(output, name) for name in ("core", "same", "strong", "exact")}
    if comfy.get("/object_info/MultiGPU_WorkUnits"):
        assert torch.equal(samples(output, "split"), kept["strong"])
    assert torch.equal(kept["same"], kept["core"])
    assert (kept["strong"] - kept["same"]).abs().max() > 0.01
    difference = (kept["strong"] - kept["exact"]).std() / kept["exact"].std()
    assert 0 < difference < 0.1, difference


def test_preview_hooks_of_other_packs_see_every_step(comfy: ComfyServer, output) -> None:
    (output / "hook.txt").unlink(missing_ok=True)
    graph = Graph()
    hooked = graph.add("TestHookedPreviews", model=model(graph), name="hook.txt")
    choices = {**CHOICES, **NO_MOTION_CONTROL, "steps": 3, "seed": 11}
    keep(graph, "sampled", graph.add("WanMoveSampler", model=hooked, **prompts(graph), **choices))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    lines = (output / "hook.txt").read_text().splitlines()
    shape = tuple(samples(output, "sampled").shape)
    expected = [f"step {step} of 3, {shape}" for step in (1, 2, 3)]
    assert lines == ["previewer for Wan21", *expected]


def test_sampler_adds_less_than_a_hundredth(comfy: ComfyServer, output) -> None:
    """Its result is KSampler's bit for bit (test_sampling); this is what it costs on top."""
    graph = Graph()
    cost = graph.add("TestSamplerCost", model=model(graph), **prompts(graph), runs=7)
    keep(graph, "own", cost.out(0))
    keep(graph, "inside", cost.out(1))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    own, inside = (
        torch.load(output / f"{name}.pt", weights_only=True) for name in ("own", "inside")
    )
    assert 0 < own < 0.01 * inside, (own, inside)


@pytest.fixture
def encoded(comfy: ComfyServer, output):
    """Encode a start image by a VAE of a file and guide it; returns what the log says."""

    def encode(file: str) -> str:
        graph = Graph()
        inputs = start(graph, seed=5)
        vae = graph.add("VAELoader", vae_name=file)
        size = {"width": 96, "height": 64, "length": 9, "resize": "crop"}
        latent = graph.add(
            "WanMoveEncodeStartImage", vae=vae, start_image=inputs["start_image"], **size
        )
        named = {name: inputs[name] for name in ("positive", "negative")}
        rules = {"batch_size": 1, "strength": 1.0, "branch": "both", "collision": "last"}
        rules |= {"temporal": "sample", "track_space": "video", "retime": "time"}
        guided = graph.add(
            "WanMoveTrajectoryGuidance",
            **named,
            conditioning_latent=latent,
            tracks=tracks(graph),
            **rules,
            collision_seed=0,
        )
        keep(graph, "latent", latent)
        keep(graph, "report", guided.out(3))
        # The same clip by the VAE's own encode: the image, then grey.
        fitted = graph.add(
            "ImageScale",
            image=inputs["start_image"],
            upscale_method="bilinear",
            width=96,
            height=64,
            crop="center",
        )
        grey = graph.add("EmptyImage", width=96, height=64, batch_size=8, color=0x808080)
        clip = graph.add("ImageBatch", image1=fitted, image2=grey)
        keep(graph, "whole", graph.add("VAEEncode", pixels=clip, vae=vae))
        before = len(comfy.log())
        run = comfy.run(graph.prompt)
        assert run.error is None, run.error
        return comfy.log()[before:]

    return encode


def test_wan_22_vae_is_encoded_by_itself_and_says_why(encoded, output) -> None:
    log = encoded("wan2.2_vae.safetensors")
    assert "Encoding all 9 frames, which is slower: The VAE must be" in log
    latent, whole = samples(output, "latent"), samples(output, "whole")
    assert latent.shape == (1, 48, 3, 64 // 16, 96 // 16)
    # Grey is 128/255 there and a half here; the image may be fitted by another filter.
    torch.testing.assert_close(latent, whole, rtol=0, atol=0.1 * float(whole.std()))
    report = torch.load(output / "report.pt", weights_only=True)
    assert report.startswith("3 of 3 tracks guide")


def test_wan_21_vae_is_not(encoded) -> None:
    assert "which is slower" not in encoded("wan_2.1_vae.safetensors")
