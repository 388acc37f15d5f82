"""What the editor must agree on is what wanmove_core does today."""

import json
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.mark.parametrize("name", ["fits", "places", "idle"])
def test_the_golden_file_is_of_today(name, monkeypatch):
    monkeypatch.syspath_prepend(str(FIXTURES))
    make_twins = pytest.importorskip("make_twins")
    monkeypatch.delitem(sys.modules, "make_twins")
    today = json.loads(json.dumps(list(getattr(make_twins, name)())))
    assert today == json.loads((FIXTURES / f"{name}.json").read_text())
