"""Write web/docs, docs/README.md, locales/en and tests/nodes/schemas.json from the nodes' schemas.

    .venv/bin/python -m dev.make_node_docs

The prose of a help page is dev/node_notes/<NodeId>.md; what inputs mean comes from their tooltips.
In Chinese both are translated by hand: dev/node_notes/zh/<NodeId>.md, or else the whole page, and
locales/zh/nodeDefs.json. tests/nodes checks that nothing is missing.
"""

import asyncio
import importlib.util
import json
import re
import sys
import tempfile
from pathlib import Path

from tests.nodes.fake_host import fake_modules

ROOT = Path(__file__).parents[1]
NOTES = ROOT / "dev/node_notes"
# In Chinese, escaped: "input", "output", "meaning", "default:".
INPUT, OUTPUT, MEANING = "\u8f93\u5165", "\u8f93\u51fa", "\u542b\u4e49"
DEFAULT = "\u9ed8\u8ba4\uff1a"


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


def default_of(slot) -> str:
    """A default that says something, or nothing."""
    default = slot.options.get("default")
    if isinstance(default, bool):
        return ""
    brief = isinstance(default, (int, float)) or (
        isinstance(default, str) and 0 < len(default) < 20
    )
    return f"{default}" if brief else ""


def help_page(schema) -> str:
    notes = (NOTES / f"{schema.node_id}.md").read_text(encoding="utf-8").strip()
    lines = [f"# {schema.display_name}", "", schema.description, "", notes, "", "## Inputs", ""]
    lines += ["| Input | Meaning |", "|---|---|"]
    for slot in schema.inputs:
        tail = f" Default: {default_of(slot)}." if default_of(slot) else ""
        lines.append(f"| `{shown(slot)}` | {slot.options['tooltip']}{tail} |")
    lines += ["", "## Outputs", "", "| Output | Meaning |", "|---|---|"]
    lines += [f"| `{shown(slot)}` | {slot.options['tooltip']} |" for slot in schema.outputs]
    return "\n".join(lines) + "\n"


def chinese_page(schema, words: dict) -> str:
    """The same page in Chinese; slots keep their own names, with the translated one behind."""
    notes = (NOTES / f"zh/{schema.node_id}.md").read_text(encoding="utf-8").strip()
    lines = [f"# {words['display_name']}", "", words["description"], "", notes, ""]
    lines += [f"## {INPUT}", "", f"| {INPUT} | {MEANING} |", "|---|---|"]
    for slot in schema.inputs:
        word = words["inputs"][slot.id]
        tail = f"{DEFAULT}{default_of(slot)}\u3002" if default_of(slot) else ""
        lines.append(
            f"| `{shown(slot)}`\uff08{word['name']}\uff09 | {unescaped(word['tooltip'])}{tail} |"
        )
    lines += ["", f"## {OUTPUT}", "", f"| {OUTPUT} | {MEANING} |", "|---|---|"]
    for index, slot in enumerate(schema.outputs):
        word = words["outputs"][str(index)]
        lines.append(
            f"| `{shown(slot)}`\uff08{word['name']}\uff09 | {unescaped(word['tooltip'])} |"
        )
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """For vue-i18n, which takes these for its own syntax: a bare brace hides the whole node."""
    return re.sub(r"[{}@|]", r"{'\g<0>'}", text)


def unescaped(text: str) -> str:
    """The text of a label, for a help page."""
    return re.sub(r"\{'(.)'\}", r"\1", text)


def labels(schema) -> dict:
    def entry(slot) -> dict:
        return {"name": shown(slot), "tooltip": escaped(slot.options["tooltip"])}

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


# The four ways to motion without drawing: node, picture, workflow.
APPLICATIONS = {
    "WanMoveCameraTracks": ("camera_tracks", "camera"),
    "WanMoveRegionTracks": ("region_tracks", "region"),
    "WanMoveRotationTracks": ("rotation_tracks", "rotation"),
    "WanMoveVideoTracks": ("video_tracks", "motion-transfer"),
}


def index_page(schemas) -> str:
    """docs/README.md: every node's page, the four applications with their pictures."""
    lines = ["# Documentation", "", "## Motion without drawing", ""]
    by_id = {schema.node_id: schema for schema in schemas}
    for name, (picture, workflow) in APPLICATIONS.items():
        schema = by_id[name]
        (example,) = (ROOT / "example_workflows").glob(f"*{workflow}.json")
        lines += [f"### {schema.display_name}", "", schema.description, ""]
        lines += [f"![{schema.display_name}](../web/docs/images/{picture}.jpg)", ""]
        lines += [f"[Help page](../web/docs/{name}.md) \u00b7 workflow `{example.stem}`", ""]
    lines += ["## All nodes", ""]
    for schema in schemas:
        lines.append(f"- [{schema.display_name}](../web/docs/{schema.node_id}.md)")
    pages = sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "README.md")
    lines += ["", "## Pages", ""]
    for page in pages:
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        lines.append(f"- [{title}]({page.name})")
    return "\n".join(lines) + "\n"


def pages(schemas) -> dict[Path, str]:
    """Every help page and the index of them, by its path."""
    chinese = json.loads((ROOT / "locales/zh/nodeDefs.json").read_text(encoding="utf-8"))
    made = {ROOT / "docs/README.md": index_page(schemas)}
    for schema in schemas:
        folder = ROOT / f"web/docs/{schema.node_id}"
        # The frontend asks for its language's page first, and for the other if there is none.
        for page in (folder / "en.md", folder.with_suffix(".md")):
            made[page] = help_page(schema)
        if (NOTES / f"zh/{schema.node_id}.md").exists():
            made[folder / "zh.md"] = chinese_page(schema, chinese[schema.node_id])
    return made


def main() -> None:
    """Write all files."""
    schemas = [node.define_schema() for node in load_nodes()]
    for page, text in pages(schemas).items():
        page.parent.mkdir(exist_ok=True)
        page.write_text(text, encoding="utf-8")
    write_json(ROOT / "locales/en/nodeDefs.json", {s.node_id: labels(s) for s in schemas})
    write_json(ROOT / "tests/nodes/schemas.json", {s.node_id: shape(s) for s in schemas})


if __name__ == "__main__":
    main()
