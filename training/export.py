"""Write the trained model to models/toy in ComfyUI's single-file layout.

python -m training.export --model RUN/model.safetensors --vae RUN/vae.safetensors
"""

import argparse
import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from training.prompts import table
from training.shipped import FOLDER
from wanmove_core.checkpoints.fp8 import round_to_fp8

# A loader may then do without a CLIP encoder; the weights alone cannot tell.
METADATA = {"format": "pt", "image_encoder": "none", "license": "Apache-2.0"}
# Everything linear but the small layers at the ends, whose rounding shows.
_FP8_LAYERS = re.compile(
    r"(blocks\.\d+\.(self_attn|cross_attn)\.(q|k|v|o|k_img|v_img)|blocks\.\d+\.ffn\.[02]"
    r"|text_embedding\.0|img_emb\.proj\.[13]|time_projection\.1)\.weight"
)


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
    parser.add_argument("--model", type=Path, required=True, help="model.safetensors of a run")
    parser.add_argument("--vae", type=Path, required=True, help="vae.safetensors of a run")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    transformer = {name: weight.float() for name, weight in load_file(args.model).items()}
    prompts = table()
    files = {
        "wanmove_toy_bf16": {name: weight.bfloat16() for name, weight in transformer.items()},
        "wanmove_toy_fp8_scaled": to_fp8(transformer),
        "wanmove_toy_vae": load_file(args.vae),
        "wanmove_toy_prompts": {
            prompt: embedding.bfloat16()
            for prompt, embedding in (prompts | {NEGATIVE_PROMPT: prompts[""]}).items()
        },
    }
    for name, weights in files.items():
        path = args.folder / f"{name}.safetensors"
        save_file({key: value.contiguous() for key, value in weights.items()}, path, METADATA)
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
