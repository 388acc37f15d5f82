"""The source nodes on the fake host: what pictures become, and each bad input in one line."""

import json
import re
from pathlib import Path

import pytest
import torch

from wanmove_core.sources.camera.presets import CAMERA_PRESETS

WIDTH, HEIGHT, LENGTH = 112, 64, 13
SIZE = {"width": WIDTH, "height": HEIGHT, "length": LENGTH}


@pytest.fixture
def depth() -> torch.Tensor:
    """A near box before a far wall, white is near."""
    picture = torch.zeros(1, HEIGHT, WIDTH, 3)
    picture[:, 20:44, 40:72] = 1.0
    return picture


@pytest.fixture
def mask(depth) -> torch.Tensor:
    return depth[..., 0] > 0.5


def one_track(*ends, length=LENGTH) -> dict[str, torch.Tensor]:
    """Straight tracks, each from one end to the other."""
    time = torch.linspace(0, 1, length)[:, None, None]
    begin, end = (torch.tensor([pair[i] for pair in ends]).float() for i in (0, 1))
    return {
        "track_path": torch.lerp(begin, end, time),
        "track_visibility": torch.ones(length, len(ends), dtype=torch.bool),
    }


def run(pack, node, **inputs):
    (tracks,) = pack.run(f"WanMove{node}Tracks", **{**SIZE, **inputs})
    assert tracks["track_path"].dtype == torch.float32
    assert tracks["track_path"].shape[:2] == tracks["track_visibility"].shape
    assert len(tracks["track_path"]) == inputs.get("length", LENGTH)
    return tracks["track_path"], tracks["track_visibility"]


@pytest.mark.parametrize("move", CAMERA_PRESETS)
def test_every_move_runs_with_and_without_depth(pack, depth, move) -> None:
    flat, _ = run(pack, "Camera", move=move, count=40)
    deep, _ = run(pack, "Camera", move=move, count=40, depth=depth)
    # A whole turn ends where it began; a dolly zoom keeps the wall at the pivot as it is.
    still = move in ("static", "barrel-roll", "dolly-zoom-in", "dolly-zoom-out")
    assert ((flat[-1] - flat[0]).norm(dim=-1).max() > 1) == (not still)
    assert torch.equal(flat[0], deep[0])


def test_near_things_move_more(pack, depth, mask) -> None:
    path, _ = run(pack, "Camera", move="truck-left", depth=depth, count=200)
    seen_through = torch.cat([depth, torch.full_like(depth[..., :1], 0.3)], -1)
    same, _ = run(pack, "Camera", move="truck-left", depth=seen_through, count=200)
    assert torch.equal(path, same)
    way = (path[-1] - path[0])[:, 0]
    col, row = path[0].long().unbind(-1)
    near = mask[0, row, col]
    assert near.any() and way[near].min() > 5 * way[~near].max()


def test_a_camera_with_everything(pack, depth, mask) -> None:
    image = torch.rand(1, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))
    objects = one_track(((10, 10), (60, 30)), length=5)
    keys = json.dumps([{"frame": 0}, {"frame": 12, "roll": 30, "ease": [0, 0, 1, 1]}])
    path, _ = run(
        pack,
        "Camera",
        depth=depth,
        image=image,
        mask=~mask,
        objects=objects,
        keys=keys,
        second_move="zoom-in",
        handheld=0.5,
    )
    start = path[0, :-1].long()
    assert len(start) > 20 and not mask[0, start[:, 1], start[:, 0]].any()
    torch.testing.assert_close(path[0, -1], torch.tensor([10.0, 10.0]))
    plain, _ = run(pack, "Camera", move="static", objects=objects, count=9)
    torch.testing.assert_close(plain[-1, -1], torch.tensor([60.0, 30.0]))


def test_pictures_of_another_size_follow_the_crop(pack) -> None:
    """A wide picture loses its sides: what is in its middle is in the video's middle."""
    wide = torch.zeros(1, 2 * HEIGHT, 8 * WIDTH)
    wide[:, :, 3 * WIDTH : 5 * WIDTH] = 1.0
    path, _ = run(pack, "Region", mask=wide, count=60, margin=0.0)
    assert path[0, :, 0].min() < 5 and path[0, :, 0].max() > WIDTH - 5
    squeezed, _ = run(pack, "Region", mask=wide, count=60, resize="stretch")
    assert squeezed[0, :, 0].min() >= 42 and squeezed[0, :, 0].max() <= 70
    padded, _ = run(pack, "Region", mask=torch.ones_like(wide), count=60, resize="pad")
    assert padded[0, :, 1].min() > HEIGHT / 4 and padded[0, :, 1].max() < HEIGHT * 3 / 4


def test_a_region_moves_by_keys_along_a_path_and_as_a_puppet(pack, mask) -> None:
    path, seen = run(pack, "Region", mask=mask, count=50, shift_x=20.0, shift_y=-5.0)
    torch.testing.assert_close(path[-1], path[0] + torch.tensor([20.0, -5.0]))
    assert path.shape[1] == 50 and seen.all()
    follow, _ = run(
        pack, "Region", mask=mask, motion="path", tracks=one_track(((0, 0), (9, 9)), length=4)
    )
    torch.testing.assert_close(follow[-1], follow[0] + 9.0, rtol=0, atol=1e-4)
    handles = one_track(((44, 32), (44, 32)), ((68, 32), (68, 44)))
    bent, _ = run(pack, "Region", mask=mask, motion="puppet", tracks=handles, pins=40)
    moved = (bent[-1] - bent[0]).norm(dim=-1)
    assert moved[:-256].max() == 0 and moved[-256:].max() > 9 and moved[-256:].min() < 3
    keys = json.dumps([{"frame": 0}, {"frame": 6, "x": 8}])
    half, _ = run(pack, "Region", mask=mask, keys=keys, spacing=6.0)
    torch.testing.assert_close(half[6], half[0] + torch.tensor([8.0, 0.0]))
    assert torch.equal(half[6], half[-1])


def test_a_region_closer_on_details_and_behind_what_is_in_front(pack, mask) -> None:
    image = torch.zeros(1, HEIGHT, WIDTH, 3)
    image[:, :, 55:] = 1.0
    path, _ = run(pack, "Region", mask=mask, image=image, detail=1.0, count=60)
    assert ((path[0, :, 0] - 55).abs() < 4).float().mean() > 0.35
    front = torch.zeros(1, HEIGHT, WIDTH)
    front[:, :, 80:90] = 1.0
    path, seen = run(pack, "Region", mask=mask, front=front, shift_x=30.0)
    behind = (path[..., 0] >= 80) & (path[..., 0] < 90)
    assert torch.equal(seen, ~behind) and behind.any()


def test_an_object_turns(pack, mask, depth) -> None:
    path, seen = run(pack, "Rotation", mask=mask, depth=depth, degrees=40.0, count=80, pins=30)
    moved = (path[-1] - path[0]).norm(dim=-1)
    assert (moved == 0).sum() > 20 and moved.max() > 3 and seen[0].all()
    keys = json.dumps([{"frame": 0}, {"frame": 6, "degrees": 90}, {"frame": 12, "degrees": 0}])
    back, _ = run(pack, "Rotation", mask=mask, depth=depth, keys=keys, count=80)
    torch.testing.assert_close(back[-1], back[0], rtol=0, atol=1e-3)


def bad_inputs():
    grey, square = torch.rand(1, HEIGHT, WIDTH, 1).expand(-1, -1, -1, 3), torch.rand(1, 40, 40, 3)
    mask, empty = torch.ones(1, HEIGHT, WIDTH), torch.zeros(1, HEIGHT, WIDTH)
    track, both = one_track(((1, 1), (2, 2))), {"mask": mask, "depth": grey}
    holes, coloured = grey * torch.nan, torch.rand(1, HEIGHT, WIDTH, 3)
    yield "Region", {"mask": empty}, "mask must mark"
    yield "Region", {"mask": mask, "motion": "path"}, "tracks must be connected"
    yield "Region", {"mask": mask, "motion": "puppet"}, "tracks must be connected"
    yield "Region", {"mask": mask, "motion": "path", "tracks": {"x": 1}}, "tracks: tracks must be"
    yield "Region", {"mask": mask, "image": square}, "image must have the proportions of mask"
    yield "Region", {"mask": mask, "detail": 0.5}, "detail must have an image"
    yield "Region", {"mask": mask, "front": mask}, "front must leave"
    yield "Region", {"mask": mask, "keys": "[1]"}, "keys must be a JSON list"
    yield "Region", {"mask": mask, "keys": '[{"frame": 0, "x": NaN}]'}, "keys must be a JSON list"
    yield "Region", {"mask": mask, "keys": '[{"frame": 5}, {"frame": 1}]'}, "ascending"
    yield "Rotation", {**both, "mask": empty}, "mask must mark the object"
    yield "Rotation", {**both, "depth": holes}, "depth: depth must be finite"
    yield "Rotation", {**both, "depth": square}, "depth must have the proportions of mask"
    yield "Rotation", {**both, "depth": coloured}, "depth: a depth picture must be grey"
    yield "Rotation", {**both, "keys": '[{"frame": 0, "turn": 3}]'}, "keys must be a JSON list"
    yield "Camera", {"depth": holes}, "depth: depth must be finite"
    yield "Camera", {"depth": grey * 0, "depth_kind": "metric"}, "depth: metric depth must be"
    yield "Camera", {"depth": grey, "near": 5.0, "far": 2.0}, "depth: near and far must be"
    yield "Camera", {"depth": grey, "mask": square[..., 0]}, "mask must have the proportions"
    yield "Camera", {"mask": empty}, "mask must leave room"
    yield "Camera", {"image": empty[..., None].expand(-1, -1, -1, 3)}, "must have corners"
    yield "Camera", {"objects": {**track, "track_path": torch.zeros(3)}}, "objects: positions must"
    yield "Camera", {"keys": '{"frame": 0}'}, "keys must be a JSON list"


@pytest.mark.parametrize("case", list(bad_inputs()), ids=lambda case: f"{case[0]} {case[2]}")
def test_bad_input_is_one_line_that_names_it(pack, case) -> None:
    node, inputs, words = case
    with pytest.raises(ValueError, match=words) as caught:
        run(pack, node, **inputs)
    assert "\n" not in str(caught.value) and "; got" in str(caught.value)


@pytest.mark.parametrize("node", ["Camera", "Region", "Rotation"])
def test_the_pictures_of_the_help_pages_are_there(node) -> None:
    docs = Path(__file__).parents[2] / "web/docs"
    for page in (f"WanMove{node}Tracks.md", f"WanMove{node}Tracks/zh.md"):
        shown = re.findall(r"!\[.+\]\((.+)\)", (docs / page).read_text(encoding="utf-8"))
        # The frontend looks below docs/, whatever folder the page is in.
        assert shown and all((docs / name).stat().st_size > 1000 for name in shown)


def test_a_camera_from_elsewhere(pack, depth) -> None:
    """The text of a file and its name do the same; the picture's moves are left out."""
    poses = [{"c2w": [[1, 0, 0, x], [0, 1, 0, 0], [0, 0, 1, 0]]} for x in (0.0, 3.0)]
    (pack.base / "input/shot.json").write_text(json.dumps(poses))
    path, _ = run(pack, "Camera", poses=json.dumps(poses), depth=depth, count=60)
    named, _ = run(pack, "Camera", poses="shot.json", depth=depth, count=60, move="barrel-roll")
    assert torch.equal(path, named)
    # The camera goes right, the scene left, evenly: no ease of ours.
    step = path[1:, :, 0] - path[:-1, :, 0]
    assert (step < 0).all() and torch.allclose(step, step[:1].expand_as(step), atol=1e-3)
    twice, _ = run(pack, "Camera", poses="shot.json", depth=depth, count=60, pose_scale=0.01)
    assert (twice[-1] - twice[0]).abs().max() < (path[-1] - path[0]).abs().max()
    for name in ("none.json", "none.nk", "../shot.json"):
        assert pack.nodes["WanMoveCameraTracks"].fingerprint_inputs(poses=name) is None
    for name in ("none.json", "none.nk"):
        with pytest.raises(ValueError, match=rf"file must exist in .*{name}"):
            run(pack, "Camera", poses=name)


def test_a_pose_file_that_changes_runs_again(pack) -> None:
    seen = pack.nodes["WanMoveCameraTracks"].fingerprint_inputs
    path = pack.base / "input/take.chan"
    path.write_text("1 0 0 0 0 0 0")
    before = seen(poses=" take.chan\n", count=60)
    assert before is not None and seen(poses="take.chan") == before
    path.write_text("1 0 0 0 0 0 0\n2 5 0 0 0 0 0")
    assert seen(poses="take.chan") != before
    # Text, an empty input, and one that is linked (None) name no file.
    assert [seen(poses=given) for given in (path.read_text(), "", None)] == [None] * 3
    assert seen() is None
