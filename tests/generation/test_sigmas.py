"""Noise levels and solvers: equal to the reference's tables and to slow oracles."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.oracles.flow_solvers import sample_dpm, sample_unipc
from wanmove_core import OptionError
from wanmove_core.generation.sampling import make_schedule, make_solver

REFERENCE = Path(__file__).parents[1] / "fixtures" / "official_loop" / "reference.safetensors"
# WAN's 480p default, from the reference's documentation of itself.
SHIFT_3_OF_40 = (
    "999 991 982 973 963 954 944 933 922 911 899 887 874 861 847 832 817 801 785 767 "
    "749 730 710 688 666 642 617 590 562 531 499 465 428 388 345 299 249 195 136 71"
)
FEW_STEP = (1.0, 0.9375, 0.8333, 0.625)


def toy_velocity(x, timestep):
    """A velocity that bends with x and time, on any array."""
    tanh = np.tanh if isinstance(x, np.ndarray) else torch.tanh
    return tanh(x * 0.7) * 0.8 + timestep / 1000 * x - 0.3


def run(name, schedule, x, velocity=toy_velocity):
    solver = make_solver(name, schedule)
    for timestep in schedule.timesteps:
        x = solver.step(velocity(x, timestep), x)
    return x


@pytest.mark.parametrize("solver", ["unipc", "dpm++"])
@pytest.mark.parametrize("shift", [3, 5])
@pytest.mark.parametrize("steps", [4, 40])
def test_the_tables_are_the_references_bit_for_bit(solver, shift, steps):
    recorded = load_file(REFERENCE)
    schedule = make_schedule(solver, steps, float(shift))
    key = f"{solver}.{shift}.{steps}"
    assert schedule.timesteps == tuple(recorded[f"{key}.timesteps"].tolist())
    assert torch.equal(
        torch.tensor(schedule.sigmas, dtype=torch.float32), recorded[f"{key}.sigmas"]
    )


def test_the_default_of_40_steps_at_shift_3():
    schedule = make_schedule("unipc", 40, 3.0)
    assert " ".join(map(str, schedule.timesteps)) == SHIFT_3_OF_40
    assert schedule.sigmas[0] == pytest.approx(0.999666, abs=1e-6)
    assert schedule.sigmas[39] == pytest.approx(0.071361, abs=1e-6)
    assert schedule.sigmas[40] == 0


@pytest.mark.parametrize("name,oracle", [("unipc", sample_unipc), ("dpm++", sample_dpm)])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 14, 15, 40])
def test_solvers_equal_their_oracles(name, oracle, steps):
    schedule = make_schedule(name, steps, 3.0)
    x = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(steps), dtype=torch.float64)
    expected = oracle(toy_velocity, x.numpy(), list(schedule.sigmas), list(schedule.timesteps))
    got = run(name, schedule, x).numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["unipc", "dpm++", "euler"])
@pytest.mark.parametrize("sigmas", [FEW_STEP, (*FEW_STEP, 0.0), (0.5,)])
def test_explicit_sigmas_serve_every_solver(name, sigmas):
    schedule = make_schedule(name, 99, 1.0, sigmas=sigmas)
    assert schedule.timesteps == tuple(int(1000 * s) for s in sigmas if s)
    out = run(name, schedule, torch.ones(3))
    assert torch.isfinite(out).all()
    # A velocity that always points to the same clean value arrives there exactly.
    clean, noise = torch.tensor([0.25, -2.0]), torch.tensor([1.5, 0.5])
    begin = (1 - sigmas[0]) * clean + sigmas[0] * noise
    arrived = run(name, schedule, begin, lambda _x, _t: noise - clean)
    torch.testing.assert_close(arrived, clean, rtol=0, atol=1e-6)


def test_solvers_write_into_no_argument():
    for name in ("unipc", "dpm++", "euler"):
        solver = make_solver(name, make_schedule(name, 3, 3.0))
        x, v = torch.ones(5), torch.full((5,), 0.5)
        for _ in range(3):
            solver.step(v, x)
        assert torch.equal(x, torch.ones(5)) and torch.equal(v, torch.full((5,), 0.5))


@pytest.mark.parametrize(
    "arguments,message",
    [
        (("ddim", 4, 3.0), "solver must be one of unipc, dpm"),
        (("unipc", 0, 3.0), "steps must be 1 or more; got 0"),
        (("unipc", 4, 0.0), "shift must be above 0"),
        (("unipc", 4, float("nan")), "shift must be above 0"),
    ],
)
def test_bad_options_are_refused(arguments, message):
    with pytest.raises(OptionError, match=message):
        # Past the type checks of the test run, which users do not have.
        getattr(make_schedule, "__wrapped__", make_schedule)(*arguments)


@pytest.mark.parametrize("sigmas", [(), (0.0,), (0.5, 0.7), (1.0, 1.0), (1.5, 0.5), (0.5, -0.1)])
def test_sigmas_must_fall_to_zero(sigmas):
    with pytest.raises(OptionError, match="sigmas must fall from at most 1"):
        make_schedule("euler", 4, 3.0, sigmas=sigmas)
    with pytest.raises(OptionError, match="sigmas must fall"):
        make_schedule("euler", 4, 3.0, sigmas=(float("nan"), 0.5))
