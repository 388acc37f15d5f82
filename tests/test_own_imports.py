"""Imports of our own modules name what is there: nothing else checks nodes/, dev/, benchmarks/."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("wanmove_core", "nodes", "tests", "benchmarks", "dev", "training")


def names_in(path):
    """What a module defines, assigns or imports at any depth."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)  # of the lazy list in wanmove_core/__init__.py
    return found


def missing_imports(source, package, root=ROOT):
    """Names that a module in `package` imports from our modules and that are not there."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom):
            continue
        parts = tuple(node.module.split(".")) if node.module else ()
        if node.level:
            parts = package[: len(package) - node.level + 1] + parts
        elif parts[0] not in FOLDERS or parts[0] == "nodes":  # ComfyUI's own module
            continue
        place = root.joinpath(*parts)
        if place.is_dir():
            there = {path.stem for path in place.iterdir()}
            there |= names_in(place / "__init__.py") if (place / "__init__.py").exists() else set()
        elif place.with_suffix(".py").is_file():
            there = names_in(place.with_suffix(".py"))
        else:
            there = set()
        yield from (".".join([*parts, a.name]) for a in node.names if a.name not in there)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_import_of_ours_resolves(folder):
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in missing_imports(
            path.read_text(encoding="utf-8"), path.relative_to(ROOT).parent.parts
        )
    }
    assert missing == set()


def test_it_sees_what_is_missing():
    found = missing_imports(
        "from wanmove_core.grid import Nothing, LatentGrid\nfrom ..nowhere import x\nimport os",
        ("wanmove_core", "view"),
    )
    assert list(found) == ["wanmove_core.grid.Nothing", "wanmove_core.nowhere.x"]
