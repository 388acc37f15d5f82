"""Saved workflows -> API prompts, as the frontend does when a person presses Run."""

from collections.abc import Iterator
from typing import Any

from tests.host.server import Prompt

WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COMFY_DYNAMICCOMBO_V3"}
NOTES = {"Note", "MarkdownNote"}
MUTED = {2, 4}
OUTSIDE = -10  # origin of links that enter a subgraph


def slots(info: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Inputs of a node with their specification, in the order of their widgets."""
    for part in ("required", "optional"):
        for name in info["input_order"].get(part, []):
            yield name, info["input"][part][name]


def default_of(spec: list[Any]) -> Any:
    """What a new node's widget holds."""
    options = spec[1] if len(spec) > 1 else {}
    if "default" in options:
        return options["default"]
    choices = spec[0] if isinstance(spec[0], list) else options.get("options", [""])
    first = choices[0] if choices else None
    return first["key"] if isinstance(first, dict) else first


def chosen_slots(name: str, spec: list[Any], value: Any) -> Iterator[tuple[str, list[Any]]]:
    """The inputs that a dynamic combo's choice brings, `format.codec` for one, behind it."""
    options = spec[1].get("options", []) if spec[0] == "COMFY_DYNAMICCOMBO_V3" else []
    for option in options:
        if option["key"] == value:
            for part in ("required", "optional"):
                for inner, inner_spec in option["inputs"].get(part, {}).items():
                    yield f"{name}.{inner}", inner_spec


def named_widgets(info: dict[str, Any], values: list[Any]) -> Iterator[tuple[str, list[Any], Any]]:
    """The widgets of a node in their order, with what was saved for them, or else their default."""
    saved, pending = list(values), list(slots(info))
    while pending:
        name, spec = pending.pop(0)
        if not is_widget(spec):
            continue
        value = saved.pop(0) if saved else default_of(spec)
        if has_companion(name, spec) and saved:
            saved.pop(0)
        yield name, spec, value
        pending[:0] = chosen_slots(name, spec, value)


def is_widget(spec: list[Any]) -> bool:
    """Whether an input has a value of its own."""
    options = spec[1] if len(spec) > 1 else {}
    kind = spec[0]
    return (isinstance(kind, list) or kind in WIDGETS) and not options.get("forceInput")


def has_companion(name: str, spec: list[Any]) -> bool:
    """Whether the frontend adds a widget of its own behind this one, which is saved too.

    A seed gets one that changes it after every run, by its name alone if nothing else is said
    (useIntWidget.ts of the frontend).
    """
    options = spec[1] if len(spec) > 1 else {}
    by_name = spec[0] == "INT" and name in ("seed", "noise_seed")
    return bool(options.get("image_upload") or options.get("control_after_generate", by_name))


def to_prompt(workflow: dict[str, Any], object_info: dict[str, Any]) -> Prompt:
    """Flatten a workflow with its subgraphs. Muted nodes and notes are left out."""
    definitions = {
        graph["id"]: graph for graph in workflow.get("definitions", {}).get("subgraphs", [])
    }
    root = _Graph(workflow["nodes"], [_link(link) for link in workflow["links"]], definitions)
    return {
        key: {"class_type": node["type"], "inputs": _inputs(graph, node, object_info)}
        for key, graph, node in root.all_nodes()
    }


class _Graph:
    """A graph or an open subgraph; `outer` is the node that holds it."""

    def __init__(self, nodes, links, definitions, prefix="", outer=None) -> None:
        self.nodes = {node["id"]: node for node in nodes}
        self.links = {link["id"]: link for link in links}
        self._definitions, self._prefix, self._outer = definitions, prefix, outer
        self._inner = {
            node["id"]: self._open(node) for node in nodes if node["type"] in definitions
        }

    def _open(self, node) -> "_Graph":
        graph = self._definitions[node["type"]]
        prefix = f"{self._prefix}{node['id']}:"
        links = [_link(link) for link in graph["links"]]
        return _Graph(graph["nodes"], links, self._definitions, prefix, (self, node))

    def all_nodes(self):
        """Nodes that run, with their id in the prompt."""
        for node in self.nodes.values():
            if node["type"] in NOTES | {"Reroute"} or node.get("mode") in MUTED:
                continue
            if node["id"] in self._inner:
                yield from self._inner[node["id"]].all_nodes()
            else:
                yield f"{self._prefix}{node['id']}", self, node

    def source(self, link_id: int) -> list[Any] | None:
        """What feeds a link: [id in the prompt, output], or None where nothing does."""
        link = self.links[link_id]
        origin, slot = link["origin_id"], link["origin_slot"]
        if origin == OUTSIDE:
            graph, node = self._outer
            name = self._definitions[node["type"]]["inputs"][slot]["name"]
            entry = next((e for e in node["inputs"] if e["name"] == name), {})
            return graph.source(entry["link"]) if entry.get("link") is not None else None
        if self.nodes[origin]["type"] == "Reroute":
            return self.source(self.nodes[origin]["inputs"][0]["link"])
        if origin in self._inner:
            inner = self._inner[origin]
            ends = (e for e in inner.links.values() if e["target_id"] == -20)
            return inner.source(next(e["id"] for e in ends if e["target_slot"] == slot))
        return [f"{self._prefix}{origin}", slot]


def _link(link: Any) -> dict[str, Any]:
    if isinstance(link, dict):
        return link
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return dict(zip(names, link, strict=True))


def _inputs(graph: _Graph, node: dict[str, Any], object_info: dict[str, Any]) -> dict[str, Any]:
    widgets = named_widgets(object_info[node["type"]], node.get("widgets_values") or [])
    inputs = {name: value for name, _, value in widgets}
    for entry in node["inputs"]:
        source = None if entry.get("link") is None else graph.source(entry["link"])
        if source is not None:
            inputs[entry["name"]] = source
    return inputs
