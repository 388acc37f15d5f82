"""The table of formats is whole, and every list is made from it."""

import re
from pathlib import Path

import pytest

from dev.make_format_lists import LIST, PAGE, editor_list, page
from wanmove_core.command.main import make_parser
from wanmove_core.formats import FORMATS, WRITE_FORMATS
from wanmove_core.formats.registry import TABLE, WRITTEN, format_of, function

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("format_", TABLE, ids=lambda f: f.name)
def test_every_function_of_the_table_is_there(format_):
    doors = [door for door in (format_.text, format_.value, format_.asked) if door]
    for name in [*(name for door in doors for name in door), *filter(None, [format_.write])]:
        assert callable(function(name))
    assert bool(format_.to) == bool(format_.suffix) == bool(format_.write)
    assert format_.title


def test_names_and_endings_are_told_apart():
    assert len(set(FORMATS)) == len(TABLE) and len(WRITE_FORMATS) == len(WRITTEN) == 8
    for name, format_ in WRITTEN.items():
        assert format_of(f"A{format_.suffix.upper()}") == name


def test_the_lists_made_from_it_are_those_of_now():
    """Run `python dev/make_format_lists.py` when this fails."""
    assert LIST.read_text(encoding="utf-8") == editor_list()
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
    for file in ("web/js/host/track_widget.js", "wanmove_core/draw_page/page/page.js"):
        source = (ROOT / file).read_text(encoding="utf-8")
        assert "formats.js" in source and not re.search(r'"after-effects"', source)


def test_the_command_line_knows_all_of_them(capsys):
    for words in (["tracks", "convert", "--help"], ["draw", "--help"]):
        with pytest.raises(SystemExit):
            make_parser().parse_args(words)
        told = capsys.readouterr().out
        assert all(format_.suffix in told for format_ in WRITTEN.values())
