"""Wan 2.2's TI2V transformer at a small size: the start image is the video's first latent frame."""

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from training.dit_model import build_dit, initialise
from wanmove_core.family import WAN22_TI2V
from wanmove_core.train.attention import Context
from wanmove_core.train.recipe import Batch

_LEAST_TIME = 1e-3


def start_from(other: WanTransformer3DModel) -> WanTransformer3DModel:
    """A new one that has every weight of a Wan 2.1 model of its size that fits.

    What has another shape, the two ends that see the latent, begins as in `initialise`.
    """
    model = build_dit(
        WAN22_TI2V,
        dim=other.config.num_attention_heads * other.config.attention_head_dim,
        layers=len(other.blocks),
    )
    initialise(model, seed=0)
    own, known = model.state_dict(), other.state_dict()
    fits = {n: known[n] for n, w in own.items() if n in known and known[n].shape == w.shape}
    model.load_state_dict(own | fits)
    return model


def first_frame_velocity(
    model: WanTransformer3DModel, context: Context, noisy: Tensor, times: Tensor, batch: Batch
) -> Tensor:
    """Predict the velocity, noise - clean, where the first latent frame is given.

    The model sees that frame clean, at time 0. Its velocity is computed, so that any sampler ends
    at the given frame.

    Args:
        model: after `use_short_context`.
        context: what that returned.
        noisy: [B, channels, T', H', W'].
        times: [B], 0 = clean, 1 = noise.
        batch: its `given` holds the first frame.
    """
    first = batch.given[:, :, :1]
    frames, rows, cols = noisy.shape[2:]
    each = (times * 1000).view(-1, 1, 1).repeat(1, frames, rows * cols // 4)
    each[:, 0] = 0
    out = model(
        hidden_states=torch.cat([first, noisy[:, :, 1:]], 2).to(model.patch_embedding.weight.dtype),
        timestep=each.flatten(1),
        encoder_hidden_states=context.join(batch.prompts).to(model.patch_embedding.weight.dtype),
        return_dict=False,
    )[0].float()
    known = (noisy[:, :, :1] - first) / times.view(-1, 1, 1, 1, 1).clamp_min(_LEAST_TIME)
    return torch.cat([known.float(), out[:, :, 1:]], 2)
