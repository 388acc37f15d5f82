import signal

import pytest
import torch
from torch import nn

from wanmove_core.errors import CheckpointError
from wanmove_core.train.loop import STATE, Loop, Player
from wanmove_core.train.plan import Plan


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
