"""`wanmove generate` with a 5B checkpoint: its own defaults, maps, adapters, and refusals."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.checkpoints import flashmotion_files as files
from wanmove_core import Tracks, write_tracks
from wanmove_core.command import main as cli
from wanmove_core.media.video import read_metadata, read_video

TOY = Path(__file__).parents[2] / "models/toy"
BOXES = TOY / "wanmove_toy_boxes_resnet.safetensors"
SQUARE = [[-10, -8], [10, -8], [10, 8], [-10, 8]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint, adapters of both kinds, an image, a drawing, tracks, masks and maps."""
    base = tmp_path_factory.mktemp("5b")
    (base / "model").mkdir()
    torch.save(files.wrapped("training state"), base / "model/model.pt")
    files.write_vae(base / "model/Wan2.2_VAE.pth")
    files.write_prompts(base / "model/prompts.safetensors")
    files.write_adapter(base / "FastAdapter/resnet.safetensors", "resnet")
    files.write_adapter(base / "SlowAdapter/ControlNet/model.pt", "controlnet", "slow")
    image = np.random.default_rng(2).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    cv2.imwrite(str(base / "image.png"), image)
    spread = {"shape": "region", "polygon": SQUARE, "offsets": [[0, 0]], "keys": []}
    track = {"knots": [{"x": 20, "y": 24}, {"x": 60, "y": 24}], "spread": spread}
    drawing = {"version": 1, "width": 96, "height": 64, "fps": 16, "frames": 9, "tracks": [track]}
    (base / "drawing.json").write_text(json.dumps(drawing))
    positions = np.array([[20.5, 22.5]]) + np.arange(9)[:, None, None] * [5.0, 0.0]
    write_tracks(Tracks.from_arrays(positions), base / "tracks.csv")
    mask = np.zeros((64, 96), np.uint8)
    mask[16:32, 10:30] = 255
    cv2.imwrite(str(base / "mask.png"), mask)
    cv2.imwrite(str(base / "small.png"), mask[:32])
    assert cli.main(["tracks", "maps", str(base / "drawing.json"), str(base / "maps")]) == 0
    (base / "empty.json").write_text(json.dumps({**drawing, "tracks": []}))
    cv2.imwrite(str(base / "nothing.png"), 0 * mask)
    late = {**drawing, "tracks": [{**track, "windows": [[3, 8]]}]}
    (base / "late.json").write_text(json.dumps(late))
    (base / "black").mkdir()
    for frame in range(9):
        cv2.imwrite(str(base / f"black/{frame}.png"), np.zeros((64, 96, 3), np.uint8))
    (base / "16").mkdir()
    torch.save(files.generator(), base / "16/model.pt")
    (base / "16/vae.safetensors").symlink_to(TOY / "wanmove_toy_vae.safetensors")
    return base


COMMON = "--checkpoint @model --image @image.png --size 96x64 --frames 9 --dtype fp32"
FEW = f"{COMMON} --few-step published --prompt"


def run(folder, words, out, *more):
    # Paths begin with @.
    made = [f"{folder}/{word[1:]}" if word.startswith("@") else word for word in words.split()]
    return cli.main(["generate", *made, "", "--out", str(out), *more])


def test_three_ways_to_the_same_maps_and_one_without(folder, tmp_path):
    ways = ["--maps @maps", "--tracks @drawing.json", "--tracks @tracks.csv --mask @mask.png", ""]
    frames = {}
    for number, way in enumerate(ways):
        adapter = "--adapter @FastAdapter/resnet.safetensors" if way else ""
        out = tmp_path / f"{number}.mp4"
        assert run(folder, f"{way} {adapter} {FEW}", out) == 0
        frames[way] = read_video(out).numpy().astype(int)
    maps, drawing, tracks, plain = frames.values()
    assert maps.shape == (9, 64, 96, 3)
    assert np.array_equal(maps, drawing)
    assert np.array_equal(maps, tracks)
    assert np.abs(maps - plain).max() > 5
    made_of = read_metadata(tmp_path / "0.mp4")
    assert made_of["family"] == "wan2.2-ti2v-5b"
    assert made_of["solver"] == "lcm" and made_of["fps"] == 24
    assert made_of["model"]["adapter"] == "resnet.safetensors"


def test_a_controlnet_in_fp8_and_a_slow_adapter_is_warned_of(folder, tmp_path, caplog):
    words = f"--maps @maps --adapter @SlowAdapter/ControlNet/model.pt --adapter-dtype fp8 {FEW}"
    assert run(folder, words, tmp_path / "a.mp4") == 0
    assert "must be a fast one for few steps; got a slow one" in caplog.text


def test_many_steps_take_the_base_models_values(folder, tmp_path):
    assert run(folder, f"{COMMON} --steps 2 --prompt", tmp_path / "a.mp4") == 0
    made_of = read_metadata(tmp_path / "a.mp4")
    assert (made_of["solver"], made_of["guidance_scale"]) == ("unipc", 5.0)


REFUSALS = {
    "--maps @maps": "--adapter must be given",
    "--tracks @tracks.csv --adapter @FastAdapter/resnet.safetensors": "Frame 0 needs a filled",
    "--maps @maps --tracks @tracks.csv": "one of --maps and --tracks",
    "--maps @maps --adapter @FastAdapter/resnet.safetensors --frames 5": "must have the video's 5",
    "--maps @black --adapter @FastAdapter/resnet.safetensors": "an object in frame 0",
    "--tracks @late.json --adapter @FastAdapter/resnet.safetensors": "an object in frame 0",
    "--tracks @empty.json --adapter @FastAdapter/resnet.safetensors": "at least one track",
    "--tracks @empty.json --mask @mask.png --adapter @FastAdapter/resnet.safetensors": "no tracks",
    "--tracks @tracks.csv --mask @nothing.png --adapter @FastAdapter/resnet.safetensors": "mask",
    "--checkpoint @16 --maps @maps --adapter @FastAdapter/resnet.safetensors": "a Wan 2.2 VAE",
    f"--maps @maps --adapter {BOXES}": "latent of 48 channels; got 6 of 256, 16 channels",
    f"--checkpoint {TOY} --maps @maps --adapter @FastAdapter/resnet.safetensors": "6 blocks of",
    "--maps @maps --adapter @model/model.pt": "must be a FlashMotion adapter",
    "--tracks @tracks.csv --mask @small.png --adapter @FastAdapter/resnet.safetensors": "of the",
    "--size 90x64 --resize crop": "multiples of 32 px",
    "--shift 3": "one of --few-step, --sigmas and --shift",
    "--maps @maps --adapter @FastAdapter/resnet.safetensors --cache firstblock": "without --cache",
    "--movebench @16": "its tracks have no masks",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_what_does_not_fit_is_refused_in_one_line(folder, words, tmp_path, capsys):
    start, end = FEW.rsplit(" ", 1)
    assert run(folder, f"{start} {words} {end}", tmp_path / "a.mp4") == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert REFUSALS[words] in said[-1]
    assert "Traceback" not in "".join(said)
    assert not (tmp_path / "a.mp4").exists()


def test_what_is_for_the_5b_is_refused_elsewhere(folder, tmp_path, capsys):
    words = COMMON.replace("@model", "@FastAdapter") + " --few-step trained --prompt"
    assert run(folder, words, tmp_path / "a.mp4") == 2
    assert "--few-step must come with Wan2.2-TI2V-5B; got" in capsys.readouterr().err


def test_a_batch_has_maps_or_masks_in_each_line(folder, tmp_path, caplog):
    shared = {"image": "image.png", "prompt": "", "size": "96x64", "frames": 9}
    jobs = [
        {"maps": "maps", "out": "maps.mp4"},
        {"tracks": "tracks.csv", "mask": "mask.png", "out": "mask.mp4"},
        {"tracks": "tracks.csv", "mask": "mask.png", "map_shape": "mask", "out": "shape.mp4"},
        {"maps": "maps", "tracks": "tracks.csv", "out": "both.mp4"},
        {"tracks": "tracks.csv", "out": "bare.mp4"},
    ]
    caplog.set_level("INFO", logger="wanmove")
    (folder / "jobs.jsonl").write_text("\n".join(json.dumps({**shared, **job}) for job in jobs))
    command = ["generate", "--checkpoint", str(folder / "model"), "--few-step", "published"]
    command += ["--adapter", str(folder / "FastAdapter/resnet.safetensors"), "--dtype", "fp32"]
    assert cli.main([*command, "--batch", str(folder / "jobs.jsonl")]) == 1
    assert "3 made, 0 already there, 2 failed" in caplog.text
    assert "one of --maps and --tracks" in caplog.text and "needs a filled" in caplog.text
    maps, mask, shape = (read_video(folder / job["out"]).int() for job in jobs[:3])
    assert torch.equal(maps, mask) and not torch.equal(shape, mask)
    caplog.clear()
    assert cli.main([*command, "--batch", str(folder / "jobs.jsonl")]) == 1
    assert "0 made, 3 already there, 2 failed" in caplog.text
