"""The house rules that a linter does not know: sizes, and who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "wanmove_core"
CODE = ("wanmove_core", "nodes", "training")
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 300

# The rooms, top to bottom: a module imports from lower lines and from its own room only.
ROOMS = (
    ("command",),
    ("demo", "draw_page", "bench", "train"),
    ("evaluate",),
    ("generation", "sources"),
    ("checkpoints", "formats", "tracking"),
    ("view", "document"),
    ("guidance",),
    ("start_image", "motion"),
    ("tracks", "grid", "media", "archives"),
    ("environment",),
    ("opencv", "packages"),
    ("choices", "family", "shapes", "errors"),
)
RANK = {room: rank for rank, line in enumerate(ROOMS) for room in line}
# Names that say nothing about what is inside.
EMPTY_NAMES = {"model", "util", "utils", "common", "helpers", "misc"}
HOST = {"comfy", "comfy_api", "comfy_extras", "folder_paths", "node_helpers", "server"}


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
    """Rooms above or beside its own that a module at `parts` below wanmove_core imports from."""
    room = parts[0]
    if room in ("__init__", "__main__"):
        return []
    rooms = {target[0] for target in imported(source, parts[:-1]) if target}
    return sorted(other for other in rooms if other != room and RANK.get(other, -1) <= RANK[room])


def top_modules(source):
    """The first names of all modules that a source imports absolutely."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.split(".")[0]


def forbidden_imports(source, place):
    """argparse outside of command/, and the host outside of nodes/, by the path of the file."""
    found = set(top_modules(source))
    bad = found & HOST if not place.startswith("nodes/") else set()
    if place.startswith("wanmove_core/") and not place.startswith("wanmove_core/command/"):
        bad |= found & {"argparse"}
    return sorted(bad)


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
    assert backward_imports(path.read_text(encoding="utf-8"), parts) == []


@pytest.mark.parametrize("path", python_files(*CODE), ids=name_of)
def test_argparse_and_the_host_stay_in_their_rooms(path):
    assert forbidden_imports(path.read_text(encoding="utf-8"), name_of(path)) == []
    assert EMPTY_NAMES.isdisjoint(path.relative_to(ROOT).with_suffix("").parts)


def test_every_room_is_known_and_says_what_it_holds():
    rooms = {
        path.relative_to(CORE).with_suffix("").parts[0] for path in python_files("wanmove_core")
    }
    assert rooms - {"__init__", "__main__"} <= set(RANK)
    for folder in {path.parent for path in python_files("wanmove_core", "nodes")}:
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))), folder


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
        ("from ..formats import read_tracks", ("view", "draw"), ["formats"]),
        ("from .. import generation", ("view", "draw"), ["generation"]),
        ("def f():\n    from ..command.main import main", ("demo", "page"), ["command"]),
        ("import wanmove_core.sources.keys", ("view", "draw"), ["sources"]),
        ("from ..generation import pipeline", ("formats", "npy"), ["generation"]),
        ("from wanmove_core.command.main import main", ("evaluate", "metrics"), ["command"]),
        ("from ..sources.keys import Number", ("generation", "job"), ["sources"]),
        ("from ...generation.job import Job", ("sources", "camera", "path"), ["generation"]),
        ("from ..utils import x", ("view", "draw"), ["utils"]),
        ("from ..formats import parse_tracks", ("generation", "job"), []),
        ("from ..tracks import Tracks", ("view", "draw"), []),
        ("from ..keys import Number", ("sources", "camera", "path"), []),
        ("from ..tracks import Tracks\nfrom .content import X", ("formats", "npy"), []),
        ("from ..generation import job", ("command", "generate"), []),
    ],
)
def test_the_direction_rule_sees_what_it_should(source, parts, found):
    assert backward_imports(source, parts) == found


@pytest.mark.parametrize(
    ("source", "place", "found"),
    [
        ("import argparse", "wanmove_core/generation/job.py", ["argparse"]),
        ("import argparse", "wanmove_core/command/main.py", []),
        ("def f():\n    from comfy.sd import VAE", "wanmove_core/grid.py", ["comfy"]),
        ("from comfy_api.latest import io", "nodes/text.py", []),
        ("import numpy", "wanmove_core/grid.py", []),
    ],
)
def test_the_import_rule_sees_what_it_should(source, place, found):
    assert forbidden_imports(source, place) == found
