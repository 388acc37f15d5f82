"""Formats of text that are not JSON, told apart by how the text begins."""

from collections.abc import Callable
from typing import NamedTuple

from .after_effects import is_after_effects, parse_after_effects
from .blender import is_blender_csv, parse_blender_csv
from .content import Content, ReadOptions
from .nuke import is_nuke, parse_nuke
from .svg import is_svg, parse_svg
from .table import parse_csv

_Parse = Callable[[str, str, ReadOptions], Content]


class _TextFormat(NamedTuple):
    matches: Callable[[str], bool]
    parse: _Parse


def _is_json(text: str) -> bool:
    text = text.strip()
    # A quoted first CSV cell is told from a JSON string by the lines that follow it.
    return text[0] in "[{(" or (text[0] == '"' and "\n" not in text)


# Tried in this order; CSV is what all the rest is taken for.
TEXT_FORMATS = {
    "svg": _TextFormat(is_svg, parse_svg),
    "after-effects": _TextFormat(is_after_effects, parse_after_effects),
    "nuke": _TextFormat(is_nuke, parse_nuke),
    "blender": _TextFormat(is_blender_csv, parse_blender_csv),
    "csv": _TextFormat(lambda text: not _is_json(text), parse_csv),
}


def find_text_format(text: str, wanted: str) -> _Parse | None:
    """The parser of a text that is not JSON.

    Args:
        text: with something in it.
        wanted: a format's name, or "auto" to tell from the text.

    Returns:
        None where the text is to be read as JSON.
    """
    if wanted == "auto":
        return next((f.parse for f in TEXT_FORMATS.values() if f.matches(text)), None)
    if wanted not in TEXT_FORMATS or (wanted == "blender" and _is_json(text)):
        return None
    return TEXT_FORMATS[wanted].parse
