"""No pattern of a reader takes long, whatever it is given: its worst cases are made from itself."""

import importlib
import inspect
import pkgutil
import re
import time

import pytest

import wanmove_core.checkpoints
import wanmove_core.document
import wanmove_core.formats

try:  # the parser that `re` itself uses
    from re import _constants as constants
    from re import _parser as sre_parse
except ImportError:  # Python 3.10
    import sre_constants as constants
    import sre_parse

LENGTHS = (5_000, 100_000)  # a slow pattern fails at the first ones
LIMIT_SECONDS = 0.05
PACKAGES = (wanmove_core.formats, wanmove_core.document, wanmove_core.checkpoints)


def patterns():
    for package in PACKAGES:
        for module in pkgutil.iter_modules(package.__path__):
            loaded = importlib.import_module(f"{package.__name__}.{module.name}")
            source = inspect.getsource(loaded)
            for name, value in vars(loaded).items():
                if isinstance(value, re.Pattern):
                    uses = set(
                        re.findall(rf"\b{name}\.(match|fullmatch|search|sub|finditer)", source)
                    )
                    uses = {{"sub": "search", "finditer": "search"}.get(use, use) for use in uses}
                    yield pytest.param(value, sorted(uses), id=f"{module.name}.{name}")


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
