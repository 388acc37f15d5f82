"""`wanmove tracks maps`: maps from drawings and tracks, and tracks from maps."""

import json

import cv2
import numpy as np
import pytest

from wanmove_core import Tracks, read_tracks, write_tracks
from wanmove_core.command import main as cli
from wanmove_core.media.map_files import read_maps

SQUARE = [[-8, -6], [8, -6], [8, 6], [-8, 6]]


@pytest.fixture
def files(tmp_path):
    """A drawing with a box that moves and grows, tracks, and a mask that they start in."""
    spread = {"shape": "region", "polygon": SQUARE, "offsets": [[0, 0]], "fill": "grid"}
    spread |= {"spacing": 4, "keys": [{"frame": 0, "scale": 1, "angle": 0}]}
    spread["keys"].append({"frame": 8, "scale": 2, "angle": 0})
    knots = [{"x": 20, "y": 24}, {"x": 60, "y": 24}]
    track = {"knots": knots, "curve": "polyline", "spread": spread}
    drawing = {"version": 1, "width": 96, "height": 64, "fps": 16, "frames": 9, "tracks": [track]}
    (tmp_path / "drawing.json").write_text(json.dumps(drawing))
    positions = np.array([[18.5, 22.5], [25.5, 27.5]]) + np.arange(9)[:, None, None] * [5.0, 0.0]
    write_tracks(Tracks.from_arrays(positions), tmp_path / "tracks.csv")
    mask = np.zeros((64, 96), np.uint8)
    mask[18:30, 12:28] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    return tmp_path


def run(folder, *words):
    return cli.main(["tracks", "maps", *(w.replace("@", f"{folder}/") for w in words)])


@pytest.mark.parametrize("target", ["@maps", "@maps.mkv"])
def test_a_drawing_becomes_maps_and_comes_back_as_tracks(files, target):
    assert run(files, "@drawing.json", target) == 0
    maps, lossless = read_maps(files / target[1:])
    assert lossless and maps.shape == (9, 64, 96, 3)
    assert (maps[0, 18:30, 12:28] == (128, 32, 32)).all()
    # A line of 1 px around a box twice as large, its middle where the path ends.
    assert maps[8, 24, 44].any() and maps[8, 24, 76].any() and not maps[8, 24, 60].any()
    assert run(files, target, "@back.csv") == 0
    back = read_tracks(files / "back.csv").positions[:, 0].numpy()
    assert np.abs(back - np.stack([20 + 5 * np.arange(9), np.full(9, 24)], 1)).max() <= 0.5


def test_tracks_with_a_mask_or_boxes_and_given_frames(files):
    assert run(files, "@tracks.csv", "@masks", "--mask", "@mask.png", "--shape", "mask") == 0
    maps, _ = read_maps(files / "masks")
    assert (maps[8, 18:30, 52:68] == (128, 32, 32)).all() and not maps[8, :, :52].any()
    words = ["--box", "10x6", "--size", "96x64", "--given", "4", "--frames", "5"]
    assert run(files, "@tracks.csv", "@boxes", *words) == 0
    maps, _ = read_maps(files / "boxes")
    assert [bool(picture.any()) for picture in maps] == [True, False, False, False, True]
    assert len({tuple(colour) for colour in maps[0].reshape(-1, 3)}) == 3


def test_a_lossy_video_of_maps_is_read_too(files):
    from wanmove_core.media.video_writer import write_video

    assert run(files, "@drawing.json", "@maps", "--size", "384x256", "--shape", "mask") == 0
    import torch

    write_video(files / "lossy.mp4", torch.from_numpy(read_maps(files / "maps")[0]))
    assert run(files, "@lossy.mp4", "@lossy.csv") == 0
    back = read_tracks(files / "lossy.csv").positions[:, 0].numpy()
    assert np.abs(back - np.stack([80 + 20 * np.arange(9), np.full(9, 96)], 1)).max() <= 1


REFUSALS = {
    "tracks.csv maps": "with --mask",
    "tracks.csv maps --box 4x4": "with --mask",
    "tracks.csv maps --box 4x4 --mask mask.png": "one of --mask and --box",
    "tracks.csv maps --mask mask.png --size 32x32": "of the size of the maps",
    "drawing.json maps --given 99": "0 to 8",
    "drawing.json maps --given a": "frame numbers",
    "drawing.json maps.mp4": "",
    "empty back.csv": "got none",
    "black back.csv": "got a black picture",
    "nothing.json maps": "nothing.json",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_what_does_not_fit_is_refused_in_one_line(files, words, capsys):
    (files / "empty").mkdir()
    (files / "black").mkdir()
    cv2.imwrite(str(files / "black" / "annotated_frame_00000.png"), np.zeros((9, 9, 3), np.uint8))
    names = [
        word if word.startswith("--") or "x" in word[1:2] or word in ("99", "a") else f"@{word}"
        for word in words.split()
    ]
    names = [word.replace("@4x4", "4x4").replace("@32x32", "32x32") for word in names]
    assert run(files, *names) != 0
    said = capsys.readouterr().err.strip()
    assert REFUSALS[words] in said and "\n" not in said and "Traceback" not in said
