"""Start image, known mask, and what the model is fed."""

import math

import pytest
import torch

from wanmove_core import (
    GridError,
    LatentGrid,
    OptionError,
    ShapeError,
    Tracks,
    conditioning_input,
    conditioning_video,
    fit_image,
    fit_tracks,
    guide_branches,
    known_mask,
    reference_size,
)


def unchecked(function):
    """The function without the test run's type check, as users call it."""
    return getattr(function, "__wrapped__", function)


def picture(width, height, frames=1, channels=3):
    rng = torch.Generator().manual_seed(width * 1000 + height)
    return torch.rand(frames, height, width, channels, generator=rng)


@pytest.mark.parametrize("mode", ["stretch", "crop", "pad"])
def test_an_image_of_the_right_size_keeps_its_pixels(mode):
    image = (picture(56, 40) * 255).to(torch.uint8)
    out = fit_image(image, (56, 40), mode=mode)
    assert out.shape == (1, 3, 40, 56)
    back = (out.movedim(1, -1) + 1) * 127.5
    assert torch.equal(back.round().to(torch.uint8), image)


def test_stretch_is_bicubic_without_antialias_as_in_the_reference():
    image = picture(90, 70)
    out = fit_image(image, (56, 40))
    values = (image.movedim(-1, 1) - 0.5) / 0.5
    want = torch.nn.functional.interpolate(values, size=(40, 56), mode="bicubic")
    assert torch.equal(out, want)


@pytest.mark.parametrize("size", [(90, 70), (70, 90), (57, 40), (113, 80), (1920, 1080)])
def test_crop_is_the_hosts_centre_crop(size):
    """The arithmetic of ComfyUI's common_upscale(bilinear, center), written out again."""
    width, height = size
    image = picture(*size)
    old_aspect, new_aspect = width / height, 56 / 40
    x = y = 0
    if old_aspect > new_aspect:
        x = round((width - width * (new_aspect / old_aspect)) / 2)
    elif old_aspect < new_aspect:
        y = round((height - height * (old_aspect / new_aspect)) / 2)
    cut = image[:, y : height - y, x : width - x].movedim(-1, 1)
    want = torch.nn.functional.interpolate(cut, size=(40, 56), mode="bilinear") * 2 - 1
    assert torch.equal(fit_image(image, (56, 40), mode="crop"), want)


def test_pad_puts_grey_around_the_whole_image():
    out = fit_image(torch.ones(1, 50, 100, 3), (64, 64), mode="pad")
    assert torch.equal(out[..., :16, :], torch.zeros(1, 3, 16, 64))
    assert torch.equal(out[..., 48:, :], torch.zeros(1, 3, 16, 64))
    assert torch.equal(out[..., 16:48, :], torch.ones(1, 3, 32, 64))


@pytest.mark.parametrize("mode", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(160, 96), (96, 160)])
def test_a_track_stays_on_what_it_marks(mode, size):
    width, height = size
    at = torch.tensor([[[width / 2 + 14.0, height / 2 - 10.0]]])
    x, y = at[0, 0].int().tolist()
    image = torch.zeros(1, height, width, 3)
    image[:, y - 4 : y + 4, x - 4 : x + 4] = 1.0
    shown = fit_image(image, (64, 64), mode=mode)[0, 0].clamp(min=0)
    mass = shown.sum()
    rows, cols = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(64) + 0.5, indexing="ij")
    centre = torch.stack([(shown * cols).sum() / mass, (shown * rows).sum() / mass])
    tracks = fit_tracks(Tracks(at, torch.ones(1, 1, dtype=torch.bool)), size, (64, 64), mode=mode)
    torch.testing.assert_close(tracks.positions[0, 0], centre, rtol=0, atol=0.3)


def test_alpha_is_left_out_and_grey_images_are_refused():
    image = picture(56, 40, channels=4)
    assert torch.equal(fit_image(image, (56, 40)), fit_image(image[..., :3], (56, 40)))
    with pytest.raises(ShapeError, match=r"image must have 3 channels"):
        fit_image(image[..., :1], (56, 40))


def test_conditioning_video_is_the_image_then_grey():
    image = torch.rand(2, 3, 8, 16)
    video = conditioning_video(image, 5)
    assert video.shape == (1, 3, 5, 8, 16)
    assert torch.equal(video[0, :, :2].movedim(1, 0), image)
    assert (video[:, :, 2:] == 0).all()
    with pytest.raises(ShapeError, match=r"at most the clip's 1 frames; got 2\."):
        conditioning_video(image, 1)


@pytest.mark.parametrize(
    ("num_frames", "known"),
    [(1, 0), (1, 1), (5, 1), (5, 3), (17, 1), (17, 4), (17, 5), (81, 1), (81, 9), (121, 1)],
)
def test_known_mask_follows_the_references_recipe(num_frames, known):
    grid = LatentGrid(num_frames, 40, 56)
    frames = torch.ones(1, num_frames, 5, 7)
    frames[:, known:] = 0
    first = torch.repeat_interleave(frames[:, :1], repeats=4, dim=1)
    want = torch.cat([first, frames[:, 1:]], dim=1).view(1, -1, 4, 5, 7).transpose(1, 2)[0]
    assert torch.equal(known_mask(grid, known), want)


def test_known_mask_is_1_where_the_pixel_is_given():
    mask = known_mask(LatentGrid(17, 40, 56))
    assert (mask[:, 0] == 1).all() and (mask[:, 1:] == 0).all()
    with pytest.raises(OptionError, match=r"known_frames must be 0 to the clip's 17 frames"):
        known_mask(LatentGrid(17, 40, 56), 18)


def test_conditioning_input_puts_the_mask_first():
    latent = torch.randn(2, 16, 5, 5, 7).half()
    mask = known_mask(LatentGrid(17, 40, 56))
    out = conditioning_input(latent, mask)
    assert out.shape == (2, 20, 5, 5, 7) and out.dtype == torch.float16
    assert torch.equal(out[1, :4].float(), mask)
    assert torch.equal(out[:, 4:], latent)


def test_branch_choice():
    plain, guided = torch.zeros(1), torch.ones(1)
    assert guide_branches(plain, guided) == (guided, guided)
    positive, negative = guide_branches(plain, guided, "positive")
    assert positive is guided and negative is plain
    with pytest.raises(OptionError, match=r'branch must be "both" or "positive"; got \'none\'\.'):
        unchecked(guide_branches)(plain, guided, "none")


@pytest.mark.parametrize(
    ("width", "height", "area"),
    [(832, 480, 480 * 832), (1920, 1080, 480 * 832), (1080, 1920, 720 * 1280), (500, 501, 10**5)],
)
def test_reference_size_follows_the_reference(width, height, area):
    aspect = height / width
    rows = round(math.sqrt(area * aspect) // 8 // 2 * 2)
    cols = round(math.sqrt(area / aspect) // 8 // 2 * 2)
    assert reference_size(width, height, area) == (cols * 8, rows * 8)


def test_reference_size_refuses_what_leaves_no_pixels():
    with pytest.raises(GridError, match=r"the image must fit an output of at least 16 px a side"):
        reference_size(10000, 3)
    with pytest.raises(GridError, match="width, height and area must be positive"):
        reference_size(0, 3)
