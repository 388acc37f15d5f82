"""The house rules that a linter does not know: sizes, and who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "wanmove_core"
CODE = ("wanmove_core", "nodes", "training")
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 300

# Each layer and the layers it may import from, besides itself. `cli` may import all.
LAYERS = {
    "tensor core": set(),
    "formats": {"tensor core"},
    "document files": {"tensor core", "formats"},
    "sources": {"tensor core", "formats"},
    "standalone": {"tensor core", "formats"},
    "evaluate": {"tensor core", "formats", "sources"},
    "draw_page": {"tensor core", "formats", "document files", "standalone"},
}


def python_files(*folders):
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "__pycache__" not in path.parts
    ]


def name_of(path):
    return str(path.relative_to(ROOT))


def functions_over(source, limit):
    """Functions with more lines than `limit`, docstrings apart.

    A node's `define_schema` is a declaration, one line for each input, and may be longer.
    """
    long = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = node.end_lineno - node.lineno + 1
        if ast.get_docstring(node) is not None:
            lines -= node.body[0].end_lineno - node.body[0].lineno + 1
        if lines > limit and node.name != "define_schema":
            long.append(f"{node.name} has {lines} lines")
    return long


def broad_excepts(source):
    """Line numbers of handlers that catch everything and do not raise again."""

    def names(node):
        kinds = node.elts if isinstance(node, ast.Tuple) else [node]
        return {kind.id for kind in kinds if isinstance(kind, ast.Name)}

    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or names(node.type) & {"Exception", "BaseException"})
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]


def layer_of(parts):
    """The layer of a module given by its path below wanmove_core, `cli` and the root apart."""
    if parts and parts[0] in LAYERS:
        return parts[0]
    if parts and parts[0] in ("document_import", "document_export", "document_svg"):
        return "document files"
    return "cli" if parts and parts[0] in ("cli", "__main__") else "tensor core"


def imported(source, package):
    """Module paths below wanmove_core that a module of `package` imports, at any depth."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "wanmove_core":
                    yield tuple(alias.name.split(".")[1:])
        elif isinstance(node, ast.ImportFrom):
            module = tuple((node.module or "").split(".")) if node.module else ()
            if node.level:
                base = package[: len(package) - (node.level - 1)]
                target = base + module
            elif module[:1] == ("wanmove_core",):
                target = module[1:]
            else:
                continue
            # `from . import formats` names the module in the alias.
            yield from ((*target, alias.name) for alias in node.names) if not target else [target]


def backward_imports(source, parts):
    """Imports against the direction, of a module at `parts` below wanmove_core.

    A layer's `command` module is its part of the command line and may import what `cli` may.
    """
    layer = layer_of(parts)
    if layer == "cli" or parts[-1] == "command":
        return []
    allowed = LAYERS[layer] | {layer}
    layers = {layer_of(target) for target in imported(source, parts[:-1])}
    return sorted(layers - allowed)


@pytest.mark.parametrize("path", python_files(*CODE, "benchmarks", "dev", "tests"), ids=name_of)
def test_files_and_functions_stay_small(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_FILE_LINES
    assert functions_over(source, MAX_FUNCTION_LINES) == []


@pytest.mark.parametrize("path", python_files(*CODE), ids=name_of)
def test_no_except_swallows_everything(path):
    assert broad_excepts(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", python_files("wanmove_core"), ids=name_of)
def test_imports_go_one_way(path):
    parts = path.relative_to(CORE).with_suffix("").parts
    if parts == ("__init__",):
        pytest.skip("the public surface re-exports from several layers")
    assert backward_imports(path.read_text(encoding="utf-8"), parts) == []


def test_the_rules_can_fail():
    long = "def f():\n" + "    x = 1\n" * 60
    assert functions_over(long, 60) == ["f has 61 lines"]
    assert functions_over(long, 61) == []
    told = 'def f():\n    """Say.\n\n    More.\n    """\n' + "    x = 1\n" * 59
    assert functions_over(told, 60) == [] and functions_over(told, 59) != []
    assert broad_excepts("try:\n    f()\nexcept Exception:\n    pass\n") == [3]
    assert broad_excepts("try:\n    f()\nexcept (KeyError, BaseException):\n    pass\n") == [3]
    assert broad_excepts("try:\n    f()\nexcept:\n    raise\n") == []
    assert broad_excepts("try:\n    f()\nexcept KeyError:\n    pass\n") == []


@pytest.mark.parametrize(
    ("source", "parts", "found"),
    [
        ("from .formats import read_tracks", ("draw",), ["formats"]),
        ("from . import standalone", ("draw",), ["standalone"]),
        ("def f():\n    from .cli import main", ("draw",), ["cli"]),
        ("import wanmove_core.sources.camera", ("draw",), ["sources"]),
        ("from ..standalone import pipeline", ("formats", "npy"), ["standalone"]),
        ("from wanmove_core.cli import main", ("evaluate", "epe"), ["cli"]),
        ("from .document_import import x", ("document",), ["document files"]),
        ("from .formats import parse_tracks", ("document_import",), []),
        ("from .tracks import Tracks", ("draw",), []),
        ("from ..tracks import Tracks\nfrom .model import X", ("formats", "npy"), []),
        ("from ..formats import read_tracks", ("standalone", "generate"), []),
        ("from .standalone import generate", ("cli",), []),
        ("from ..standalone import video_io", ("evaluate", "command"), []),
    ],
)
def test_the_direction_rule_sees_what_it_should(source, parts, found):
    assert backward_imports(source, parts) == found
