"""`wanmove tracks camera`, `rotate` and `lint`, from files to files."""

import json

import cv2
import numpy as np
import pytest

from wanmove_core import cli, read_tracks


@pytest.fixture
def pictures(tmp_path):
    depth = np.full((48, 80), 30, np.uint8)
    depth[16:32, 30:50] = 255
    cv2.imwrite(str(tmp_path / "depth.png"), depth)
    cv2.imwrite(str(tmp_path / "mask.png"), (depth == 255).astype(np.uint8) * 255)
    return tmp_path


def run(folder, *words):
    return cli.main(["tracks", *(w.replace("@", f"{folder}/") for w in words)])


def test_camera_writes_moves_keys_and_objects(pictures, capsys):
    (pictures / "keys.json").write_text(json.dumps([{"frame": 0}, {"frame": 12, "zoom": 2.0}]))
    words = ["--depth", "@depth.png", "--frames", "13", "--count", "60", "--move", "truck-left:0.5"]
    words += ["--handheld", "0.5", "--seed", "3"]
    assert run(pictures, "camera", "@a_tracks.npy", *words) == 0
    plain = read_tracks(pictures / "a_tracks.npy")
    assert plain.num_frames == 13 and 40 < plain.num_points < 80
    assert (plain.positions[-1] - plain.positions[0]).abs().max() > 1
    more = ["--keys", "@keys.json", "--objects", "@a_tracks.npy"]
    assert run(pictures, "camera", "@b.csv", *words, *more) == 0
    assert read_tracks(pictures / "b.csv").num_points == 2 * plain.num_points
    assert run(pictures, "camera", "@c.csv", "--size", "80x48", "--move", "zoom-in") == 0
    assert read_tracks(pictures / "c.csv").num_frames == 81


def test_rotate_turns_what_the_mask_marks(pictures):
    words = ["--mask", "@mask.png", "--depth", "@depth.png", "--frames", "5", "--axis", "view"]
    assert run(pictures, "rotate", "@r.csv", *words, "--degrees", "90", "--count", "20") == 0
    tracks = read_tracks(pictures / "r.csv")
    x, y = tracks.positions[0].unbind(-1)
    assert (x >= 30).all() and (x <= 50).all() and (y >= 16).all() and (y <= 32).all()
    turned = tracks.positions[-1]
    assert turned[:, 0].max() - turned[:, 0].min() < x.max() - x.min()


def test_lint_names_findings_and_its_exit_code_says_whether_there_are_any(pictures, capsys):
    words = ["--size", "80x48", "--move", "pan-left", "--frames", "13", "--count", "12"]
    assert run(pictures, "camera", "@a_tracks.npy", *words) == 0
    capsys.readouterr()
    assert run(pictures, "lint", "@a_tracks.npy", "--size", "80x48", "--frames", "17") == 1
    out = capsys.readouterr().out
    assert "length: the tracks have 13 frames" in out
    words[3] = "zoom-in:0.3"
    assert run(pictures, "camera", "@b_tracks.npy", *words, "--fov", "40") == 0
    seen = read_tracks(pictures / "b_tracks.npy").visibility
    assert seen.all()
    capsys.readouterr()
    assert run(pictures, "lint", "@b_tracks.npy", "--size", "80x48", "--frames", "13") == 0
    assert "nothing to note" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["camera", "@x.csv"], "--size or --depth"),
        (["camera", "@x.csv", "--depth", "@none.png"], "readable picture"),
        (["camera", "@x.csv", "--depth", "@keys.json"], "must be a picture"),
        (["camera", "@x.csv", "--depth", "@depth.png", "--size", "8x8"], "--size must be"),
        (["camera", "@x.csv", "--size", "80x48", "--move", "fly"], "camera move"),
        (["camera", "@x.csv", "--size", "80x48", "--move", "push-in:x"], "strength"),
        (["camera", "@x.csv", "--size", "80x48", "--keys", "@keys.json"], "camera keys"),
        (["rotate", "@x.csv", "--mask", "@mask.png"], "--depth"),
        (["rotate", "@x.csv", "--mask", "@black.png", "--depth", "@depth.png"], "empty"),
        (["rotate", "@x.csv", "--mask", "@small.png", "--depth", "@depth.png"], "frame's size"),
        (["lint", "@depth.png"], "depth.png"),
    ],
)
def test_bad_input_is_one_line(pictures, capsys, words, said):
    (pictures / "keys.json").write_text('[{"frame": 0, "pam": 3}]')
    cv2.imwrite(str(pictures / "black.png"), np.zeros((48, 80), np.uint8))
    cv2.imwrite(str(pictures / "small.png"), np.full((24, 40), 255, np.uint8))
    assert run(pictures, *words) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (pictures / "x.csv").exists()
