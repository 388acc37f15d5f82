"""The training loop: players that train in turns, and a run that resumes exactly.

A *player* is a module with its optimisers and its loss. Plain training has one; a generator and
its critic are two. A stage of training is a function that makes the players:

    def loss(draw: Draw) -> dict[str, Tensor]:
        batch = ...                      # every random number from draw.rng or draw.generator
        return {"loss": ..., "more": ...}    # "loss" is descended, the rest is logged

    from wanmove_core.train.plan import Plan
    from wanmove_core.train.player import Player

    player = Player("adapter", module, [torch.optim.AdamW(...)], loss)
    critic = Player("critic", head, [torch.optim.AdamW(...)], critic_loss, turns=5)
    Loop(folder, [critic, player], Plan(steps=1000), report=report).run()

A *round* is every player's turns, in the order given; `Plan.steps` counts rounds, and `draw.turn`
tells a loss which of its player's turns it is. Parameters that require a gradient are trained. The
random numbers of a turn depend on (seed, round, turn, rank) alone, and everything else that a step
depends on is saved, so a stopped run resumes exactly.

The folder holds `state.safetensors` (weights that learn, their average, the optimisers' memory),
`log.csv` and `log.png`. Ctrl+C saves and stops after the step; a second one stops at once.
"""

import json
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import CheckpointError, OptionError
from .journal import Journal
from .plan import Plan
from .player import Draw, Player
from .processes import Processes, spread_like, whole
from .state import (
    optimiser_state,
    read_state,
    restore_optimiser,
    trained,
    write_state,
)

_log = logging.getLogger("wanmove")
STATE = "state.safetensors"


Report = Callable[[int], Mapping[str, float]]


class Loop:
    """One run in one folder, which it resumes.

    Args:
        folder: of the run.
        players: in the order of their turns.
        plan: how long and how fast.
        report: called with the step, every `report_every` steps and at the end; its figures are
            added to the log. It must use only its own random generators.
        device: of the modules.
        options: what else the run depends on, as JSON values: a resumed run must have the same.

    Raises:
        CheckpointError: the folder holds another run's state, or one of other options.
    """

    def __init__(
        self,
        folder: Path,
        players: list[Player],
        plan: Plan,
        *,
        report: Report | None = None,
        device: torch.device | str = "cpu",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder, self.players, self.plan = folder, players, plan
        self._options = dict(options or {})
        folder.mkdir(parents=True, exist_ok=True)
        self._report = report
        self._device = torch.device(device)
        self.processes = Processes.join(self._device)
        self.step, self.spent = 0, 0.0
        self._sums: dict[str, list[float]] = {}
        self._asked = self._stop = False
        self._restore()
        # A row whose report was not made is written again.
        self.journal = Journal(folder / "log.csv", until=self.step - bool(self._unreported))

    def run(self) -> None:
        """Train to the plan's end.

        Raises:
            KeyboardInterrupt: after Ctrl+C, with everything saved.
        """
        saved_at = self.spent
        with self._stoppable():
            if self._unreported:
                self._write_row(with_report=True)
            while not self._at_end and not self._stop:
                self._round()
                if self._due or self.spent - saved_at > 60 * self.plan.save_minutes:
                    saved_at = self.spent
                    self.save()
                if self._stop and self._due:
                    break  # the report is made when the run goes on
                if self._due or self.step % self.plan.log_every == 0:
                    self._write_row(with_report=self._due)
        self.save()
        if self._stop:
            _log.warning("Stopped and saved at step %d. The same command goes on.", self.step)
            raise KeyboardInterrupt

    @property
    def _at_end(self) -> bool:
        return self.plan.share(self.step, self.spent) >= 1

    @property
    def _due(self) -> bool:
        """Whether this step ends with a report."""
        return self._at_end or self.step % self.plan.report_every == 0

    @property
    def _unreported(self) -> bool:
        """Whether the run was stopped before its last row."""
        return self.step > 0 and self._due and bool(self._sums)

    def save(self) -> None:
        """Write the state."""
        tensors, numbers = self._state()
        if self.processes.rank == 0:
            facts = {"step": self.step, "spent": self.spent, "sums": self._sums, "numbers": numbers}
            facts["options"] = self._options
            write_state(self.folder / STATE, tensors, facts)
        self.processes.wait()

    def _round(self) -> None:
        began = time.monotonic()
        rate = self.plan.rate(self.step, self.spent)
        for index, player in enumerate(self.players):
            for turn in range(player.turns):
                figures = self._turn(player, self._draw(index, turn), rate)
                for name, value in figures.items():
                    key = name if len(self.players) == 1 else f"{player.name} {name}"
                    self._sums.setdefault(key, []).append(value)
        self.step += 1
        self.spent += time.monotonic() - began
        # All processes must see the same clock and the same wish to stop.
        means = self.processes.average(nn.Module(), [self.spent, float(self._asked)])
        self.spent, self._stop = means[0], means[1] > 0

    def _draw(self, index: int, turn: int) -> Draw:
        key = [self.plan.seed, self.step, index, turn, self.processes.rank]
        rng = np.random.default_rng(key)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        return Draw(self.step, turn, rng, generator)

    def _turn(self, player: Player, draw: Draw, rate: float) -> dict[str, float]:
        dtype = self.plan.dtype
        with torch.autocast(self._device.type, dtype or torch.bfloat16, enabled=dtype is not None):
            figures = dict(player.loss(draw))
        figures["loss"].backward()
        values = [float(value.detach()) for value in figures.values()]
        values = self.processes.average(player.module, values)
        loss = values[list(figures).index("loss")]
        if not math.isfinite(loss):
            raise OptionError(
                f"the loss must be finite; got {loss} in step {self.step + 1}. The state from "
                "before is kept: use a lower --rate in another folder, or check the clips."
            )
        learning = list(trained(player.module).values())
        torch.nn.utils.clip_grad_norm_(learning, self.plan.max_norm)
        for own, peaks in zip(player.optimisers, player.peaks, strict=True):
            for group, peak in zip(own.param_groups, peaks, strict=True):
                group["lr"] = peak * rate
            own.step()
        # Of all players: a critic's gradient runs through the generator too.
        for other in self.players:
            other.module.zero_grad(set_to_none=True)
        if player.average is not None:
            player.average.update()
        return dict(zip(figures, values, strict=True))

    def _write_row(self, *, with_report: bool) -> None:
        row: dict[str, Any] = {"step": self.step, "minutes": round(self.spent / 60, 3)}
        row |= {name: float(np.mean(values)) for name, values in self._sums.items()}
        self._sums = {}
        # All of them report: spread weights need every process.
        if with_report and self._report is not None:
            row |= self._report(self.step)
        if self.processes.rank == 0:
            self.journal.add(row)
            if with_report:
                self.journal.plot()
            _log.info("%s", "  ".join(f"{k} {v:.4g}" for k, v in row.items()))
        self.processes.wait()

    def _state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors: dict[str, Tensor] = {}
        numbers: dict[str, Any] = {}
        for player in self.players:
            base = player.name
            live = trained(player.module).items()
            tensors |= {f"{base}.weights.{n}": whole(p.detach()) for n, p in live}
            if player.average is not None:
                numbers[f"{base}.average.steps"] = player.average.steps
                weights = player.average.weights.items()
                tensors |= {f"{base}.average.{n}": whole(w) for n, w in weights}
            for index, own in enumerate(player.optimisers):
                for name, value in optimiser_state(own, f"{base}.optimiser.{index}"):
                    if isinstance(value, Tensor):
                        tensors[name] = whole(value)
                    else:
                        numbers[name] = value
        return tensors, numbers

    @torch.no_grad()
    def _restore(self) -> None:
        found = read_state(self.folder / STATE)
        if found is None:
            return
        tensors, facts = found
        self._compare(facts.get("options", {}))
        saved = tensors | facts["numbers"]
        for player in self.players:
            for name, parameter in trained(player.module).items():
                key = f"{player.name}.weights.{name}"
                if key not in saved or saved[key].shape != parameter.shape:
                    raise CheckpointError(
                        f"{self.folder / STATE} must hold {key} of {list(parameter.shape)}; got "
                        "another run's state. Use the options that the run began with, or another "
                        "folder."
                    )
                parameter.copy_(spread_like(saved[key], parameter))
            if player.average is not None:
                player.average.steps = saved[f"{player.name}.average.steps"]
                for name, weight in player.average.weights.items():
                    weight.copy_(spread_like(saved[f"{player.name}.average.{name}"], weight))
            for index, own in enumerate(player.optimisers):
                restore_optimiser(own, f"{player.name}.optimiser.{index}", saved)
        self.step, self.spent, self._sums = facts["step"], facts["spent"], facts["sums"]
        _log.info("going on at step %d of %s", self.step, self.folder)

    def _compare(self, began: dict[str, Any]) -> None:
        """Refuse to go on with other options than those that the run began with."""
        for name, value in began.items():
            # As JSON: a list there may be a tuple here.
            was, now = (json.dumps(v, sort_keys=True) for v in (value, self._options.get(name)))
            if name in self._options and now != was:
                raise CheckpointError(
                    f"{self.folder} must go on with the {name} that the run began with, {was}; "
                    f"got {now}. Use the same options, or another folder."
                )

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Let Ctrl+C end the run after the step that is under way."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_signal: int, _frame: Any) -> None:
            self._asked = True
            self._stop = self.processes.count == 1  # several agree after the next step
            signal.signal(signal.SIGINT, before)

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
