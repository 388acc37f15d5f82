"""The folder of the small trained model: beside this file in a wheel, models/toy in a checkout."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# What the demo and the drawing page load; a wheel holds these and the demo's scene.
FILES = ("wanmove_toy_bf16", "wanmove_toy_vae", "wanmove_toy_prompts")
# The LoRA that makes its videos in four Euler steps, closer to the tracks than eight without it.
LORA, STEPS = "wanmove_toy_four_steps_lora", 4
SOLVER: Final = "euler"
# What both ask it for: what it was trained at last.
SIZE, FRAMES = (192, 128), 17


def small_model_folder(package: Path = Path(__file__).parent) -> Path:
    """Return the folder with the weights; where neither exists, that of a checkout."""
    places = (package / "toy", package.parents[1] / "models" / "toy")
    return next((p for p in places if (p / f"{FILES[0]}.safetensors").is_file()), places[1])


@contextmanager
def quick_arithmetic() -> Iterator[None]:
    """Compute in bfloat16, in this thread, where the processor has instructions for it.

    There the VAE takes a sixth of the time, and its pictures are 69 dB from those in float32.
    """
    import torch
    from torch import amp

    able: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    quick = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    with warnings.catch_warnings(), amp.autocast("cpu", torch.bfloat16, enabled=quick):
        # A norm's float32 weights on bf16 input: right, and only a little slower.
        warnings.filterwarnings("ignore", "Mismatch dtype between input and weight")
        yield
