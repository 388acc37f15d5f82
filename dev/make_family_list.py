"""Write what the editor knows of the model families, from the table in wanmove_core/family.py."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from wanmove_core.family import FAMILIES

LIST = Path(__file__).parents[1] / "web" / "js" / "editor" / "drawing" / "families.js"


def editor_list() -> str:
    """The JavaScript module of the families' strides and clips; the first is the default."""
    rows = "\n".join(f"  {json.dumps(each.name)}: {list(each.strides)}," for each in FAMILIES)
    clips = "\n".join(f"  {json.dumps(each.name)}: {each.longest_clip}," for each in FAMILIES)
    return (
        "// Made by dev/make_family_list.py from wanmove_core/family.py.\n\n"
        "/** Frames per latent frame, and a cell's height and width in pixels. */\n"
        "export const FAMILY_STRIDES = /** @type {const} */ ({\n"
        f"{rows}\n"
        "});\n"
        "/** Frames that the model was made for: longer videos are made in windows. */\n"
        "export const FAMILY_CLIPS = /** @type {const} */ ({\n"
        f"{clips}\n"
        "});\n"
        "/** Where nothing says which model the drawing is for. */\n"
        f"export const FIRST_FAMILY = {json.dumps(FAMILIES[0].name)};\n"
    )


if __name__ == "__main__":
    LIST.write_text(editor_list(), encoding="utf-8")
