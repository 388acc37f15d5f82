import pytest
from PIL import Image

from wanmove_core.command.draw_generation import make_generation
from wanmove_core.draw_page.server import DrawServer
from wanmove_core.draw_page.session import DrawSession


@pytest.fixture
def page(tmp_path):
    image = tmp_path / "start.png"
    Image.new("RGB", (96, 64), (90, 120, 150)).save(image)
    options = ["--steps", "1", "--frames", "5"]
    generation = make_generation(image, tmp_path / "results", options)
    with DrawServer(DrawSession(image, tmp_path / "out.npy"), generation) as server:
        yield server
