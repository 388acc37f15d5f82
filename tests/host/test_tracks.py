"""Track nodes on a real ComfyUI, with core's own track nodes on either side."""

import json

import numpy as np
import pytest
import torch

from tests.host.graphs import Graph, Node
from tests.host.server import ComfyServer
from tests.host.test_guidance import HEIGHT, LENGTH, WIDTH, ours, start, tracks

UNCHANGED = {
    "max_points": 0,
    "reverse": False,
    "repeat": 1,
    "smooth": 0.0,
    "scale": 1.0,
    "rotate": 0.0,
    "pivot": "centre",
    "offset_x": 0.0,
    "offset_y": 0.0,
    "length": 0,
    "retime": "time",
}
AS_STORED = {"width": 0, "height": 0, "length": 0, "unit": "auto"}
AS_STORED |= {"canvas_width": 0, "canvas_height": 0}


def keep(graph: Graph, name: str, node) -> None:
    graph.add("TestKeepValue", value=node, name=f"{name}.pt")


def kept(comfy: ComfyServer, name: str) -> dict:
    return torch.load(comfy.base / f"output/{name}.pt", weights_only=True)


def assert_same(one: dict, other: dict) -> None:
    torch.testing.assert_close(one["track_path"], other["track_path"])
    assert torch.equal(one["track_visibility"], other["track_visibility"])


SUFFIXES = {"nuke": "nk", "blender": "blender.json"}


@pytest.mark.parametrize("kind", ["npy", "json", "csv", "svg", "nuke", "blender"])
def test_saved_tracks_load_again(comfy: ComfyServer, kind: str) -> None:
    graph = Graph()
    motion = tracks(graph)
    keep(graph, "before", motion)
    saved = graph.add("WanMoveSaveTracks", tracks=motion, filename_prefix="my/t", format=kind)
    keep(graph, "path", saved)
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    path = kept(comfy, "path")
    assert path.startswith("my/t_") and path.endswith(f"_tracks.{SUFFIXES.get(kind, kind)}")

    graph = Graph()
    loaded = graph.add("WanMoveLoadTracks", file=f"{path} [output]", **AS_STORED)
    keep(graph, "after", loaded)
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert_same(kept(comfy, "after"), kept(comfy, "before"))


def test_a_changed_file_is_read_again(comfy: ComfyServer) -> None:
    path = comfy.base / "input/changing_tracks.npy"
    graph = Graph()
    keep(graph, "loaded", graph.add("WanMoveLoadTracks", file=path.name, **AS_STORED))
    for value in (3.0, 5.0):
        np.save(path, np.full((1, 9, 2, 2), value, np.float32))
        assert comfy.run(graph.prompt).error is None
        assert kept(comfy, "loaded")["track_path"].unique().item() == value
    assert comfy.run(graph.prompt).executed == []


def test_linked_text_is_read_where_the_file_is_gone(comfy: ComfyServer) -> None:
    graph = Graph()
    text = graph.add("PrimitiveString", value='[{"x": 3, "y": 4}]')
    given = {"file": "gone.npy", "text": text, **AS_STORED}
    keep(graph, "linked", graph.add("WanMoveLoadTracks", **given))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert kept(comfy, "linked")["track_path"].flatten().tolist() == [3.0, 4.0]
    assert comfy.run(graph.prompt).executed == []


def test_text_of_a_spline_editor_is_scaled(comfy: ComfyServer) -> None:
    text = json.dumps([[{"x": 100, "y": 50}, {"x": 200, "y": 100}]])
    graph = Graph()
    source = graph.add("PrimitiveString", value=text)
    sizes = {"width": 800, "height": 400, "canvas_width": 400, "canvas_height": 200}
    options = {**AS_STORED, **sizes, "length": 5}
    keep(graph, "loaded", graph.add("WanMoveLoadTracks", text=source, **options))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    path = kept(comfy, "loaded")["track_path"]
    assert path[0, 0].tolist() == [200, 100]
    assert path[-1, 0].tolist() == [400, 200]
    assert len(path) == 5


@pytest.mark.parametrize(
    "name", ["../../secret.npy", "/etc/passwd", "../models/umt5_small.json", "no_such.npy"]
)
def test_files_elsewhere_are_refused(comfy: ComfyServer, name: str) -> None:
    graph = Graph()
    keep(graph, "loaded", graph.add("WanMoveLoadTracks", file=name, **AS_STORED))
    with pytest.raises(AssertionError, match=r"file must (lie|exist) in ComfyUI"):
        comfy.run(graph.prompt)


@pytest.mark.parametrize("prefix", ["../outside", "/tmp/outside", "a/../../outside"])
def test_saving_elsewhere_is_refused(comfy: ComfyServer, prefix: str) -> None:
    graph = Graph()
    options = {"filename_prefix": prefix, "format": "npy"}
    graph.add("WanMoveSaveTracks", tracks=tracks(graph), **options)
    run = comfy.run(graph.prompt)
    assert run.error["node_type"] == "WanMoveSaveTracks"
    assert "filename_prefix must stay" in run.error["exception_message"]


def combine(graph: Graph, parts: list[Node]) -> Node:
    inputs = {f"tracks.tracks_{index}": part for index, part in enumerate(parts)}
    return graph.add("WanMoveCombineTracks", **inputs, retime="time")


def test_combining_equals_cores_concat(comfy: ComfyServer) -> None:
    graph = Graph()
    one, other = tracks(graph), tracks(graph, x=0.6)
    core = graph.add("WanMoveConcatTrack", tracks_1=one, tracks_2=other)
    keep(graph, "core", core)
    keep(graph, "ours", combine(graph, [one, other]))
    keep(graph, "three", combine(graph, [one, tracks(graph, num_frames=11), other]))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert_same(kept(comfy, "ours"), kept(comfy, "core"))
    assert kept(comfy, "three")["track_path"].shape == (LENGTH, 9, 2)


def test_transform(comfy: ComfyServer) -> None:
    graph = Graph()
    motion = tracks(graph)
    keep(graph, "given", motion)
    keep(graph, "same", graph.add("WanMoveTransformTracks", tracks=motion, **UNCHANGED))
    changes = {**UNCHANGED, "reverse": True, "offset_x": 8.0, "length": 15, "retime": "cut"}
    keep(graph, "changed", graph.add("WanMoveTransformTracks", tracks=motion, **changes))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    given = kept(comfy, "given")
    assert_same(kept(comfy, "same"), given)
    expected = given["track_path"].flip(0)[:15] + torch.tensor([8.0, 0.0])
    torch.testing.assert_close(kept(comfy, "changed")["track_path"], expected)


def test_our_tracks_feed_cores_nodes(comfy: ComfyServer) -> None:
    graph = Graph()
    inputs = start(graph)
    changed = graph.add("WanMoveTransformTracks", tracks=tracks(graph), **UNCHANGED)
    size = {"width": WIDTH, "height": HEIGHT, "length": LENGTH, "batch_size": 1, "strength": 1.0}
    keep(graph, "core", graph.add("WanMoveTrackToVideo", **inputs, tracks=changed, **size))
    look = {"line_resolution": 5, "circle_size": 3, "opacity": 0.7, "line_width": 2}
    image = inputs["start_image"]
    keep(graph, "drawn", graph.add("WanMoveVisualizeTracks", images=image, tracks=changed, **look))
    keep(graph, "ours", ours(graph, inputs, changed))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    core, mine = (kept(comfy, name)[0][1]["concat_latent_image"] for name in ("core", "ours"))
    torch.testing.assert_close(mine, core, rtol=0, atol=3e-5)
    assert kept(comfy, "drawn").shape[0] == LENGTH


def test_a_mask_with_several_tracks_guides(comfy: ComfyServer) -> None:
    """Core makes visibility [T, 1] here, on which its own guidance node fails."""
    graph = Graph()
    coordinates = [[{"x": 20 + 2 * t + 30 * n, "y": 40} for t in range(LENGTH)] for n in range(2)]
    mask = graph.add("SolidMask", value=1.0, width=8, height=8)
    frames = graph.add("RepeatImageBatch", image=graph.add("MaskToImage", mask=mask), amount=LENGTH)
    motion = graph.add(
        "WanMoveTracksFromCoords",
        track_coords=graph.add("PrimitiveString", value=json.dumps(coordinates)),
        track_mask=graph.add("ImageToMask", image=frames, channel="red"),
    )
    keep(graph, "report", ours(graph, start(graph), motion).out(3))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    assert kept(comfy, "report").startswith("2 of 2 tracks guide")
