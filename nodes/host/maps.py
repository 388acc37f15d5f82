"""The host's masks and images as trajectory maps, and their latent."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...wanmove_core import LatentGrid, OptionError, ShapeError, fit_image
from ...wanmove_core.document.schema import EditorDocument
from ...wanmove_core.motion.frame import place_in_frame
from ...wanmove_core.motion.retime import resample_tracks
from ...wanmove_core.sources.region.objects import objects_from_document
from ...wanmove_core.view import map_objects
from ...wanmove_core.view.trajectory_maps import check_first_map, draw_trajectory_maps
from .convert import check_images, naming, to_bytes, to_image, tracks_from_host


@dataclass(frozen=True)
class MapInputs:
    """The inputs of the node Draw Trajectory Maps."""

    masks: torch.Tensor | None
    tracks: Any
    image: torch.Tensor | None
    shape: Any
    width: int
    height: int
    length: int
    resize: Any
    given: str
    box_width: int
    box_height: int


def draw_maps(inputs: MapInputs) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw the maps: IMAGE, MASK of all objects, and IMAGE of the maps over the picture.

    Raises:
        OptionError, ShapeError: what does not fit together.
    """
    objects, size = _objects(inputs)
    maps = draw_trajectory_maps(objects, size, shape=inputs.shape, given=_given(inputs.given))
    mask = torch.zeros(maps.shape[:3])
    for frame in range(len(maps)):
        for one in objects:
            shown = one.mask_at(frame)
            if shown is not None:
                mask[frame][torch.from_numpy(shown)] = 1.0
    return to_image(maps), mask, _over(inputs.image, to_image(maps), inputs.resize)


def _objects(inputs: MapInputs) -> tuple[list[Any], tuple[int, int]]:
    masks = None if inputs.masks is None else (inputs.masks > 0.5).cpu().numpy()
    if masks is None and 0 in (inputs.box_width, inputs.box_height, inputs.width, inputs.height):
        raise OptionError(
            "masks must be connected, or box_width, box_height, width and height be given; got "
            "neither. Frame 0 needs a filled shape: connect the editor's regions or a mask."
        )
    if masks is None and inputs.tracks is None:
        raise OptionError("masks or tracks must be connected; got neither. Connect one.")
    drawn = (masks.shape[2], masks.shape[1]) if masks is not None else (0, 0)
    size = (inputs.width or drawn[0], inputs.height or drawn[1])
    if masks is not None:
        with naming("masks"):
            masks = map_objects.fit_masks(masks, size, inputs.resize)
    if inputs.tracks is None:
        whole: np.ndarray = masks
        whole = map_objects.retime_masks(whole, inputs.length or len(whole))
        if not whole[0].any():
            raise ShapeError(
                "masks must mark the object in frame 0; got an empty mask. Frame 0 needs a "
                "filled shape: start the clip where the object is seen."
            )
        return [map_objects.SegmentedObject(whole)], size
    tracks = tracks_from_host(inputs.tracks)
    tracks = resample_tracks(tracks, inputs.length or tracks.num_frames)
    drawn_on = tracks.frame if masks is None else drawn
    space = "video" if masks is None else "start image"
    with naming("tracks"):
        tracks = place_in_frame(
            tracks, size, image_size=drawn_on, fit_mode=inputs.resize, track_space=space
        ).tracks
    if masks is None:
        box = (inputs.box_width, inputs.box_height)
        return list(map_objects.objects_from_points(tracks, size, box)), size
    return list(map_objects.objects_from_masks(masks, tracks)), size


def _given(text: str) -> set[int] | None:
    if not text.strip():
        return None
    try:
        return {int(part) for part in text.split(",")}
    except ValueError as error:
        raise OptionError(
            f"given must be frame numbers with commas between; got {text[:40]!r}. Use 0,40,80."
        ) from error


def _over(image: torch.Tensor | None, maps: torch.Tensor, resize: Any) -> torch.Tensor:
    """The maps over the dimmed picture, or alone."""
    if image is None:
        return maps
    check_images(image, "image")
    size = (maps.shape[2], maps.shape[1])
    below = to_image(to_bytes((fit_image(image[:1], size, mode=resize)[0].movedim(0, -1) + 1) / 2))
    shown = maps.amax(-1, keepdim=True) > 0
    # The palette is half as bright as it could be, for the model; people see it better doubled.
    return torch.where(shown, (maps * 2).clamp(max=1), below[None] * 0.6)


def first_masks(drawing: EditorDocument) -> torch.Tensor:
    """MASK of each region or box of a drawing in its first frame; without any, an empty mask."""
    shown = (one.mask_at(0) for one in objects_from_document(drawing))
    empty = np.zeros((drawing.height, drawing.width), dtype=bool)
    masks = [empty if mask is None else mask for mask in shown] or [empty]
    return torch.from_numpy(np.stack(masks)).float()


def encode_maps(vae: Any, maps: torch.Tensor, size: tuple[int, int], length: int) -> torch.Tensor:
    """Encode maps through the host's memory management: [1, C, T', H', W'].

    Raises:
        ShapeError, GridError: maps of another length, or a size that does not fit the VAE's grid.
    """
    check_images(maps, "maps")
    if length not in (0, len(maps)):
        raise ShapeError(
            f"maps must have {length} frames, as the video; got {len(maps)}. "
            "Set length in Draw Trajectory Maps."
        )
    stride = _stride(vae)
    width, height = size[0] or maps.shape[2], size[1] or maps.shape[1]
    LatentGrid(len(maps), height, width, (4, stride, stride))
    if (width, height) != (maps.shape[2], maps.shape[1]):
        raise ShapeError(
            f"maps must be {width}x{height} px, as the video; got {maps.shape[2]}x"
            f"{maps.shape[1]}. Set width and height in Draw Trajectory Maps."
        )
    check_first_map(to_bytes(maps[:1, ..., :3])[0].numpy())
    latent: torch.Tensor = vae.encode(maps[..., :3])
    return latent


def _stride(vae: Any) -> int:
    """Pixels of a latent cell (comfy/sd.py, `spacial_compression_encode`)."""
    ask = getattr(vae, "spacial_compression_encode", None)
    if ask is None or getattr(vae, "latent_dim", 3) != 3:
        raise ShapeError(
            f"vae must be a video VAE; got {type(vae).__name__}. Choose wan2.2_vae.safetensors."
        )
    return int(ask())
