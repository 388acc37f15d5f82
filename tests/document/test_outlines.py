"""The outlines of regions: exact at any turn, scale and time, and equal to the points' motion."""

import json
from pathlib import Path

import numpy as np

from tests.fixtures.make_map_boxes import make
from wanmove_core.document.sampling import region_outlines, sample_document, scale_document
from wanmove_core.document.schema import parse_document
from wanmove_core.sources.region.objects import objects_from_document
from wanmove_core.view.map_objects import fit_motion

CORNERS = [[-9, -5], [9, -5], [9, 5], [-9, 5]]


def _drawing(**changes):
    keys = [{"frame": 0, "scale": 1, "angle": 0}, {"frame": 10, "scale": 1.7, "angle": 70}]
    spread = {"shape": "region", "polygon": CORNERS, "offsets": CORNERS, "keys": keys}
    track = {"knots": [{"x": 30, "y": 40}, {"x": 70, "y": 45}], "spread": spread, **changes}
    return parse_document(
        json.dumps(
            {"version": 1, "width": 113, "height": 97, "fps": 16, "frames": 11, "tracks": [track]}
        )
    )


def test_an_outline_moves_as_its_points_do():
    drawing = _drawing()
    ((outline, shown),) = region_outlines(drawing)
    points = sample_document(drawing).positions.numpy()
    assert shown.all()
    assert np.abs(outline - points).max() < 1e-4
    # What the points alone tell is the same motion, which is how the host gets it.
    motion = fit_motion(points.astype(np.float64), np.ones(points.shape[:2], dtype=bool))
    moved = np.einsum("fij,nj->fni", motion[:, :, :2], outline[0]) + motion[:, None, :, 2]
    assert np.abs(moved - outline).max() < 1e-3


def test_an_outline_is_stretched_retimed_and_hidden_with_its_drawing():
    drawing = scale_document(_drawing(windows=[[0, 5]]), width=226, height=97, num_frames=21)
    ((outline, shown),) = region_outlines(drawing)
    assert shown.tolist() == [frame <= 10 for frame in range(21)]
    assert np.abs(outline[0] - (np.array(CORNERS) * [2, 1] + [60, 40])).max() < 1e-9
    assert objects_from_document(_drawing(hidden=True)) == []


def test_the_boxes_are_those_that_the_editor_is_bound_to():
    path = Path(__file__).parents[1] / "fixtures/map_boxes.json"
    assert json.loads(path.read_text(encoding="utf-8")) == make()
