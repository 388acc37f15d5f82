import math

import numpy as np
import pytest
import torch

from training.dit_model import IMAGE_DIM, IMAGE_TOKENS, TEXT_DIM, build_dit
from wanmove_core.generation.parallel import own_device
from wanmove_core.tracks import Tracks
from wanmove_core.train.adapters import learn_everything, optimisers
from wanmove_core.train.attention import Context, use_matrix_attention, use_short_context
from wanmove_core.train.cache import Cache, CacheWriter, Facts, NoPrompt, Sample
from wanmove_core.train.few_steps import TeacherGuidance, few_step_loss
from wanmove_core.train.player import Draw
from wanmove_core.train.recipe import (
    Batch,
    Recipe,
    chosen_tracks,
    draw_batch,
    draw_times,
    motion_weights,
    sigmas,
    velocity,
)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def dit():
    model = build_dit(dim=128, layers=2)
    with torch.no_grad():
        for index, weight in enumerate(model.parameters()):
            weight.copy_(0.05 * random(*weight.shape, seed=index))
    return model.eval()


@torch.no_grad()
@pytest.mark.parametrize("with_image", [True, False])
def test_a_prompt_without_its_padding_is_the_same_prompt(dit, with_image):
    noisy, given = random(3, 16, 3, 4, 6), random(3, 20, 3, 4, 6, seed=1)
    prompts = [3 * random(n, TEXT_DIM, seed=n) for n in (0, 1, 5)]
    image = random(3, IMAGE_TOKENS if with_image else 0, IMAGE_DIM)
    times = torch.tensor([0.9, 0.5, 0.2])
    padded = torch.stack([torch.cat([p, p.new_zeros(512 - len(p), TEXT_DIM)]) for p in prompts])
    processors = [(block.attn1.processor, block.attn2.processor) for block in dit.blocks]
    kept = [block.attn2.add_k_proj for block in dit.blocks]
    if not with_image:  # diffusers' processor then asks for no image
        for block in dit.blocks:
            block.attn2.add_k_proj = None
    full = dit(
        hidden_states=torch.cat([noisy, given], 1),
        timestep=times * 1000,
        encoder_hidden_states=padded,
        encoder_hidden_states_image=image if with_image else None,
        return_dict=False,
    )[0]
    for block, projection in zip(dit.blocks, kept, strict=True):
        block.attn2.add_k_proj = projection
    use_matrix_attention(dit)
    batch = Batch(noisy, given, prompts, image)
    contexts = [Context(), Context(few_lengths=True)]
    lengths = [context.join(prompts).shape[1] for context in contexts]
    short, even = (
        velocity(dit, use_short_context(dit, context), noisy, times, batch) for context in contexts
    )
    for block, (own, cross) in zip(dit.blocks, processors, strict=True):
        block.attn1.set_processor(own)
        block.attn2.set_processor(cross)
    torch.testing.assert_close(short, full, rtol=1e-4, atol=1e-5)
    assert lengths == [6, 8]
    torch.testing.assert_close(even, full, rtol=1e-4, atol=1e-5)


def test_what_moves_counts_more_and_all_cells_count_one_on_average():
    clean = torch.zeros(1, 16, 3, 4, 4)
    clean[:, :, 1:, 0, 0] = 1.0
    weights = motion_weights(clean, 5.0)
    assert weights.mean().item() == pytest.approx(1)
    moving, still = weights[0, 0, 1, 0, 0].item(), weights[0, 0, 1, 2, 2].item()
    assert moving == pytest.approx(3 * still)
    assert weights[0, 0, 0, 0, 0].item() == pytest.approx(still)


def test_tracks_are_drawn_as_the_recipe_says():
    tracks = Tracks(random(5, 300, 2), torch.rand(5, 300) < 2)
    hidden = tracks.visibility.clone()
    hidden[0, :50] = False
    tracks = Tracks(tracks.positions, hidden)
    rng = np.random.default_rng(0)
    drawn = [chosen_tracks(tracks, rng, Recipe()) for _ in range(2000)]
    counts = np.array([d.positions.shape[1] for d in drawn if d is not None])
    assert 1 - len(counts) / 2000 == pytest.approx(0.05, abs=0.015)
    assert (
        counts.min() == 1 and counts.max() == 200 and counts.mean() == pytest.approx(100.5, abs=4)
    )
    assert all(d.visibility[0].all() for d in drawn if d is not None)


def test_times_are_logit_normal_and_shifted():
    times = draw_times(20_000, torch.Generator().manual_seed(0), 3.0)
    even = times / (3 - 2 * times)
    scores = torch.logit(even)
    assert scores.mean().abs() < 0.03 and scores.std() == pytest.approx(1, abs=0.03)
    torch.testing.assert_close(sigmas(4, 3.0), torch.tensor([1, 0.9, 0.75, 0.5, 0.0]))


def test_a_straight_flow_needs_no_distillation_and_a_wrong_student_does():
    clean = random(4, 16, 2, 3, 3)
    batch = Batch(clean, random(4, 20, 2, 3, 3), [], torch.zeros(4, 0, 1))

    def straight(noisy, times, _batch):
        return (noisy - clean) / times.view(-1, 1, 1, 1, 1)

    draw = Draw(0, 0, np.random.default_rng(0), torch.Generator().manual_seed(0))
    loss = few_step_loss(straight, straight, batch, draw, steps=4, shift=3.0, substeps=3)["loss"]
    assert loss < 1e-8
    draw = Draw(0, 0, np.random.default_rng(0), torch.Generator().manual_seed(0))
    wrong = lambda noisy, times, b: straight(noisy, times, b) + 0.5  # noqa: E731
    loss = few_step_loss(wrong, straight, batch, draw, steps=4, shift=3.0)["loss"]
    assert loss.item() == pytest.approx(0.25, rel=1e-4)


def test_with_fresh_noise_each_step_aims_at_the_clean_end():
    batch = Batch(random(4, 16, 2, 2, 2), random(4, 20, 2, 2, 2), [], torch.zeros(4, 0, 8))
    # A teacher whose velocity grows with time: n Euler steps from t to 0 go t^2 (n + 1) / 2n.
    grows = lambda noisy, times, _b: times.view(-1, 1, 1, 1, 1).expand_as(noisy)  # noqa: E731
    aims = lambda noisy, times, b: grows(noisy, times, b) * 9 / 16  # noqa: E731
    losses = {}
    for fresh in (True, False):
        draw = Draw(0, 0, np.random.default_rng(0), torch.Generator().manual_seed(0))
        options = {"steps": 4, "shift": 5.0, "substeps": 8, "fresh_noise": fresh}
        losses[fresh] = few_step_loss(aims, grows, batch, draw, **options)["loss"]
    assert losses[True] < 1e-10
    assert losses[False] > 1e-3


def test_a_guided_teacher_is_guided_as_the_sampler_is():
    """Its velocity is linear in prompt and tracks here, so that each scale shows alone."""
    given, still = random(3, 20, 2, 2, 2), random(3, 20, 2, 2, 2, seed=1)
    prompts = [torch.full((n, 4), 2.0) for n in (3, 1, 0)]
    batch = Batch(random(3, 16, 2, 2, 2), given, prompts, torch.zeros(3, 0, 8), still)

    def predict(noisy, _times, told):
        words = torch.tensor([float(p.sum()) for p in told.prompts]).view(-1, 1, 1, 1, 1)
        return noisy + told.given[:, 4:] + words

    noisy, times = random(3, 16, 2, 2, 2, seed=2), torch.ones(3)
    found = TeacherGuidance(5.0, 1.5).guide(predict)(noisy, times, batch)
    words = torch.tensor([24.0, 8.0, 0.0]).view(-1, 1, 1, 1, 1)
    wanted = noisy + given[:, 4:] + 5 * words + 1.5 * (given - still)[:, 4:]
    torch.testing.assert_close(found, wanted)
    plain = TeacherGuidance().guide(predict)(noisy, times, batch)
    torch.testing.assert_close(plain, predict(noisy, times, batch))


def a_sample(side, seed):
    return Sample(
        random(16, 3, side // 8, side // 8, seed=seed),
        random(16, 3, side // 8, side // 8, seed=seed + 1),
        torch.rand(9, 20, 2) * side,
        torch.ones(9, 20, dtype=torch.bool),
        random(2, 64),
        torch.zeros(0, 8),
    )


def test_batches_of_large_clips_hold_fewer(tmp_path):
    caches = []
    for side in (16, 32):
        writer = CacheWriter(tmp_path / str(side), Facts(side, side, 9))
        writer.add({f"{side}_{k}": ("", a_sample(side, k)) for k in range(6)})
        cache = Cache(tmp_path / str(side))
        learn, held_out = cache.split(2)
        assert len(held_out) == 2 and sorted(learn + held_out) == list(range(6))
        caches.append((cache, learn))
    rng = np.random.default_rng(0)
    sizes = [draw_batch(caches, (1.0, 3.0), 8, Recipe(), rng).clean.shape for _ in range(400)]
    large = [size for size in sizes if size[-1] == 4]
    assert {size[0] for size in large} == {2} and {s[0] for s in sizes if s[-1] == 2} == {8}
    assert len(large) / 400 == pytest.approx(0.75, abs=0.08)
    for share, alike in ((1.0, True), (0.0, False)):
        batch = draw_batch(caches, (1.0, 0.0), 8, Recipe(no_motion=share), rng)
        assert torch.equal(batch.given, batch.still) is alike


def test_no_sample_of_a_held_out_video_is_trained_on(tmp_path):
    def split(videos):
        folder = tmp_path / str(videos)
        names = [f"clip_{video}#{cut}" for video in range(videos) for cut in range(3)]
        CacheWriter(folder, Facts(16, 16, 9)).add({n: ("", a_sample(16, 0)) for n in names})
        learned, measured = Cache(folder).split(3)
        return [names[i] for i in learned], [names[i] for i in measured]

    learned, measured = split(8)
    assert len(measured) == 3 and all(name.endswith("#0") for name in measured)
    assert len(learned) == 15
    assert not {n.split("#")[0] for n in learned} & {n.split("#")[0] for n in measured}


def test_without_a_prompt_a_model_is_given_what_its_sampler_gives_it(tmp_path):
    writer = CacheWriter(tmp_path, Facts(16, 16, 9))
    writer.add({f"clip_{k}": ("", a_sample(16, k)) for k in range(2)})
    draws = {"caches": [(Cache(tmp_path), [0, 1])], "shares": (1.0,), "size": 4}
    rng = np.random.default_rng(0)
    batch = draw_batch(**draws, recipe=Recipe(no_text=1.0), rng=rng)
    assert {len(prompt) for prompt in batch.prompts} == {0} and len(batch.negative) == 0
    empty, negative = random(1, 64), random(3, 64)
    writer.set_no_prompt(NoPrompt(empty, negative))
    draws["caches"] = [(Cache(tmp_path), [0, 1])]
    batch = draw_batch(**draws, recipe=Recipe(no_text=1.0), rng=rng)
    assert all(torch.equal(prompt, empty.half().float()) for prompt in batch.prompts)
    seen = []
    predict = lambda noisy, _times, told: seen.append(told.prompts) or noisy  # noqa: E731
    TeacherGuidance(5.0).guide(predict)(batch.clean, torch.ones(4), batch)
    assert all(torch.equal(prompt, negative.half().float()) for prompt in seen[1])


def test_a_prompt_may_fill_all_tokens():
    context = Context()
    joined = context.join([torch.ones(512, 4), torch.ones(2, 4)])
    assert joined.shape == (2, 513, 4)
    assert context.bias[0, 511] == 0 and context.bias[0, 512] == -math.inf
    assert context.bias[1, -1] == pytest.approx(math.log(510))


def test_each_process_has_a_card_of_its_own(monkeypatch):
    launched = {"RANK": 3, "WORLD_SIZE": 4, "LOCAL_RANK": 3, "MASTER_PORT": 1234}
    for name, value in launched.items():
        monkeypatch.setenv(name, str(value))
    assert own_device("cuda") == torch.device("cuda:3")
    assert own_device("cuda:1") == torch.device("cuda:1") and own_device("cpu").type == "cpu"
    monkeypatch.delenv("LOCAL_RANK")
    assert own_device("cuda") == torch.device("cuda")


def test_every_weight_that_learns_has_one_optimiser():
    model = build_dit(dim=128, layers=1)
    learn_everything(model)
    live = {id(p) for p in model.parameters()}
    for kind, count in (("adamw", 1), ("muon", 2)):
        made = optimisers(model, kind, 1e-3)
        theirs = [id(p) for own in made for group in own.param_groups for p in group["params"]]
        assert len(made) == count and len(theirs) == len(live) and set(theirs) == live
