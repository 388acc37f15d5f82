import json

import pytest
import torch

NODE = "WanMoveSplineEditor"
KNOTS = [{"x": 8, "y": 16}, {"x": 48, "y": 16}]
DRAWING = {"version": 1, "width": 64, "height": 32, "fps": 16, "frames": 5}
TEXT = json.dumps({**DRAWING, "tracks": [{"id": "t1", "curve": "polyline", "knots": KNOTS}]})


def test_a_drawing_becomes_tracks_text_mask_and_preview(pack) -> None:
    tracks, text, mask, preview, length, regions = pack.run(NODE, splines=TEXT, mask_radius=3.0)
    assert regions.shape == (1, 32, 64) and not regions.any()
    assert tracks["track_path"][:, 0].tolist() == [[x, 16] for x in (8, 18, 28, 38, 48)]
    assert tracks["track_visibility"].tolist() == [[True]] * 5
    assert [point["x"] for point in json.loads(text)[0]] == [8, 18, 28, 38, 48]
    assert (mask.shape, mask.dtype, length) == ((5, 32, 64), torch.float32, 5)
    assert mask[0, 16, 8] == 1 and mask[0, 16, 48] == 0 and mask[4, 16, 48] == 1
    assert preview.shape == (1, 32, 64, 3)


def test_linked_sizes_stretch_and_retime(pack) -> None:
    linked = {"width": 128, "height": 96, "length": 9}
    tracks, _, mask, preview, length, _ = pack.run(NODE, splines=TEXT, **linked)
    assert tracks["track_path"][::2, 0].tolist() == [[2 * x, 48] for x in (8, 18, 28, 38, 48)]
    assert (mask.shape, preview.shape, length) == ((9, 96, 128), (1, 96, 128, 3), 9)


def test_a_box_of_the_editor_becomes_maps(pack) -> None:
    """The whole way: a drawn box, its mask and tracks, and the boxes that follow it."""
    corners = [[-6, -4], [6, -4], [6, 4], [-6, 4]]
    offsets = [[x, y] for x in (-5, 0, 5) for y in (-3, 0, 3)]
    keys = [{"frame": 0, "scale": 1, "angle": 0}, {"frame": 4, "scale": 2, "angle": 0}]
    spread = {"shape": "region", "polygon": corners, "offsets": offsets, "keys": keys}
    track = {
        "curve": "polyline",
        "knots": [{"x": 8, "y": 16}, {"x": 40, "y": 16}],
        "spread": spread,
    }
    tracks, *_, regions = pack.run(NODE, splines=json.dumps({**DRAWING, "tracks": [track]}))
    assert regions.nonzero()[:, 1:].aminmax(dim=0).min.tolist() == [12, 2]
    maps, mask, preview = pack.run("WanMoveTrajectoryMaps", masks=regions, tracks=tracks)
    assert maps.shape == preview.shape == (5, 32, 64, 3) and mask.shape == (5, 32, 64)
    assert mask.sum((1, 2)).tolist()[::4] == [12 * 8, 24 * 16]
    rows, cols = maps[4].amax(-1).nonzero().T
    assert (cols.min(), cols.max(), rows.min(), rows.max()) == (28, 52, 8, 24)
    assert maps[4, 16, 40].sum() == 0 and maps[0, 16, 8].sum() > 0


def test_the_masks_can_be_stopped(pack, monkeypatch) -> None:
    shown: list[int] = []
    monkeypatch.setattr(pack.module("nodes.editor"), "progress", lambda _total: shown.append)
    pack.run(NODE, splines=TEXT)
    assert shown == [1, 2, 3, 4, 5]


def test_text_of_other_editors_and_no_drawing_at_all(pack) -> None:
    tracks, *_ = pack.run(NODE, splines='[{"x": 0, "y": 3}, {"x": 80, "y": 3}]')
    assert tracks["track_path"][:, 0, 0].tolist() == list(range(81))
    tracks, text, mask, *_ = pack.run(NODE, splines="")
    assert tracks["track_path"].shape == (81, 0, 2)
    assert json.loads(text) == [] and mask.sum() == 0


def test_the_first_frame_is_shown_behind_and_left_as_it_was(pack) -> None:
    image = torch.rand(3, 16, 32, 3, generator=torch.Generator().manual_seed(0))
    before = image.clone()
    output = pack.nodes[NODE].execute(splines=TEXT, mask_radius=1.0, image=image)
    assert torch.equal(image, before)
    assert output.result[3].shape == (1, 32, 64, 3)
    assert set(output.ui) == {"wanmove_background", "wanmove_frame"}


def test_masks_are_offered_and_change_no_output(pack) -> None:
    mask = torch.zeros(18, 16, 32)
    mask[:, 3:9, 5:11] = 1
    with_mask, without = (
        pack.nodes[NODE].execute(splines=TEXT, mask_radius=1.0, mask=given)
        for given in (mask, None)
    )
    assert torch.equal(with_mask.result[2], without.result[2])
    assert set(without.ui) == {"wanmove_frame"}
    assert [tuple(picture.shape) for picture in with_mask.ui["wanmove_masks"]] == [(16, 32, 3)] * 16
    again = pack.nodes[NODE].execute(splines=TEXT, mask_radius=1.0, mask=mask.clone())
    assert again.ui["wanmove_masks_digest"] == with_mask.ui["wanmove_masks_digest"]
    other = pack.nodes[NODE].execute(splines=TEXT, mask_radius=1.0, mask=1 - mask)
    assert other.ui["wanmove_masks_digest"] != with_mask.ui["wanmove_masks_digest"]


def test_a_broken_drawing_is_refused_before_the_run(pack) -> None:
    node = pack.nodes[NODE]
    assert node.validate_inputs(splines=TEXT) is True
    message = node.validate_inputs(splines=TEXT.replace("48", '"a"'))
    assert message.startswith("splines: tracks[0].knots[1].x must be a finite number")
    with pytest.raises(ValueError, match=r"splines: The document must be JSON"):
        pack.run(NODE, splines="{")
