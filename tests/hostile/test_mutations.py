"""A seeded slice of `python -m tests.hostile --full`."""

import pytest

from . import mutations
from .mutations import SLICE, attack, kinds


@pytest.mark.parametrize("kind", kinds())
def test_mutated_files_are_read_or_refused(kind):
    outcome = attack(kind, SLICE // 3)
    assert outcome.tried >= 20 and outcome.refused > 0
    assert outcome.wrong == []


def test_a_traceback_is_seen(monkeypatch):
    def broken(_path):
        raise IndexError("beyond")

    monkeypatch.setattr(mutations, "_read_weights", broken)
    assert len(attack("weights", 1).wrong) == 3
