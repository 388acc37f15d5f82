"""What guidance looks like, told by the pixels of single cells."""

import pytest
import torch

from wanmove_core import LatentGrid, ShapeError, Tracks
from wanmove_core.view.cells import draw_guidance

GRID = LatentGrid(num_frames=9, height=40, width=56)  # 3 latent frames, 5 rows, 7 cols


def picture() -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (40, 56, 3), generator=generator, dtype=torch.uint8)


def cell(image: torch.Tensor, row: int, col: int) -> torch.Tensor:
    return image[row * 8 : row * 8 + 8, col * 8 : col * 8 + 8]


def still(*cells: tuple[int, int], hidden_at_start: bool = False) -> Tracks:
    """Tracks that stay in (row, col)."""
    centre = torch.tensor([[col * 8 + 4.0, row * 8 + 4.0] for row, col in cells]).reshape(-1, 2)
    visibility = torch.ones(9, len(cells), dtype=torch.bool)
    visibility[0] = not hidden_at_start
    return Tracks(centre.expand(9, -1, -1).clone(), visibility)


def moving(start: tuple[int, int], end: tuple[int, int]) -> Tracks:
    """A track in `start` at frame 0 and in `end` from then on."""
    tracks = still(end)
    tracks.positions[0] = still(start).positions[0]
    return tracks


def test_edited_cells_show_what_is_copied() -> None:
    image = picture()
    frames = draw_guidance(image, moving((1, 2), (3, 5)), GRID)
    assert frames.shape == (3, 40, 56, 3)
    for frame in frames[1:]:
        assert torch.equal(cell(frame, 3, 5), cell(image, 1, 2))
        dimmed = (0.3 * image / 255 + 0.35) * 255
        torch.testing.assert_close(cell(frame, 1, 2).float(), cell(dimmed, 1, 2), atol=0.51, rtol=0)


def test_first_frame_is_the_image_but_for_the_sources() -> None:
    image = picture()
    first = draw_guidance(image, moving((1, 2), (3, 5)), GRID)[0]
    changed = (first != image).any(-1)
    assert cell(changed, 1, 2).any()
    changed[8:16, 16:24] = False
    assert not changed.any()


def test_shared_cells_are_red() -> None:
    image = picture()
    alone = draw_guidance(image, still((2, 2)), GRID)[1]
    shared = draw_guidance(image, still((2, 2), (2, 2)), GRID)[1]
    redder = cell(shared, 2, 2).float() - cell(alone, 2, 2).float()
    assert redder[..., 0].mean() > 0 > redder[..., 1].mean()


def test_tracks_without_effect_are_violet() -> None:
    image = picture()
    hidden = draw_guidance(image, still((2, 2), hidden_at_start=True), GRID)
    none = draw_guidance(image, still(hidden_at_start=True), GRID)
    assert torch.equal(hidden[0], none[0])
    violet = cell(hidden[1], 2, 2).float() - cell(none[1], 2, 2).float()
    assert violet[..., 2].mean() > 0 > violet[..., 1].mean()


def test_refuses_an_image_of_another_size() -> None:
    with pytest.raises(ShapeError, match="56x40; got 55x40"):
        draw_guidance(picture()[:, 1:], still((1, 1)), GRID)
