"""Dots, trails and paths lie where the tracks are, in colours that stay apart."""

import sys

import pytest
import torch

from wanmove_core import OptionError, ShapeError, Tracks
from wanmove_core.view.colours import track_colours
from wanmove_core.view.draw import draw_paths, draw_tracks


@pytest.fixture(autouse=True, params=["opencv", "pillow"])
def renderer(request, monkeypatch):
    """Every law holds for both renderers."""
    if request.param == "pillow":
        monkeypatch.setitem(sys.modules, "cv2", None)
    else:
        pytest.importorskip("cv2")
    return request.param


HEIGHT, WIDTH = 61, 97
RED, GREEN = (255, 0, 0), (0, 255, 0)


def grey_frames(count: int = 7, height: int = HEIGHT, width: int = WIDTH) -> torch.Tensor:
    return torch.full((count, height, width, 3), 128, dtype=torch.uint8)


def straight(y: float = 30.5, count: int = 7, *, begin: float = 10.5, step: float = 12) -> Tracks:
    x = begin + step * torch.arange(count)
    return Tracks.from_arrays(torch.stack([x, torch.full_like(x, y)], -1)[:, None])


def stack(*tracks: Tracks) -> Tracks:
    return Tracks(
        torch.cat([t.positions for t in tracks], 1), torch.cat([t.visibility for t in tracks], 1)
    )


def palette(*colours: tuple[int, int, int]) -> torch.Tensor:
    return torch.tensor(colours, dtype=torch.uint8)


def changed(drawn: torch.Tensor) -> torch.Tensor:
    return (drawn != 128).any(-1)


def test_dot_is_centred_between_pixel_edges():
    tracks = straight(step=0)
    drawn = draw_tracks(grey_frames(), tracks, colours=palette(RED), radius=3)
    mask = changed(drawn[6])
    assert torch.equal(mask[:, :21], mask[:, :21].flip(1))  # about column 10
    assert torch.equal(mask, mask.flip(0))  # about row 30
    assert drawn[6, 30, 10].tolist() == list(RED)


def test_position_counts_below_a_pixel():
    whole, shifted = (
        draw_tracks(grey_frames(1), straight(count=1, begin=x), radius=2.5) for x in (40.5, 40.75)
    )
    weight = changed(whole) & changed(shifted)
    assert not torch.equal(whole, shifted)
    assert weight.any()


def test_trail_fades_and_ends():
    drawn = draw_tracks(grey_frames(), straight(), colours=palette(RED), radius=2, trail=4)
    x = [16 + 12 * step for step in range(6)]  # midway of each step
    redness = drawn[6, 30, x, 0].int() - drawn[6, 30, x, 1].int()
    assert redness[:2].tolist() == [0, 0]
    assert (redness[2:].diff() > 20).all()
    assert torch.equal(drawn[6, 30, x[0]], torch.tensor([128, 128, 128], dtype=torch.uint8))


def test_trail_of_none_draws_dots_alone():
    drawn = draw_tracks(grey_frames(), straight(), radius=2, trail=0)
    assert not changed(drawn[6])[:, :75].any()
    assert changed(drawn[6])[30, 82]


def test_hidden_point_has_no_dot_and_breaks_the_trail():
    tracks = straight()
    tracks.visibility[3] = False
    drawn = draw_tracks(grey_frames(), tracks, radius=2, trail=24)
    assert not changed(drawn[3])[:, 38:].any()
    assert changed(drawn[3])[30, 28]  # the trail up to the gap goes on fading
    assert not changed(drawn[6])[:, 38:55].any()
    assert changed(drawn[6])[30, 70]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_later_track_lies_on_top(order):
    crossing = [straight(step=0, begin=50.5), straight(step=0, begin=51.5)]
    colours = palette(RED, GREEN)
    drawn = draw_tracks(
        grey_frames(), stack(*crossing), colours=colours[list(order)], radius=6, trail=5
    )
    assert drawn[2, 30, 51].tolist() == colours[order[1]].tolist()


def test_later_trail_lies_on_top():
    x = torch.tensor([20.5, 70.5])
    path = torch.stack([x, torch.full_like(x, 30.5)], -1)[:, None].expand(-1, 2, -1)
    drawn = draw_tracks(
        grey_frames(2), Tracks.from_arrays(path), colours=palette(RED, GREEN), radius=3, opacity=1
    )
    assert drawn[1, 30, 45].tolist() == list(GREEN)


def test_opacity_of_trails():
    strong, weak = (
        draw_tracks(grey_frames(2), straight(count=2), colours=palette(RED), opacity=o, radius=3)
        for o in (1.0, 0.25)
    )
    assert strong[1, 30, 16].tolist() == list(RED)
    assert 128 < weak[1, 30, 16, 0] < 200


@pytest.mark.parametrize("num_frames", [1, 4, 13, 25])
def test_tracks_stretch_to_the_frames(num_frames):
    drawn = draw_tracks(grey_frames(num_frames), straight(), radius=3, trail=0)
    assert drawn.shape[0] == num_frames
    assert changed(drawn[0])[30, 10]
    assert changed(drawn[-1])[30, 82 if num_frames > 1 else 10]


@pytest.mark.parametrize("size", [(61, 97), (61, 98), (61, 100), (64, 96)])
def test_any_width_blends_the_right_pixels(size):
    frames = torch.randint(
        0, 256, (5, *size, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    drawn = draw_tracks(frames, straight(count=5), radius=2)
    touched = (drawn[4] != frames[4]).any(-1)
    assert touched[28:34].any()
    assert not touched[:24].any()
    assert not touched[38:].any()


def test_leaves_frames_and_tracks_as_they_were():
    frames, tracks = grey_frames(), straight()
    before, positions = frames.clone(), tracks.positions.clone()
    drawn, state = draw_tracks(frames, tracks), torch.get_rng_state()
    draw_paths(frames[0], tracks)
    assert torch.equal(frames, before)
    assert torch.equal(tracks.positions, positions)
    assert drawn.data_ptr() != frames.data_ptr()
    assert torch.equal(torch.get_rng_state(), state)


def test_no_tracks_and_points_far_away():
    frames = grey_frames()
    none = Tracks.from_arrays(torch.zeros(7, 0, 2))
    assert torch.equal(draw_tracks(frames, none), frames)
    assert torch.equal(draw_paths(frames[0], none), frames[0])
    far = Tracks.from_arrays(torch.tensor([[[1e30, -1e30]]]).expand(7, 1, 2))
    assert torch.equal(draw_tracks(frames, far), frames)


def test_default_sizes_grow_with_the_frame_and_shrink_with_the_crowd():
    def area(height: int, width: int, count: int) -> float:
        alone = torch.zeros(1, count, dtype=torch.bool)
        alone[0, 0] = True
        middle = torch.tensor([width / 2, height / 2]).expand(1, count, 2)
        frames = grey_frames(1, height, width)
        return changed(draw_tracks(frames, Tracks.from_arrays(middle, alone))).float().sum().item()

    assert 3 < area(480, 832, 1) / area(240, 416, 1) < 5
    assert area(480, 832, 1024) < area(480, 832, 100) < area(480, 832, 1)


def test_frames_need_not_be_contiguous():
    frames = grey_frames().permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
    assert torch.equal(draw_tracks(frames, straight()), draw_tracks(grey_frames(), straight()))


@pytest.mark.parametrize("size", [(61, 97), (64, 96)])
def test_floats_are_drawn_on_like_bytes_and_kept_elsewhere(size):
    generator = torch.Generator().manual_seed(0)
    frames = torch.rand(7, *size, 3, generator=generator) * 1.2 - 0.1
    tracks = stack(straight(), straight(y=1.5, begin=-3.5, step=17))
    drawn = draw_tracks(frames, tracks, radius=3)
    assert drawn.dtype == torch.float32
    expected = draw_tracks(frames.mul(255).round().clamp(0, 255).byte(), tracks, radius=3)
    assert torch.equal(drawn.mul(255).round().clamp(0, 255).byte(), expected)
    kept = (drawn == frames).all(-1)
    assert kept[:, 40:].all()
    assert 0.7 < kept.float().mean() < 0.95


def test_frames_of_another_dtype_are_refused():
    with pytest.raises(ShapeError, match="uint8 or float32"):
        draw_tracks(grey_frames().double(), straight())


def test_path_has_a_start_dot_and_an_arrow_at_its_end():
    drawn = draw_paths(grey_frames()[0], straight(), colours=palette(RED), radius=3, opacity=1)
    mask = changed(drawn)
    assert drawn[30, 10].tolist() == list(RED)
    assert mask[30, 10:83].all()
    heights = mask.sum(0)
    assert heights[76:80].max() > heights[40]  # the head is wider than the line
    assert heights[77] > heights[81] > 0  # and points to the right


def test_path_breaks_where_it_is_hidden():
    tracks = straight()
    tracks.visibility[3] = False
    mask = changed(draw_paths(grey_frames()[0], tracks, radius=2))
    assert not mask[:, 40:52].any()
    assert mask[30, 20] and mask[30, 65]


def test_still_path_is_a_dot_and_a_hidden_one_is_nothing():
    frames = grey_frames()
    still = straight(step=0)
    mask = changed(draw_paths(frames[0], still, radius=2))
    assert mask[30, 10]
    assert not mask[:, 16:].any()
    hidden = Tracks(still.positions, torch.zeros_like(still.visibility))
    assert torch.equal(draw_paths(frames[0], hidden), frames[0])


def to_oklab(rgb: torch.Tensor) -> torch.Tensor:
    """Ottosson's forward matrices; the code under test has only the inverse ones."""
    encoded = rgb.double() / 255
    linear = torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    cones = linear @ torch.tensor(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ],
        dtype=torch.float64,
    )
    return cones ** (1 / 3) @ torch.tensor(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.7936177850, -2.4285922050, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.8086757660],
        ],
        dtype=torch.float64,
    )


@pytest.mark.parametrize(
    ("count", "least"), [(8, 0.1), (32, 0.045), (128, 0.018), (512, 0.006), (1024, 0.006)]
)
def test_colours_stay_apart(count, least):
    lab = to_oklab(track_colours(count))
    assert torch.pdist(lab).min() > least
    assert lab[:, 0].min() > 0.55


def test_colour_belongs_to_the_index():
    assert torch.equal(track_colours(1024)[:7], track_colours(7))
    assert track_colours(0).shape == (0, 3)


@pytest.mark.parametrize(
    "options", [{"opacity": 1.5}, {"opacity": -0.1}, {"radius": 0.0}, {"trail": -1}]
)
def test_options_out_of_range(options):
    with pytest.raises(OptionError, match="must be"):
        draw_tracks(grey_frames(), straight(), **options)


def test_one_colour_for_each_track():
    with pytest.raises(ShapeError, match="each of 1 tracks; got 2"):
        draw_tracks(grey_frames(), straight(), colours=palette(RED, GREEN))
