"""The subgraph blueprint: Fit and Encode Start Image and Trajectory Guidance as one node."""

import uuid
from typing import Any

from dev.workflow_canvas import Canvas
from tests.host.workflows import slots

BLUEPRINT = "Wan-Move Track to Video"
_FIT, _ENCODE, _GUIDE = 1, 2, 3
# The names of core's WanMoveTrackToVideo -> where they go: node of the subgraph and its input.
ENTRIES = {
    "positive": [(_GUIDE, "positive")],
    "negative": [(_GUIDE, "negative")],
    "vae": [(_ENCODE, "vae")],
    "tracks": [(_GUIDE, "tracks")],
    "strength": [(_GUIDE, "strength")],
    "width": [(_FIT, "width")],
    "height": [(_FIT, "height")],
    "length": [(_FIT, "length")],
    "batch_size": [(_GUIDE, "batch_size")],
    "start_image": [(_FIT, "image")],
    "clip_vision_output": [(_GUIDE, "clip_vision_output")],
}
# Core's three and the report; then what previews and other nodes are wired to.
EXITS = {name: (_GUIDE, slot) for slot, name in enumerate(("positive", "negative", "latent"))}
EXITS |= {"report": (_GUIDE, 3)}
EXITS |= {
    name: (_FIT, slot) for slot, name in enumerate(("start_image", "width", "height", "length"))
}


def blueprint(info: dict[str, Any]) -> dict[str, Any]:
    """One node for three, under core's input names; nothing but Fit Start Image knows the size."""
    canvas = Canvas(info)
    fitted = canvas.add("WanMoveFitStartImage", (-400, 0), (320, 220))
    video = {name: fitted.out(slot) for name, (_, slot) in list(EXITS.items())[4:]}
    encoded = canvas.add("WanMoveEncodeStartImage", (0, 0), (320, 220), **video)
    canvas.add("WanMoveTrajectoryGuidance", (400, 0), (320, 420), conditioning_latent=encoded)
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    links = [dict(zip(names, link, strict=True)) for link in canvas.links]
    entries, shown = [], []
    for slot, (name, targets) in enumerate(ENTRIES.items()):
        link_ids = []
        for node_id, target in targets:
            spec = dict(slots(info[canvas.nodes[node_id - 1]["type"]]))[target]
            entry = _open_input(canvas.nodes[node_id - 1], target, spec)
            entry["link"] = len(links) + 1
            link_ids.append(entry["link"])
            target_slot = canvas.nodes[node_id - 1]["inputs"].index(entry)
            link = (len(links) + 1, -10, slot, node_id, target_slot, entry["type"])
            links.append(dict(zip(names, link, strict=True)))
        position = {"linkIds": link_ids, "pos": [-560, 20 + 20 * slot]}
        entries.append({"id": _uuid(name), "name": name, "type": entry["type"], **position})
        shown.append({key: entry[key] for key in ("name", "type", "widget") if key in entry})
        shown[-1] |= {"name": name, "link": None}
    leaving = []
    for slot, (name, (node_id, output)) in enumerate(EXITS.items()):
        kind = canvas.nodes[node_id - 1]["outputs"][output]["type"]
        link = (len(links) + 1, node_id, output, -20, slot, kind)
        links.append(dict(zip(names, link, strict=True)))
        canvas.nodes[node_id - 1]["outputs"][output]["links"].append(len(links))
        position = {"linkIds": [len(links)], "pos": [820, 20 + 20 * slot]}
        leaving.append({"id": _uuid(f"out {name}"), "name": name, "type": kind, **position})
    subgraph = {"id": _uuid(BLUEPRINT), "version": 1, "revision": 0, "config": {}}
    subgraph |= {"name": BLUEPRINT, "widgets": [], "groups": [], "extra": {}}
    subgraph |= {
        "state": {"lastGroupId": 0, "lastNodeId": len(canvas.nodes), "lastLinkId": len(links)}
    }
    subgraph["state"]["lastRerouteId"] = 0
    subgraph |= {"inputNode": {"id": -10, "bounding": [-680, 0, 130, 260]}}
    subgraph |= {"outputNode": {"id": -20, "bounding": [800, 0, 120, 200]}}
    subgraph |= {"inputs": entries, "outputs": leaving, "nodes": canvas.nodes, "links": links}
    subgraph["category"] = "Video generation and editing/Image to video"
    return _holding(subgraph, shown)


def _holding(subgraph: dict[str, Any], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """A workflow of one node that is the subgraph."""
    widgets = [entry["name"] for entry in shown if "widget" in entry]
    values = {"strength": 1.0, "width": 832, "height": 480, "length": 81, "batch_size": 1}
    outputs = [{"name": o["name"], "type": o["type"], "links": None} for o in subgraph["outputs"]]
    node = {"id": 1, "type": subgraph["id"], "pos": [0, 0], "size": [340, 440], "flags": {}}
    node |= {"order": 0, "mode": 0, "title": BLUEPRINT, "inputs": shown, "outputs": outputs}
    node["properties"] = {"proxyWidgets": [["-1", name] for name in widgets]}
    node["properties"] |= {"cnr_id": "wan-move", "ver": "0.1.0"}
    node["widgets_values"] = [values[name] for name in widgets]
    document = {"revision": 0, "last_node_id": 1, "last_link_id": 0, "nodes": [node]}
    document |= {"links": [], "version": 0.4, "definitions": {"subgraphs": [subgraph]}}
    return {**document, "extra": {}}


def _open_input(node: dict[str, Any], name: str, spec: list[Any]) -> dict[str, Any]:
    """The entry of an input, made where a widget has none yet."""
    for entry in node["inputs"]:
        if entry["name"] == name:
            return entry
    entry = {"name": name, "type": spec[0], "link": None, "widget": {"name": name}}
    node["inputs"].append(entry)
    return entry


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"wan-move/subgraph/{name}"))
