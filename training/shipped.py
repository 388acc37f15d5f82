"""The weights in models/toy as a starting point, where training/runs is not at hand."""

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from wanmove_core.checkpoints.keymaps import KeyMap

FOLDER = Path(__file__).parent.parent / "models" / "toy"


def shipped_state(name: str, keys: KeyMap) -> dict[str, Tensor] | None:
    """A shipped file's weights under the library's names, float32; None if it is not there."""
    path = FOLDER / f"{name}.safetensors"
    if not path.exists():
        return None
    return {str(keys.to_library(key)): value.float() for key, value in load_file(path).items()}
