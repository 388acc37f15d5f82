"""Without OpenCV all nodes work but those that follow points, and these say what to install."""

import sys

import pytest
import torch

from tests.nodes.conftest import HEIGHT, LENGTH, WIDTH

NAME = "wan_move_pack.wanmove_core"
SIZE = {"width": WIDTH, "height": HEIGHT, "length": LENGTH}


@pytest.fixture(autouse=True)
def no_opencv(monkeypatch) -> None:
    """As where it is not installed."""
    monkeypatch.setitem(sys.modules, "cv2", None)
    for module in ("tracking.video", "tracking.points", "tracking.patches", "evaluate.overlay"):
        monkeypatch.delitem(sys.modules, f"{NAME}.{module}", raising=False)


def test_tracks_come_from_all_other_sources_and_are_drawn(pack, image, tracks) -> None:
    disc = torch.zeros(1, HEIGHT, WIDTH)
    disc[:, 12:28, 20:40] = 1
    depth = disc[..., None].expand(-1, -1, -1, 3)
    sources = [tracks]
    features = {"image": image, "points": "features", "count": 20}
    known = pack.nodes["WanMoveCameraTracks"].define_schema().inputs
    features = {k: v for k, v in features.items() if k in {slot.id for slot in known}}
    sources += pack.run("WanMoveCameraTracks", **SIZE, move="push-in", depth=depth, **features)
    moved = {"mask": disc, "image": image, "motion": "keys", "shift_x": 9, "detail": 0.5}
    sources += pack.run("WanMoveRegionTracks", **SIZE, **moved, pins=20)
    sources += pack.run("WanMoveRotationTracks", **SIZE, mask=disc, depth=depth, pins=20)
    both, *_ = pack.run(
        "WanMoveCombineTracks", tracks={f"tracks_{i}": one for i, one in enumerate(sources)}
    )
    assert both["track_path"].shape[1] > 100
    for style in ("trails", "paths"):
        (drawn,) = pack.run("WanMoveDrawTracks", images=image, tracks=both, style=style)
        assert (drawn[-1] != image[0]).any()


@pytest.mark.parametrize(
    ("node", "inputs"),
    [("WanMoveVideoTracks", SIZE), ("WanMoveTrajectoryError", {"retime": "time"})],
)
def test_what_follows_points_says_what_to_install(pack, tracks, node, inputs) -> None:
    clip = torch.rand(LENGTH, HEIGHT, WIDTH, 3)
    given = {"images": clip, **inputs} | ({"tracks": tracks} if "Error" in node else {})
    line = "must have OpenCV 4.5 or newer; got none. Run: pip install .*opencv-python-headless"
    with pytest.raises(ValueError, match=line):
        pack.run(node, **given)


def test_no_video_is_made_for_an_error_that_cannot_be_measured(pack, monkeypatch) -> None:
    node = pack.nodes["WanMoveTrajectoryError"]
    told = node.validate_inputs(retime="time")
    assert told.endswith("got none. Run: pip install --no-deps opencv-python-headless")
    monkeypatch.delitem(sys.modules, "cv2")
    pytest.importorskip("cv2")
    assert node.validate_inputs(retime="time") is True
    assert node.validate_inputs(retime="no") == (
        "must be one of time, cut, hold; got 'no'. Choose one of the list."
    )
