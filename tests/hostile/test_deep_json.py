"""JSON of 100,000 brackets ends in one line wherever a file or a page brings it."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Text that is ours, or whose depth was checked before.
OURS = {"formats/exchange.py", "formats/exchange_process.py", "formats/text.py"}


def unguarded(source: str, names: dict[str, object]) -> list[int]:
    """Line numbers of json.loads outside of a try that takes a RecursionError."""
    found: list[int] = []

    def visit(node: ast.AST, safe: bool) -> None:
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                try:
                    caught = eval(ast.unparse(handler.type or ast.Name("Exception")), names)
                except NameError:  # of an object's own, as PyAV's errors
                    continue
                kinds = caught if isinstance(caught, tuple) else (caught,)
                if any(issubclass(RecursionError, kind) for kind in kinds):
                    for one in node.body:
                        visit(one, True)
                    break
            else:
                for one in node.body:
                    visit(one, safe)
            for one in [*node.handlers, *node.orelse, *node.finalbody]:
                visit(one, safe)
            return
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.loads", "json.load"):
            found.extend([] if safe else [node.lineno])
        for child in ast.iter_child_nodes(node):
            visit(child, safe)

    visit(ast.parse(source), False)
    return found


def readers() -> list[str]:
    core = ROOT / "wanmove_core"
    paths = [path.relative_to(core).as_posix() for path in sorted(core.rglob("*.py"))]
    return [p for p in paths if "json.load" in (core / p).read_text("utf-8") and p not in OURS]


@pytest.mark.parametrize("path", readers())
def test_every_reader_of_json_takes_deep_ones(path: str) -> None:
    module = importlib.import_module("wanmove_core." + path[:-3].replace("/", "."))
    source = (ROOT / "wanmove_core" / path).read_text(encoding="utf-8")
    assert unguarded(source, dict(vars(module))) == []


def test_one_that_does_not_is_found() -> None:
    careless = "try:\n    json.loads(x)\nexcept (OSError, ValueError):\n    pass\n"
    assert unguarded(careless, {}) == [2]
    assert unguarded(careless.replace("OSError", "RecursionError"), {}) == []
    assert len(readers()) > 8
