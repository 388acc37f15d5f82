import pytest
import torch

from training.dit_model import (
    IMAGE_DIM,
    IMAGE_TOKENS,
    TEXT_DIM,
    TEXT_TOKENS,
    build_dit,
    initialise,
    sample,
    sigmas,
    use_matrix_attention,
    use_uniform_context,
    velocity,
)
from training.export import to_fp8
from training.make_latents import encode, fold_statistics, wan_statistics
from training.train_dit import motion_weights, optimisers
from training.vae_model import build_vae, reconstruct
from training.vae_model import initialise as initialise_vae
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS


@pytest.fixture(scope="module")
def dit():
    model = build_dit(dim=128, layers=2)
    initialise(model, seed=0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # As after training: nothing at zero but the image branch.
            if "add_v_proj" not in name:
                weight.add_(0.05 * torch.randn(weight.shape, generator=generator))
    return model.eval()


def question(seed):
    """Noisy latents, their times and their conditioning channels."""
    generator = torch.Generator().manual_seed(seed)
    noisy = torch.randn(2, 16, 3, 4, 6, generator=generator)
    given = torch.randn(2, 20, 3, 4, 6, generator=generator)
    return noisy, torch.tensor([0.9, 0.2]), given


def ask(model, noisy, times, given, image):
    return model(
        hidden_states=torch.cat([noisy, given], 1),
        timestep=times * 1000,
        encoder_hidden_states=torch.zeros(len(noisy), TEXT_TOKENS, TEXT_DIM),
        encoder_hidden_states_image=image,
        return_dict=False,
    )[0]


@torch.no_grad()
def test_uniform_context_equals_full_cross_attention_whatever_the_image(dit):
    noisy, times, given = question(2)
    image = torch.randn(2, IMAGE_TOKENS, IMAGE_DIM, generator=torch.Generator().manual_seed(4))
    full = ask(dit, noisy, times, given, image)
    torch.testing.assert_close(full, ask(dit, noisy, times, given, 0 * image), rtol=0, atol=0)
    processors = [block.attn2.processor for block in dit.blocks]
    use_uniform_context(dit)
    short = velocity(dit, noisy, times, given)
    for block, processor in zip(dit.blocks, processors, strict=True):
        block.attn2.set_processor(processor)
    torch.testing.assert_close(short, full, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_matrix_attention_equals_the_fused_one(dit):
    noisy, times, given = question(3)
    processors = [(block.attn1.processor, block.attn2.processor) for block in dit.blocks]
    use_uniform_context(dit)
    fused = velocity(dit, noisy, times, given)
    use_matrix_attention(dit)
    plain = velocity(dit, noisy, times, given)
    for block, (own, cross) in zip(dit.blocks, processors, strict=True):
        block.attn1.set_processor(own)
        block.attn2.set_processor(cross)
    torch.testing.assert_close(plain, fused, rtol=1e-4, atol=1e-5)


def test_what_moves_counts_more_and_all_cells_count_one_on_average():
    clean = torch.zeros(1, 16, 3, 4, 4)
    clean[:, :, 1:, 0, 0] = 1.0
    weights = motion_weights(clean)
    assert weights.mean().item() == pytest.approx(1)
    moving, still = weights[0, 0, 1, 0, 0].item(), weights[0, 0, 1, 2, 2].item()
    assert moving == pytest.approx(3 * still)
    assert weights[0, 0, 0, 0, 0].item() == pytest.approx(still)


def test_every_trained_weight_has_one_optimiser():
    model = build_dit(dim=128, layers=1)
    initialise(model, seed=0)
    live = {id(p) for p in model.parameters() if p.requires_grad}
    for kind, count in (("adamw", 1), ("muon", 2)):
        made = optimisers(model, kind)
        theirs = [id(p) for own in made for group in own.param_groups for p in group["params"]]
        assert len(made) == count and len(theirs) == len(live) and set(theirs) == live


def test_only_what_training_can_reach_is_trained():
    model = build_dit(dim=128, layers=1)
    initialise(model, seed=0)
    use_uniform_context(model)
    with torch.no_grad():
        # At its start the output is zero and hides every gradient.
        model.proj_out.weight.normal_()
    noisy, given = torch.randn(1, 16, 2, 2, 2), torch.randn(1, 20, 2, 2, 2)
    velocity(model, noisy, torch.tensor([0.5]), given).square().sum().backward()
    for name, weight in model.named_parameters():
        assert weight.requires_grad == (weight.grad is not None), name


def test_sigmas_run_from_noise_to_clean_with_the_shift():
    levels = sigmas(4)
    torch.testing.assert_close(levels, torch.tensor([1, 0.9, 0.75, 0.5, 0.0]))


@torch.no_grad()
def test_sampling_follows_the_velocity_to_the_clean_latent():
    clean = torch.randn(1, 16, 2, 2, 2, generator=torch.Generator().manual_seed(0))

    class Oracle(torch.nn.Module):
        def forward(self, hidden_states, timestep, **_):
            # The exact velocity of the straight path that ends in `clean`.
            s = timestep.view(-1, 1, 1, 1, 1) / 1000
            return ((hidden_states[:, :16] - clean) / s,)

    got = sample(Oracle(), torch.zeros(1, 20, 2, 2, 2), generator=torch.Generator(), steps=3)
    torch.testing.assert_close(got, clean, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_folding_gives_wan_statistics_and_the_same_pixels():
    vae = build_vae(base_dim=8).eval()
    initialise_vae(vae, seed=0)
    video = torch.rand(2, 3, 5, 16, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    before, raw = reconstruct(vae, video, noise=0.0)
    fold_statistics(vae, raw.mean((0, 2, 3, 4)), raw.std((0, 2, 3, 4)))
    after, _ = reconstruct(vae, video, noise=0.0)
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)
    mean, std = wan_statistics(vae)
    latents = (encode(vae, video) - mean) / std
    # Encoded in bfloat16, so not exact.
    torch.testing.assert_close(latents.mean((0, 2, 3, 4)), torch.zeros(16), rtol=0, atol=0.05)
    torch.testing.assert_close(latents.std((0, 2, 3, 4)), torch.ones(16), rtol=0.05, atol=0)


def test_the_initial_vae_is_causal_and_copies_over_time():
    vae = build_vae(base_dim=8).eval()
    initialise_vae(vae, seed=0)
    still = torch.rand(1, 3, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        out, _ = reconstruct(vae, still.expand(-1, -1, 9, -1, -1), noise=0.0)
    torch.testing.assert_close(out[:, :, 8], out[:, :, 0], rtol=1e-3, atol=1e-3)


def test_fp8_export_rounds_the_linear_layers_to_scaled_float8(dit):
    weights = TRANSFORMER_KEYS.original_state(dit.state_dict())
    rounded = to_fp8(weights)
    name = "blocks.1.self_attn.q"
    assert rounded[f"{name}.weight"].dtype == torch.float8_e4m3fn
    wide = rounded[f"{name}.weight"].float() * rounded[f"{name}.scale_weight"]
    error = (wide - weights[f"{name}.weight"]).norm() / weights[f"{name}.weight"].norm()
    assert 0.005 < error < 0.04
    assert rounded["head.head.weight"].dtype == torch.bfloat16
    assert not rounded["blocks.0.cross_attn.v_img.weight"].float().any()
    assert "scaled_fp8" in rounded
