"""The reported files on a real ComfyUI: Load Tracks, the editor's route, Video Tracks."""

import json
import shutil

import numpy as np
import pytest

from tests.host.graphs import Graph
from tests.host.server import ComfyServer
from tests.host.test_editor import send
from tests.host.test_tracks import AS_STORED, keep, kept
from tests.host.test_video import INPUTS
from tests.reported_files import READ, REFUSED, REPORTED
from wanmove_core.media.video import probe_video

CANVAS = "&width=96&height=64&frames=9"


@pytest.fixture(scope="module", autouse=True)
def files(comfy: ComfyServer) -> None:
    for path in REPORTED.iterdir():
        shutil.copy(path, comfy.base / "input" / path.name)


@pytest.mark.parametrize("name", READ)
def test_load_tracks_and_the_route(comfy: ComfyServer, name: str) -> None:
    tracks, frames, (frame, track, x, y), _ = READ[name]
    graph = Graph()
    text = graph.add("PrimitiveString", value=(REPORTED / name).read_text(encoding="utf-8"))
    keep(graph, "file", graph.add("WanMoveLoadTracks", file=name, **AS_STORED))
    keep(graph, "text", graph.add("WanMoveLoadTracks", text=text, **AS_STORED))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    for way in ("file", "text"):
        path = kept(comfy, way)["track_path"]
        assert path.shape == (frames, tracks, 2)
        assert path[frame, track].tolist() == pytest.approx([x, y])
    status, data = send(comfy, f"name={name}{CANVAS}", (REPORTED / name).read_bytes())
    assert status == 200 and len(json.loads(data)["tracks"]) == tracks


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_tracks_is_one_line(comfy: ComfyServer, name: str) -> None:
    graph = Graph()
    keep(graph, "file", graph.add("WanMoveLoadTracks", file=name, **AS_STORED))
    said = comfy.run(graph.prompt).error["exception_message"].strip()
    assert REFUSED[name] in said and "\n" not in said
    status, data = send(comfy, f"name={name}{CANVAS}", (REPORTED / name).read_bytes())
    assert status == 400 and REFUSED[name] in json.loads(data)["error"]


def test_a_video_of_unequal_frames_moves_evenly(comfy: ComfyServer) -> None:
    graph = Graph()
    width, height = probe_video(REPORTED / "vfr.mp4").size
    inputs = {**INPUTS, "width": width, "height": height, "length": 70}
    keep(graph, "moved", graph.add("WanMoveVideoTracks", file="vfr.mp4", **inputs))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    path = kept(comfy, "moved")["track_path"][..., 0].numpy()
    steps = np.median(np.diff(path, axis=0), axis=1)
    assert len(path) == 70 and steps.min() > 1.5 and steps.max() < 3
