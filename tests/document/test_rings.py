"""What the Draw tool's ring becomes: points for the model, one path for other programs."""

import json

from wanmove_core.document.sampling import sample_document, without_rings
from wanmove_core.document.schema import parse_document
from wanmove_core.formats.exchange import export_document

DISC = {"shape": "disc", "count": 7, "size": 32}


def document(*spreads):
    tracks = [{"knots": [{"x": 9, "y": 9}, {"x": 40, "y": 9}], "spread": s} for s in spreads]
    head = {"version": 1, "width": 96, "height": 64, "fps": 16, "frames": 5}
    return json.dumps({**head, "tracks": tracks})


def test_a_ring_is_points_for_the_model_and_one_list_for_other_programs():
    text = document({**DISC, "ring": True}, DISC)
    drawing = parse_document(text)
    assert sample_document(drawing).num_points == 14
    assert sample_document(without_rings(drawing)).num_points == 8
    assert len(json.loads(export_document(text, "json")[1])) == 8
