"""Write web/docs, locales/en and tests/nodes/schemas.json from the nodes' schemas.

    .venv/bin/python -m dev.make_node_docs

The prose of a help page is dev/node_notes/<NodeId>.md; what inputs mean comes from their tooltips.
locales/zh is translated by hand; tests/nodes checks that it has every label.
"""

import asyncio
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

from tests.nodes.fake_host import fake_modules

ROOT = Path(__file__).parents[1]


def load_nodes() -> list:
    """The pack's nodes on the fake host."""
    sys.modules.update(fake_modules(Path(tempfile.mkdtemp())))
    spec = importlib.util.spec_from_file_location(
        "wan_move_pack", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["wan_move_pack"] = module
    spec.loader.exec_module(module)
    extension = asyncio.run(module.comfy_entrypoint())
    return asyncio.run(extension.get_node_list())


def write_json(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def shown(slot) -> str:
    return slot.options.get("display_name", slot.id)


def help_page(schema) -> str:
    notes = (ROOT / f"dev/node_notes/{schema.node_id}.md").read_text(encoding="utf-8").strip()
    lines = [f"# {schema.display_name}", "", schema.description, "", notes, "", "## Inputs", ""]
    lines += ["| Input | Meaning |", "|---|---|"]
    for slot in schema.inputs:
        default = slot.options.get("default")
        brief = isinstance(default, (int, float)) or (
            isinstance(default, str) and 0 < len(default) < 20
        )
        tail = f" Default: {default}." if brief and not isinstance(default, bool) else ""
        lines.append(f"| `{shown(slot)}` | {slot.options['tooltip']}{tail} |")
    lines += ["", "## Outputs", "", "| Output | Meaning |", "|---|---|"]
    lines += [f"| `{shown(slot)}` | {slot.options['tooltip']} |" for slot in schema.outputs]
    return "\n".join(lines) + "\n"


def labels(schema) -> dict:
    def entry(slot) -> dict:
        return {"name": shown(slot), "tooltip": slot.options["tooltip"]}

    return {
        "display_name": schema.display_name,
        "description": schema.description,
        "inputs": {slot.id: entry(slot) for slot in schema.inputs},
        "outputs": {str(index): entry(slot) for index, slot in enumerate(schema.outputs)},
    }


def shape(schema) -> dict:
    return {
        "inputs": [f"{slot.id}: {slot.kind}" for slot in schema.inputs],
        "outputs": [f"{slot.id}: {slot.kind}" for slot in schema.outputs],
    }


def main() -> None:
    """Write all files."""
    schemas = [node.define_schema() for node in load_nodes()]
    for schema in schemas:
        page = ROOT / f"web/docs/{schema.node_id}.md"
        page.write_text(help_page(schema), encoding="utf-8")
    write_json(ROOT / "locales/en/nodeDefs.json", {s.node_id: labels(s) for s in schemas})
    write_json(ROOT / "tests/nodes/schemas.json", {s.node_id: shape(s) for s in schemas})


if __name__ == "__main__":
    main()
