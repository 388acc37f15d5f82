"""Saved workflows on the fake host: run what an output needs, and nothing twice."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WORKFLOWS = Path(__file__).parents[2] / "example_workflows"
_WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
_COMPANIONS = {"fixed", "randomize", "increment", "decrement", "image"}


class SavedGraph:
    """The top level of a workflow; nodes are known by their type, those of one type as one.

    Args:
        pack: the loaded pack.
        name: of the file, behind its number.
        others: what nodes of other packs give, by type.
    """

    def __init__(self, pack: Any, name: str, others: dict[str, Callable[[], tuple]]) -> None:
        (path,) = WORKFLOWS.glob(f"wan-move-??-{name}.json")
        saved = json.loads(path.read_text(encoding="utf-8"))
        self._pack, self._others = pack, others
        types = {node["id"]: node["type"] for node in saved["nodes"]}
        self.nodes = {node["type"]: node for node in saved["nodes"]}
        self.links = {link[0]: (types[link[1]], link[2]) for link in saved["links"]}
        self.changed: dict[str, dict[str, Any]] = {}
        self._done: dict[str, tuple[str, tuple]] = {}

    def change(self, kind: str, **values: Any) -> None:
        """Turn widgets of a node."""
        self.changed.setdefault(kind, {}).update(values)

    def source(self, kind: str, name: str) -> tuple[str, int] | None:
        """The node and output that feed an input."""
        inputs = self.nodes[kind].get("inputs", [])
        link = next((slot["link"] for slot in inputs if slot["name"] == name), None)
        return None if link is None else self.links[link]

    def run(self, kind: str) -> tuple:
        """The outputs of a node; as the host does, from memory where nothing before it changed."""
        said = self._signature(kind)
        if self._done.get(kind, ("",))[0] != said:
            self._done[kind] = (said, self._execute(kind))
        return self._done[kind][1]

    def _execute(self, kind: str) -> tuple:
        if kind in self._others:
            return self._others[kind]()
        given = {name: self.run(node)[slot] for name, (node, slot) in self._linked(kind)}
        return self._pack.run(kind, **{**self._widgets(kind), **given})

    def _linked(self, kind: str) -> Iterator[tuple[str, tuple[str, int]]]:
        for slot in self.nodes[kind].get("inputs", []):
            if slot.get("link") is not None:
                yield slot["name"], self.links[slot["link"]]

    def _widgets(self, kind: str) -> dict[str, Any]:
        saved = [v for v in self.nodes[kind]["widgets_values"] if v not in _COMPANIONS]
        slots = self._pack.nodes[kind].define_schema().inputs
        own = [slot for slot in slots if slot.get_io_type() in _WIDGETS]
        own.sort(key=lambda slot: bool(slot.options.get("optional")))
        names = [slot.id for slot in own if not slot.options.get("force_input")]
        return {**dict(zip(names, saved, strict=False)), **self.changed.get(kind, {})}

    def _signature(self, kind: str) -> str:
        if kind in self._others:
            return kind
        linked = [[name, slot, self._signature(node)] for name, (node, slot) in self._linked(kind)]
        return json.dumps([kind, self._widgets(kind), linked])
