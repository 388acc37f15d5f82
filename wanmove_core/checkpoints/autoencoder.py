"""Load the VAE."""

import torch
from diffusers import AutoencoderKLWan

from .assembly import build_empty, check_names, fill
from .checkpoint import Checkpoint, axis_length
from .keymaps import VAE_KEYS


def load_vae(checkpoint: Checkpoint, *, device: torch.device | str = "cpu") -> AutoencoderKLWan:
    """Build the Wan 2.1 VAE of the width that the checkpoint has, in float32.

    Args:
        checkpoint: identified as a VAE.
        device: where the weights go.

    Raises:
        CheckpointError: weights that are missing, surplus or misshapen.
    """
    weights = checkpoint.in_library_names(VAE_KEYS)
    base_dim = axis_length(checkpoint.path, weights, "encoder.conv_in.weight", 0)
    vae = build_empty(lambda: AutoencoderKLWan(base_dim=base_dim))
    check_names(vae, weights, checkpoint.path)
    fill(vae, weights, {}, dtype_of=lambda _name: torch.float32, device=device)
    return vae
