"""No model folder runs code of its own."""

import ast
from pathlib import Path

PACK = Path(__file__).parents[2]


def test_every_reader_of_a_model_folder_says_that_it_trusts_no_code() -> None:
    calls = [
        (path.name, {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords})
        for room in ("wanmove_core", "nodes")
        for path in (PACK / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".from_pretrained")
    ]
    assert len(calls) >= 3
    for name, options in calls:
        assert options.get("trust_remote_code") == "False", name
        assert options.get("local_files_only") == "True", name
