"""What is said when a card's memory runs out: options that were computed to fit it."""

from argparse import Namespace
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from wanmove_core.command.memory import memory_told, way_out
from wanmove_core.errors import OptionError
from wanmove_core.generation.memory import kept_attention


def _said(
    monkeypatch: pytest.MonkeyPatch,
    gib: float,
    cache: str,
    *,
    frames: int = 81,
    window: int | None = None,
) -> str:
    card = SimpleNamespace(total_memory=int(gib * 2**30))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _index: card)
    args = Namespace(frames=frames, window=window, cache=cache)
    with pytest.raises(OptionError) as caught, memory_told(partial(way_out, args, (832, 480))):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried\nmore")
    return str(caught.value)


def test_options_that_fit_the_card_are_named(monkeypatch):
    said = _said(monkeypatch, 23.0, "none")
    assert "got: CUDA out of memory. Tried Use --offload model --dtype fp8: computed" in said
    assert "of the 23 GiB" in said and "\n" not in said and "--cache" not in said


def test_the_cache_that_keeps_attention_is_told_to_be_left_out(monkeypatch):
    said = _said(monkeypatch, 23.0, "attention")
    assert "Leave out --cache attention: it keeps up to 25 GiB. Use --offload model" in said


@pytest.mark.parametrize(("window", "kept"), [(None, 25), (81, 25), (0, 73)])
def test_a_clip_counts_and_all_frames_at_once(monkeypatch, window, kept):
    said = _said(monkeypatch, 120.0, "attention", frames=241, window=window)
    assert f"it keeps up to {kept} GiB. No option is needed: computed" in said


def test_kept_attention_is_the_blocks_output_of_each_branch():
    tokens = 21 * 30 * 52
    assert kept_attention((832, 480), 81) == 2 * 40 * tokens * 5120 * 2 / 2**30
    assert kept_attention((832, 480), 81, branches=1) == kept_attention((832, 480), 81) / 2
