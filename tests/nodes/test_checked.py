"""Whatever a link brings is what the schema says, or is refused in one line with its name."""

import math
from types import SimpleNamespace

import pytest
import torch

from tests.nodes.conftest import HEIGHT, LENGTH, WIDTH
from tests.nodes.fake_host import VAE, Model

SIZE = {"width": WIDTH, "height": HEIGHT, "length": LENGTH}
GREY = torch.rand(1, HEIGHT, WIDTH, 1, generator=torch.Generator().manual_seed(2))
IMAGE = GREY.repeat(1, 1, 1, 3)
MASK = torch.ones(1, HEIGHT, WIDTH)
TRACKS = {"track_path": torch.full((LENGTH, 2, 2), 20.0)}
PROMPT = [[torch.ones(1, 2, 4), {}]]
LATENT = {"samples": torch.zeros(1, 16, 4, 5, 7)}
GIVEN = {
    "IMAGE": IMAGE,
    "MASK": MASK,
    "TRACKS": TRACKS,
    "CONDITIONING": PROMPT,
    "LATENT": LATENT,
    "MODEL": Model(),
    "VAE": VAE(),
    "MODEL_PATCH": SimpleNamespace(),
    "STRING": "",
}
WRONG = {
    "INT": [None, "12", -(10**9), 2**70, 1.5, math.nan, math.inf, torch.ones(2), [3]],
    "FLOAT": [None, "1", -1e308, 10**400, math.nan, math.inf, torch.ones(2)],
    "STRING": [None, 5, math.nan, ["a"], "\ud800"],
    "COMBO": [None, 5, "zzz", "a\nb", ["x"]],
    "BOOLEAN": [None, "x", torch.ones(2)],
    "IMAGE": [None, "x", IMAGE[0], IMAGE[None], IMAGE.numpy(), IMAGE[:, :0], (IMAGE * 255).byte()],
    "MASK": [None, "x", MASK[0, 0], MASK[..., None], MASK.numpy(), MASK[:, :, :0]],
    "LATENT": [None, "x", {}, {"samples": "x"}, {"samples": LATENT["samples"][:0]}],
    "CONDITIONING": [None, [], [[]], [[None, {}]], [[torch.ones(2, 4), {}]], torch.ones(1, 2, 4)],
    "TRACKS": [None, "x", {}, torch.ones(3, 2, 2), {"track_path": torch.ones(3, 1, 2).to_sparse()}],
    "MODEL": [None, "x", SimpleNamespace()],
    "VAE": [None, "x", 5, SimpleNamespace(latent_dim=3)],
    "CLIP_VISION_OUTPUT": ["x", SimpleNamespace(penultimate_hidden_states=torch.ones(1, 5, 1024))],
}


def test_every_input_of_every_node_names_itself(pack) -> None:
    tried = 0
    for node_id, node in pack.nodes.items():
        slots = node.define_schema().inputs
        given = {slot.id: GIVEN[kind] for slot in slots if (kind := slot.get_io_type()) in GIVEN}
        listed = {slot.id: slot.as_dict().get("options") for slot in slots}
        given |= {name: options[0] for name, options in listed.items() if options}
        if "known_frame_numbers" in given:
            given["known_frame_numbers"] = "-1"
        for slot in slots:
            for value in WRONG.get(slot.get_io_type(), []):
                if slot.id == "file" or (value is None and slot.as_dict().get("optional")):
                    continue
                if slot.id == "negative" and isinstance(value, list) and not value:
                    continue  # as KSampler
                with pytest.raises(ValueError, match=rf"^{slot.id}:? ") as error:
                    pack.run(node_id, **{**given, slot.id: value})
                assert type(error.value).__module__.endswith("wanmove_core.errors"), (slot, value)
                assert "\n" not in str(error.value)
                tried += 1
    assert tried > 600


def test_an_optional_input_that_is_nothing_counts_as_not_connected(pack) -> None:
    (seen,) = pack.run("WanMoveSaveTracks", tracks=TRACKS, format="svg", width=None, fps=None)
    assert seen.endswith(".svg")
    pack.run("WanMoveCameraTracks", **SIZE, resize="crop", depth=None, keys=None, image=None)


def test_numbers_of_other_kinds_are_taken(pack) -> None:
    plain = pack.run("WanMoveTransformTracks", tracks=TRACKS, length=5, scale=2.0)[0]
    same = pack.run(
        "WanMoveTransformTracks", tracks=TRACKS, length=torch.tensor(5.0), scale=torch.tensor(2)
    )[0]
    assert torch.equal(plain["track_path"], same["track_path"])


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (1, 1, HEIGHT, WIDTH)])
def test_masks_without_a_batch_or_with_an_axis_too_many(pack, shape: tuple[int, ...]) -> None:
    """Other packs make both."""
    inputs = {**SIZE, "resize": "crop", "image": IMAGE}
    (given,) = pack.run("WanMoveRegionTracks", mask=MASK, **inputs)
    (same,) = pack.run("WanMoveRegionTracks", mask=MASK.reshape(shape), **inputs)
    assert torch.equal(given["track_path"], same["track_path"])


def test_half_precision_pictures_are_taken(pack) -> None:
    """The editor's preview, a PNG, knows no bfloat16."""
    pack.run("WanMoveSplineEditor", splines="", image=IMAGE.bfloat16())


def test_a_file_that_came_later_is_in_the_list(pack, monkeypatch) -> None:
    """The host keeps the schema of its start."""
    node = pack.nodes["WanMoveTextEncodeCached"]
    monkeypatch.setattr(node, "SCHEMA", node.define_schema())
    loading = pack.module("nodes.host.models")
    monkeypatch.setattr(loading, "files", lambda *_args, **_options: ["later.safetensors"])
    # It is not there after all; the list was right, the disk is not.
    with pytest.raises(ValueError, match=r"^text_encoder must be a file of models/text_encoders"):
        pack.run("WanMoveTextEncodeCached", text_encoder="later.safetensors")


class Network:
    """What the host's Wan models say of themselves."""

    def __init__(self, model_type: str) -> None:
        self.text_dim, self.model_type = 4, model_type


def wan(model_type: str = "i2v") -> Model:
    model = Model()
    model.model.diffusion_model = Network(model_type)
    model.model.latent_format = SimpleNamespace(latent_channels=16)
    return model


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"positive": [[torch.ones(1, 2, 3), {}]]}, "positive must be of the model's text encoder"),
        ({"model": wan("t2v")}, "model must be a Wan image-to-video model"),
        ({"latent_image": {"samples": torch.zeros(1, 16, 3, 5, 7)}}, "latent_image must have 4 la"),
        ({"latent_image": {"samples": torch.zeros(1, 16, 5, 7)}}, "latent_image must have 4 la"),
        ({"latent_image": {"samples": torch.ones(1, 4, 4, 5, 7)}}, "latent_image must have the mo"),
        ({"denoise": 1e-9}, "denoise must be 0, or 4e-05 or more for 40 steps; got 1e-09"),
    ],
)
def test_what_the_model_would_end_in_a_traceback_on(pack, inputs: dict, words: str) -> None:
    """Or, with a text-to-video model, in a video without the motion and no word about it."""
    unguided = pack.module("nodes.host.conditioning").UNGUIDED
    cond = {unguided: 0, "concat_latent_image": LATENT["samples"]}
    prompt = [[torch.ones(1, 2, 4), cond]]
    given = {"model": wan(), "positive": prompt, "negative": PROMPT, "latent_image": LATENT}
    given |= {"sampler_name": "euler", "scheduler": "simple"}
    pack.run("WanMoveSampler", **given)
    if "positive" in inputs:
        inputs["positive"][0][1].update(cond)
    with pytest.raises(ValueError, match=f"^{words}"):
        pack.run("WanMoveSampler", **{**given, **inputs})


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        " ",
        ".",
        "/",
        "..",
        "../x",
        "/tmp/x",
        "a/../../x",
        "a\0b",
        "a\nb",
        "x" * 201,
        "x/" * 3000,
    ],
)
def test_a_name_that_no_file_can_have_is_refused(pack, prefix: str) -> None:
    with pytest.raises(ValueError, match=r"^filename_prefix must [^\n]*$"):
        pack.run("WanMoveSaveTracks", tracks=TRACKS, filename_prefix=prefix, format="npy")


def test_a_link_out_of_the_output_folder_is_not_followed(pack, tmp_path) -> None:
    out = pack.base / "output" / "away"
    out.symlink_to(tmp_path)
    try:
        with pytest.raises(ValueError, match="must stay in ComfyUI's output folder"):
            pack.run("WanMoveSaveTracks", tracks=TRACKS, filename_prefix="away/x", format="npy")
    finally:
        out.unlink()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(pack, monkeypatch) -> None:
    paths = pack.module("nodes.host.files").folder_paths

    def refuse(_prefix: str, _root: str) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(paths, "get_save_image_path", refuse)
    with pytest.raises(ValueError, match=r"^filename_prefix must .*'x': permission denied\."):
        pack.run("WanMoveSaveTracks", tracks=TRACKS, filename_prefix="x", format="npy")


def test_what_is_wrong_with_tracks_is_not_said_of_their_file(pack) -> None:
    nothing = {"track_path": torch.zeros(LENGTH, 0, 2)}
    with pytest.raises(ValueError, match=r"^tracks: .* must hold at least one track"):
        pack.run("WanMoveSaveTracks", tracks=nothing, filename_prefix="x", format="npy")


@pytest.mark.parametrize("file", [5, True, {"a": 1}, "x" * 5000, "a\0b", "\ud800", "", "../x.npy"])
@pytest.mark.parametrize("node", ["WanMoveLoadTracks", "WanMoveVideoTracks"])
def test_a_file_that_is_no_name_is_refused_before_the_run(pack, node: str, file: object) -> None:
    assert pack.nodes[node].validate_inputs(file=file).startswith("file must ")
