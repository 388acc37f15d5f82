"""The pack as the host loads it: by path, under one name, on a fake host."""

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from tests.nodes.fake_host import fake_modules

ROOT = Path(__file__).parents[2]
NAME = "wan_move_pack"
WIDTH, HEIGHT, LENGTH = 56, 40, 13


class Pack:
    """The loaded pack, its nodes by id, and the fake host's folders."""

    def __init__(self, module: ModuleType, base: Path) -> None:
        self.base = base
        self._module = module
        extension = asyncio.run(module.comfy_entrypoint())
        self.nodes = {
            node.define_schema().node_id: node for node in asyncio.run(extension.get_node_list())
        }

    def module(self, name: str) -> ModuleType:
        """A module of the pack; its classes are the ones that the nodes use."""
        return importlib.import_module(f"{NAME}.{name}")

    def run(self, node_id: str, **inputs: Any) -> tuple[Any, ...]:
        """Execute a node; what is not given has its default."""
        node = self.nodes[node_id]
        defaults = {
            slot.id: slot.options["default"]
            for slot in node.define_schema().inputs
            if "default" in slot.options
        }
        return node.execute(**{**defaults, **inputs}).result


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    """Load the pack once."""
    base = tmp_path_factory.mktemp("fake_comfy")
    for folder in ("input", "output", "temp", "user", "text_encoders"):
        (base / folder).mkdir()
    patch = pytest.MonkeyPatch()
    for name, module in fake_modules(base).items():
        patch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location(
        NAME, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    module = importlib.util.module_from_spec(spec)
    patch.setitem(sys.modules, NAME, module)
    spec.loader.exec_module(module)
    yield Pack(module, base)
    patch.undo()
    for name in [name for name in sys.modules if name.startswith(f"{NAME}.")]:
        del sys.modules[name]


@pytest.fixture
def image() -> torch.Tensor:
    """Noise of the video's size."""
    return torch.rand(1, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def tracks() -> dict[str, torch.Tensor]:
    """Three points that move right by one cell every two frames."""
    frame = torch.arange(LENGTH)[:, None]
    x = 4.0 * frame + torch.tensor([2.0, 2.0, 2.0])
    y = torch.tensor([4.0, 12.0, 20.0]).expand(LENGTH, -1)
    path = torch.stack([x.clamp(max=WIDTH - 1), y], -1)
    return {"track_path": path, "track_visibility": torch.ones(LENGTH, 3, dtype=torch.bool)}
