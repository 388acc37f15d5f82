"""One real ComfyUI for the session; without one, every test here is skipped and says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.server import ComfyServer, find_host, running

MISSING = (
    "NO COMFYUI: host tests did not run. Set COMFYUI_PATH to a checkout and COMFYUI_PYTHON to the "
    "interpreter that has its requirements (default: ~/ComfyUI and its venv)."
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test waits for the server, which takes minutes on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def comfy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """A server with the pack, small models and the test-only nodes."""
    if find_host() is None:
        pytest.skip(MISSING)
    with running(tmp_path_factory.mktemp("comfy")) as server:
        assert "WanMoveSampler" in server.get("/object_info"), server.log()
        yield server


@pytest.fixture
def output(comfy: ComfyServer) -> Path:
    """The server's output folder."""
    return comfy.base / "output"
