"""The motion editor: its node, and the route that reads and writes track files for it."""

import hashlib

import torch
from comfy_api.latest import io, ui

from ..wanmove_core import WanMoveError, fit_image
from ..wanmove_core.document.sampling import sample_document, scale_document, without_rings
from ..wanmove_core.document.schema import parse_document
from ..wanmove_core.formats import coordinates_json
from ..wanmove_core.view.draw import draw_paths
from ..wanmove_core.view.point_mask import draw_point_mask
from .host import CATEGORY
from .host.convert import check_images, naming, progress, to_bytes, to_image, tracks_to_host
from .host.links import checked
from .host.maps import first_masks

_GREY = 96
_MOST_MASKS = 16  # of a batch, offered as regions


def _size(name: str, tooltip: str) -> io.Int.Input:
    return io.Int.Input(name, optional=True, force_input=True, min=0, max=16384, tooltip=tooltip)


class WanMoveSplineEditor(io.ComfyNode):
    """Tracks, drawn by hand."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveSplineEditor",
            # With a space: the host's search for "wan move" then has it first.
            display_name="Motion Editor (Wan Move)",
            category=CATEGORY,
            description="Draws motion: paths, anchors and regions with their own timing, over "
            "the start image. Press ? in the editor for its keys.",
            search_aliases=[
                "wan move",
                "draw path",
                "draw tracks",
                "motion brush",
                "trajectory",
                "SplineEditor",
                "path animator",
            ],
            has_intermediate_output=True,
            inputs=[
                io.String.Input(
                    "splines",
                    display_name="drawing",
                    default="",
                    socketless=True,
                    extra_dict={"widgetType": "WANMOVE_SPLINES"},
                    tooltip="The drawing: an editor document, or coordinate lists as KJNodes "
                    "writes them.",
                ),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="Shown behind the drawing. Its first frame is enough.",
                ),
                _size("width", "Width of the tracks in pixels; the drawing is stretched to it."),
                _size("height", "Height of the tracks in pixels."),
                _size("length", "Frames of the tracks; the drawing is retimed to it."),
                io.Float.Input(
                    "mask_radius",
                    default=8.0,
                    min=0.5,
                    max=1024.0,
                    step=0.5,
                    advanced=True,
                    tooltip="Radius of the discs in the mask output, in pixels.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="After a run the editor offers it as a region, one region for each "
                    "of the first 16 masks in a batch. It has the image's size and changes no "
                    "output.",
                ),
            ],
            outputs=[
                io.Tracks.Output("tracks", display_name="TRACKS", tooltip="The sampled tracks."),
                io.String.Output(
                    "coordinates",
                    display_name="coordinates",
                    tooltip="The sampled tracks as text, in the form that KJNodes and ComfyUI "
                    "read; of a path with a ring its own point alone.",
                ),
                io.Mask.Output(
                    "mask",
                    display_name="MASK",
                    tooltip="One mask per frame: 1 in a disc around each visible point.",
                ),
                io.Image.Output(
                    "preview", display_name="preview", tooltip="All paths over the image."
                ),
                io.Int.Output("length", display_name="length", tooltip="Number of frames."),
                io.Mask.Output(
                    "regions",
                    display_name="regions",
                    tooltip="One mask per region or box, as it lies in the first frame. For "
                    "Draw Trajectory Maps.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, splines=None):
        try:
            parse_document(splines or "")
        except WanMoveError as error:
            return f"splines: {error}"
        return True

    @classmethod
    @checked
    def execute(
        cls, *, splines, mask_radius, image=None, width=None, height=None, length=None, mask=None
    ) -> io.NodeOutput:
        with naming("splines"):
            drawing = parse_document(splines)
            drawing = scale_document(
                drawing,
                width=width or drawing.width,
                height=height or drawing.height,
                num_frames=length or drawing.num_frames,
            )
            tracks = sample_document(drawing)
        if image is not None:
            check_images(image, "image")
        size = (drawing.width, drawing.height)
        preview = draw_paths(_backdrop(image, size), tracks)
        return io.NodeOutput(
            tracks_to_host(tracks),
            coordinates_json(sample_document(without_rings(drawing))),
            draw_point_mask(tracks, size, radius=mask_radius, on_frame=progress(tracks.num_frames)),
            to_image(preview[None]),
            tracks.num_frames,
            first_masks(drawing),
            ui={
                "wanmove_frame": [*size, tracks.num_frames],
                **({} if image is None else {"wanmove_background": _saved_first_frame(image)}),
                **({} if mask is None else _saved_masks(mask)),
            },
        )


def _backdrop(image: torch.Tensor | None, size: tuple[int, int]) -> torch.Tensor:
    """The first frame at the drawing's size, or grey; uint8 RGB."""
    if image is None:
        return torch.full((size[1], size[0], 3), _GREY, dtype=torch.uint8)
    fitted = fit_image(image[:1], size, mode="stretch")
    return to_bytes((fitted[0].movedim(0, -1) + 1) / 2)


def _saved_first_frame(image: torch.Tensor) -> list[dict[str, str]]:
    """A temporary file that the editor shows; the workflow itself stays small."""
    return list(ui.PreviewImage(image[:1, ..., :3]).as_dict()["images"])


def _saved_masks(mask: torch.Tensor) -> dict[str, list[object]]:
    """Save the first masks as temporary files; the digest tells the editor when they change."""
    shown = mask.reshape(-1, *mask.shape[-2:])[:_MOST_MASKS]
    pictures = shown[..., None].expand(-1, -1, -1, 3)
    saved = ui.PreviewImage(pictures).as_dict()["images"] if len(shown) else []
    digest = hashlib.sha256(to_bytes(pictures).contiguous().numpy().tobytes()).hexdigest()
    return {"wanmove_masks": list(saved), "wanmove_masks_digest": [digest]}
