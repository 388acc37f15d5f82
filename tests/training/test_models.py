import pytest
import torch

from training.dit_model import build_dit, initialise, predictor, sample
from training.export import to_fp8
from training.prompts import embed, table
from training.ti2v_model import start_from
from training.vae_model import (
    build_vae,
    encode,
    fold_statistics,
    reconstruct,
    wan_statistics,
)
from training.vae_model import initialise as initialise_vae
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS
from wanmove_core.family import WAN21_I2V, WAN22_TI2V


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
def test_fresh_noise_goes_to_the_clean_latent_that_the_velocity_points_at():
    seen = []

    def oracle(noisy, times, _given):
        seen.append(noisy)
        return noisy / times.view(-1, 1, 1, 1, 1)  # the clean latent is 0

    given = torch.zeros(1, 48, 2, 2, 2)
    draw = torch.Generator().manual_seed(0)
    got = sample(oracle, given, generator=draw, steps=4, shift=5.0, fresh_noise=True)
    assert not got.any()
    again = torch.Generator().manual_seed(0)
    for noisy, level in zip(seen, (1.0, 0.9375, 5 / 6, 0.625), strict=True):
        torch.testing.assert_close(noisy, level * torch.randn(1, 48, 2, 2, 2, generator=again))


@torch.no_grad()
def test_the_start_image_is_the_first_latent_frame_of_ti2v():
    other = build_dit(dim=128, layers=2)
    initialise(other, seed=3)
    model = start_from(other)
    assert torch.equal(model.blocks[1].attn1.to_q.weight, other.blocks[1].attn1.to_q.weight)
    torch.nn.init.normal_(
        model.proj_out.weight, std=0.1, generator=torch.Generator().manual_seed(4)
    )
    draw = torch.Generator().manual_seed(0)
    clean, noisy = torch.randn(2, 2, 48, 3, 4, 4, generator=draw)
    given = torch.cat([clean[:, :, :1], torch.full_like(clean[:, :, 1:], torch.nan)], 2)
    predict = predictor(model)
    flow = predict(noisy, torch.tensor([0.5, 0.25]), given)
    assert flow.isfinite().all()
    # Nothing in the noisy first frame reaches the others.
    changed = torch.cat([noisy[:, :, :1] + 1, noisy[:, :, 1:]], 2)
    again = predict(changed, torch.tensor([0.5, 0.25]), given)
    assert torch.equal(again[:, :, 1:], flow[:, :, 1:])
    for fresh in (False, True):
        made = sample(predict, given, generator=draw, steps=3, fresh_noise=fresh)
        torch.testing.assert_close(made[:, :, :1], clean[:, :, :1], atol=1e-5, rtol=1e-5)


BOTH = pytest.mark.parametrize("family", [WAN21_I2V, WAN22_TI2V], ids=lambda one: one.name)


@BOTH
@torch.no_grad()
def test_folding_gives_wan_statistics_and_the_same_pixels(family):
    vae = build_vae(family, base_dim=8, decoder_base_dim=8).eval()
    initialise_vae(vae, seed=0)
    video = torch.rand(2, 3, 5, 32, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    before, raw = reconstruct(vae, video, noise=0.0)
    fold_statistics(vae, raw.mean((0, 2, 3, 4)), raw.std((0, 2, 3, 4)))
    after, _ = reconstruct(vae, video, noise=0.0)
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)
    mean, std = wan_statistics(vae)
    latents = (encode(vae, video) - mean) / std
    # Encoded in bfloat16, so not exact.
    count = family.channels
    torch.testing.assert_close(latents.mean((0, 2, 3, 4)), torch.zeros(count), rtol=0, atol=0.05)
    torch.testing.assert_close(latents.std((0, 2, 3, 4)), torch.ones(count), rtol=0.05, atol=0)


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
