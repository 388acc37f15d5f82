"""Pictures, masks and depth maps of the start image, and the inputs that several sources share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from comfy_api.latest import io

from ...wanmove_core import ShapeError, Tracks, fit_image
from ...wanmove_core.choices import FitMode, options_of
from ...wanmove_core.document.schema import EASES
from ...wanmove_core.motion.frame import place_in_frame
from ...wanmove_core.sources.depth import check_proportions, distance_map, fit_map
from .convert import check_images, naming, to_bytes, tracks_from_host

# A depth picture that some node saved as 8 bits or resized is grey to within this.
TRACKS_TOOLTIP = "The motion, in pixels of the video; connect it to Trajectory Guidance."
_GREY = 0.05


@dataclass(frozen=True)
class Scene:
    """The video's size, and how pictures of the start image are brought to it."""

    width: int
    height: int
    resize: str

    def check_pictures(self, **pictures: torch.Tensor | None) -> None:
        """Check that all pictures have the proportions of the first one."""
        given = {name: picture for name, picture in pictures.items() if picture is not None}
        for name, picture in given.items():
            check_images(picture, name, channels=0)
        sizes = [(name, _size(picture)) for name, picture in given.items()]
        for name, size in sizes[1:]:
            check_proportions(name, size, *sizes[0])

    def tracks(self, tracks: Mapping[str, Any], input_name: str) -> Tracks:
        """TRACKS in pixels of the video."""
        given = tracks_from_host(tracks, input_name)
        with naming(input_name):
            return place_in_frame(given, (self.width, self.height)).tracks

    def mask(self, mask: torch.Tensor | None) -> np.ndarray | None:
        """MASK, the first one -> True where it is set."""
        if mask is None:
            return None
        return self._fit((mask.reshape(-1, *mask.shape[-2:])[0] > 0.5).cpu().numpy(), False)

    def image(self, image: torch.Tensor | None) -> np.ndarray | None:
        """IMAGE, the first one -> uint8 RGB."""
        if image is None:
            return None
        fitted = fit_image(image[:1], (self.width, self.height), mode=self.resize)
        return to_bytes((fitted[0].movedim(0, -1) + 1) / 2).numpy()

    def distance(
        self, depth: torch.Tensor | None, depth_kind: str, near: float, far: float
    ) -> np.ndarray | None:
        """IMAGE of a depth node, the first one -> distances from the camera."""
        if depth is None:
            return None
        with naming("depth"):
            colours = depth[0, ..., :3].float().cpu()  # without alpha
            spread = (colours.amax(-1) - colours.amin(-1)).max().item()
            if spread > _GREY:
                raise ShapeError(
                    f"a depth picture must be grey; got colours that differ by {spread:.2f}. Set "
                    "the depth node to grey, without a colour map."
                )
            values = colours[..., 0].double().numpy()
            return self._fit(distance_map(values, depth_kind, near=near, far=far), None)

    def _fit(self, values: np.ndarray, outside: Any) -> np.ndarray:
        return fit_map(values, (self.width, self.height), self.resize, outside=outside)


def _size(picture: torch.Tensor) -> tuple[int, int]:
    """(width, height) of an IMAGE or a MASK."""
    height, width = picture.shape[1:3] if picture.ndim == 4 else picture.shape[-2:]
    return width, height


def size_inputs(width: str) -> list[io.Input]:
    """Width, with its tooltip, and height of the video."""
    height, limits = "Height of the video in pixels.", {"min": 16, "max": 16384, "step": 16}
    return [
        io.Int.Input("width", default=832, tooltip=width, **limits),
        io.Int.Input("height", default=480, tooltip=height, **limits),
    ]


def scene_inputs() -> list[io.Input]:
    """Size and length of the video; `split_scene` takes them back out."""
    return [
        *size_inputs("Width of the video in pixels."),
        io.Int.Input(
            "length", default=81, min=1, max=16385, step=4, tooltip="Frames of the video."
        ),
        io.Combo.Input(
            "resize",
            options=options_of(FitMode),
            default="crop",
            tooltip="How pictures and masks of the start image are brought to the video's size. "
            "Choose the same as in Encode Start Image.",
        ),
    ]


def depth_inputs() -> list[io.Input]:
    """How to read a depth map."""
    return [
        io.Combo.Input(
            "depth_kind",
            options=["inverse", "relative", "metric"],
            default="inverse",
            tooltip="What the depth values mean. inverse: white is near (Depth Anything, MiDaS, "
            "most nodes). relative: white is far (Marigold). metric: distances.",
        ),
        io.Float.Input(
            "near",
            default=1.0,
            min=0.001,
            max=10000.0,
            step=0.1,
            advanced=True,
            tooltip="Distance of the nearest pixel, for inverse and relative depth.",
        ),
        io.Float.Input(
            "far",
            default=10.0,
            min=0.001,
            max=10000.0,
            step=0.1,
            advanced=True,
            tooltip="Distance of the farthest pixel. The larger far / near is, the stronger the "
            "parallax.",
        ),
        io.Float.Input(
            "fov",
            default=50.0,
            min=1.0,
            max=170.0,
            step=0.5,
            advanced=True,
            tooltip="Degrees between the left and right edge of the picture. A phone sees about "
            "65, a portrait lens about 25.",
        ),
    ]


def ease_input() -> io.Input:
    """How a motion sets out and arrives."""
    return io.Combo.Input(
        "ease",
        options=list(EASES),
        default="in-out",
        tooltip="How the motion starts and ends: at even speed, or slow at the start, at the end, "
        "or at both.",
    )


def keys_input(example: str) -> io.Input:
    """Keys of one's own, as JSON."""
    return io.String.Input(
        "keys",
        default="",
        multiline=True,
        optional=True,
        advanced=True,
        tooltip=f"Your own keys as JSON, for example {example}.",
    )


def split_scene(inputs: Mapping[str, Any]) -> tuple[Scene, int, dict[str, Any]]:
    """Split a node's inputs into the scene, the length, and all others."""
    others = dict(inputs)
    scene = Scene(*(others.pop(name) for name in ("width", "height", "resize")))
    return scene, others.pop("length"), others


def pins_input(tooltip: str) -> io.Int.Input:
    return io.Int.Input("pins", default=0, min=0, max=16384, tooltip=tooltip)
