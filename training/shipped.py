"""The weights in models/toy as a starting point."""

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from wanmove_core.checkpoints.keymaps import KeyMap

FOLDER = Path(__file__).parent.parent / "models" / "toy"


def state_of(path: Path, keys: KeyMap) -> dict[str, Tensor]:
    """A file's weights under the library's names, float32."""
    return {str(keys.to_library(key)): value.float() for key, value in load_file(path).items()}
