"""Bad input as a test: each case is a kind of error, words of its message, and the call."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from wanmove_core import WanMoveError

Case = tuple[type[Exception], str, Callable[[], Any]]


def refusal_test(cases: Iterable[Case]) -> Callable[[Case], None]:
    """Make a test of a module's bad inputs: each is refused in one line that says what came."""

    @pytest.mark.parametrize("case", list(cases), ids=lambda case: case[1])
    def test(case: Case) -> None:
        kind, words, call = case
        with pytest.raises(kind, match=words) as caught:
            call()
        assert isinstance(caught.value, WanMoveError)
        assert "\n" not in str(caught.value) and "; got" in str(caught.value)

    return test
