"""A box drawn in the editor moves an object of the small 5B: ComfyUI as the command line does."""

import numpy as np
import pytest

from benchmarks.box_doors import SMALL_5B, by_comfyui, measured, write_requests
from tests.host.flashmotion_models import has_hook
from tests.host.server import ComfyServer

SCENES = 3

pytestmark = pytest.mark.skipif(not SMALL_5B.is_dir(), reason="models/toy_5b is not there")


def test_objects_go_where_their_boxes_are_drawn(comfy: ComfyServer, tmp_path) -> None:
    """See tests/command/test_small_5b.py for the other way."""
    if not has_hook(comfy):
        pytest.skip("FlashMotion acts from ComfyUI 0.33 on")
    asked = write_requests(tmp_path / "scenes", SCENES)
    made = by_comfyui(comfy, tmp_path / "scenes", SCENES)
    guided, free = (np.mean(measured(made[name], asked)) for name in ("guided", "free"))
    assert guided > free + 0.1, (guided, free)
