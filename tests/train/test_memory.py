"""The memory that a run needs, computed before it begins."""

import math

import pytest
import torch
from safetensors.torch import save_file

from tests.train.test_recipe import random
from training.dit_model import IMAGE_DIM, IMAGE_TOKENS, TEXT_DIM, build_dit
from wanmove_core.checkpoints.checkpoint import open_checkpoint
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS
from wanmove_core.errors import CheckpointError
from wanmove_core.grid import LatentGrid
from wanmove_core.train.adapters import learn_everything, learn_lora
from wanmove_core.train.attention import use_short_context
from wanmove_core.train.memory import config_of, memory_need
from wanmove_core.train.recipe import Batch, velocity


def test_memory_follows_the_model_and_the_clips():
    config = dict(build_dit(dim=256, layers=4).config)
    config = {k: v for k, v in config.items() if not k.startswith("_")}
    grid = LatentGrid(17, 64, 96)
    full = memory_need(config, grid, dtype="fp32", lora_rank=None)
    count = sum(p.numel() for p in build_dit(dim=256, layers=4).parameters())
    assert full.weights == 6 * count and full.learning == 16 * count
    lora = memory_need(config, grid, dtype="bf16", lora_rank=8)
    assert lora.weights < 0.6 * full.weights and lora.learning < 0.1 * full.learning
    large = memory_need(config, LatentGrid(17, 128, 192), dtype="bf16", lora_rank=8)
    assert large.activations == pytest.approx(4 * lora.activations, rel=0.01)
    assert math.isclose(large.total, 1.1 * (large.weights + large.learning + large.activations))


@pytest.mark.filterwarnings("ignore:Mismatch dtype", "ignore:.*should be kept in float32")
@pytest.mark.parametrize("lora", [True, False])
def test_the_plan_counts_what_a_block_keeps(lora):
    model = build_dit(dim=256, layers=3)
    if lora:
        learn_lora(model.to(torch.bfloat16), 8, seed=0)
    else:
        learn_everything(model)
    kept: dict[int, torch.UntypedStorage] = {}
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    sums = []

    def pack(tensor):
        storage = tensor.untyped_storage()
        cast_weight = tensor.ndim == 2 and len(tensor) != 480
        if storage.data_ptr() not in own and not cast_weight:
            kept[storage.data_ptr()] = storage
        return tensor

    context = use_short_context(model)
    for block in model.blocks:
        block.register_forward_pre_hook(
            lambda *_: sums.append(sum(storage.nbytes() for storage in kept.values()))
        )
    noisy, given = random(1, 16, 5, 16, 24), random(1, 20, 5, 16, 24)
    batch = Batch(noisy, given, [random(4, TEXT_DIM)], random(1, IMAGE_TOKENS, IMAGE_DIM))
    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", torch.bfloat16):
        velocity(model, context, noisy, torch.tensor([0.5]), batch)
    config = {k: v for k, v in model.config.items() if not k.startswith("_")}
    grid = LatentGrid(17, 128, 192)
    need = [
        memory_need(
            config | {"num_layers": n},
            grid,
            dtype="bf16",
            lora_rank=8 if lora else None,
            checkpointing=False,
        ).activations
        for n in (1, 2)
    ]
    assert 0.85 < (sums[2] - sums[1]) / (need[1] - need[0]) < 1.0


def test_a_model_of_another_family_is_refused_in_one_line(tmp_path):
    model = build_dit(dim=128, layers=1)
    weights = TRANSFORMER_KEYS.original_state(model.state_dict())
    weights["patch_embedding.weight"] = weights["patch_embedding.weight"][:, :16].contiguous()
    save_file(weights, tmp_path / "text_to_video.safetensors")
    with pytest.raises(CheckpointError, match=r"must take 36 channels.*got 16"):
        config_of(open_checkpoint([tmp_path / "text_to_video.safetensors"]))
