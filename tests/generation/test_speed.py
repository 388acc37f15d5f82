"""Ways to be faster: each of them acts on Wan, or says why it cannot."""

import json
import math
import sys
from dataclasses import replace

import pytest
import torch
from diffusers.models import attention_dispatch

from tests.generation.small_parts import (
    PROMPT,
    fresh_components,
    small_components,
    small_image,
    small_tracks,
)
from wanmove_core import OptionError
from wanmove_core.checkpoints.components import Components
from wanmove_core.generation.memory import GIB
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.placement import Placement, _stream_layers
from wanmove_core.generation.settings import NEGATIVE_PROMPT, GenerationSettings
from wanmove_core.generation.speed import SpeedOptions, prepare_transformer

SETTINGS = GenerationSettings(size=(64, 48), num_frames=5, steps=8)


def run(speed, settings=SETTINGS, *, components=None, placement=None):
    """The latent, and how often a block behind the first did its work."""
    components = components or fresh_components()
    calls = []
    # Counted where the work is: a cache skips a block by not calling its parts.
    components.transformer.blocks[1].ffn.register_forward_hook(lambda *_: calls.append(1))
    pipeline = WanMovePipeline(components, placement, speed=speed)
    start = pipeline.encode_start(small_image(), settings)
    text = pipeline.encode_prompts(PROMPT, NEGATIVE_PROMPT)
    latent = pipeline.denoise(pipeline.guide(start, small_tracks(5), text, settings), settings)
    return latent, len(calls)


def difference(got, expected):
    return float((got - expected).norm() / expected.norm())


@pytest.fixture(scope="module")
def plain():
    latent, calls = run(SpeedOptions())
    assert calls == 2 * SETTINGS.steps
    return latent


def test_firstblock_skips_blocks_and_changes_little(plain):
    latent, calls = run(SpeedOptions(cache="firstblock", cache_threshold=0.3))
    assert calls < 2 * SETTINGS.steps
    assert 0 < difference(latent, plain) < 0.3


def test_a_threshold_near_zero_skips_nothing(plain):
    latent, calls = run(SpeedOptions(cache="firstblock", cache_threshold=1e-9))
    assert calls == 2 * SETTINGS.steps
    assert torch.equal(latent, plain)


def test_branches_do_not_share_what_a_cache_remembers():
    """A branch that fell back on another's memory would skip in its very first step."""
    settings = replace(SETTINGS, steps=1, motion_scale=1.0)
    _, calls = run(SpeedOptions(cache="firstblock", cache_threshold=9.0), settings)
    assert calls == 3


def test_a_cache_forgets_between_runs(plain):
    components = fresh_components()
    speed = SpeedOptions(cache="firstblock", cache_threshold=0.3)
    first, _ = run(speed, components=components)
    second, _ = run(speed, components=components)
    assert torch.equal(first, second)
    assert not components.transformer.is_cache_enabled


def test_magcache_measures_once_then_skips(tmp_path, plain):
    ratios = tmp_path / "ratios.json"
    speed = SpeedOptions(cache="magcache", mag_ratios=ratios, cache_threshold=0.5)
    measured, calls = run(speed)
    assert calls == 2 * SETTINGS.steps
    assert torch.equal(measured, plain)
    written = json.loads(ratios.read_text())["mag_ratios"]
    assert len(written) == SETTINGS.steps and written[0] == 1.0
    assert all(0.5 < ratio < 2 for ratio in written)
    skipped, calls = run(speed)
    assert calls < 2 * SETTINGS.steps
    assert 0 < difference(skipped, plain) < 0.5


def test_measured_ratios_are_those_of_diffusers(tmp_path, capsys):
    ratios = tmp_path / "ratios.json"
    settings = replace(SETTINGS, guidance_scale=1.0)
    run(SpeedOptions(cache="magcache", mag_ratios=ratios), settings)
    from diffusers import MagCacheConfig

    components = fresh_components()
    components.transformer.enable_cache(MagCacheConfig(calibrate=True, num_inference_steps=8))
    run(SpeedOptions(), settings, components=components)
    printed = capsys.readouterr().out
    theirs = json.loads(printed[printed.index("[1.0") : printed.rindex("]") + 1])
    assert json.loads(ratios.read_text())["mag_ratios"] == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("content", ["", "[]", '{"mag_ratios": "x"}', '{"mag_ratios": [null]}'])
def test_unreadable_ratios_are_refused(tmp_path, content):
    path = tmp_path / "ratios.json"
    path.write_text(content)
    with pytest.raises(OptionError, match="must hold magcache's ratios"):
        run(SpeedOptions(cache="magcache", mag_ratios=path))


def test_attention_flex_is_the_kernel_that_runs(plain, monkeypatch):
    registry = attention_dispatch._AttentionBackendRegistry
    name = attention_dispatch.AttentionBackendName.FLEX
    native, calls = registry._backends[attention_dispatch.AttentionBackendName.NATIVE], []

    def spy(**arguments):
        calls.append(1)
        return native(**arguments)

    monkeypatch.setitem(registry._backends, name, spy)
    monkeypatch.setitem(
        registry._supported_arg_names,
        name,
        registry._supported_arg_names[attention_dispatch.AttentionBackendName.NATIVE],
    )
    monkeypatch.setattr(
        "diffusers.WanTransformer3DModel.compile_repeated_blocks", lambda *_args, **_kwargs: None
    )
    latent, _ = run(SpeedOptions(attention="flex", compile=True))
    # Three blocks, each with self-attention and cross-attention to text and to the image.
    assert len(calls) == 3 * 3 * 2 * SETTINGS.steps
    assert difference(latent, plain) < 1e-5


@pytest.mark.parametrize("name", ["flash", "flash3", "sage", "xformers", "cudnn"])
def test_kernels_of_cuda_are_refused_on_the_cpu(name):
    with pytest.raises(OptionError, match=f"attention {name} must run on CUDA; got device cpu"):
        run(SpeedOptions(attention=name))


@pytest.mark.parametrize(
    "name,package",
    [
        ("flash", "pip install 'wan-move[flash]'"),
        ("sage", "or use sage_hub"),
        ("xformers", "pip install xformers"),
        *[
            (f"{name}_hub", "pip install 'wan-move[kernels]'")
            for name in ("flash", "flash3", "flash4", "sage")
        ],
    ],
)
def test_a_kernel_without_its_package_names_the_package(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, "kernels", None)
    with pytest.raises(OptionError) as refusal:
        prepare_transformer(
            fresh_components().transformer, SpeedOptions(attention=name), torch.device("cuda")
        )
    assert package in str(refusal.value) and "\n" not in str(refusal.value)


def test_compile_compiles_the_blocks():
    components = fresh_components()
    WanMovePipeline(components, speed=SpeedOptions(compile=True))
    assert all(block._compiled_call_impl is not None for block in components.transformer.blocks)


@pytest.mark.parametrize(
    "options,message",
    [
        ({"cache": "magcache"}, "must come with a file of ratios"),
        ({"cache": "firstblock", "compile": True}, "compile must be used without a cache"),
        ({"cache_threshold": 0.0}, "cache_threshold must be above 0"),
        ({"attention": "fast"}, "attention must be one of native"),
        ({"attention": "flex"}, "attention flex must be compiled"),
    ],
)
def test_bad_options_are_refused_at_once(options, message):
    with pytest.raises(OptionError, match=message):
        SpeedOptions(**options)


@pytest.mark.parametrize("offload", ["model", "layer"])
def test_offload_on_the_cpu_says_that_it_does_nothing(offload, plain, caplog):
    placement = Placement("cpu", offload=offload)
    assert "offload has no effect" in caplog.text
    latent, _ = run(SpeedOptions(), placement=placement)
    assert torch.equal(latent, plain)


class Part:
    """Stands for a module: notes where it is sent."""

    def __init__(self):
        self.sent = []

    def to(self, device):
        self.sent.append(torch.device(device).type)


def test_offload_model_brings_a_part_for_its_work_and_sends_it_back(monkeypatch):
    monkeypatch.setattr("wanmove_core.generation.placement.check_device", torch.device)
    parts = Components(Part(), Part(), text_encoder=Part())
    placement = Placement("cuda", offload="model", text_encoder_device="cpu")
    assert placement.resting_device.type == "cpu"
    placement.place(parts)
    with placement.use(parts.vae, placement.device) as vae:
        assert vae.sent == ["cpu", "cuda"]
    assert parts.vae.sent == ["cpu", "cuda", "cpu"]
    assert parts.transformer.sent == ["cpu"]
    with pytest.raises(RuntimeError), placement.use(parts.transformer, placement.device):
        raise RuntimeError
    assert parts.transformer.sent == ["cpu", "cuda", "cpu"]
    with placement.use(parts.text_encoder, placement.text_encoder_device):
        pass
    assert set(parts.text_encoder.sent) == {"cpu"}


def test_offload_none_puts_each_part_on_its_device_once(monkeypatch):
    monkeypatch.setattr("wanmove_core.generation.placement.check_device", torch.device)
    parts = Components(Part(), Part(), text_encoder=Part())
    placement = Placement("cuda", text_encoder_device="cpu")
    placement.place(parts)
    with placement.use(parts.vae, placement.device):
        pass
    assert parts.vae.sent == parts.transformer.sent == ["cuda"]
    assert parts.text_encoder.sent == ["cpu"]


def test_an_unknown_device_is_refused_in_one_line():
    for device in ("cuda:7", "gpu"):
        with pytest.raises(OptionError, match=f"device must be one .* got {device}") as error:
            Placement(device)
        assert "\n" not in str(error.value)


def streams(block) -> bool:
    """Whether any layer of a block is brought to the device at its use."""
    return any(hasattr(layer, "_diffusers_hook") for layer in block.modules())


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_layers_stream_and_the_result_is_the_same(kept, plain):
    """Group offload with the CPU as both ends: the hooks run, nothing else changes."""
    components = fresh_components()
    blocks = components.transformer.blocks
    one = sum(p.numel() * p.element_size() for p in blocks[0].parameters())
    staying = _stream_layers(components.transformer, torch.device("cpu"), (kept + 0.5) * one / GIB)
    assert list(staying) == list(blocks)[:kept] and components.transformer.blocks is blocks
    assert [streams(block) for block in blocks] == [False] * kept + [True] * (3 - kept)
    assert streams(components.transformer.patch_embedding)
    latent, _ = run(SpeedOptions(), components=components)
    assert torch.equal(latent, plain)
    assert small_components().transformer is not components.transformer


def test_kept_layers_are_on_the_device_while_the_transformer_works(monkeypatch):
    kept, asked = {}, []

    def stream(part, _device, keep):
        asked.append(keep)
        return kept.setdefault(id(part), Part())

    monkeypatch.setattr("wanmove_core.generation.placement.check_device", torch.device)
    monkeypatch.setattr("wanmove_core.generation.placement._stream_layers", stream)
    parts = Components(Part(), Part(), text_encoder=Part())
    placement = Placement("cuda", offload="layer", keep=2.5)
    placement.place(parts)
    assert asked == [2.5, 0.0]  # of the transformer alone
    with placement.use(parts.transformer, placement.device):
        assert kept[id(parts.transformer)].sent == ["cuda"]
    assert kept[id(parts.transformer)].sent == ["cuda", "cpu"]
    assert parts.transformer.sent == []


@pytest.mark.parametrize("offload,keep", [("model", 4.0), ("layer", -1.0), ("layer", math.nan)])
def test_keep_without_layers_that_stream_is_refused(offload, keep):
    with pytest.raises(OptionError, match=r"keep must be GiB.*Use --offload layer --keep 4"):
        Placement("cpu", offload=offload, keep=keep)
