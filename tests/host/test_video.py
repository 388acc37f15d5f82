"""Video Tracks on a real ComfyUI: files, frames, masks, CoTracker through its model management."""

import cv2
import numpy as np
import pytest
import torch

from tests.host.graphs import Graph
from tests.host.server import ComfyServer
from tests.host.test_tracks import keep, kept
from tests.tracking.test_cotracker import Brightest, save
from wanmove_core.media.video_writer import write_video

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

WIDTH, HEIGHT, FRAMES = 208, 128, 13
STEP = np.array([3, 2])
INPUTS = {
    "width": WIDTH,
    "height": HEIGHT,
    "length": FRAMES,
    "resize": "crop",
    "points": "features",
    "count": 40,
    "tracker": "optical flow",
    "first": 0,
    "every": 1,
    "use": 0,
    "camera": "keep",
    "fit": "uniform",
    "strength": 1.0,
    "speed": 1.0,
}


@pytest.fixture(scope="module")
def video(comfy: ComfyServer) -> str:
    """A picture of blobs that moves by STEP a frame; its name in the input folder."""
    rng = np.random.default_rng(0)
    size = (WIDTH + 60, HEIGHT + 60)
    noise = rng.uniform(0, 255, (24, 40, 3)).astype(np.float32)
    picture = np.clip(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC), 0, 255)
    frames = []
    for frame in range(FRAMES):
        x, y = 40 - STEP * frame
        frames.append(picture[y : y + HEIGHT, x : x + WIDTH].astype(np.uint8))
    path = comfy.base / "input/clips/moving.mp4"
    path.parent.mkdir(exist_ok=True)
    write_video(path, torch.from_numpy(np.stack(frames)))
    return "clips/moving.mp4"


def moved(tracks: dict) -> np.ndarray:
    path, seen = tracks["track_path"], tracks["track_visibility"]
    return (path[-1] - path[0])[seen[-1]].median(0).values.numpy()


def test_file_and_frames_give_the_same_tracks(comfy: ComfyServer, video: str) -> None:
    graph = Graph()
    keep(graph, "file", graph.add("WanMoveVideoTracks", file=video, **INPUTS))
    loaded = graph.add("LoadVideo", file=video)
    images = graph.add("GetVideoComponents", video=loaded)
    # As the frontend sends it: a list always has a value.
    node = graph.add("WanMoveVideoTracks", images=images, file="none", **INPUTS)
    keep(graph, "images", node)
    keep(graph, "first", node.out(1))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    file, images = kept(comfy, "file"), kept(comfy, "images")
    assert file["track_path"].shape[0] == FRAMES
    np.testing.assert_allclose(moved(file), STEP * (FRAMES - 1), atol=0.3)
    np.testing.assert_allclose(moved(images), STEP * (FRAMES - 1), atol=0.3)
    assert kept(comfy, "first").shape == (1, HEIGHT, WIDTH, 3)
    # Nothing changed: nothing runs.
    assert comfy.run(graph.prompt).executed == []


def test_motion_goes_onto_the_target(comfy: ComfyServer, video: str) -> None:
    graph = Graph()
    size = {"width": WIDTH, "height": HEIGHT}
    empty = graph.add("SolidMask", value=0.0, **size)
    full = graph.add("SolidMask", value=1.0, width=40, height=40)
    place = {"operation": "add"}
    source = graph.add("MaskComposite", destination=empty, source=full, x=20, y=20, **place)
    target = graph.add("MaskComposite", destination=empty, source=full, x=120, y=60, **place)
    masks = {"mask": source, "target_mask": target}
    keep(graph, "placed", graph.add("WanMoveVideoTracks", file=video, **masks, **INPUTS))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    placed = kept(comfy, "placed")
    x, y = placed["track_path"][0].T
    assert ((x >= 120) & (x <= 160) & (y >= 60) & (y <= 100)).all()
    np.testing.assert_allclose(moved(placed), STEP * (FRAMES - 1), atol=0.3)


def test_a_cotracker_runs_under_the_hosts_model_management(
    comfy: ComfyServer, video: str, tmp_path
) -> None:
    class WithWeights(Brightest):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(3))

    folder = comfy.base / "models/cotracker"
    folder.mkdir(parents=True, exist_ok=True)
    save(WithWeights(), folder / "small.pt")
    graph = Graph()
    options = {**INPUTS, "tracker": "small.pt"}
    keep(graph, "tracks", graph.add("WanMoveVideoTracks", file=video, **options))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert kept(comfy, "tracks")["track_path"].shape[0] == FRAMES


def test_bad_input_is_one_line(comfy: ComfyServer, video: str) -> None:
    cut = comfy.base / "input/cut.mp4"
    cut.write_bytes((comfy.base / "input" / video).read_bytes()[:900])
    mask = {"width": 50, "height": 30, "value": 1.0}
    for message, inputs, masked in (
        ("either images or file must be given; got neither", {}, False),
        ("cut.mp4 must be a readable video", {"file": "cut.mp4"}, False),
        ("must have a frame 50 or later", {"file": video, "first": 50}, False),
        ("mask must be of the video's size, 208x128 px; got 50x30", {"file": video}, True),
    ):
        graph = Graph()
        given = {**INPUTS, **inputs}
        if masked:
            given["mask"] = graph.add("SolidMask", **mask)
        keep(graph, "tracks", graph.add("WanMoveVideoTracks", **given))
        run = comfy.run(graph.prompt)
        assert run.error is not None, message
        assert message in run.error["exception_message"]
        assert run.error["exception_message"].strip().count("\n") == 0
    graph = Graph()
    keep(graph, "tracks", graph.add("WanMoveVideoTracks", file="../../secret.mp4", **INPUTS))
    with pytest.raises(AssertionError, match=r"file must (lie|exist) in ComfyUI"):
        comfy.run(graph.prompt)
