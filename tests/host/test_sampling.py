"""Sampling on a real ComfyUI: KSampler's own result, then what motion controls change."""

import pytest
import torch

from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer
from tests.host.test_guidance import ours, start, tracks

KSAMPLER = {"seed": 7, "steps": 3, "cfg": 4.0, "denoise": 1.0}
NO_MOTION_CONTROL = {
    "shift": 0.0,
    "motion_scale": 0.0,
    "guidance_start": 0.0,
    "guidance_end": 1.0,
}


def model(graph: Graph, name: str = "bf16.safetensors") -> Node:
    return graph.add("UNETLoader", unet_name=name, weight_dtype="default")


def prompts(graph: Graph, *, with_tracks: bool = True) -> dict:
    inputs = start(graph)
    guided = ours(graph, inputs, tracks(graph) if with_tracks else None)
    return {
        "positive": guided.out(0),
        "negative": guided.out(1),
        "latent_image": guided.out(2),
    }


def keep(graph: Graph, name: str, node) -> None:
    graph.add("TestKeepValue", value=node, name=f"{name}.pt")


def samples(output, name: str) -> torch.Tensor:
    return torch.load(output / f"{name}.pt", weights_only=True)["samples"]


@pytest.mark.parametrize(
    ("sampler_name", "scheduler", "denoise"),
    [("euler", "simple", 1.0), ("uni_pc", "simple", 0.6), ("dpmpp_2m_sde", "beta", 1.0)],
)
def test_sampler_equals_ksampler(
    comfy: ComfyServer, output, sampler_name: str, scheduler: str, denoise: float
) -> None:
    graph = Graph()
    shared = {"model": model(graph), **prompts(graph), **KSAMPLER}
    shared |= {"sampler_name": sampler_name, "scheduler": scheduler, "denoise": denoise}
    keep(graph, "core", graph.add("KSampler", **shared))
    keep(graph, "ours", graph.add("WanMoveSampler", **shared, **NO_MOTION_CONTROL))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert samples(output, "core").abs().sum() > 0
    assert torch.equal(samples(output, "ours"), samples(output, "core"))


@pytest.mark.parametrize("cfg", [1.0, 4.0])
def test_an_empty_negative_prompt_is_ksamplers_too(comfy: ComfyServer, output, cfg: float) -> None:
    graph = Graph()
    shared = {"model": model(graph), **prompts(graph), **KSAMPLER, "cfg": cfg}
    shared |= {"negative": graph.add("TestNoPrompt")}
    shared |= {"sampler_name": "euler", "scheduler": "simple"}
    keep(graph, "core", graph.add("KSampler", **shared))
    keep(graph, "ours", graph.add("WanMoveSampler", **shared, **NO_MOTION_CONTROL))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert torch.equal(samples(output, "ours"), samples(output, "core"))


def test_schema_begins_like_ksamplers(comfy: ComfyServer) -> None:
    info = comfy.get("/object_info")
    theirs = info["KSampler"]["input_order"]["required"]
    assert info["WanMoveSampler"]["input_order"]["required"][: len(theirs)] == theirs


def test_shift_equals_model_sampling_sd3(comfy: ComfyServer, output) -> None:
    graph = Graph()
    shared = {**prompts(graph), **KSAMPLER, "sampler_name": "euler", "scheduler": "simple"}
    loaded = model(graph)
    shifted = graph.add("ModelSamplingSD3", model=loaded, shift=3.0)
    keep(graph, "core", graph.add("KSampler", model=shifted, **shared))
    with_shift = {**NO_MOTION_CONTROL, "shift": 3.0}
    keep(graph, "ours", graph.add("WanMoveSampler", model=loaded, **shared, **with_shift))
    assert comfy.run(graph.prompt).error is None
    assert torch.equal(samples(output, "ours"), samples(output, "core"))


def test_motion_scale_follows_its_formula(comfy: ComfyServer, output) -> None:
    """One Euler step to sigma 0 returns the prediction itself, so the formula can be read off."""
    graph = Graph()
    guided, still = prompts(graph), prompts(graph, with_tracks=False)
    loaded = model(graph)
    one = {"seed": 7, "steps": 1, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}
    with_motion = {**NO_MOTION_CONTROL, "motion_scale": 1.7}
    mixed = graph.add("WanMoveSampler", model=loaded, **guided, **one, cfg=4.0, **with_motion)
    keep(graph, "mixed", mixed)
    keep(graph, "cfg", graph.add("KSampler", model=loaded, **guided, **one, cfg=4.0))
    keep(graph, "cond", graph.add("KSampler", model=loaded, **guided, **one, cfg=1.0))
    keep(graph, "still", graph.add("KSampler", model=loaded, **still, **one, cfg=1.0))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    kept = {name: samples(output, name) for name in ("mixed", "cfg", "cond", "still")}
    motion = kept["cond"] - kept["still"]
    assert motion.abs().max() > 0.01
    expected = kept["cfg"] + 1.7 * motion
    torch.testing.assert_close(kept["mixed"], expected, rtol=0, atol=2e-3)


def test_range_of_steps(comfy: ComfyServer, output) -> None:
    """Acting in no step of the second half equals sampling that half without tracks."""
    graph = Graph()
    guided, still = prompts(graph), prompts(graph, with_tracks=False)
    shared = {"model": model(graph), "steps": 4, "cfg": 4.0}
    shared |= {"sampler_name": "euler", "scheduler": "simple"}
    half = {**NO_MOTION_CONTROL, "guidance_end": 0.5}
    ours_ = graph.add("WanMoveSampler", **shared, **guided, seed=7, denoise=1.0, **half)
    keep(graph, "ours", ours_)
    begin = graph.add(
        "KSamplerAdvanced",
        **shared,
        **guided,
        noise_seed=7,
        add_noise="enable",
        return_with_leftover_noise="enable",
        start_at_step=0,
        end_at_step=2,
    )
    end = graph.add(
        "KSamplerAdvanced",
        **{**shared, **still, "latent_image": begin},
        noise_seed=7,
        add_noise="disable",
        return_with_leftover_noise="disable",
        start_at_step=2,
        end_at_step=4,
    )
    keep(graph, "core", end)
    keep(graph, "whole", graph.add("KSampler", **shared, **guided, seed=7, denoise=1.0))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    torch.testing.assert_close(samples(output, "ours"), samples(output, "core"), rtol=0, atol=1e-4)
    assert (samples(output, "ours") - samples(output, "whole")).abs().max() > 0.01


def test_guider_equals_the_sampler(comfy: ComfyServer, output) -> None:
    graph = Graph()
    guided, loaded = prompts(graph), model(graph)
    motion = {"motion_scale": 0.8, "guidance_start": 0.25, "guidance_end": 0.75}
    sampled = graph.add(
        "WanMoveSampler",
        **{"model": loaded, **guided, **KSAMPLER, "steps": 4, "shift": 0.0, **motion},
        sampler_name="euler",
        scheduler="simple",
    )
    keep(graph, "sampler", sampled)
    inputs = {name: guided[name] for name in ("positive", "negative")}
    guider = graph.add("WanMoveMotionGuider", model=loaded, **inputs, cfg=4.0, **motion)
    scheduler = {"scheduler": "simple", "steps": 4, "denoise": 1.0}
    advanced = graph.add(
        "SamplerCustomAdvanced",
        noise=graph.add("RandomNoise", noise_seed=7),
        guider=guider,
        sampler=graph.add("KSamplerSelect", sampler_name="euler"),
        sigmas=graph.add("BasicScheduler", model=loaded, **scheduler),
        latent_image=guided["latent_image"],
    )
    keep(graph, "guider", advanced)
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert torch.equal(samples(output, "guider"), samples(output, "sampler"))


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("lightx2v 4 steps", [1, 0.9375, 0.833333, 0.625, 0]),
        ("unwarped 4 steps", [1, 0.75, 0.5, 0.25, 0]),
    ],
)
def test_few_step_sigmas(comfy: ComfyServer, output, preset: str, expected: list) -> None:
    graph = Graph()
    sigmas = graph.add("WanMoveFewStepSigmas", preset=preset)
    keep(graph, "sigmas", sigmas)
    assert comfy.run(graph.prompt).error is None
    kept = torch.load(output / "sigmas.pt", weights_only=True)
    torch.testing.assert_close(kept, torch.tensor(expected), rtol=0, atol=1e-6)


CACHES = {
    "EasyCache": {"reuse_threshold": 3.0, "start_percent": 0.1, "end_percent": 0.95},
    "LazyCache": {"reuse_threshold": 3.0, "start_percent": 0.1, "end_percent": 0.95},
}


@pytest.mark.parametrize("cache", CACHES)
def test_composes_with_cores_caches_and_a_lora(comfy: ComfyServer, output, cache: str) -> None:
    """Patches of other nodes act: the LoRA changes the result, and the cache skips steps.

    A cache that skips nothing changes nothing: the pass without motion is not mixed with others.
    """
    graph = Graph()
    guided = prompts(graph)
    plain = model(graph)
    lora = {"lora_name": "lora.safetensors", "strength_model": 1.0}
    tuned = graph.add("LoraLoaderModelOnly", model=plain, **lora)
    cached = graph.add(cache, model=tuned, **CACHES[cache], verbose=True)
    idle = graph.add(cache, model=tuned, **{**CACHES[cache], "reuse_threshold": 0.0}, verbose=False)
    choices = {**KSAMPLER, "steps": 8, "sampler_name": "euler", "scheduler": "simple"}
    choices |= {**NO_MOTION_CONTROL, "motion_scale": 0.5, "guidance_end": 0.7}
    models = {"plain": plain, "tuned": tuned, "cached": cached, "idle": idle}
    for name, patched in models.items():
        keep(graph, name, graph.add("WanMoveSampler", model=patched, **guided, **choices))
    before = len(comfy.log())
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    kept = {name: samples(output, name) for name in models}
    assert (kept["plain"] - kept["tuned"]).abs().max() > 1e-3
    assert torch.isfinite(kept["cached"]).all()
    assert (kept["cached"] - kept["tuned"]).abs().max() > 1e-3
    assert torch.equal(kept["idle"], kept["tuned"])
    assert f"{cache} - skipped" in comfy.log()[before:]
