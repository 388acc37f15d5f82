"""Write the trained model to models/toy in ComfyUI's single-file layout.

python -m training.export
"""

import argparse
import re
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from training.dit_model import TEXT_DIM, build_dit
from training.run_folder import load_checkpoint
from training.shipped import FOLDER
from training.train_decoder import trained_vae
from training.train_dit import FOLDER as DIT_FOLDER
from wanmove_core.checkpoints.fp8 import round_to_fp8
from wanmove_core.checkpoints.keymaps import TRANSFORMER_KEYS, VAE_KEYS

# A loader may then do without a CLIP encoder; the weights alone cannot tell.
METADATA = {"format": "pt", "image_encoder": "none", "license": "Apache-2.0"}
# Everything linear but the small layers at the ends, whose rounding shows.
_FP8_LAYERS = re.compile(
    r"(blocks\.\d+\.(self_attn|cross_attn)\.(q|k|v|o|k_img|v_img)|blocks\.\d+\.ffn\.[02]"
    r"|text_embedding\.0|img_emb\.proj\.[13]|time_projection\.1)\.weight"
)


def averaged_dit() -> dict[str, Tensor]:
    """The DiT's averaged weights under the original names, float32."""
    state = load_checkpoint(DIT_FOLDER / "checkpoint.pt")
    if state is None:
        raise SystemExit("No DiT checkpoint; run python -m training.train_dit first.")
    model = build_dit()
    model.load_state_dict(state["ema"]["shadow"])
    return TRANSFORMER_KEYS.original_state(model.state_dict())


def to_fp8(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Round the linear layers to scaled float8 in ComfyUI's older layout, the rest to bf16."""
    out = {"scaled_fp8": torch.zeros(2, dtype=torch.float8_e4m3fn)}
    for name, weight in weights.items():
        if _FP8_LAYERS.fullmatch(name):
            out[name], scale = round_to_fp8(weight)
            out[name.removesuffix("weight") + "scale_weight"] = scale
        else:
            out[name] = weight.bfloat16()
    return out


def main() -> None:
    """Write all four files."""
    from wanmove_core.generation.settings import NEGATIVE_PROMPT

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    dit = averaged_dit()
    files = {
        "wanmove_toy_bf16": {name: weight.bfloat16() for name, weight in dit.items()},
        "wanmove_toy_fp8_scaled": to_fp8(dit),
        "wanmove_toy_vae": {
            name: weight.half()
            for name, weight in VAE_KEYS.original_state(trained_vae().state_dict()).items()
        },
        # The model knows no text: every prompt is one zero vector.
        "wanmove_toy_prompts": {
            prompt: torch.zeros(1, TEXT_DIM, dtype=torch.bfloat16)
            for prompt in ("", NEGATIVE_PROMPT)
        },
    }
    for name, weights in files.items():
        path = folder / f"{name}.safetensors"
        save_file({key: value.contiguous() for key, value in weights.items()}, path, METADATA)
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
