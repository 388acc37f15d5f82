"""The discs against every pixel's distance to every point."""

import pytest
import torch

from wanmove_core import Tracks
from wanmove_core.view import point_mask
from wanmove_core.view.point_mask import draw_point_mask

FRAMES, POINTS = 3, 11


def by_distance(tracks: Tracks, size: tuple[int, int], radius: float) -> torch.Tensor:
    width, height = size
    x, y = tracks.positions[..., None, None].unbind(2)
    dx = (torch.arange(width) + 0.5 - x).square()
    dy = (torch.arange(height)[:, None] + 0.5 - y).square()
    inside = (dx + dy <= radius * radius) & tracks.visibility[..., None, None]
    return inside.any(1).float()


def some_tracks(size: tuple[int, int], step: float) -> Tracks:
    """Points in and around the frame, a few of them hidden, on multiples of a step."""
    random = torch.Generator().manual_seed(0)
    share = torch.rand(FRAMES, POINTS, 2, generator=random) * 1.6 - 0.3
    positions = (share * torch.tensor(size) / step).round() * step
    return Tracks(positions, torch.rand(FRAMES, POINTS, generator=random) > 0.2)


@pytest.mark.parametrize("size", [(37, 23), (5, 91), (1, 1)])
@pytest.mark.parametrize("radius", [0.5, 1.0, 3.0, 8.5, 33.3, 1024.0])
@pytest.mark.parametrize("step", [1.0, 0.5, 0.01])
@pytest.mark.parametrize("most", [1, 1 << 18])
def test_a_mask_is_every_pixel_near_a_point(monkeypatch, size, radius, step, most) -> None:
    monkeypatch.setattr(point_mask, "_MOST_PIXELS", most)
    tracks = some_tracks(size, step)
    assert torch.equal(
        draw_point_mask(tracks, size, radius=radius), by_distance(tracks, size, radius)
    )


def test_far_points_and_no_points_mark_nothing() -> None:
    far = torch.tensor([[[1e9, 3.0], [-1e30, 2.0], [3e38, 3e38]]])
    assert not draw_point_mask(Tracks(far, torch.ones(1, 3).bool()), (20, 11)).any()
    assert not draw_point_mask(Tracks(far[:, :0], torch.ones(1, 0).bool()), (20, 11)).any()


def test_it_can_be_stopped_after_each_frame() -> None:
    done: list[int] = []
    draw_point_mask(some_tracks((37, 23), 1.0), (37, 23), on_frame=done.append)
    assert done == [1, 2, 3]
