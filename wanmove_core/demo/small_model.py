"""The folder of the small trained model: beside this file in a wheel, models/toy in a checkout."""

from pathlib import Path

# What the demo and the drawing page load; a wheel holds these and the demo's scene.
FILES = ("wanmove_toy_bf16", "wanmove_toy_vae", "wanmove_toy_prompts")
# What both ask it for: what it was trained at last, and enough steps.
SIZE, FRAMES, STEPS = (192, 128), 17, 8


def small_model_folder(package: Path = Path(__file__).parent) -> Path:
    """Return the folder with the weights; where neither exists, that of a checkout."""
    places = (package / "toy", package.parents[1] / "models" / "toy")
    return next((p for p in places if (p / f"{FILES[0]}.safetensors").is_file()), places[1])
