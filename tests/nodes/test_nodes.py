"""Every node once, on the fake host: convert in, one core call, convert out."""

import logging
from types import SimpleNamespace

import pytest
import torch

from tests.nodes.conftest import HEIGHT, LENGTH, WIDTH
from tests.nodes.fake_host import VAE, Clip, Model, conditioning_set_values

TOLERANCE = {"rtol": 0, "atol": 1e-5}


@pytest.fixture
def encoded(pack, image, caplog) -> dict:
    with caplog.at_level(logging.WARNING, "wanmove"):
        (latent,) = pack.run(
            "WanMoveEncodeStartImage",
            vae=VAE(),
            start_image=image,
            width=WIDTH,
            height=HEIGHT,
            length=LENGTH,
        )
    assert "another VAE class" in caplog.text
    return latent


def prompt(value: float) -> list:
    return [[torch.full((1, 2, 4), value), {"kept": value}]]


def guide(pack, encoded, tracks, **options):
    return pack.run(
        "WanMoveTrajectoryGuidance",
        positive=prompt(1.0),
        negative=prompt(2.0),
        conditioning_latent=encoded,
        tracks=tracks,
        **options,
    )


def test_encodes_the_image_then_grey(encoded, image) -> None:
    padded = torch.cat([image, torch.full((LENGTH - 1, HEIGHT, WIDTH, 3), 0.5)])
    torch.testing.assert_close(encoded["samples"], VAE().encode(padded), **TOLERANCE)


def test_guidance_moves_features_and_changes_no_argument(pack, encoded, tracks) -> None:
    positive, negative = prompt(1.0), prompt(2.0)
    before = encoded["samples"].clone()
    guided, other, latent, report = pack.run(
        "WanMoveTrajectoryGuidance",
        positive=positive,
        negative=negative,
        conditioning_latent=encoded,
        tracks=tracks,
        batch_size=3,
    )
    assert torch.equal(encoded["samples"], before)
    assert list(positive[0][1]) == list(negative[0][1]) == ["kept"]
    moved = guided[0][1]["concat_latent_image"]
    assert torch.equal(moved[..., 1, 0, 2], before[..., 0, 0, 0])
    assert torch.equal(other[0][1]["concat_latent_image"], moved)
    assert torch.equal(guided[0][1]["wanmove_unguided_latent"], before)
    assert guided[0][1]["concat_mask"].flatten(2)[0, 0].unique().tolist() == [0, 1]
    assert latent["samples"].shape == (3, *before.shape[1:]) and not latent["samples"].any()
    assert report.startswith("3 of 3 tracks guide")


def test_positive_branch_alone(pack, encoded, tracks) -> None:
    guided, other, *_ = guide(pack, encoded, tracks, branch="positive")
    assert not torch.equal(guided[0][1]["concat_latent_image"], encoded["samples"])
    assert torch.equal(other[0][1]["concat_latent_image"], encoded["samples"])


def test_the_report_says_what_to_look_at(pack, encoded, tracks) -> None:
    """Three points are few; played over more frames than they have, they change their speed."""
    report = guide(pack, encoded, tracks)[3].splitlines()
    assert [line.split(":")[0] for line in report[1:]] == ["frame", "few-points"]
    assert report[1] == f"frame: frame unknown, taken as {WIDTH}x{HEIGHT}."
    known = {**tracks, "track_frame": (WIDTH, HEIGHT)}
    assert "frame:" not in guide(pack, encoded, known)[3]
    short = {name: value[:9] for name, value in tracks.items()}
    assert "\nlength: the tracks have 9 frames" in guide(pack, encoded, short)[3]
    assert "\nlength" not in guide(pack, encoded, short, retime="hold")[3]


def test_guidance_without_tracks(pack, encoded) -> None:
    seen = SimpleNamespace(penultimate_hidden_states=torch.zeros(1, 257, 1280))
    guided, *_, report = guide(pack, encoded, None, clip_vision_output=seen)
    assert torch.equal(guided[0][1]["concat_latent_image"], encoded["samples"])
    assert guided[0][1]["clip_vision_output"] is seen
    assert report.startswith("No tracks")


def test_random_collisions_follow_the_seed(pack, encoded, tracks) -> None:
    tracks["track_path"][1:, :, 1] = 4.0
    latents = [
        guide(pack, encoded, tracks, collision="random", collision_seed=seed)[0][0][1][
            "concat_latent_image"
        ]
        for seed in (1, 1, 2, 3, 4, 5)
    ]
    assert torch.equal(latents[0], latents[1])
    assert any(not torch.equal(latents[0], other) for other in latents[2:])


def test_tracks_of_the_start_image_follow_its_crop(pack, tracks) -> None:
    wide = torch.rand(1, HEIGHT, 2 * WIDTH, 3, generator=torch.Generator().manual_seed(0))
    (latent,) = pack.run(
        "WanMoveEncodeStartImage",
        vae=VAE(),
        start_image=wide,
        width=WIDTH,
        height=HEIGHT,
        length=LENGTH,
    )
    shifted = {**tracks, "track_path": tracks["track_path"] + torch.tensor([WIDTH / 2, 0.0])}
    one = guide(pack, latent, tracks)[0][0][1]["concat_latent_image"]
    same = guide(pack, latent, shifted, track_space="start image")
    assert torch.equal(same[0][0][1]["concat_latent_image"], one)


def test_tracks_that_know_their_frame_need_no_word(pack, tracks) -> None:
    """Those of the picture follow its crop; those of a scaled copy of the video are scaled."""
    image = torch.rand(1, HEIGHT, 2 * WIDTH, 3, generator=torch.Generator().manual_seed(0))
    size = {"width": WIDTH, "height": HEIGHT, "length": LENGTH}
    (latent,) = pack.run("WanMoveEncodeStartImage", vae=VAE(), start_image=image, **size)
    wanted = guide(pack, latent, tracks)[0][0][1]["concat_latent_image"]
    for path, frame in (
        (tracks["track_path"] + torch.tensor([WIDTH / 2, 0.0]), (2 * WIDTH, HEIGHT)),
        (tracks["track_path"] * 4, (4 * WIDTH, 4 * HEIGHT)),
    ):
        given = {**tracks, "track_path": path, "track_frame": frame}
        assert torch.equal(guide(pack, latent, given)[0][0][1]["concat_latent_image"], wanted)
    with pytest.raises(ValueError, match=r"start image \(112x40\); got tracks of 50x90"):
        guide(pack, latent, {**tracks, "track_frame": (50, 90)})


def test_the_fitted_image_encodes_as_itself(pack) -> None:
    image = torch.rand(1, 90, 70, 3, generator=torch.Generator().manual_seed(0))
    size = {"width": WIDTH - 8, "height": HEIGHT + 8, "length": LENGTH}
    fitted, *said = pack.run("WanMoveFitStartImage", image=image, **size, resize="pad")
    assert said == list(size.values()) and fitted.shape == (1, HEIGHT + 8, WIDTH - 8, 3)
    latents = [
        pack.run("WanMoveEncodeStartImage", vae=VAE(), start_image=start, **size, resize=resize)
        for start, resize in ((image, "pad"), (fitted, "pad"), (fitted, "crop"))
    ]
    for (latent,) in latents[1:]:
        torch.testing.assert_close(latent["samples"], latents[0][0]["samples"])


def test_tracks_without_any_effect_are_refused(pack, encoded, tracks) -> None:
    late = {**tracks, "track_visibility": tracks["track_visibility"].clone()}
    late["track_visibility"][0] = False
    with pytest.raises(ValueError, match=r"tracks must act .* 3 without effect, hidden at the st"):
        guide(pack, encoded, late)
    assert "plain image to video" in guide(pack, encoded, late, strength=0.0)[3]
    none = {name: value[:, :0] for name, value in tracks.items()}
    assert guide(pack, encoded, none)[3] == "No tracks: plain image to video."
    still = {**tracks, "track_path": tracks["track_path"][:1].repeat(LENGTH, 1, 1)}
    assert guide(pack, encoded, still)[3].startswith("3 of 3")


def test_one_column_of_visibility_counts_for_all(pack, encoded, tracks) -> None:
    """Core makes [frames, 1] of a mask (comfy_extras/nodes_wanmove.py:314)."""
    tracks["track_visibility"] = tracks["track_visibility"][:, :1]
    assert guide(pack, encoded, tracks)[3].startswith("3 of 3")
    del tracks["track_visibility"]
    assert guide(pack, encoded, tracks)[3].startswith("3 of 3")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"tracks": {"points": []}}, "tracks: tracks must be TRACKS"),
        ({"tracks": {"track_path": torch.zeros(3, 2)}}, "tracks: positions must be"),
        ({"conditioning_latent": {"samples": torch.zeros(1, 4, 8, 8)}}, "conditioning_latent: a"),
    ],
)
def test_errors_name_the_input(pack, encoded, tracks, bad: dict, words: str) -> None:
    given = {"conditioning_latent": encoded, "tracks": tracks, **bad}
    with pytest.raises(ValueError, match=words):
        guide(pack, given["conditioning_latent"], given["tracks"])


def test_size_errors_name_the_inputs(pack, image) -> None:
    with pytest.raises(ValueError, match="width, height, length: width must be a positive"):
        pack.run("WanMoveEncodeStartImage", vae=VAE(), start_image=image, width=57)


def sample(pack, **options):
    inputs = {
        "positive": prompt(1.0),
        "negative": prompt(2.0),
        "latent_image": {"samples": torch.zeros(1, 16, 4, 5, 7)},
    }
    chosen = {"sampler_name": "euler", "scheduler": "simple"}
    return pack.run("WanMoveSampler", **{"model": Model(), **inputs, **chosen, **options})[0]


def test_sampler_hands_ksampler_its_own_inputs(pack) -> None:
    model = Model()
    passed = sample(pack, model=model)
    assert passed["model"].wrappers == [("outer_sample", "wanmove_preview")]
    assert not passed["model"].patches and not model.wrappers
    expected = {"model", "seed", "steps", "cfg", "sampler_name", "scheduler", "positive"}
    assert set(passed) == expected | {"negative", "latent", "denoise"}


def test_sampler_extras_patch_a_clone(pack) -> None:
    model = Model()
    passed = sample(pack, model=model, motion_scale=0.5, shift=5.0)["model"]
    assert passed.wrappers[:2] == [("outer_sample", "wanmove"), ("predict_noise", "wanmove")]
    assert passed.patches["model_sampling"].shift == 5.0
    assert not model.wrappers and not model.patches


def test_guider(pack) -> None:
    inputs = {"positive": prompt(1.0), "negative": prompt(2.0)}
    (guider,) = pack.run("WanMoveMotionGuider", model=Model(), **inputs, guidance_end=0.5)
    assert guider.cfg == 5.0
    assert guider.model_patcher.wrappers


def test_few_step_sigmas(pack) -> None:
    (sigmas,) = pack.run("WanMoveFewStepSigmas", preset="lightx2v 4 steps")
    torch.testing.assert_close(sigmas, torch.tensor([1, 0.9375, 0.8333333, 0.625, 0]))


@pytest.mark.parametrize(("style", "frames"), [("trails", LENGTH), ("paths", 1)])
def test_drawing(pack, image, tracks, style: str, frames: int) -> None:
    (drawn,) = pack.run("WanMoveDrawTracks", images=image, tracks=tracks, style=style)
    assert drawn.shape == (frames, HEIGHT, WIDTH, 3)
    assert ((drawn - image).abs() > 0.01).any()


def test_inspecting(pack, encoded, image, tracks) -> None:
    inputs = {"conditioning_latent": encoded, "tracks": tracks, "start_image": image}
    choices = {"collision": "last", "temporal": "sample", "track_space": "video"}
    seen, report = pack.run("WanMoveGuidanceInspector", **inputs, **choices, retime="time")
    assert seen.shape == ((LENGTH - 1) // 4 + 1, HEIGHT, WIDTH, 3)
    assert report.startswith("3 of 3")


def panning_clip(frames: int, size: int = 60) -> torch.Tensor:
    """A textured picture that moves right by 1 px a frame."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size + frames), indexing="ij")
    picture = torch.stack([(x / 5 + y / 9).sin(), (y / 6 - x / 11).cos(), (y / 8).sin()], -1)
    clip = [picture[:, frames - k :][:, :size] for k in range(frames)]
    return (torch.stack(clip) + 1) / 2


def test_measuring_names_the_track_that_was_not_followed(pack) -> None:
    clip = panning_clip(7)
    steps = torch.arange(13)[:, None, None] / 2  # twice the clip's length, in time with it
    path = torch.tensor([[15.0, 17.0], [19.0, 29.0]]) + steps * torch.tensor([[1.0, 0], [2.0, 0]])
    choices = {"tracks": {"track_path": path}, "retime": "time", "trail": 8}
    output = pack.nodes["WanMoveTrajectoryError"].execute(images=clip, **choices)
    report, overlay, mean = output.result
    assert report.splitlines()[2].split()[0] == "1"  # asked for 2 px a frame, went 1
    assert mean == pytest.approx((1 + 2 + 3 + 4 + 5 + 6) / 12, abs=0.1)
    assert overlay.shape == (7, 480, 480, 3) and overlay.dtype == torch.float32
    worst, other = output.ui["wanmove_followed"][0]["tracks"]
    assert (worst["point"], other["point"]) == (1, 0) and worst["asked"] == [19, 29, 31, 29]
    assert worst["got"][::2] == pytest.approx(range(19, 26), abs=0.2)


def test_measuring_nothing_names_the_input(pack) -> None:
    clip = panning_clip(5)
    hidden = {"track_path": torch.ones(5, 2, 2), "track_visibility": torch.zeros(5, 2).bool()}
    with pytest.raises(ValueError, match="tracks: a track must be visible"):
        pack.run("WanMoveTrajectoryError", images=clip, tracks=hidden)
    with pytest.raises(ValueError, match="tracks: a track must be visible"):
        one = {"track_path": torch.ones(5, 2, 2)}
        pack.run("WanMoveTrajectoryError", images=clip[:1], tracks=one)


def test_prompts_are_encoded_once(pack, monkeypatch) -> None:
    (pack.base / "text_encoders/model.safetensors").write_bytes(b"weights")
    clip = Clip()
    loads = []
    loading = pack.module("nodes.host.models")
    monkeypatch.setattr(loading, "load_text_encoder", lambda *args: loads.append(args) or clip)
    given = {"text_encoder": "model.safetensors", "negative_prompt": "no"}
    for text in ("yes", "other", "yes"):
        positive, negative = pack.run("WanMoveTextEncodeCached", prompt=text, **given)
        assert positive[0][0].unique().item() == len(text)
        assert negative[0][0].unique().item() == 2
        assert positive[0][1] == {"pooled_output": None}
    assert clip.encoded == ["yes", "no", "other"]
    assert len(loads) == 2


def test_fakes_keep_the_hosts_promise() -> None:
    given = prompt(1.0)
    assert conditioning_set_values(given, {"more": 1})[0][1] == {"kept": 1.0, "more": 1}
    assert given[0][1] == {"kept": 1.0}
