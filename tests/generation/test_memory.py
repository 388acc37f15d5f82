"""Memory computed from shapes: of known sums, and in the order that it must have."""

from functools import partial

import pytest
import torch

from wanmove_core.generation.memory import WAYS, _peak, fastest_way, needs_of, transformer_weights
from wanmove_core.generation.memory import vae_peak as vae


def test_the_meter_adds_up_what_is_alive_at_a_time() -> None:
    def run(_model) -> None:
        first = torch.empty(1000)
        second = first + 1  # both alive: 8000 bytes
        del first
        third = second * 2  # the first is gone: 8000 again
        del second
        torch.cat([third, third])  # 4000 + 8000

    assert _peak(torch.nn.Identity, run, torch.float32) == 12000


def test_weights_do_not_count_when_a_layer_looks_at_them() -> None:
    """A linear layer multiplies by a view of its weight: once it was taken for new memory."""

    def run(model) -> None:
        model(torch.empty(1, 1000))

    layer = partial(torch.nn.Linear, 1000, 1000, bias=False)
    assert _peak(layer, run, torch.float32) == 8000


def test_the_transformer_is_the_14b_one() -> None:
    assert transformer_weights() == pytest.approx(16.39e9, rel=0.01)


def test_less_memory_is_needed_from_option_to_option_that_saves() -> None:
    size = (832, 480)
    whole = needs_of(size, 81)
    assert needs_of(size, 81, offload="model").peak < whole.peak
    assert needs_of(size, 81, offload="model", dtype="fp8").peak < 24
    small = needs_of(size, 81, offload="layer", tiling=True)
    assert small.peak < 9 and small.decode < needs_of(size, 81, offload="layer").decode / 2
    assert 5 < vae(size, decodes=False) < vae(size, decodes=True) < 9


def test_the_fastest_way_is_the_first_that_fits() -> None:
    assert fastest_way(100.0, (832, 480), 81)[0] == WAYS[0][0] == "no options"
    options, needs = fastest_way(23.0, (832, 480), 81)
    assert needs.peak <= 23 and options == "--offload model --dtype fp8"
    assert fastest_way(2.0, (832, 480), 81) is None


def test_layers_stay_where_a_card_has_room_while_it_samples() -> None:
    options, needs = fastest_way(14.9, (832, 480), 81)
    plain = needs_of((832, 480), 81, offload="layer")
    keep = float(options.removeprefix("--offload layer --keep "))
    assert needs.sample == pytest.approx(plain.sample + keep) and needs.decode == plain.decode
    assert 13.9 < needs.peak <= 14.9
