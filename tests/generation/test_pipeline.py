"""The whole loop: equal to the reference's recorded run, and its laws."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.generation.small_parts import (
    PROMPT,
    fresh_components,
    numbers,
    small_components,
    small_image,
    small_tracks,
)
from wanmove_core import OptionError, Tracks
from wanmove_core.generation.denoising import Noise
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.settings import NEGATIVE_PROMPT, GenerationSettings

REFERENCE = Path(__file__).parents[1] / "fixtures" / "official_loop" / "reference.safetensors"
FAST = GenerationSettings(size=(64, 48), num_frames=5, steps=2)
PROMPTS = (PROMPT, NEGATIVE_PROMPT)
BLOCKS = 3


def latents(settings, *, tracks=None, pipeline=None, image=None):
    pipeline = pipeline or WanMovePipeline(small_components())
    start = pipeline.encode_start(small_image() if image is None else image, settings)
    conditions = pipeline.guide(start, tracks, pipeline.encode_prompts(*PROMPTS), settings)
    return pipeline.denoise(conditions, settings)


def relative(got, expected):
    return float((got - expected).norm() / expected.norm())


@pytest.mark.parametrize(
    "case,settings",
    [
        ("unipc", GenerationSettings((96, 64), 17, 6, 3.0, seed=11)),
        ("dpm", GenerationSettings((96, 64), 17, 6, 5.0, solver="dpm++", seed=12)),
        ("single", GenerationSettings((96, 64), 9, 4, 3.0, guidance_scale=1.0, seed=13)),
    ],
)
def test_the_whole_loop_equals_the_reference(case, settings):
    expected = load_file(REFERENCE)[f"{case}.latent"]
    got = latents(settings, tracks=small_tracks(settings.num_frames))
    assert relative(got, expected) < 1e-5
    # The tolerance means something: without tracks the result is another one.
    assert relative(latents(settings), expected) > 1e-3


def test_frames_are_the_decoded_latent_in_order():
    pipeline = WanMovePipeline(small_components())
    frames = pipeline.generate(small_image(), small_tracks(5), PROMPTS, FAST)
    assert frames.shape == (5, 32, 64, 3)
    vae = small_components().vae
    latent = latents(FAST, tracks=small_tracks(5))
    mean = torch.tensor(vae.config.latents_mean).view(1, -1, 1, 1, 1)
    std = torch.tensor(vae.config.latents_std).view(1, -1, 1, 1, 1)
    with torch.no_grad():
        video = vae.decode(latent * std + mean).sample[0]
    expected = ((video.clamp(-1, 1) * 0.5 + 0.5) * 255).permute(1, 2, 3, 0)
    assert (frames.float() - expected).abs().max() <= 0.51


def test_a_seed_means_one_video_and_leaves_the_global_rng_alone():
    small_components()  # building the model draws
    before = torch.random.get_rng_state()
    first, again = latents(FAST), latents(FAST)
    assert torch.equal(first, again)
    assert relative(latents(replace(FAST, seed=1)), first) > 0.1
    assert torch.equal(torch.random.get_rng_state(), before)


def test_noise_is_that_of_a_cpu_generator():
    expected = torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(7))
    assert torch.equal(Noise(7, (1, 2, 3), "cpu")(), expected)


def test_scale_1_asks_the_model_once_per_step():
    components = fresh_components()
    calls = []
    components.transformer.register_forward_hook(lambda *_: calls.append(1))
    pipeline = WanMovePipeline(components)
    for scale, motion, expected in ((5.0, 0.0, 4), (1.0, 0.0, 2), (5.0, 1.5, 6), (1.0, 1.5, 4)):
        calls.clear()
        latents(
            replace(FAST, guidance_scale=scale, motion_scale=motion),
            pipeline=pipeline,
            tracks=small_tracks(5),
        )
        assert len(calls) == expected, (scale, motion)


def test_guidance_range_limits_both_scales_to_its_steps():
    components = fresh_components()
    asked = []
    components.transformer.register_forward_pre_hook(
        lambda _m, _a, kwargs: asked.append(int(kwargs["timestep"])), with_kwargs=True
    )
    settings = replace(FAST, steps=4, motion_scale=1.0, guidance_range=(0.25, 0.75))
    latents(settings, pipeline=WanMovePipeline(components), tracks=small_tracks(5))
    steps = settings.schedule((64, 48)).timesteps
    assert [asked.count(step) for step in steps] == [1, 3, 3, 1]


def test_velocities_are_weighted_as_the_settings_say():
    """One Euler step from the noise shows the combined velocity itself."""
    pipeline = WanMovePipeline(small_components())
    tracks = small_tracks(5)
    base = replace(FAST, solver="euler", sigmas=(1.0,))

    def velocity(**changes):
        settings = replace(base, **changes)
        latent = latents(settings, pipeline=pipeline, tracks=tracks)
        return Noise(0, tuple(latent.shape), "cpu")() - latent

    positive = velocity(guidance_scale=1.0)
    twice = velocity(guidance_scale=2.0, branch="positive")
    negative = 2 * positive - twice
    fifth = velocity(guidance_scale=5.0, branch="positive")
    torch.testing.assert_close(fifth, negative + 5 * (positive - negative), rtol=0, atol=1e-4)
    moved = velocity(guidance_scale=1.0, motion_scale=1.0) - positive
    assert moved.norm() > 1e-3 * positive.norm()
    torch.testing.assert_close(
        velocity(guidance_scale=1.0, motion_scale=3.0), positive + 3 * moved, rtol=0, atol=1e-4
    )


def test_branch_positive_keeps_the_tracks_out_of_the_negative_branch():
    pipeline = WanMovePipeline(small_components())
    start = pipeline.encode_start(small_image(), FAST)
    text = pipeline.encode_prompts(*PROMPTS)
    both = pipeline.guide(start, small_tracks(5), text, FAST)
    positive = pipeline.guide(start, small_tracks(5), text, replace(FAST, branch="positive"))
    assert torch.equal(both.positive, both.negative)
    assert torch.equal(positive.positive, both.positive)
    assert torch.equal(positive.negative, positive.still)
    assert not torch.equal(positive.negative, positive.positive)


def test_each_motion_setting_reaches_the_latent():
    pipeline = WanMovePipeline(small_components())
    start = pipeline.encode_start(small_image(), replace(FAST, num_frames=17))
    text = pipeline.encode_prompts(*PROMPTS)
    tracks = small_tracks(17)
    # The second starts in another cell and ends in the same one.
    beside = tracks.positions[:, :1] + torch.linspace(30, 0, 17)[:, None, None]
    crossing = Tracks.from_arrays(torch.cat([tracks.positions[:, :1], beside], 1))
    base = replace(FAST, num_frames=17)

    def guided(given, **changes):
        return pipeline.guide(start, given, text, replace(base, **changes)).positive

    assert not torch.equal(guided(tracks), guided(tracks, strength=0.5))
    assert torch.equal(guided(tracks, strength=0.0), guided(None))
    assert not torch.equal(guided(crossing), guided(crossing, collision="first"))
    assert not torch.equal(guided(tracks), guided(tracks, temporal="mean"))
    drawn = guided(crossing, collision="random", seed=3)
    assert torch.equal(drawn, guided(crossing, collision="random", seed=3))


@pytest.mark.parametrize("frames", [5, 9, 23])
@pytest.mark.parametrize("retime", ["time", "cut", "hold"])
def test_tracks_of_any_length_are_brought_to_the_video(frames, retime):
    out = latents(replace(FAST, retime=retime), tracks=small_tracks(frames))
    assert torch.isfinite(out).all()


@pytest.mark.parametrize(
    "resize,size",
    [("area", (64, 48)), ("native", (112, 80)), ("stretch", (64, 48)), ("pad", (64, 48))],
)
def test_the_frame_has_the_size_that_was_asked_for(resize, size):
    settings = replace(FAST, resize=resize)
    start = WanMovePipeline(small_components()).encode_start(small_image(), settings)
    width, height = start.grid.width, start.grid.height
    if resize == "area":
        assert width * height <= size[0] * size[1] and (width, height) == (64, 32)
    else:
        assert (width, height) == size


def test_a_model_without_clip_is_fed_zeros():
    components = replace(small_components(), image_encoder=None)
    start = WanMovePipeline(components).encode_start(small_image(), FAST)
    assert start.features.shape == (1, 257, 160) and not start.features.any()


def test_an_unknown_prompt_of_a_model_without_text_encoder_names_the_known_ones():
    with pytest.raises(OptionError, match=r"a cat walks.*got 'a dog'"):
        WanMovePipeline(small_components()).encode_prompts("a dog", "")


def test_progress_is_reported_after_each_step():
    seen = []
    pipeline = WanMovePipeline(small_components())
    pipeline.generate(
        small_image(), None, PROMPTS, FAST, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]


def test_tiled_decoding_changes_little_and_leaves_the_vae_as_it_was():
    components = small_components()
    latent = numbers("latent", (1, 16, 1, 36, 4)) * 0.5
    whole = WanMovePipeline(components).decode(latent)
    tiled = WanMovePipeline(components, tile_decode=True).decode(latent)
    difference = (whole.float() - tiled.float()).abs()
    assert difference.max() > 0 and difference.mean() < 8
    assert components.vae.use_tiling is False


def test_decoding_that_fails_leaves_the_vae_as_it_was(monkeypatch):
    components = small_components()

    def out_of_memory(*_args, **_kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(components.vae, "decode", out_of_memory)
    with pytest.raises(torch.OutOfMemoryError):
        WanMovePipeline(components, tile_decode=True).decode(torch.zeros(1, 16, 1, 2, 2))
    assert components.vae.use_tiling is False


@pytest.mark.parametrize(
    "changes,message",
    [
        ({"num_frames": 80}, "num_frames must be a multiple of 4 plus 1; got 80"),
        ({"guidance_scale": -1.0}, "guidance_scale must be 0 to 100"),
        ({"strength": 3.0}, "strength must be 0 to 2"),
        ({"guidance_range": (0.5, 0.2)}, "guidance_range must be two shares"),
        ({"size": (100, 48), "resize": "crop"}, "size must be multiples of 16 px; got 100x48"),
        ({"seed": -1}, "seed must be 0"),
    ],
)
def test_bad_settings_are_refused_at_once(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(FAST, **changes)


def test_shift_follows_the_size_unless_it_is_given():
    small = GenerationSettings().schedule((832, 480))
    large = GenerationSettings().schedule((1280, 720))
    assert small == GenerationSettings(shift=3.0).schedule((1280, 720))
    assert large == GenerationSettings(shift=5.0).schedule((832, 480))
