"""The two renderers draw the same: in geometry to 0.5 px, in mean colour to 2 of 255."""

import numpy as np
import pytest
import torch

from wanmove_core import Tracks
from wanmove_core.view import draw
from wanmove_core.view.canvas import SHIFT, Layers, find_canvas
from wanmove_core.view.canvas_opencv import OpenCvCanvas
from wanmove_core.view.canvas_pillow import PillowCanvas

cv2 = pytest.importorskip("cv2")
HEIGHT, WIDTH = 149, 211
BOTH = (OpenCvCanvas(cv2), PillowCanvas())


def drawn_by(canvas, paint) -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH), np.uint8)
    paint(canvas, image)
    return image.astype(float)


def fixed(points) -> np.ndarray:
    return np.rint(np.array(points) * (1 << SHIFT)).astype(np.int32)


def middle(image: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(image * x).sum(), (image * y).sum()]) / image.sum()


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("angle", [0, 20, 45, 90, 137])
def test_lines_lie_at_the_same_place_and_are_as_thick(width: int, angle: int) -> None:
    way = 60 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    centre = np.array([100.3, 70.6])
    ends = fixed([centre - way, centre + way])
    one, two = (drawn_by(c, lambda c, i: c.lines(i, [ends], (255,), width)) for c in BOTH)
    assert np.abs(middle(one) - middle(two)).max() < 0.5
    # Thickness is area by length.
    assert abs(one.sum() - two.sum()) / 255 / 120 < 0.5


@pytest.mark.parametrize("radius", [1.8, 3.0, 7.5, 20.0])
def test_polygons_have_the_same_place_and_size(radius: float) -> None:
    turn = np.linspace(0, 2 * np.pi, 17, endpoint=False)
    disc = fixed(radius * np.stack([np.cos(turn), np.sin(turn)], -1) + (90.2, 60.7))
    colours = np.array([[255]], np.uint8)
    one, two = (drawn_by(c, lambda c, i: c.polygons(i, disc[None], colours)) for c in BOTH)
    assert np.abs(middle(one) - middle(two)).max() < 0.25
    sizes = [np.sqrt(image.sum() / 255 / np.pi) for image in (one, two)]
    assert abs(sizes[0] - sizes[1]) < 0.25


def test_layers_are_treated_alike() -> None:
    rng = np.random.default_rng(0)
    layer = rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    given = [rng.integers(0, 256, (31, size), np.uint8) for size in (24, 8, 8, 24)]
    floats = rng.uniform(-0.2, 1.2, (17, 24)).astype(np.float32)
    floats[3, 5] = np.nan
    faded = [layer.copy(), layer.copy()]
    results = []
    for canvas, own in zip(BOTH, faded, strict=True):
        canvas.fade(own, 31)
        below, life, shadow, colour = given
        overlay = canvas.overlay(below, Layers(life, shadow, colour), opacity=0.8, darkness=0.5)
        mixed = canvas.mix(given[0], given[3], 0.3)
        results.append((own, canvas.grow(layer), canvas.to_bytes(floats), mixed, overlay))
    for one, two in zip(*results, strict=True):
        assert one.dtype == two.dtype == np.uint8
        assert np.abs(one.astype(int) - two).max() <= 2
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("canvas", BOTH)
def test_colour_reaches_as_far_as_the_life_of_a_trail(canvas) -> None:
    """Or a trail would have the black of an empty layer at its edge."""
    for angle in range(0, 180, 7):
        way = 40 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        ends = fixed([np.array([100.3, 70.6]) - way, np.array([100.3, 70.6]) + way])
        life = drawn_by(canvas, lambda c, i: c.lines(i, [ends], (255,), 3))  # noqa: B023
        colour = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        canvas.marks(colour, ends[None], np.array([[9, 9, 9]], np.uint8), 5)
        assert not ((life > 160) & (colour[..., 0] == 0)).any(), angle


@pytest.mark.parametrize("style", ["trails", "paths"])
@pytest.mark.parametrize("count", [3, 60])
def test_pictures_are_alike(style: str, count: int, monkeypatch) -> None:
    rng = torch.Generator().manual_seed(count)
    start = torch.rand(count, 2, generator=rng) * torch.tensor([300.0, 200.0])
    speed = torch.randn(count, 2, generator=rng) * 6
    tracks = Tracks.from_arrays(start + torch.arange(11)[:, None, None] * speed)
    tracks.visibility[4, ::3] = False
    picture = torch.randint(0, 256, (11, 200, 300, 3), generator=rng, dtype=torch.uint8)

    def drawn(canvas) -> torch.Tensor:
        monkeypatch.setattr(draw, "find_canvas", lambda: canvas)
        if style == "trails":
            return draw.draw_tracks(picture, tracks)
        return draw.draw_paths(picture[0], tracks)

    one, two = (drawn(canvas).double() for canvas in BOTH)
    assert not torch.equal(one, picture.double()[: len(one)] if style == "trails" else picture[0])
    dims = (-3, -2)
    assert (one.mean(dims) - two.mean(dims)).abs().max() < 2
    # Where they differ is at edges alone.
    assert ((one - two).abs().amax(-1) > 64).double().mean() < 0.02


def test_opencv_is_taken_where_it_is(monkeypatch) -> None:
    assert isinstance(find_canvas(), OpenCvCanvas)
    monkeypatch.setattr(cv2, "__version__", "4.4.0")
    assert isinstance(find_canvas(), PillowCanvas)
