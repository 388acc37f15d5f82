"""No pattern of a reader takes long, whatever it is given: its worst cases are made from itself."""

import ast
import importlib
import re
import time
from pathlib import Path

import pytest

try:  # the parser that `re` itself uses
    from re import _constants as constants
    from re import _parser as sre_parse
except ImportError:  # Python 3.10
    import sre_constants as constants
    import sre_parse

LENGTHS = (5_000, 100_000)  # a slow pattern fails at the first ones
LIMIT_SECONDS = 0.05
ROOT = Path(__file__).parents[2]
CALLS = ("compile", "match", "fullmatch", "search", "sub", "findall", "finditer", "split")


def patterns():
    """Every pattern of the code, with the ways in which it is used."""
    for folder in (ROOT / "wanmove_core", ROOT / "nodes"):
        for path in sorted(folder.rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            for number, (pattern, uses) in enumerate(patterns_of(source, path)):
                name = f"{path.relative_to(ROOT).with_suffix('')}-{number}"
                yield pytest.param(pattern, uses, id=name)


def patterns_of(source, path):
    if "re." not in source:
        return
    names = {}
    for node in ast.walk(ast.parse(source)):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if not called.startswith("re.") or called[3:] not in CALLS:
            continue
        text = node.args[0]
        if "re.escape" in ast.unparse(text):  # a text of its own before a number
            continue
        flags = node.args[1:] if called == "re.compile" else []
        if not isinstance(text, ast.Constant):  # made of other texts of its module
            names = names or dict(vars(importlib.import_module(module_of(path))))
        either = [text.body, text.orelse] if isinstance(text, ast.IfExp) else [text]
        uses = {called[3:]}
        if called == "re.compile":
            holder = next(
                (
                    ast.unparse(one.targets[0])
                    for one in ast.walk(ast.parse(source))
                    if isinstance(one, ast.Assign) and one.value.lineno == node.lineno
                ),
                "",
            )
            uses = set(re.findall(rf"\b{re.escape(holder)}\.({'|'.join(CALLS)})\b", source))
            uses = uses or {"match"}  # through a variable: text is read from place to place
        # Those that go through the text cost as much as a search.
        through = {"sub", "finditer", "findall", "split"}
        uses = sorted({"search" if use in through else use for use in uses})
        for one in either:
            given = [eval(ast.unparse(part), {"re": re, **names}) for part in (one, *flags)]
            yield re.compile(*given), uses


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def sample(items, pumps, path=()):
    """The shortest text that fits, and for each repetition the text before, in and after it."""
    text = ""
    for operator, argument in items:
        name = str(operator)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = argument
            unit = sample(inner, [], path)
            # A bounded repetition costs a bounded number of steps, wherever it stands.
            if high > 1000 and unit:
                pumps.append((text, unit))
            sample(inner, pumps_within := [], path)
            pumps += [(text + before, one) for before, one in pumps_within]
            text += unit * low
        elif name == "SUBPATTERN":
            inner_pumps = []
            inner = sample(argument[-1], inner_pumps, path)
            pumps += [(text + before, unit) for before, unit in inner_pumps]
            text += inner
        elif name == "BRANCH":
            found = []
            for branch in argument[1]:
                inner_pumps = []
                found.append(sample(branch, inner_pumps, path))
                pumps += [(text + before, unit) for before, unit in inner_pumps]
            text += found[0]
        elif name == "LITERAL":
            text += chr(argument)
        elif name == "NOT_LITERAL":
            text += "a" if argument != ord("a") else "b"
        elif name == "IN":
            text += one_of(argument)
        elif name == "ANY":
            text += "a"
    return text


def one_of(choices):
    kinds = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}
    if str(choices[0][0]) == "NEGATE":
        out = {chr(value) for kind, value in choices[1:] if str(kind) == "LITERAL"}
        spaces = any("SPACE" in str(value) for kind, value in choices if str(kind) == "CATEGORY")
        return next(c for c in ("a ;1" if not spaces else "a;1") if c not in out)
    for kind, value in choices:
        if str(kind) == "LITERAL":
            return chr(value)
        if str(kind) == "RANGE":
            return chr(value[0])
        if str(value) in kinds:
            return kinds[str(value)]
    return "a"


def worst_cases(pattern, length):
    pumps = []
    whole = sample(sre_parse.parse(pattern.pattern, pattern.flags & ~re.UNICODE), pumps)
    yield (whole + " ") * (length // (len(whole) + 1)) + "\x01"
    for before, unit in pumps:
        long = unit * (length // len(unit))
        yield from (before + long + "\x01", long + "\x01")


@pytest.mark.parametrize(("pattern", "uses"), list(patterns()))
def test_no_pattern_takes_long(pattern, uses):
    for text in (text for length in LENGTHS for text in worst_cases(pattern, length)):
        for use in (getattr(pattern, name) for name in uses):
            times = []
            for _ in range(3):  # the machine may be busy
                began = time.process_time()
                use(text)
                times.append(time.process_time() - began)
                if times[-1] < LIMIT_SECONDS:
                    break
            assert min(times) < LIMIT_SECONDS, (use.__name__, text[:40])


def test_the_worst_case_is_found_where_there_is_one():
    slow = re.compile(r"\s*(\d+\.?\d*)\s*x")
    with pytest.raises(AssertionError):
        test_no_pattern_takes_long(slow, ["fullmatch"])


def test_constants_of_re_are_those_that_the_test_knows():
    assert constants.MAX_REPEAT and constants.BRANCH
