"""A seeded slice of `python -m tests.hostile --full`."""

import pytest

from tests.hostile import fixtures
from tests.hostile.fixtures import KINDS
from tests.hostile.mutations import SLICE, attack


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_are_read_or_refused(kind):
    outcome = attack(kind, SLICE // 3)
    assert outcome.tried >= (2 if kind == "tokenizers" else 16) and outcome.refused > 0
    assert outcome.wrong == []


def test_a_traceback_is_seen(monkeypatch):
    def broken(_path):
        raise IndexError("beyond")

    monkeypatch.setattr(fixtures, "_read_weights", broken)
    assert len(attack("weights", 1).wrong) == 3
