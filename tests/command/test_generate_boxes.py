"""`wanmove generate` with the small Wan-Move model and adapters of boxes: real weights."""

import json

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.command.test_generate_5b import BOXES, SQUARE, TOY
from training.boxes import new_controlnet
from wanmove_core.checkpoints.adapter_loading import adapter_state
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.command import main as cli
from wanmove_core.media.video import read_metadata, read_video


def hearing_controlnet(model):
    """An untrained ControlNet that adds what it makes of the latent and of the maps."""
    control = new_controlnet(model)
    for layer in control.out_projectors:
        torch.nn.init.eye_(layer.weight)
    with torch.no_grad():
        seen = control.copy.patch_embedding.weight
        seen[:, -16:] = seen[:, :16]
    return control


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A picture, a box that moves over it as drawing and as maps, and a ControlNet."""
    base = tmp_path_factory.mktemp("boxes")
    picture = np.full((64, 96, 3), 90, np.uint8)
    picture[16:40, 12:36] = (40, 60, 220)
    cv2.imwrite(str(base / "image.png"), picture)
    spread = {"shape": "region", "polygon": SQUARE, "offsets": [[0, 0]], "keys": []}
    track = {"knots": [{"x": 24, "y": 28}, {"x": 60, "y": 28}], "spread": spread}
    drawing = {"version": 1, "width": 96, "height": 64, "fps": 16, "frames": 17, "tracks": [track]}
    (base / "drawing.json").write_text(json.dumps(drawing))
    # The same drawing over the picture stretched to the editor's own size.
    sx, sy = 832 / 96, 480 / 64
    knots = [{"x": 24 * sx, "y": 28 * sy}, {"x": 60 * sx, "y": 28 * sy}]
    larger = {**spread, "polygon": [[x * sx, y * sy] for x, y in SQUARE]}
    stretched = [{"knots": knots, "spread": larger}]
    size = {"width": 832, "height": 480, "tracks": stretched}
    (base / "stretched.json").write_text(json.dumps({**drawing, **size}))
    assert cli.main(["tracks", "maps", str(base / "drawing.json"), str(base / "maps")]) == 0
    other = [{"knots": [{"x": 24, "y": 28}, {"x": 24, "y": 50}], "spread": spread}]
    (base / "other.json").write_text(json.dumps({**drawing, "tracks": other}))
    model = load_components([TOY], dtype="fp32", needs=("transformer",)).transformer
    control = hearing_controlnet(model)
    state, metadata = adapter_state(control, "fast")
    wide = {name: tensor.bfloat16() for name, tensor in state.items()}
    save_file(wide, base / "controlnet.safetensors", metadata=metadata)
    return base


def run(folder, out, words=""):
    made = [f"{folder}/{word[1:]}" if word.startswith("@") else word for word in words.split()]
    start = f"generate --checkpoint {TOY} --size 96x64 --frames 17 --steps 2 --solver euler"
    more = ["--guidance-scale", "1", "--image", str(folder / "image.png"), "--prompt", ""]
    return cli.main([*start.split(), *more, "--out", str(out), *made])


def test_boxes_guide_the_small_model(folder, tmp_path, caplog):
    ways = ["--maps @maps", "--tracks @drawing.json", "--tracks @stretched.json"]
    adapters = {"resnet": str(BOXES), "controlnet": "@controlnet.safetensors"}
    assert run(folder, tmp_path / "plain.mp4") == 0
    plain = read_video(tmp_path / "plain.mp4").int()
    for kind, adapter in adapters.items():
        made = []
        for number, way in enumerate(ways):
            out = tmp_path / f"{kind}{number}.mp4"
            assert run(folder, out, f"{way} --adapter {adapter}") == 0
            made.append(read_video(out).int())
        assert torch.equal(made[0], made[1]) and torch.equal(made[0], made[2])
        assert (made[0] - plain).abs().max() > 20, kind
        out = tmp_path / f"{kind}_elsewhere.mp4"
        assert run(folder, out, f"--tracks @other.json --adapter {adapter}") == 0
        assert (made[0] - read_video(out).int()).abs().max() > 20, kind
    assert read_metadata(tmp_path / "resnet0.mp4")["model"]["adapter"] == BOXES.name
    assert caplog.text.count("must be a fast one for few steps; got a slow one") == 4
    # Of no strength, and without anything to guide: the model alone.
    assert run(folder, tmp_path / "0.mp4", f"--maps @maps --adapter {BOXES} --strength 0") == 0
    assert torch.equal(read_video(tmp_path / "0.mp4").int(), plain)
    assert run(folder, tmp_path / "1.mp4", f"--adapter {BOXES}") == 0
    assert torch.equal(read_video(tmp_path / "1.mp4").int(), plain)


REFUSALS = {
    "--maps @maps": "--adapter must be given for boxes and masks",
    "--tracks @drawing.json --mask @image.png": "--adapter must be given for boxes and masks",
    f"--maps @maps --adapter {BOXES} --frames 97": "must be with one clip, at most 81 frames",
    f"--maps @maps --adapter {BOXES} --frames 97 --blend windows": "must be with one clip",
    f"--maps @maps --adapter {BOXES} --frames 13": "must have the video's 13 frames; got 17",
    f"--maps @maps --adapter {BOXES} --cache firstblock": "got --cache firstblock",
    f"--mask @image.png --adapter {BOXES}": "--mask must come with --tracks",
    f"--maps @maps --mask @image.png --adapter {BOXES}": "one of --maps and --mask",
    f"--maps @maps --tracks @drawing.json --adapter {BOXES}": "one of --maps and --tracks",
    f"--few-step published --maps @maps --adapter {BOXES}": "--few-step must come with Wan2.2",
    f"--movebench @maps --adapter {BOXES}": "its tracks have no masks",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_what_does_not_fit_is_refused_in_one_line(folder, words, tmp_path, capsys):
    assert run(folder, tmp_path / "a.mp4", words) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert REFUSALS[words] in said[-1]
    assert "Traceback" not in "".join(said)
    assert not (tmp_path / "a.mp4").exists()
