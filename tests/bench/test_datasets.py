import numpy as np
import pytest
import torch
from PIL import Image

from wanmove_core import MediaError, OptionError
from wanmove_core.bench.check import describe, find_defects
from wanmove_core.bench.clips import points_in_masks, read_clip
from wanmove_core.bench.datasets import open_dataset, videos_in
from wanmove_core.media.video_writer import write_video


def picture(path, width=48, height=32, level=90):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), (level, level, level)).save(path)


def labels(path, width=48, height=32, value=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros((height, width), dtype=np.uint8)
    mask[8:24, 8:30] = value
    Image.fromarray(mask).save(path)


def clip(path, frames=5, width=48, height=32):
    write_video(path, torch.full((frames, height, width, 3), 90, dtype=torch.uint8))


def movebench(root, listing="a/one_0.mp4,A cat, then a dog\ntwo_1.mp4,\n", mode="single"):
    """A folder in MoveBench's layout; returns it."""
    home = root / "en"
    home.mkdir(parents=True, exist_ok=True)
    (home / f"{mode}_track.txt").write_text(listing, encoding="utf-8")
    for name in ("a/one_0", "two_1"):
        picture(home / "first_frame" / f"{name}.jpg")
        clip(home / "video" / f"{name}.mp4")
        place = home / "track" / mode / name
        place.parent.mkdir(parents=True, exist_ok=True)
        np.save(f"{place}_tracks.npy", np.full((1, 5, 2, 2), 9, dtype=np.float32))
        np.save(f"{place}_visibility.npy", np.ones((1, 5, 2), dtype=bool))
    return root


def test_movebench_is_read_by_its_list(tmp_path):
    dataset = open_dataset(movebench(tmp_path))
    one, two = dataset.cases
    assert (dataset.kind, dataset.variant) == ("MoveBench", "single, en")
    assert (one.id, one.group, one.caption) == ("a/one_0", "one", "A cat, then a dog")
    assert (two.id, two.caption, two.position) == ("two_1", "", 1)
    assert list(find_defects(dataset)) == []
    assert describe(dataset).startswith("MoveBench single, en, 2 clips, 2 groups, 1 with a caption")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("no comma", "each line must be VIDEO,CAPTION; got 'no comma'"),
        ("../../secret.mp4,x", "must name a video inside of the folder"),
        ("/etc/passwd.mp4,x", "must name a video inside of the folder"),
        ("c:\\x.mp4,x", "must name a video inside of the folder"),
        ("two_1.mp4,again", "entry 3 repeats entry 2"),
    ],
)
def test_a_bad_entry_of_the_list_is_a_problem_of_its_own(tmp_path, entry, said):
    dataset = open_dataset(movebench(tmp_path, f"a/one_0.mp4,\ntwo_1.mp4,\n# note\n{entry}\n"))
    assert [case.problem for case in dataset.cases[:2]] == [None, None]
    assert said in dataset.cases[2].problem
    assert [line for line in find_defects(dataset) if said in line]


def test_check_names_each_thing_that_is_missing_or_of_another_shape(tmp_path):
    home = movebench(tmp_path) / "en"
    (home / "video" / "two_1.mp4").unlink()
    picture(home / "first_frame" / "a" / "one_0.jpg", 50, 32)
    np.save(home / "track" / "single" / "two_1_tracks.npy", np.zeros((1, 5, 3, 2)))
    told = "\n".join(find_defects(open_dataset(tmp_path)))
    assert "two_1: reference is missing, " in told
    assert "a/one_0: the start image must be a multiple of 16 px; got 50x32" in told
    assert "true video must have the start image's size, 50x32; got 48x32" in told
    assert "two_1_tracks.npy: visibility must have the shape" in told
    assert "start images have 2 sizes: " in told


def test_magicdata_has_masks_boxes_and_a_table(tmp_path):
    root = tmp_path / "FlashBench"
    for name in ("b", "a"):
        clip(root / "videos" / f"{name}.mp4", frames=3)
        for number in range(3):
            labels(root / "masks" / name / f"annotated_frame_{number:05d}.png")
            labels(root / "boxs" / name / f"annotated_frame_{number:05d}.png")
    (root / "boxs" / "b" / "annotated_frame_00002.png").unlink()
    labels(root / "masks" / "a" / "annotated_frame_00000.png", width=40, value=0)
    (root / "FlashBench.csv").write_text('Video,caption,objects\nvideos/a.mp4,"x, y",2\n')
    dataset = open_dataset(root)
    assert [(c.id, c.group, c.caption) for c in dataset.cases] == [
        ("a", "2 objects", "x, y"),
        ("b", "", ""),
    ]
    assert list(find_defects(dataset)) == [
        "a: masks must have the true video's size, 48x32; got 40x32",
        "a: masks: the first one must show an object; got none",
        "b: boxes must be one for each of 3 frames; got 2",
    ]
    with pytest.raises(OptionError, match="--mode must go with MoveBench"):
        open_dataset(root, mode="multi")


def test_davis_is_a_folder_of_pictures_with_points_inside_of_its_masks(tmp_path):
    for number in range(4):
        picture(tmp_path / "JPEGImages" / "480p" / "bear" / f"{number:05d}.jpg", level=number)
        labels(tmp_path / "Annotations" / "480p" / "bear" / f"{number:05d}.png")
    picture(tmp_path / "JPEGImages" / "480p" / "other" / "00000.jpg")
    sets = tmp_path / "ImageSets" / "2017"
    sets.mkdir(parents=True)
    (sets / "val.txt").write_text("bear\n../x\n")
    (case,) = open_dataset(tmp_path).cases
    assert case.id == "bear" and list(find_defects(open_dataset(tmp_path))) == []
    frames = read_clip(case.reference)
    assert frames.shape == (4, 32, 48, 3) and frames[3].unique().tolist() == [3]
    points = points_in_masks(case.masks / "00000.png")
    assert points.shape == (16, 2)
    assert (points >= [10.5, 10.5]).all() and (points <= [27.5, 21.5]).all()
    gaps = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + 99 * np.eye(16)
    assert gaps.min() > 2


def test_a_plain_folder_leaves_out_drawn_tracks(tmp_path):
    for name in ("a", "a_tracks", "sub/b", "lone_tracks"):
        clip(tmp_path / f"{name}.mp4")
    (tmp_path / "a.txt").write_text("a caption\n")
    np.save(tmp_path / "a_tracks.npy", np.zeros((5, 2, 2)))
    assert list(videos_in(tmp_path)) == ["a", "lone_tracks", "sub/b"]
    first, *_ = open_dataset(tmp_path).cases
    assert first.caption == "a caption" and first.tracks == tmp_path / "a_tracks.npy"


def test_captions_that_fit_no_video_are_told_of_and_a_broken_table_is_refused(tmp_path, caplog):
    clip(tmp_path / "a.mp4")
    (tmp_path / "a_tracks.csv").write_text("frame,track,x,y,visible\n0,0,1,1,1\n")
    assert open_dataset(tmp_path).cases[0].caption == "" and not caplog.messages
    (tmp_path / "list.csv").write_text("clip,caption\na,a cat\n")
    assert open_dataset(tmp_path).cases[0].caption == ""
    assert "list.csv names no video of the folder in a column video or" in caplog.text
    (tmp_path / "list.csv").write_text('video,caption\na,"' + "x" * 200_000)
    with pytest.raises(MediaError, match=r"list\.csv must be a CSV"):
        open_dataset(tmp_path)


def test_choosing_clips_keeps_their_places(tmp_path):
    names = [f"clip_{k}" for k in range(10)]
    for name in names:
        clip(tmp_path / f"{name}.mp4", frames=1)
    dataset = open_dataset(tmp_path)
    shards = [dataset.select(shard=(k, 3)).cases for k in range(3)]
    assert [case.id for case in shards[1]] == ["clip_1", "clip_4", "clip_7"]
    assert sorted(case.position for part in shards for case in part) == list(range(10))
    some = dataset.select(only="clip_[5-9]", limit=2)
    assert [case.position for case in some.cases] == [5, 6]
    with pytest.raises(OptionError, match=r"--only must match a clip .* got 'x\*'"):
        dataset.select(only="x*")
    with pytest.raises(OptionError, match="--limit must be 1 or more; got 0"):
        dataset.select(limit=0)


def test_what_is_no_benchmark_is_one_line(tmp_path):
    with pytest.raises(MediaError, match="must be a benchmark's folder; got no such folder"):
        open_dataset(tmp_path / "none")
    with pytest.raises(MediaError, match="got none of them"):
        open_dataset(tmp_path)
    movebench(tmp_path)
    with pytest.raises(MediaError, match=r"multi_track.txt must be the benchmark's list; got No"):
        open_dataset(tmp_path, mode="multi")
    (tmp_path / "en" / "single_track.txt").write_text("# nothing\n")
    with pytest.raises(MediaError, match="must hold a clip; got none"):
        open_dataset(tmp_path)
    (tmp_path / "en" / "single_track.txt").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(MediaError, match="got bytes that are not UTF-8"):
        open_dataset(tmp_path)
