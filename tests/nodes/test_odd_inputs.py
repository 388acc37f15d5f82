"""What people connect by mistake: each gives one line that names the input and what to do."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.nodes.conftest import HEIGHT, LENGTH, WIDTH
from tests.nodes.fake_host import VAE

SIZE = {"width": WIDTH, "height": HEIGHT, "length": LENGTH}
IMAGE = torch.full((1, HEIGHT, WIDTH, 3), 0.5)
TRACKS = {"track_path": torch.full((LENGTH, 2, 2), 20.0)}
MASK = torch.ones(1, HEIGHT, WIDTH)
SEEN = {"collision": "last", "temporal": "sample", "track_space": "video", "retime": "time"}


class OtherVae(VAE):
    """Announces its kind, as the host's do."""

    def __init__(self, axes: int) -> None:
        self.latent_dim = axes

    encode = None  # it must not be run in vain


@pytest.fixture
def encode(pack, caplog):
    caplog.set_level(logging.ERROR, "wanmove")

    def run(**inputs):
        return pack.run(
            "WanMoveEncodeStartImage", **{"vae": VAE(), "start_image": IMAGE, **SIZE, **inputs}
        )[0]

    return run


def guide(pack, latent, **inputs):
    prompt = [[torch.ones(1, 2, 4), {}]]
    given = {"positive": prompt, "negative": prompt, "tracks": TRACKS, **inputs}
    return pack.run("WanMoveTrajectoryGuidance", conditioning_latent=latent, **given)


def test_a_slow_adapter_in_few_steps_is_warned_of_once(pack, caplog) -> None:
    patch_of = pack.module("nodes.host.adapter_patch").AdapterPatch
    for stage, steps, lines in (("slow", 4, 1), ("slow", 50, 0), ("fast", 4, 0)):
        caplog.clear()
        adapter = SimpleNamespace(model=SimpleNamespace(stage=stage))
        patch = patch_of(adapter, torch.zeros(1, 48, 3, 4, 6), 1.0, (0.0, 1.0))
        for _ in range(2):
            patch.remember(
                lambda *_args, patch=patch: patch({"transformer_options": {}}),
                *(None,) * 5,
                {"sample_sigmas": torch.ones(steps + 1)},
            )
        said = [record.getMessage() for record in caplog.records]
        assert len(said) == lines, (stage, steps)
        assert all("adapter must be a fast one for 4 steps; got a slow one" in it for it in said)


class MapsVae(VAE):
    latent_dim = 3

    def spacial_compression_encode(self) -> int:
        return 8


def test_maps_that_show_nothing_in_frame_0_are_refused(pack) -> None:
    given = {
        "vae": MapsVae(),
        "maps": torch.zeros(5, 32, 64, 3),
        "width": 0,
        "height": 0,
        "length": 0,
    }
    with pytest.raises(
        ValueError, match=r"^maps must .* in frame 0, .*; got a black picture\. Let"
    ):
        pack.run("WanMoveEncodeTrajectoryMaps", **given)
    with pytest.raises(ValueError, match=r"^maps must have 9 frames, as the video; got 5"):
        pack.run("WanMoveEncodeTrajectoryMaps", **{**given, "length": 9})


@pytest.mark.parametrize("vae", [None, OtherVae(2), OtherVae(1)])
def test_another_vae_is_refused_before_it_runs(encode, vae) -> None:
    with pytest.raises(ValueError, match=r"^vae must be the Wan 2\.1 VAE"):
        encode(vae=vae)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (IMAGE[:0], "^start_image must hold an image; got none"),
        (IMAGE * float("nan"), "^start_image must be finite"),
    ],
)
def test_a_start_image_of_nothing_is_refused(encode, image, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        encode(start_image=image)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ("-1", "^known_frame_numbers must be 2 numbers, one for each known frame; got '-1'"),
        ("4, -1, 8", "^known_frame_numbers must be 2 numbers"),
        ("0, 4", f"^known_frame_numbers must be frames 1 to {LENGTH - 1}, each once.*got '0'"),
        (f"4, {LENGTH}", f"got '{LENGTH}'"),
        (f"4 -{LENGTH}", f"got '-{LENGTH}'"),
        ("-1, 12", "got '12'"),
        ("4, last", "got 'last'"),
    ],
)
def test_numbers_of_known_frames_are_checked(encode, numbers: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        encode(known_frames=IMAGE.repeat(2, 1, 1, 1), known_frame_numbers=numbers)


def test_known_frames_stay_as_they_are(pack, encode) -> None:
    """Tracks move what is between them; the mask names each; a cut latent forgets what it lost."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, HEIGHT + 16, WIDTH, 3, generator=generator)
    given = {"known_frames": images, "known_frame_numbers": "6, -1"}
    latent = encode(start_image=torch.rand(1, HEIGHT, WIDTH, 3, generator=generator), **given)
    moved = {"track_path": torch.tensor([4.0, 4.0]) + 2.0 * torch.arange(LENGTH)[:, None, None]}
    told = guide(pack, latent, tracks=moved)[0][0][1]
    mask = told["concat_mask"][0, :, :, 0, 0]
    assert mask.T.tolist() == [[0] * 4, [1] * 4, [1, 0, 1, 1], [1, 1, 1, 0]]
    changed = (told["concat_latent_image"] != latent["samples"]).flatten(3).any(3)[0].any(0)
    assert changed.tolist() == [False, True, False, False]
    assert latent["samples"][0, 0, 3].unique().numel() > 1
    cut = {**latent, "samples": latent["samples"][:, :, :2]}
    told = guide(pack, cut, tracks=None)[0][0][1]
    assert told["concat_mask"][0, 0, :, 0, 0].tolist() == [0, 1]


@pytest.mark.parametrize(
    "latent",
    [{}, {"samples": torch.zeros(1, 4, 8, 8)}],
)
def test_another_latent_is_refused(pack, latent) -> None:
    words = r"^conditioning_latent: .*Connect Encode Start Image \(Wan-Move\)\.$"
    with pytest.raises(ValueError, match=words):
        guide(pack, latent)


def test_a_latent_that_was_enlarged_counts_in_its_own_pixels(pack, encode) -> None:
    """The host's latent nodes copy what we noted in the dict along with other samples."""
    latent = encode()
    larger = {**latent, "samples": latent["samples"].repeat(1, 1, 1, 16, 16)}
    moved = {"track_path": torch.tensor([4.0, 4.0]) + 64.0 * torch.arange(LENGTH)[:, None, None]}
    before = larger["samples"]
    after = guide(pack, larger, tracks=moved)[0][0][1]["concat_latent_image"]
    assert torch.equal(after[0, :, 1, 32, 32], before[0, :, 0, 0, 0])


def test_a_latent_that_was_cut_keeps_no_more_start_frames_than_it_has(pack, encode) -> None:
    latent = encode(start_image=IMAGE.repeat(9, 1, 1, 1))
    cut = {**latent, "samples": latent["samples"][:, :, :1]}
    assert guide(pack, cut, tracks=None)[0][0][1]["concat_mask"].shape[2] == 1


@pytest.mark.parametrize(
    "case",
    [
        ("WanMoveDrawTracks", "images", {"tracks": TRACKS, "style": "trails"}),
        ("WanMoveDrawTracks", "images", {"tracks": TRACKS, "style": "paths"}),
        ("WanMoveTrajectoryError", "images", {"tracks": TRACKS}),
        ("WanMoveVideoTracks", "images", SIZE),
        ("WanMoveSplineEditor", "image", {"splines": ""}),
        ("WanMoveCameraTracks", "image", SIZE),
        ("WanMoveGuidanceInspector", "start_image", {"tracks": TRACKS, **SEEN}),
    ],
)
@pytest.mark.parametrize(
    ("images", "words"),
    [(IMAGE[:0], "hold an image; got none"), (IMAGE[..., :2], "have 3 channels")],
)
def test_pictures_of_nothing_are_refused(pack, case, images: torch.Tensor, words: str) -> None:
    node, name, inputs = case
    if node == "WanMoveGuidanceInspector":
        latent = {"samples": torch.zeros(1, 16, 4, 5, 7)}
        inputs = {**inputs, "conditioning_latent": latent}
    with pytest.raises(ValueError, match=rf"^{name} must {words}"):
        pack.run(node, **{**inputs, name: images})


@pytest.mark.parametrize(
    ("node", "name", "inputs"),
    [
        ("WanMoveRegionTracks", "mask", {}),
        ("WanMoveCameraTracks", "depth", {}),
        ("WanMoveVideoTracks", "target_mask", {"images": IMAGE}),
        ("WanMoveVideoTracks", "mask", {"images": IMAGE}),
    ],
)
def test_masks_and_depth_of_nothing_are_refused(pack, node, name: str, inputs: dict) -> None:
    nothing = IMAGE[:0] if name == "depth" else MASK[:0]
    with pytest.raises(ValueError, match=rf"^{name} must hold an image; got none"):
        pack.run(node, **{name: nothing, **inputs}, **SIZE)


@pytest.mark.parametrize("points", [0, 2])
def test_a_path_of_several_points_names_the_input(pack, points: int) -> None:
    tracks = {"track_path": torch.zeros(LENGTH, points, 2)}
    words = rf'^tracks must be one track for the motion "path"; got {points}'
    with pytest.raises(ValueError, match=words):
        pack.run("WanMoveRegionTracks", mask=MASK, tracks=tracks, motion="path", **SIZE)


@pytest.mark.parametrize("side", ["width", "height", "length"])
def test_the_editor_refuses_sizes_below_nothing(pack, side: str) -> None:
    with pytest.raises(ValueError, match=rf"^{side} must be an integer from 0 to .*; got -5"):
        pack.run("WanMoveSplineEditor", splines="", **{side: -5})


def test_text_never_names_a_file(pack) -> None:
    """The text comes from any workflow; read as a path it would show files of the server."""
    path = pack.base / "secret.csv"
    path.write_text("frame,track,x,y\n0,0,1,2\n")
    with pytest.raises(ValueError, match=r"^text: tracks") as error:
        pack.run("WanMoveLoadTracks", text=str(path))
    assert "frame,track" not in str(error.value)


def test_neither_text_nor_file(pack) -> None:
    with pytest.raises(ValueError, match=r"^either text or file must be given; got neither"):
        pack.run("WanMoveLoadTracks")


def test_one_side_of_the_canvas_is_enough(pack) -> None:
    np.save(pack.base / "input/drawn.npy", np.full((5, 1, 2), 10.0, np.float32))
    size = {"file": "drawn.npy", "width": WIDTH, "height": HEIGHT}
    loaded, _ = pack.run("WanMoveLoadTracks", **size, canvas_width=2 * WIDTH)
    assert loaded["track_path"][0, 0].tolist() == [5.0, 10.0]
    loaded, _ = pack.run("WanMoveLoadTracks", **size, canvas_height=2 * HEIGHT)
    assert loaded["track_path"][0, 0].tolist() == [10.0, 5.0]


@pytest.mark.parametrize(
    ("node", "inputs"),
    [("WanMoveGuidanceInspector", {"start_image": IMAGE, **SEEN}), ("WanMoveTrajectoryError", {})],
)
def test_an_input_is_named_once(pack, encode, node: str, inputs: dict) -> None:
    if node == "WanMoveGuidanceInspector":
        inputs = {**inputs, "conditioning_latent": encode()}
    else:
        inputs = {**inputs, "images": IMAGE.repeat(3, 1, 1, 1)}
    with pytest.raises(ValueError, match=r"^tracks: positions must"):
        pack.run(node, tracks={"track_path": torch.zeros(3, 2)}, **inputs)


def queue_of(prompt: dict, outputs: list[str]) -> SimpleNamespace:
    """The host's queue while it runs a prompt for the sake of some output nodes."""
    item = (0, "id", prompt, {}, outputs, {})
    queue = SimpleNamespace(get_current_queue_volatile=lambda: ([item], []))
    return SimpleNamespace(instance=SimpleNamespace(prompt_queue=queue))


def test_a_model_that_is_needed_but_not_chosen(pack, monkeypatch) -> None:
    """Handed on as None, the next node would end in a traceback."""
    nothing = dict.fromkeys(("text_encoder", "vae", "clip_vision"), "none")
    nothing["diffusion_model"] = "model.safetensors"
    prompt = {
        "1": {"inputs": {}},
        "seen": {"inputs": {"clip_vision": ["1", 3]}},
        "kept": {"inputs": {"value": ["seen", 0]}},
        "other": {"inputs": {}},
    }
    loading = pack.module("nodes.host.models")
    monkeypatch.setattr(loading, "PromptServer", queue_of(prompt, ["kept"]))
    with pytest.raises(ValueError, match=r"^clip_vision must be a file, .* got none\. Choose"):
        pack.run("WanMoveModelLoader", **nothing)
    # A node that is left over on the canvas needs nothing.
    monkeypatch.setattr(loading, "PromptServer", queue_of(prompt, ["other"]))
    assert pack.run("WanMoveModelLoader", **nothing) == (None, None, None, None)


@pytest.mark.parametrize(("start", "end"), [(0.1, 0.12), (0.0, 0.1), (0.95, 1.0)])
def test_a_range_of_no_step_is_refused(pack, start: float, end: float) -> None:
    """With few steps; the tracks would do nothing, and nobody would say so."""
    cond = [{pack.module("nodes.host.conditioning").UNGUIDED: 0, "concat_latent_image": 0}]
    guider = SimpleNamespace(conds={"positive": cond, "negative": cond})
    motion = pack.module("nodes.host.motion_patch")._Motion(0.0, start, end)
    executor = SimpleNamespace(class_obj=guider)
    with pytest.raises(ValueError, match=rf"must hold a step; got {start} to {end} of 4 steps"):
        motion.outer_sample(executor, None, None, None, torch.linspace(1, 0, 5))


def test_paths_on_many_images_can_be_stopped(pack, monkeypatch) -> None:
    """And show how far they are."""
    shown = []
    monkeypatch.setattr(pack.module("nodes.view"), "progress", lambda _total: shown.append)
    images = IMAGE.expand(3, -1, -1, -1)
    pack.run("WanMoveDrawTracks", images=images, tracks=TRACKS, style="paths")
    assert shown == [1, 2, 3]
