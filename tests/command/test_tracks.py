"""`wanmove tracks camera`, `rotate`, `region`, `animate` and `lint`, from files to files."""

import json

import cv2
import numpy as np
import pytest
import torch

from wanmove_core import read_tracks
from wanmove_core.command import main as cli


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


def test_camera_puts_points_on_features(pictures):
    words = ["--size", "80x48", "--features", "@depth.png", "--count", "9", "--frames", "5"]
    assert run(pictures, "camera", "@f.csv", *words, "--move", "pan-left:0.2") == 0
    found = read_tracks(pictures / "f.csv").positions[0].numpy()
    corners = np.array([[x, y] for x in (30, 50) for y in (16, 32)])
    assert len(found) == 4
    assert np.abs(found[:, None] - corners).max(-1).min(0).max() < 2


def test_region_follows_a_path_bends_and_moves_by_keys(pictures):
    time = np.arange(13)[:, None]
    handles = np.stack([np.full((13, 2), [34.0, 24.0]), [46.0, 24.0] + time * [0.0, 1.0]], 1)
    np.save(pictures / "path_tracks.npy", handles[:, 1:])
    np.save(pictures / "handles_tracks.npy", handles)
    words = ["--mask", "@mask.png", "--frames", "13", "--count", "40"]
    assert run(pictures, "region", "@a.csv", *words, "--path", "@path_tracks.npy") == 0
    path = read_tracks(pictures / "a.csv").positions
    assert path.shape == (13, 40, 2)
    assert np.allclose((path - path[0]).numpy(), time[:, None] * [0.0, 1.0], atol=1e-3)
    words += ["--pins", "30"]
    assert run(pictures, "region", "@b.csv", *words, "--handles", "@handles_tracks.npy") == 0
    bent = read_tracks(pictures / "b.csv").positions
    assert 60 < bent.shape[1] < 80
    assert (bent[-1, -40:] - bent[0, -40:]).norm(dim=-1).max() > 9
    (pictures / "keys.json").write_text('[{"frame": 0}, {"frame": 12, "x": 9, "ease": "in"}]')
    assert run(pictures, "region", "@c.csv", *words, "--keys", "@keys.json") == 0
    short = ["--shift", "9,0", "--front", "@mask.png"]
    polygon = ["--polygon", "10,10 60,10 60,40 10,40", "--size", "80x48", "--frames", "13"]
    assert run(pictures, "region", "@d.csv", *polygon, *short, "--pattern", "grid") == 0
    moved = read_tracks(pictures / "d.csv")
    assert (moved.positions[0].amin(0) > 10).all() and not moved.visibility.all()


def test_animate_has_every_helper(pictures):
    time = np.arange(13, dtype=float)[:, None, None]
    np.save(pictures / "go_tracks.npy", np.array([[10.0, 5.0], [30.0, 8.0]]) + time * [2.0, 1.0])
    np.save(pictures / "one_tracks.npy", np.array([[40.0, 20.0]]) + time * [0.0, 2.0])

    def animated(*words):
        assert run(pictures, "animate", words[0], "@go_tracks.npy", "@out.csv", *words[1:]) == 0
        return read_tracks(pictures / "out.csv").positions

    given = read_tracks(pictures / "go_tracks.npy").positions
    shift = torch.tensor([0.0, 2.0]) * torch.tensor(time).float()
    close = {"rtol": 0, "atol": 1e-3}
    torch.testing.assert_close(
        animated("parent", "--to", "@one_tracks.npy"), given + shift, **close
    )
    late = animated("follow", "--leader", "@one_tracks.npy", "--delay", "3")
    torch.testing.assert_close(late[3:], given[3:] + shift[:10], **close)
    assert (animated("spring", "--period", "9")[5] < given[5]).all()
    fallen = animated("fall", "--gravity", "2", "--floor", "40", "--bounce", "0", "--start", "2")
    assert fallen[-1, :, 1].tolist() == pytest.approx([37.0, 40.0], abs=1e-3)
    torch.testing.assert_close(animated("wiggle", "--seed", "3")[0], given[0], **close)
    assert len(animated("loop", "--frames", "30", "--mode", "ping-pong")) == 30
    assert animated("mirror", "--at", "40").shape[1] == 4


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


def test_lint_takes_tracks_in_their_own_frame(pictures, capsys):
    """The same motion on a canvas twice as large is the same motion; another shape is refused."""
    words = ["--move", "pan-left", "--frames", "13", "--count", "12"]
    assert run(pictures, "camera", "@a.svg", "--size", "80x48", *words) == 0
    assert run(pictures, "camera", "@b.svg", "--size", "160x96", *words) == 0
    capsys.readouterr()
    for name, size in (("@a.svg", []), ("@b.svg", ["--size", "80x48"]), ("@b.svg", [])):
        assert run(pictures, "lint", name, *size, "--frames", "17") == 1
    first, second, own = (
        capsys.readouterr().out.replace("b.svg", "a.svg").split("a.svg: length")[1:]
    )
    assert "outside" not in second and first.split("\n")[1:] == second.split("\n")[1:]
    assert own
    assert run(pictures, "lint", "@b.svg", "--size", "48x80", "--frames", "17") == 2
    assert "the frame of 48x80; got tracks of 160x96" in capsys.readouterr().err


def test_lint_looks_at_depth(pictures, capsys):
    """A far track walks over the near box, which has a track that comes before it."""
    near, time = np.full((13, 2), [40.0, 24.0]), np.linspace(0, 1, 13)[:, None]
    np.save(pictures / "x_tracks.npy", np.stack([near, [5.0, 24.0] + time * [60.0, 0.0]], 1))
    words = ["lint", "@x_tracks.npy", "--size", "80x48", "--frames", "13"]
    assert run(pictures, *words, "--depth", "@depth.png") == 1
    assert "depth-order: 1 track on top of nearer ones" in capsys.readouterr().out
    assert run(pictures, *words) == 1
    assert "depth-order" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["camera", "@x.csv"], "--size or --depth"),
        (["camera", "@x.csv", "--depth", "@none.png"], "readable picture"),
        (["camera", "@x.csv", "--depth", "@keys.json"], "must be a picture"),
        (["camera", "@x.csv", "--depth", "@depth.png", "--size", "8x8"], "--size must be"),
        (["camera", "@x.csv", "--size", "80x48", "--move", "fly"], "camera move"),
        (["camera", "@x.csv", "--size", "80x48", "--move", "push-in:x"], "strength"),
        (["camera", "@x.csv", "--size", "80x48", "--keys", "@keys.json"], "frame, pan"),
        (["rotate", "@x.csv", "--mask", "@mask.png"], "--depth"),
        (["rotate", "@x.csv", "--mask", "@black.png", "--depth", "@depth.png"], "empty"),
        (["rotate", "@x.csv", "--mask", "@small.png", "--depth", "@depth.png"], "frame's size"),
        (["camera", "@x.csv", "--size", "80x48", "--features", "@small.png"], "image must be"),
        (["region", "@x.csv"], "--mask and --polygon"),
        (["region", "@x.csv", "--polygon", "1,1 9,9 9,1"], "--size"),
        (["region", "@x.csv", "--polygon", "1,1 9", "--size", "80x48"], "X,Y"),
        (["region", "@x.csv", "--mask", "@mask.png"], "got none"),
        (["region", "@x.csv", "--mask", "@mask.png", "--scale", "2", "--keys", "@k"], "--keys and"),
        (["region", "@x.csv", "--mask", "@black.png", "--scale", "2"], "empty"),
        (["region", "@x.csv", "--mask", "@mask.png", "--scale", "0"], "scale"),
        (["region", "@x.csv", "--mask", "@mask.png", "--keys", "@keys.json"], "frame, x, y"),
        (["region", "@x.csv", "--mask", "@mask.png", "--path", "@none.npy"], "none.npy"),
        (["animate", "spring", "@none.npy", "@x.csv"], "none.npy"),
        (["lint", "@depth.png"], "depth.png"),
        (["lint", "@depth.png", "--size", "80x48", "--frames", "5", "--far", "3"], "with --depth"),
        (["camera", "@x.csv", "--size", "80x48", "--near", "0"], "--near must come with --depth"),
        (["camera", "@x.csv", "--size", "80x48", "--frames", "9" * 12], "at most 100000"),
        (["camera", "@x.csv", "--size", "9999999x8"], "at most 16384 px a side"),
        (["camera", "@x.csv", "--size", "80x48", "--move", "push-in:1e300"], "at most 1000000000"),
        (["camera", "@x.csv", "--size", "80x48", "--keys", "@none.json"], "no such file"),
        (["camera", "@x.csv", "--size", "80x48", "--keys", "@huge.json"], "1329 bits in key 0"),
        (["camera", "@x.csv", "--size", "80x48", "--keys", "@null.json"], "got null"),
        (["camera", "@x.csv", "--size", "80x48", "--mask", "@line.npy"], "[height, width] map"),
        (["region", "@x.csv", "--mask", "@words.npy", "--scale", "2"], "of <U1"),
        (["region", "@x.csv", "--mask", "@none.npy", "--scale", "2"], "no such file"),
        (["region", "@x.csv", "--mask", "@cut.png", "--scale", "2"], "a damaged one"),
        (["region", "@x.csv", "--mask", "@mask.png", "--scale", "2", "--orient"], "with --path"),
        (["region", "@x.csv", "--mask", "@mask.png", "--size", "8x8", "--scale", "2"], "80x48"),
        (
            ["camera", "@x.csv", "--size", "80x48", "--seed", "3"],
            "--seed must come with --handheld",
        ),
        (["region", "@x.csv", "--mask", "@mask.png", "--shift", "nan,0"], "keys must hold finite"),
        (["region", "@x.csv", "--mask", "@mask.png", "--scale", "nan"], "keys must hold finite"),
        (
            ["region", "@x.csv", "--mask", "@mask.png", "--keys", "@k", "--ease", "in"],
            "--ease must",
        ),
        (
            ["region", "@x.csv", "--mask", "@mask.png", "--handles", "@k", "--pivot", "top"],
            "--pivot",
        ),
        (
            ["region", "@x.csv", "--mask", "@mask.png", "--count", "9", "--spacing", "4"],
            "one of --count and --spacing may be given",
        ),
        (["region", "@x.gif", "--mask", "@none.png"], "format must be one of"),
        (["region", "@", "--mask", "@none.png"], "must be a file; got a folder"),
        (["video", "@none.mp4", "@x.gif"], "format must be one of"),
        (["video", "@v.mp4", "@x.csv", "--from", "@k", "--count", "9"], "--from and --count may"),
        (["video", "@v.mp4", "@x.csv", "--from", "@k", "--mask", "@m"], "--from and --mask may"),
        (["animate", "fall", "@a.csv", "@x.csv", "--bounce", "0"], "--bounce must come with"),
        (["animate", "wiggle", "@a.csv", "@x.csv", "--seed", "9" * 30], "--seed must be"),
        (["animate", "loop", "@a.csv", "@x.csv", "--frames", "9" * 12], "at most 100000"),
        (["lint", "@a.csv", "--size", "64x64", "--depth", "@depth.png"], "--depth must be"),
    ],
)
def test_bad_input_is_one_line(pictures, capsys, words, said):
    (pictures / "keys.json").write_text('[{"frame": 0, "pam": 3}]')
    cv2.imwrite(str(pictures / "black.png"), np.zeros((48, 80), np.uint8))
    cv2.imwrite(str(pictures / "small.png"), np.full((24, 40), 255, np.uint8))
    (pictures / "huge.json").write_text('[{"frame": 1' + "0" * 400 + "}]")
    (pictures / "null.json").write_text("null")
    (pictures / "cut.png").write_bytes((pictures / "mask.png").read_bytes()[:-30])
    (pictures / "a.csv").write_text("0,0,5,5\n1,0,9,9\n")
    np.save(pictures / "line.npy", np.ones(5))
    np.save(pictures / "words.npy", np.full((48, 80), "a"))
    assert run(pictures, *words) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (pictures / "x.csv").exists()


def test_what_opencv_says_of_a_damaged_picture_is_not_added(pictures, capfd):
    (pictures / "cut.png").write_bytes((pictures / "mask.png").read_bytes()[:-30])
    assert run(pictures, "region", "@x.csv", "--mask", "@cut.png", "--scale", "2") == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_keys_may_begin_with_a_byte_order_mark(pictures):
    keys = '[{"frame": 0}, {"frame": 12, "pan": 5}]'
    (pictures / "keys.json").write_text(keys, encoding="utf-8-sig")
    words = ["--size", "80x48", "--frames", "13", "--keys", "@keys.json"]
    assert run(pictures, "camera", "@a.csv", *words) == 0


def test_every_format_can_be_written_where_the_size_is_known(pictures):
    turn = ["--mask", "@mask.png", "--frames", "13", "--count", "4"]
    assert run(pictures, "camera", "@a.svg", "--size", "80x48", "--frames", "13") == 0
    assert run(pictures, "region", "@b.nk", *turn, "--rotate", "30") == 0
    assert run(pictures, "rotate", "@c.blender.json", *turn, "--depth", "@depth.png") == 0
    assert run(pictures, "animate", "spring", "@b.nk", "@d.nk") == 0
    for name in ("a.svg", "b.nk", "c.blender.json", "d.nk"):
        assert read_tracks(pictures / name).num_frames == 13


def test_camera_follows_poses_from_elsewhere(pictures, capsys):
    chan = "\n".join(f"{i} {0.1 * i} 0 0 0 0 0 40" for i in range(13))
    (pictures / "shot.chan").write_text(chan)
    words = ["--depth", "@depth.png", "--frames", "13", "--poses", "@shot.chan"]
    assert run(pictures, "camera", "@p.csv", *words) == 0
    path = read_tracks(pictures / "p.csv").positions
    assert (path[-1, :, 0] < path[0, :, 0]).all()  # the camera goes right
    assert run(pictures, "camera", "@p.csv", *words, "--move", "zoom-in") == 2
    (pictures / "bad.txt").write_text("1 2 3")
    bad = [*words[:-1], "@bad.txt"]
    assert run(pictures, "camera", "@p.csv", *bad) == 2
    assert "bad.txt must be JSON, RealEstate10K" in capsys.readouterr().err
