"""Caches of our own: what they keep, for whom, and when."""

from types import SimpleNamespace

import torch
from torch import nn

from wanmove_core.generation.reuse import AttentionReuse, GuidanceReuse


def test_the_difference_of_guidance_is_kept_in_every_second_late_step() -> None:
    reuse, asked = GuidanceReuse(10), []
    for step in range(10):
        positive = torch.full((1, 2), float(step))
        negative = reuse.negative(step, positive)
        if negative is None:
            asked.append(step)
            reuse.remember(positive, positive - step)
        else:
            # The positive branch of now, the difference of the step before.
            assert torch.equal(negative, positive - (step - 1))
    assert asked == [0, 1, 2, 3, 4, 6, 8] and reuse.saved == 3


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, hidden):
        self.calls += 1
        return hidden + self.calls


def test_each_branch_keeps_its_own_attention() -> None:
    attention, reuse = Attention(), AttentionReuse()
    transformer = SimpleNamespace(blocks=[SimpleNamespace(attn1=attention)])
    got = {"positive": [], "negative": []}
    with reuse.within(transformer):
        for timestep in (950, 800, 600, 400, 50):
            for branch, answers in got.items():
                reuse.enter(branch, timestep)
                answers.append(float(attention(torch.zeros(()))))
    # Steps 800 and 400 compute, 600 reuses; what is outside of 100 to 900 always computes.
    assert got == {"positive": [1, 3, 3, 5, 7], "negative": [2, 4, 4, 6, 8]}
    assert (reuse.computed, reuse.saved) == (8, 2)
    attention(torch.zeros(()))
    assert attention.calls == 9  # the block is as before
