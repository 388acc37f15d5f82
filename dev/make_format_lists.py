"""Write what is made from the table of formats: the editor's list, and that of docs/formats.md."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from wanmove_core.formats.registry import TABLE, WRITTEN

ROOT = Path(__file__).parents[1]
LIST = ROOT / "web" / "js" / "editor" / "page" / "formats.js"
PAGE = ROOT / "docs" / "formats.md"
_BEGIN, _END = "| format | `--to` |", "\n\n"


def editor_list() -> str:
    """The JavaScript module of formats that the editor exports."""
    rows = [
        {
            "name": name,
            "title": format_.title,
            "suffix": ".zip" if name == "npy" else format_.suffix,
        }
        for name, format_ in WRITTEN.items()
    ]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return (
        "// What the editor exports, made by dev/make_format_lists.py from the table in\n"
        "// wanmove_core/formats/registry.py. A pair of .npy files comes as a zip.\n"
        "/** @type {readonly { name: string, title: string, suffix: string }[]} */\n"
        f"export const FORMATS = [\n{lines},\n];\n"
    )


def docs_table() -> str:
    """The table of docs/formats.md."""
    rows = [
        f"{_BEGIN} file | read | write | kept |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for format_ in WRITTEN.values():
        files = f"`{format_.suffix}`"
        if format_.to == "npy":
            files = "`NAME_tracks.npy`, `NAME_visibility.npy`"
        elif format_.name == "blender":
            files += ", `.csv`"
        rows.append(
            f"| {format_.title} | `{format_.to}` | {files} | {format_.reads} | {format_.writes} | "
            f"{format_.keeps} |"
        )
    rows += [
        f"| {format_.title} | | `{'`, `'.join(format_.suffixes)}` | yes | | |"
        for format_ in TABLE
        if not format_.to and format_.suffixes
    ]
    return "\n".join(rows)


def page(text: str) -> str:
    """docs/formats.md with the table of now."""
    begin = text.index(_BEGIN)
    return text[:begin] + docs_table() + text[text.index(_END, begin) :]


def main() -> None:
    """Write both files."""
    LIST.write_text(editor_list(), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
