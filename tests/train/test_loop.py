import math
import signal

import pytest
import torch
from torch import nn

from wanmove_core.errors import CheckpointError, MediaError, OptionError
from wanmove_core.train.loop import STATE, Loop
from wanmove_core.train.plan import Plan
from wanmove_core.train.player import Player


def players(*, decay=0.9):
    """Two that learn in turns: one follows the other's output."""
    torch.manual_seed(0)
    leader, follower = nn.Linear(4, 4), nn.Linear(4, 4)
    follower.bias.requires_grad_(False)

    def lead(draw):
        x = torch.randn(8, 4, generator=draw.generator)
        return {"loss": (leader(x) - x.roll(1, 1)).square().mean(), "size": x.abs().mean()}

    def follow(draw):
        x = torch.from_numpy(draw.rng.normal(size=(8, 4))).float()
        return {"loss": (follower(x) - leader(x)).square().mean() + draw.turn}

    matrices = torch.optim.Muon([leader.weight], lr=0.02, weight_decay=0.0)
    rest = torch.optim.AdamW([leader.bias], lr=0.02)
    return [
        Player("leader", leader, [matrices, rest], lead, decay=decay),
        Player(
            "follower", follower, [torch.optim.AdamW([follower.weight], lr=0.02)], follow, turns=2
        ),
    ]


PLAN = Plan(steps=23, warm_up=5, log_every=4, report_every=10, dtype=None)


def result(made, folder):
    return (
        {p.name: {k: v.clone() for k, v in p.module.state_dict().items()} for p in made},
        made[0].average.weights,
        [
            line.split(",")[:1] + line.split(",")[2:]
            for line in (folder / "log.csv").read_text().splitlines()
        ],
    )


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path):
    whole = players()
    Loop(tmp_path / "whole", whole, PLAN, report=lambda step: {"tens": step / 10}).run()

    def stop_at_ten(step):
        if step == 10:
            signal.raise_signal(signal.SIGINT)
        return {"tens": step / 10}

    with pytest.raises(KeyboardInterrupt):
        Loop(tmp_path / "parts", players(), PLAN, report=stop_at_ten).run()
    torch.manual_seed(99)
    again = players()
    loop = Loop(tmp_path / "parts", again, PLAN, report=lambda step: {"tens": step / 10})
    assert loop.step == 10
    loop.run()
    one, other = result(whole, tmp_path / "whole"), result(again, tmp_path / "parts")
    torch.testing.assert_close(one[0], other[0], rtol=0, atol=0)
    torch.testing.assert_close(one[1], other[1], rtol=0, atol=0)
    assert one[2] == other[2] and len(one[2]) == 8
    assert (tmp_path / "whole" / "log.png").stat().st_size > 1000


@pytest.mark.parametrize("during", ["the step", "the report"])
def test_a_report_that_a_stop_prevented_is_made_when_the_run_goes_on(tmp_path, during):
    reports = []

    def report(step):
        reports.append(step)
        if during == "the report" and step == 10 and reports.count(10) == 1:
            raise RuntimeError("killed")
        return {"tens": step / 10}

    made = players()
    lead = made[0].loss

    def stopped(draw):
        if during == "the step" and draw.step == 9:
            signal.raise_signal(signal.SIGINT)
        return lead(draw)

    made[0].loss = stopped
    with pytest.raises((KeyboardInterrupt, RuntimeError)):
        Loop(tmp_path, made, PLAN, report=report).run()
    loop = Loop(tmp_path, players(), PLAN, report=report)
    assert loop.step == 10
    loop.run()
    assert [row["step"] for row in loop.journal.rows] == ["4", "8", "10", "12", "16", "20", "23"]
    assert [row["tens"] for row in loop.journal.rows if row.get("tens")] == ["1", "2", "2.3"]
    Loop(tmp_path, players(), PLAN, report=report).run()
    assert reports.count(23) == 1


def test_a_run_goes_on_with_its_own_options_only(tmp_path):
    Loop(tmp_path, players(), Plan(steps=1, dtype=None), options={"rate": 0.1, "of": (1, 2)}).run()
    Loop(tmp_path, players(), PLAN, options={"rate": 0.1, "of": (1, 2)})
    with pytest.raises(CheckpointError, match=r"the rate that the run began with, 0\.1; got 0\.2"):
        Loop(tmp_path, players(), PLAN, options={"rate": 0.2, "of": (1, 2)})
    (tmp_path / "log.csv").write_text("step;loss\n1;2\n")
    with pytest.raises(MediaError, match=r"log\.csv must be the log that the run wrote"):
        Loop(tmp_path, players(), PLAN, options={"rate": 0.1, "of": (1, 2)})


class Nested(torch.optim.AdamW):
    """Keeps its state as AdamW8bit of bitsandbytes 0.50 does."""

    def state_dict(self):
        whole = super().state_dict()
        nested = {
            index: {
                "step": entry["step"],
                "__quant__": {k: v for k, v in entry.items() if k != "step"},
            }
            for index, entry in whole["state"].items()
        }
        return whole | {"state": nested}

    def load_state_dict(self, state):
        flat = {i: {"step": e["step"], **e["__quant__"]} for i, e in state["state"].items()}
        super().load_state_dict(state | {"state": flat})


def test_an_optimiser_that_nests_its_state_resumes_exactly(tmp_path):
    def learner():
        torch.manual_seed(0)
        layer = nn.Linear(4, 4)

        def loss(draw):
            x = torch.randn(8, 4, generator=draw.generator)
            return {"loss": (layer(x) - x).square().mean()}

        return Player("one", layer, [Nested(layer.parameters(), lr=0.1)], loss)

    whole, parts = learner(), learner()
    Loop(tmp_path / "whole", [whole], Plan(steps=4, dtype=None)).run()
    Loop(tmp_path / "parts", [learner()], Plan(steps=4, minutes=1e-6, dtype=None)).run()
    loop = Loop(tmp_path / "parts", [parts], Plan(steps=4, dtype=None))
    assert loop.step == 1
    loop.run()
    assert torch.equal(whole.module.weight, parts.module.weight)


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_state(tmp_path):
    made = players()
    Loop(tmp_path, made, Plan(steps=2, dtype=None)).run()
    kept = (tmp_path / STATE).read_bytes()
    again = players()
    again[0].loss = lambda _: {
        "size": torch.ones(()),
        "loss": made[0].module.weight.sum() * math.nan,
    }
    with pytest.raises(OptionError, match="the loss must be finite; got nan in step 3"):
        Loop(tmp_path, again, PLAN).run()
    assert (tmp_path / STATE).read_bytes() == kept


def test_what_needs_no_gradient_stays_and_the_rest_learns(tmp_path):
    made = players()
    before = {p.name: {k: v.clone() for k, v in p.module.state_dict().items()} for p in made}
    loop = Loop(tmp_path, made, Plan(steps=60, warm_up=1, dtype=None))
    loop.run()
    rows = loop.journal.rows
    assert float(rows[-1]["leader loss"]) < 0.5 * float(rows[0]["leader loss"])
    follower = made[1].module.state_dict()
    assert torch.equal(follower["bias"], before["follower"]["bias"])
    assert not torch.equal(follower["weight"], before["follower"]["weight"])


def test_another_runs_state_is_refused(tmp_path):
    Loop(tmp_path, players(), Plan(steps=1, dtype=None)).run()
    wide = [Player("leader", nn.Linear(5, 4), [], lambda _: {})]
    with pytest.raises(CheckpointError, match="another run's state"):
        Loop(tmp_path, wide, PLAN)
    (tmp_path / STATE).write_bytes(b"x" * 40)
    with pytest.raises(CheckpointError, match="must be the state of a training run"):
        Loop(tmp_path, players(), PLAN)


def test_the_average_swaps_in_and_out(tmp_path):
    made = players()
    Loop(tmp_path, made, Plan(steps=5, dtype=None)).run()
    live = made[0].module.weight.clone()
    with made[0].averaged() as module:
        assert torch.equal(module.weight, made[0].module.weight)
        assert not torch.equal(module.weight, live)
    assert torch.equal(made[0].module.weight, live)


def test_the_learning_rate_rises_stays_and_falls():
    plan = Plan(steps=100, warm_up=10, constant=0.6, floor=0.1)
    rates = [plan.rate(step, 0.0) for step in (0, 4, 9, 59, 80, 99)]
    assert rates == pytest.approx([0.1, 0.5, 1, 1, 0.5, 0.1])
    timed = Plan(minutes=2.0, warm_up=1, constant=0.5)
    assert timed.rate(7, 30.0) == 1 and timed.rate(7, 90.0) == pytest.approx(0.5)
