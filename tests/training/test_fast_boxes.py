"""FlashMotion's third stage on models of a few weights."""

import numpy as np
import pytest
import torch

from training.boxes import new_adapter
from training.discriminator import Discriminator, _tokens
from training.dit_model import build_dit, initialise
from training.train_fast_boxes import Stage, weight_of_diffusion
from wanmove_core.train.loop import Loop
from wanmove_core.train.plan import Plan
from wanmove_core.train.player import Player


def test_lambda_rises_or_falls_as_the_notes_say():
    assert [weight_of_diffusion("rising", step) for step in (0, 1000)] == [0.1, 0.35]
    found = [weight_of_diffusion("falling", step) for step in (0, 1000)]
    assert found == pytest.approx([10, 0.2439], abs=1e-4)


def test_tokens_are_in_the_transformers_order():
    latent = torch.randn(2, 16, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    layer = torch.nn.Conv3d(16, 5, (1, 2, 2), (1, 2, 2), bias=False)
    ours = _tokens(latent) @ layer.weight.flatten(1).T
    torch.testing.assert_close(ours, layer(latent).flatten(2).transpose(1, 2), atol=1e-5, rtol=1e-4)


def small(seed):
    model = build_dit(dim=128, layers=6)
    initialise(model, seed=seed)
    torch.nn.init.normal_(model.proj_out.weight, std=0.05)
    return model.requires_grad_(False)


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")
@pytest.mark.parametrize("kind", ["resnet", "controlnet"])
def test_both_players_learn_and_the_generator_does_not(tmp_path, kind):
    torch.manual_seed(0)
    shapes = {"clean": 16, "given": 20, "box": 16, "mask": 16}
    scenes = {name: torch.randn(6, count, 3, 4, 4).half() for name, count in shapes.items()}
    generator = small(1)
    adapter = new_adapter(kind, generator).requires_grad_(True)
    critic = Discriminator(small(2), 3 * 2 * 2)
    stage = Stage(generator, adapter, critic, scenes, batch=2, schedule="rising")
    players = [
        Player("critic", critic, [torch.optim.AdamW(critic.heads.parameters())], stage.of_critic),
        Player("adapter", adapter, [torch.optim.AdamW(adapter.parameters())], stage.of_adapter),
    ]
    before = {name: weight.clone() for name, weight in generator.state_dict().items()}
    heads = critic.heads[0].queries.detach().clone()
    Loop(tmp_path, players, Plan(steps=2, warm_up=1)).run()
    assert all(torch.equal(before[n], w) for n, w in generator.state_dict().items())
    assert not torch.equal(heads, critic.heads[0].queries)
    assert adapter.out_projectors[0].weight.abs().max() > 0
    rows = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True)
    assert np.isfinite(rows["adapter_flow"]).all() and np.isfinite(rows["critic_loss"]).all()
