"""Noise levels and solvers: how a flow model's velocity turns noise into a latent, step by step.

A flow model's input is `x = (1 - sigma) * clean + sigma * noise`; it predicts `noise - clean`. The
solvers are not taken from a library, because the library's noise levels have changed between
releases, which changes every video. Their scalars are plain Python floats, so a step never waits
for a GPU.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np

from ..errors import OptionError
from ..shapes import Tensor

SolverName = Literal["unipc", "dpm++", "euler", "lcm"]

_TRAIN_STEPS = 1000
_MOST_STEPS = 100_000
# 1 - 1/1000 in the reference's float32.
_UNIPC_SIGMA_MAX = float(np.float32(0.999))


@dataclass(frozen=True)
class Schedule:
    """The noise levels of a run.

    Args:
        sigmas: steps + 1 levels, descending, the last is 0.
        timesteps: the model's time input at each step: 1000 * sigma, without the fraction where the
            reference drops it.
    """

    sigmas: tuple[float, ...]
    timesteps: tuple[float | int, ...]


def make_schedule(
    solver: SolverName,
    steps: int,
    shift: float,
    *,
    sigmas: Sequence[float] | None = None,
) -> Schedule:
    """Choose the noise levels.

    Args:
        solver: "unipc" starts at 0.999 as the reference's does, the others at 1.
        steps: model evaluations per branch.
        shift: above 1 spends more of the steps at high noise; 3 for 480p.
        sigmas: the levels themselves, with or without the last 0, in place of `steps` and
            `shift`; for models distilled to a few steps.

    Raises:
        OptionError: a value outside of its range.

    Source:
        Wan-Move wan/utils/fm_solvers_unipc.py:175 and fm_solvers.py:22 @27409be.
    """
    _check_solver(solver)
    if sigmas is not None:
        levels = np.array(sigmas, dtype=np.float64)
        levels = levels[:-1] if len(levels) > 1 and levels[-1] == 0 else levels
        if not len(levels) or not np.all(levels <= 1) or not np.all(np.diff([*levels, 0]) < 0):
            raise OptionError(
                f"sigmas must fall from at most 1 to above 0; got {list(sigmas)}. "
                "Use 1,0.9375,0.8333,0.625 for a model distilled to four steps."
            )
    else:
        if not 1 <= steps <= _MOST_STEPS:
            asked = "1 or more" if steps < 1 else f"at most {_MOST_STEPS}"
            raise OptionError(f"steps must be {asked}; got {steps}. Use 40.")
        if not (math.isfinite(shift) and shift > 0):
            raise OptionError(f"shift must be above 0; got {shift}. Use 3 for 480p.")
        first = _UNIPC_SIGMA_MAX if solver == "unipc" else 1.0
        even = np.linspace(first, 0.0, steps + 1)[:-1]
        levels = shift * even / (1 + (shift - 1) * even)
    timesteps = levels * _TRAIN_STEPS
    if solver != "lcm":
        timesteps = timesteps.astype(np.int64)
    # The reference's solvers hold the levels in float32.
    rounded = [float(np.float32(level)) for level in levels]
    return Schedule((*rounded, 0.0), tuple(timesteps.tolist()))


@runtime_checkable
class Solver(Protocol):
    """A solver that takes one step at a time, in the order of the schedule."""

    def step(self, velocity: Tensor, latent: Tensor) -> Tensor:
        """Move the latent from this step's noise level to the next.

        Args:
            velocity: predicted by the model at `latent`.
            latent: float32.

        Returns:
            A new tensor.
        """
        ...


def make_solver(
    name: SolverName, schedule: Schedule, noise: Callable[[], Tensor] | None = None
) -> Solver:
    """Start a solver at the first step of a schedule.

    Args:
        name: "unipc" is the reference's default, second order with a corrector; "dpm++" its
            alternative, second order; "euler" first order, for models distilled to a few steps;
            "lcm" goes to the clean latent and adds fresh noise, for models distilled that way.
        schedule: from `make_schedule`.
        noise: draws noise of the latent's shape, on the latent's device; "lcm" needs it.

    Raises:
        OptionError: another name.
    """
    _check_solver(name)
    if name == "lcm":
        if noise is None:
            raise OptionError('solver "lcm" must have noise; got none. Give a source of it.')
        return Lcm(schedule, noise)
    return _SOLVERS[name](schedule)


class Euler:
    """Follow the velocity straight to the next noise level."""

    def __init__(self, schedule: Schedule) -> None:
        self._sigmas = schedule.sigmas
        self._index = 0

    def step(self, velocity: Tensor, latent: Tensor) -> Tensor:
        """See `Solver.step`."""
        here, there = self._sigmas[self._index : self._index + 2]
        self._index += 1
        return latent + (there - here) * velocity


class Lcm:
    """Go to the clean latent that the velocity points at, and add fresh noise for the next level.

    Source:
        Wan2.2-TI2V-5B-Turbo pipeline/wan22_fewstep_inference.py:65 and utils/wan_wrapper.py:433
        @26d5995, the loop of FlashMotion's base model. Differs: the caller gives the noise, so that
        the video depends on the seed alone; the levels are exact, not looked up in a table.
    """

    def __init__(self, schedule: Schedule, noise: Callable[[], Tensor]) -> None:
        self._sigmas = schedule.sigmas
        self._noise = noise
        self._index = 0

    def step(self, velocity: Tensor, latent: Tensor) -> Tensor:
        """See `Solver.step`."""
        here, there = self._sigmas[self._index : self._index + 2]
        self._index += 1
        clean = (latent.double() - here * velocity.double()).float()
        return clean if there == 0 else (1 - there) * clean + there * self._noise()


class DpmPlusPlus:
    """DPM-Solver++(2M) for flow models.

    Source:
        `FlowDPMSolverMultistepScheduler` with its defaults (order 2, midpoint),
        Wan-Move wan/utils/fm_solvers.py @27409be.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._sigmas = schedule.sigmas
        self._index = 0
        self._previous: Tensor | None = None

    def step(self, velocity: Tensor, latent: Tensor) -> Tensor:
        """See `Solver.step`."""
        index, sigmas = self._index, self._sigmas
        here, there = sigmas[index : index + 2]
        clean = latent - here * velocity
        h = _log_snr(there) - _log_snr(here)
        # Towards no noise the log of the ratio is infinite: the last step is of first order.
        target = clean
        if self._previous is not None and there > 0:
            ratio = (_log_snr(here) - _log_snr(sigmas[index - 1])) / h
            target = clean + (clean - self._previous) / (2 * ratio)
        self._previous = clean
        self._index += 1
        return (there / here) * latent - (1 - there) * math.expm1(-h) * target


class UniPc:
    """UniPC of order 2 (B2) for flow models: a predictor, corrected after the model's next pass.

    Letters are the paper's (arXiv 2302.04867): h, r_1, D_1, D_t, b and rho of its corrector.

    Source:
        `FlowUniPCMultistepScheduler` with its defaults,
        Wan-Move wan/utils/fm_solvers_unipc.py @27409be.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._sigmas = schedule.sigmas
        self._index = 0
        self._order = 0
        self._start: Tensor | None = None
        self._cleans: list[Tensor] = []

    def step(self, velocity: Tensor, latent: Tensor) -> Tensor:
        """See `Solver.step`."""
        clean = latent - self._sigmas[self._index] * velocity
        if self._start is not None:
            latent = self._correct(clean, self._start)
        self._cleans = [clean, *self._cleans[:1]]
        left = len(self._sigmas) - 1 - self._index
        self._order = min(2, left, self._order + 1)
        self._start = latent
        self._index += 1
        return self._predict(latent)

    def _predict(self, start: Tensor) -> Tensor:
        """From the level that the model has just answered at to the next."""
        here, there = self._sigmas[self._index - 1 : self._index + 1]
        h = _log_snr(there) - _log_snr(here)
        phi = math.expm1(-h)
        out = (there / here) * start - (1 - there) * phi * self._cleans[0]
        if self._order == 2:
            r_1 = (_log_snr(self._sigmas[self._index - 2]) - _log_snr(here)) / h
            d_1 = (self._cleans[1] - self._cleans[0]) / r_1
            out = out - (1 - there) * phi * 0.5 * d_1
        return out

    def _correct(self, clean: Tensor, start: Tensor) -> Tensor:
        """Take the last step again, now that the model's answer at its end is known."""
        here, there = self._sigmas[self._index - 1 : self._index + 1]
        h = _log_snr(there) - _log_snr(here)
        phi = math.expm1(-h)
        out = (there / here) * start - (1 - there) * phi * self._cleans[0]
        d_t = clean - self._cleans[0]
        if self._order == 1:
            return out - (1 - there) * phi * 0.5 * d_t
        r_1 = (_log_snr(self._sigmas[self._index - 2]) - _log_snr(here)) / h
        # The two conditions that make the step exact for polynomials of degree 2.
        b_1 = (-phi / h - 1) / phi
        b_2 = 2 * ((-phi / h - 1) / -h - 0.5) / phi
        rho_1 = (b_1 - b_2) / (1 - r_1)
        d_1 = (self._cleans[1] - self._cleans[0]) / r_1
        return out - (1 - there) * phi * (rho_1 * d_1 + (b_1 - rho_1) * d_t)


_SOLVERS: dict[str, Callable[[Schedule], Solver]] = {
    "unipc": UniPc,
    "dpm++": DpmPlusPlus,
    "euler": Euler,
}


def _log_snr(sigma: float) -> float:
    """Half of the log of the signal-to-noise ratio; the limits are infinite."""
    if sigma <= 0:
        return math.inf
    return -math.inf if sigma >= 1 else math.log(1 - sigma) - math.log(sigma)


def _check_solver(name: str) -> None:
    if name not in get_args(SolverName):
        raise OptionError(
            f"solver must be one of {', '.join(get_args(SolverName))}; got {name!r}. "
            'Use "unipc", the reference\'s default.'
        )
