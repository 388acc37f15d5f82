"""FlashBench's and DAVIS's folders scored through the verb."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from wanmove_core.media.video_writer import write_video

FRAMES, HEIGHT, WIDTH = 5, 64, 96


def moving_box(step):
    """A textured box that moves by `step` px a frame on a calm ground, and its masks."""
    rng = np.random.default_rng(1)
    ground = np.full((HEIGHT, WIDTH, 3), 70, dtype=np.uint8)
    box = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    frames, masks = np.stack([ground] * FRAMES), np.zeros((FRAMES, HEIGHT, WIDTH), dtype=np.uint8)
    for t in range(FRAMES):
        x = 20 + step * t
        frames[t, 20:44, x : x + 24], masks[t, 20:44, x : x + 24] = box, 2
    return torch.from_numpy(frames), masks


def save_masks(folder, masks):
    folder.mkdir(parents=True)
    for number, mask in enumerate(masks):
        Image.fromarray(mask).save(folder / f"annotated_frame_{number:05d}.png")


def figures(bench, folder, tmp_path):
    bench("report", folder, "--json", tmp_path / "r.json")
    (run,) = json.loads((tmp_path / "r.json").read_text())["runs"]
    return {key: value["mean"] for key, value in run["figures"].items()}, run


def test_flashbench_compares_masks_and_boxes_that_the_user_found(tmp_path, bench):
    root = tmp_path / "FlashBench"
    true, masks = moving_box(2)
    made, found = moving_box(3)
    write_video(root / "videos" / "a.mp4", true)
    for kind in ("masks", "boxs"):
        save_masks(root / kind / "a", masks)
    write_video(tmp_path / "made" / "a.mp4", made)
    save_masks(tmp_path / "found" / "a", found)
    code, table, _ = bench(
        "score", tmp_path / "made", "--against", root, "--out", tmp_path / "run", "--masks",
        tmp_path / "found", "--metrics", "iou,psnr", "--no-floor", "--no-pictures",
    )  # fmt: skip
    got, run = figures(bench, tmp_path / "run", tmp_path)
    # t px of 24 are missed on either side in frame t.
    expected = np.mean([(24 - t) / (24 + t) for t in range(1, FRAMES)])
    assert code == 0 and got["mask_iou"] == pytest.approx(expected)
    assert got["box_iou"] == pytest.approx(expected)
    assert [row["name"] for row in run["published"]][:1] == ["FlashMotion, ResNet adapter"]
    assert "published: FlashMotion, ResNet adapter" in table and "0.6396" in table


def test_davis_gets_its_tracks_from_its_masks(tmp_path, bench):
    root = tmp_path / "DAVIS"
    true, masks = moving_box(2)
    pictures = root / "JPEGImages" / "480p" / "box"
    pictures.mkdir(parents=True)
    for number, frame in enumerate(true.numpy()):
        Image.fromarray(frame).save(pictures / f"{number:05d}.png")
    save_masks(root / "Annotations" / "480p" / "box", masks)
    write_video(tmp_path / "made" / "box.mp4", moving_box(3)[0])
    words = ("score", tmp_path / "made", "--against", root, "--out", tmp_path / "run")
    code, _, _ = bench(*words, "--metrics", "track", "--no-floor", "--no-pictures")
    got, _ = figures(bench, tmp_path / "run", tmp_path)
    # Asked are 2 px a frame, made are 3: t px are missed in frame t.
    assert code == 0 and got["track_epe"] == pytest.approx(2.5, abs=0.3)
    assert got["track_last"] == pytest.approx(4, abs=0.5)
    assert got["track_per_distance"] == pytest.approx(2.5 / 8, abs=0.06)
    assert (tmp_path / "run" / "tracks" / "box_tracks.npy").is_file()
