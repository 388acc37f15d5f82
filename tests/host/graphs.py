"""Build API prompts by hand."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Node:
    """A node of a graph; as an input value it means its first output."""

    id: str

    def out(self, index: int) -> list[Any]:
        """Link to one output."""
        return [self.id, index]


class Graph:
    """Collects nodes; `prompt` is what POST /prompt takes."""

    def __init__(self) -> None:
        self.prompt: dict[str, dict[str, Any]] = {}

    def add(self, class_type: str, **inputs: Any) -> Node:
        """Add a node. Inputs are values, links, or nodes."""
        node = Node(str(len(self.prompt) + 1))
        linked = {k: v.out(0) if isinstance(v, Node) else v for k, v in inputs.items()}
        self.prompt[node.id] = {"class_type": class_type, "inputs": linked}
        return node
