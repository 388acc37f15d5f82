"""Source nodes on a real ComfyUI, with the host's own masks and images, up to the guided latent."""

import json

import pytest

from tests.host.graphs import Graph
from tests.host.server import ComfyServer
from tests.host.test_guidance import HEIGHT, LENGTH, WIDTH, ours, start, tracks
from tests.host.test_tracks import UNCHANGED, keep, kept

SIZE = {"width": WIDTH, "height": HEIGHT, "length": LENGTH, "resize": "crop"}
DEPTH = {"depth_kind": "inverse", "near": 1.0, "far": 10.0, "fov": 50.0}
CAMERA = {"move": "truck-left", "strength": 1.0, "second_move": "zoom-in", "second_strength": 0.5}
CAMERA |= {"handheld": 0.3, "seed": 1, "count": 60, **SIZE, **DEPTH}
REGION = {"motion": "keys", "shift_x": 24.0, "shift_y": 0.0, "scale": 1.0, "stretch": 1.0}
REGION |= {"rotate": 0.0, "pivot": "centre", "orient": False, "stiffness": "rigid"}
REGION |= {"ease": "in-out", "pattern": "scatter", "count": 30, "spacing": 0.0, "margin": 1.0}
REGION |= {"detail": 0.0, "seed": 0, "pins": 20, **SIZE}
ROTATION = {"degrees": 50.0, "axis": "vertical", "ease": "in-out", "count": 40, "pins": 20}
ROTATION |= {**SIZE, **DEPTH}


def box(graph: Graph):
    """A mask that is set on a box: 40x32 px from (30, 24), of the start image's size."""
    ground = graph.add("SolidMask", value=0.0, width=131, height=97)
    top = graph.add("SolidMask", value=1.0, width=40, height=32)
    return graph.add("MaskComposite", destination=ground, source=top, x=30, y=24, operation="add")


def test_sources_guide(comfy: ComfyServer) -> None:
    graph = Graph()
    inputs = start(graph)
    mask = box(graph)
    depth = graph.add("MaskToImage", mask=mask)
    one = {**UNCHANGED, "max_points": 1}
    path = graph.add("WanMoveTransformTracks", tracks=tracks(graph), **one)
    made = {
        "camera": graph.add("WanMoveCameraTracks", depth=depth, objects=path, **CAMERA),
        "keys": graph.add("WanMoveRegionTracks", mask=mask, **REGION),
        "path": graph.add(
            "WanMoveRegionTracks", mask=mask, tracks=path, **{**REGION, "motion": "path"}
        ),
        "puppet": graph.add(
            "WanMoveRegionTracks",
            mask=mask,
            tracks=tracks(graph),
            image=inputs["start_image"],
            **{**REGION, "motion": "puppet", "detail": 0.5},
        ),
        "rotation": graph.add("WanMoveRotationTracks", mask=mask, depth=depth, **ROTATION),
    }
    for name, node in made.items():
        keep(graph, name, node)
        keep(graph, f"{name}_report", ours(graph, inputs, node).out(3))
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    for name in made:
        path = kept(comfy, name)["track_path"]
        assert len(path) == LENGTH and path.shape[1] >= 40, name
        moving = (path[-1] - path[0]).norm(dim=-1) > 1
        assert moving.sum() >= 10, name
        assert " tracks guide" in kept(comfy, f"{name}_report"), name
    # Cropping 131x97 to 112x80 takes 1 px off each side, then scales by 0.86.
    region = kept(comfy, "keys")["track_path"][0, -30:]
    assert region.amin(0).tolist() == pytest.approx([26, 21], abs=4)
    assert region.amax(0).tolist() == pytest.approx([60, 48], abs=4)
    assert comfy.run(graph.prompt).executed == []


@pytest.mark.parametrize(
    ("node", "changes", "words"),
    [
        ("Region", {"mask": "empty"}, "mask must mark a region; got an empty one"),
        ("Region", {"mask": "box", "motion": "puppet"}, "tracks must be connected"),
        ("Region", {"mask": "box", "keys": "[}"}, "keys must be a JSON list"),
        ("Rotation", {"mask": "box", "depth": "square"}, "depth must have the proportions"),
        ("Camera", {"depth": "black", "depth_kind": "metric"}, "metric depth must be above 0"),
    ],
)
def test_bad_input_is_one_line(comfy: ComfyServer, node: str, changes: dict, words: str) -> None:
    graph = Graph()
    empty = graph.add("SolidMask", value=0.0, width=131, height=97)
    square = graph.add("SolidMask", value=0.5, width=64, height=64)
    made = {
        "empty": empty,
        "box": box(graph),
        "square": graph.add("MaskToImage", mask=square),
        "black": graph.add("MaskToImage", mask=empty),
    }
    defaults = {"Camera": CAMERA, "Region": REGION, "Rotation": ROTATION}[node]
    given = {name: made.get(value, value) for name, value in changes.items()}
    keep(graph, "bad", graph.add(f"WanMove{node}Tracks", **{**defaults, **given}))
    run = comfy.run(graph.prompt)
    assert run.error is not None
    assert words in run.error["exception_message"]
    assert run.error["exception_message"].strip().count("\n") == 0


def test_rotation_without_depth_is_refused_before_it_runs(comfy: ComfyServer) -> None:
    graph = Graph()
    keep(graph, "bad", graph.add("WanMoveRotationTracks", mask=box(graph), **ROTATION))
    with pytest.raises(AssertionError, match="depth"):
        comfy.run(graph.prompt)


def test_a_changed_pose_file_is_read_again(comfy: ComfyServer) -> None:
    path = comfy.base / "input/changing.json"
    graph = Graph()
    node = graph.add("WanMoveCameraTracks", **{**CAMERA, "poses": path.name})
    keep(graph, "posed", node)
    found = []
    for end in (1.0, -1.0):
        poses = [{"c2w": [[1, 0, 0, x], [0, 1, 0, 0], [0, 0, 1, 0]]} for x in (0.0, end)]
        path.write_text(json.dumps(poses))
        run = comfy.run(graph.prompt)
        assert run.error is None, run.error
        found.append(kept(comfy, "posed")["track_path"])
    assert (found[0][-1, :, 0] < found[1][-1, :, 0]).all()
    assert comfy.run(graph.prompt).executed == []
