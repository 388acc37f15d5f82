"""A colour for every track: the same index always has the same colour, and no two look alike."""

import torch

from ..shapes import Tensor, UInt8

# Turns of hue, and shares of the lightness and chroma range. The golden ratio keeps any first few
# hues apart; the other two steps were searched for the largest least distance of 8 to 1024 colours.
_HUE_START, _HUE_STEP = 0.16, 0.6180339887498949
_LIGHTNESS_START, _LIGHTNESS_STEP = 0.45, 0.6488
_CHROMA_START, _CHROMA_STEP = 0.85, 0.4383
_LIGHTNESS = (0.60, 0.92)
_CHROMA_SHARE = (0.6, 1.0)  # of the highest that a screen shows at that lightness and hue
_HIGHEST_CHROMA = 0.26
_BISECTIONS = 14


def track_colours(count: int) -> UInt8[Tensor, "points 3"]:
    """Give each of `count` tracks its colour.

    Hue, lightness and chroma each advance by a fixed step in Oklab, a space where equal distances
    look equal. All colours are lighter than mid grey, so that a dark outline contrasts with them.

    Args:
        count: number of tracks.

    Returns:
        RGB, 0..255. Track i has the same colour at any count.

    Source:
        Oklab: Bjorn Ottosson, https://bottosson.github.io/posts/oklab/ (public domain).
    """
    index = torch.arange(count, dtype=torch.float64)
    hue = (_HUE_START + index * _HUE_STEP) * 2 * torch.pi
    lightness = _spread(index, _LIGHTNESS_START, _LIGHTNESS_STEP, _LIGHTNESS)
    share = _spread(index, _CHROMA_START, _CHROMA_STEP, _CHROMA_SHARE)
    linear = _linear_rgb(lightness, share * _highest_chroma(lightness, hue), hue).clamp(0, 1)
    encoded = torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (encoded * 255).round().to(torch.uint8)


def _spread(index: Tensor, start: float, step: float, ends: tuple[float, float]) -> Tensor:
    return ends[0] + (ends[1] - ends[0]) * ((start + index * step) % 1)


def _highest_chroma(lightness: Tensor, hue: Tensor) -> Tensor:
    """The highest chroma whose red, green and blue all stay within 0..1."""
    low = torch.zeros_like(lightness)
    high = torch.full_like(lightness, _HIGHEST_CHROMA)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        rgb = _linear_rgb(lightness, middle, hue)
        inside = ((rgb >= 0) & (rgb <= 1)).all(-1)
        low, high = torch.where(inside, middle, low), torch.where(inside, high, middle)
    return low


def _linear_rgb(lightness: Tensor, chroma: Tensor, hue: Tensor) -> Tensor:
    a, b = chroma * hue.cos(), chroma * hue.sin()
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return torch.stack([red, green, blue], -1)
