"""What the editor must agree on is what wanmove_core does today."""

import json
import sys
from pathlib import Path

import pytest

from dev.make_family_list import LIST, editor_list

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.mark.parametrize("name", ["fits", "places", "idle"])
def test_the_golden_file_is_of_today(name, monkeypatch):
    monkeypatch.syspath_prepend(str(FIXTURES))
    make_twins = pytest.importorskip("make_twins")
    monkeypatch.delitem(sys.modules, "make_twins")
    today = json.loads(json.dumps(list(getattr(make_twins, name)())))
    assert today == json.loads((FIXTURES / f"{name}.json").read_text())


def test_the_editor_has_the_families_of_today():
    """Run `python dev/make_family_list.py` when this fails."""
    assert LIST.read_text(encoding="utf-8") == editor_list()
