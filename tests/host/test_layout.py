"""The shipped workflows as pictures: no node over another, no wire behind a strange node."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / "example_workflows").glob("*.json"))
TITLE, SLOT = 30, 20  # px: a node's title above its box, one row of slots


def boxes(workflow: dict[str, Any]) -> dict[int, tuple[float, ...]]:
    """(left, top, right, bottom) of each node with its title."""
    found = {}
    for node in workflow["nodes"]:
        (x, y), (width, height) = node["pos"], node["size"]
        found[node["id"]] = (x, y - TITLE, x + width, y + height)
    return found


def ways(workflow: dict[str, Any]):
    """Each wire: its two nodes, and points along it as LiteGraph draws it."""
    nodes = {node["id"]: node for node in workflow["nodes"]}
    reroutes = {entry["id"]: entry for entry in workflow["extra"].get("reroutes", [])}
    bent = {e["id"]: e["parentId"] for e in workflow["extra"].get("linkExtensions", [])}
    for link, origin, slot, target, target_slot, _ in workflow["links"]:
        begin, end = nodes[origin], nodes[target]
        points = [(end["pos"][0], end["pos"][1] + (target_slot + 0.7) * SLOT)]
        reroute = bent.get(link)
        while reroute is not None:
            assert link in reroutes[reroute]["linkIds"]
            points.insert(0, reroutes[reroute]["pos"])
            reroute = reroutes[reroute].get("parentId")
        points.insert(
            0, (begin["pos"][0] + begin["size"][0], begin["pos"][1] + (slot + 0.7) * SLOT)
        )
        last = len(points) - 2
        parts = [
            spline(a, b, level=(index == 0, index == last))
            for index, (a, b) in enumerate(itertools.pairwise(points))
        ]
        yield origin, target, np.concatenate(parts)


def spline(begin, end, *, level: tuple[bool, bool]) -> np.ndarray:
    """Points of a curve that is level at a slot, for a quarter of the way, and not at a reroute."""
    begin, end = np.array(begin, float), np.array(end, float)
    out = np.array([np.hypot(*(end - begin)) / 4, 0])
    share = np.linspace(0, 1, 101)[:, None]
    left = 1 - share
    return (
        left**3 * begin
        + 3 * left**2 * share * (begin + out * level[0])
        + 3 * left * share**2 * (end - out * level[1])
        + share**3 * end
    )


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_node_lies_over_another_and_groups_hold_whole_nodes(path: Path) -> None:
    workflow = load(path)
    placed = list(boxes(workflow).items())
    for index, (one, (left, top, right, bottom)) in enumerate(placed):
        for other, (x, y, end_x, end_y) in placed[index + 1 :]:
            apart = right < x or end_x < left or bottom < y or end_y < top
            assert apart, (one, other)
    for group in workflow["groups"]:
        x, y, width, height = group["bounding"]
        for one, (left, top, right, bottom) in placed:
            inside = x <= left and right <= x + width and y <= top and bottom <= y + height
            outside = right <= x or x + width <= left or bottom <= y or y + height <= top
            assert inside or outside, (group["title"], one)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_wire_passes_behind_a_node_that_it_does_not_belong_to(path: Path) -> None:
    workflow = load(path)
    kinds = {node["id"]: node["type"] for node in workflow["nodes"]}
    hidden = [
        (kinds[origin], kinds[target], kinds[node])
        for origin, target, way in ways(workflow)
        for node, (left, top, right, bottom) in boxes(workflow).items()
        if node not in (origin, target)
        and ((way > [left, top]) & (way < [right, bottom])).all(1).any()
    ]
    assert not hidden


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_the_frontend_shows_the_whole_graph(path: Path) -> None:
    """As it does where no view is saved."""
    assert "ds" not in load(path)["extra"]
