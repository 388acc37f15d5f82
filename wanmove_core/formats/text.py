"""Untrusted bytes to text, and text to JSON values; limits are checked before anything is built."""

import codecs
import json
import re
from typing import Any

import numpy as np

from ..errors import TrackFormatError
from .checks import MAX_TEXT_BYTES, refusal, shown

MAX_DEPTH = 32
# What bounds the memory of the parsed value: an object of two floats takes about 240 bytes.
MAX_CONTAINERS = 1_000_000
MAX_ITEMS = 4_000_000
MAX_STRINGS = 4_000_000
_LOOSE_STRINGS = 500_000
# Python-style text is converted token by token, which is slower.
MAX_LITERAL_CHARACTERS = 2**20

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LITERAL = re.compile(
    r"\s{0,100}(?:(?P<text>'[^'\\\n]*(?:\\.[^'\\\n]*)*'|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\")"
    r"|(?P<word>True|False|None|true|false|null|nan|NaN)\b"
    r"|(?P<number>-?\d[\d.eE+-]*)"
    r"|(?P<mark>[\[\](){},:]))"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS = {"True": "true", "False": "false", "None": "null", "nan": "NaN"}
_MARKS = {"(": "[", ")": "]"}


def decode_text(data: bytes, name: str) -> str:
    """Decode UTF-8, or UTF-16/32 with a byte order mark.

    Raises:
        TrackFormatError: too large, not text, or with NUL characters in it.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise _too_large(name, len(data))
    encoding = next((code for mark, code in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise refusal(
            name,
            "be an .npy file or UTF-8 text",
            f"byte 0x{data[error.start]:02x} at offset {error.start}",
            "Save it as .npy, .json or .csv in UTF-8",
        ) from error
    if "\0" in text:
        raise refusal(
            name,
            "be an .npy file or UTF-8 text",
            f"a NUL character at offset {text.index(chr(0))}",
            "The file is damaged or of another kind; export it again",
        )
    return text


def clean_text(text: str, name: str) -> str:
    """Return a text from memory as `decode_text` would.

    Raises:
        TrackFormatError: half of a UTF-16 surrogate pair.
    """
    half = None if text.isascii() else _SURROGATE.search(text)
    if half is not None:
        raise refusal(
            name, "be text", f"half a character at offset {half.start()}", "Copy it again"
        )
    return text.removeprefix("\ufeff")


def lines_of(text: str) -> list[str]:
    """Split a text at line feeds, not at U+2028, U+0085 and others as `str.splitlines` does."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def parse_json(text: str, name: str) -> Any:
    """Parse JSON, or the same written as Python literals, within limits.

    Python's single quotes, True and None are tried only after JSON has failed, token by token,
    so an apostrophe inside a string stays one.

    Raises:
        TrackFormatError: not JSON, too deep, too many values, or a key twice in one object.
    """
    _check_structure(text, name)
    try:
        return _load(text, name)
    except json.JSONDecodeError as error:
        converted = _json_from_literal(text) if "'" in text or "(" in text else None
        if converted is not None:
            _check_structure(converted, name)
            try:
                return _load(converted, name)
            except json.JSONDecodeError:
                pass
        where = f"line {error.lineno}, column {error.colno}"
        raise refusal(
            name,
            "be complete JSON",
            f"{error.msg[:1].lower()}{error.msg[1:]} at {where}",
            "Export it again, or correct it there",
        ) from error


def _load(text: str, name: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise refusal(
                name, "have each key once in an object", f"{shown(twice)} twice", "Remove one"
            )
        return value

    # Python refuses integers of over 4300 digits, and is quadratic below; floats do here.
    def whole(digits: str) -> int | float:
        return int(digits) if len(digits) < 20 else float(digits)

    return json.loads(text, object_pairs_hook=unique, parse_int=whole)


def check_depth(value: Any, name: str) -> None:
    """Refuse a value from memory that nests too far, or within itself."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = (item.values() if isinstance(item, dict) else item for item in level)
        level = [item for items in inner for item in items if isinstance(item, (list, dict))]
        if not level:
            return
    raise _too_deep(name, f"over {MAX_DEPTH}")


def _check_structure(text: str, name: str) -> None:
    """Refuse JSON that would nest or grow too far, without parsing it."""
    if len(text) > MAX_TEXT_BYTES:
        raise _too_large(name, len(text))
    bare = text.replace("\\\\", "").replace('\\"', "")
    strings = bare.count('"') // 2
    if strings > MAX_STRINGS:
        raise _too_many(name, "strings", MAX_STRINGS, strings)
    outside = "".join(bare.split('"')[::2]).encode("utf-8", "replace")
    brackets = np.frombuffer(outside.translate(None, _NOT_BRACKETS), np.uint8)
    opening = (brackets == ord("[")) | (brackets == ord("{"))
    containers = int(opening.sum())
    if containers > MAX_CONTAINERS:
        raise _too_many(name, "lists and objects", MAX_CONTAINERS, containers)
    # The keys of points are a few, again and again; others each take their own memory.
    if strings > (most := 8 * containers + _LOOSE_STRINGS):
        raise _too_many(name, "keys and texts", most, strings)
    if outside.count(b",") > MAX_ITEMS:
        raise _too_many(name, "values", MAX_ITEMS, outside.count(b","))
    depth = np.cumsum(np.where(opening, 1, -1)).max(initial=0)
    if depth > MAX_DEPTH:
        raise _too_deep(name, str(depth))


def _json_from_literal(text: str) -> str | None:
    """The JSON of a Python literal of lists, dicts, strings and numbers; None if it is not one."""
    if len(text) > MAX_LITERAL_CHARACTERS:
        return None
    out: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        token = _LITERAL.match(text, position)
        if token is None:
            return None
        kind, value = token.lastgroup, token[token.lastgroup or 0]
        if kind == "text":
            value = json.dumps(value[1:-1].replace("\\'", "'").replace('\\"', '"'))
        elif kind == "word":
            value = _WORDS.get(value, value)
        elif kind == "mark":
            value = _MARKS.get(value, value)
        out.append(value)
        position = token.end()
    return " ".join(out)


def _too_large(name: str, size: int) -> TrackFormatError:
    return refusal(
        name,
        f"be at most {MAX_TEXT_BYTES // 2**20} MiB of text",
        f"{size / 2**20:.1f} MiB",
        "Save many tracks as .npy",
    )


def _too_deep(name: str, depth: str) -> TrackFormatError:
    return refusal(
        name,
        f"nest at most {MAX_DEPTH} levels deep",
        f"{depth} levels",
        "Tracks need four; export it again",
    )


def _too_many(name: str, what: str, limit: int, count: int) -> TrackFormatError:
    return refusal(
        name, f"hold at most {limit} {what}", str(count), "Save many tracks as .npy instead"
    )


def is_no_json(text: str) -> bool:
    """Tell whether a text does not begin as JSON, so that it is read as rows of numbers."""
    text = text.strip()
    # A quoted first CSV cell is told from a JSON string by the lines that follow it.
    return not (text[0] in "[{(" or (text[0] == '"' and "\n" not in text))
