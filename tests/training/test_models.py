import pytest
import torch

from training.dit_model import build_dit, initialise, sample
from training.export import to_fp8
from training.prompts import embed, table
from training.vae_model import (
    build_vae,
    encode,
    fold_statistics,
    reconstruct,
    wan_statistics,
)
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


@torch.no_grad()
def test_sampling_follows_the_velocity_to_the_clean_latent():
    clean = torch.randn(1, 16, 2, 2, 2, generator=torch.Generator().manual_seed(0))

    def oracle(noisy, times, _given):
        # The exact velocity of the straight path that ends in `clean`.
        return (noisy - clean) / times.view(-1, 1, 1, 1, 1)

    got = sample(oracle, torch.zeros(1, 20, 2, 2, 2), generator=torch.Generator(), steps=3)
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


def test_a_prompt_is_the_sum_of_whom_and_what():
    known = table()
    both = embed("the red one moves left, the camera moves in")
    assert torch.equal(
        both, torch.cat([embed("the red one moves left"), known["the camera moves in"]])
    )
    left, up = known["the red one moves left"], known["the red one moves up"]
    other = known["the blue one moves left"] - known["the blue one moves up"]
    torch.testing.assert_close(left - up, other, rtol=1e-4, atol=1e-4)
    assert not known[""].any() and len(known) == 1 + 8 * 6 + 2
    with pytest.raises(ValueError, match="something of the table"):
        embed("the red one sings")
