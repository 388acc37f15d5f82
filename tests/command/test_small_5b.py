"""The small model in the layout of Wan2.2-TI2V-5B, through the command line: trained weights."""

import numpy as np
import pytest

from benchmarks.box_doors import SMALL_5B, by_command, measured, write_requests

SCENES = 3

pytestmark = pytest.mark.skipif(not SMALL_5B.is_dir(), reason="models/toy_5b is not there")


def test_objects_go_where_their_boxes_are_drawn(tmp_path):
    asked = write_requests(tmp_path / "scenes", SCENES)
    made = {boxes: by_command(tmp_path, SCENES, boxes=boxes) for boxes in (True, False)}
    guided, free = (np.mean(measured(made[boxes], asked)) for boxes in (True, False))
    assert guided > free + 0.1, (guided, free)
