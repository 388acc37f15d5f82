"""The motion editor: its node, and the route that reads and writes track files for it."""

import asyncio

import torch
from comfy_api.latest import io, ui

from ..wanmove_core import OptionError, WanMoveError, fit_image
from ..wanmove_core.document import MAX_DOCUMENT_BYTES, parse_document
from ..wanmove_core.document_export import EXPORT_FORMATS, export_document
from ..wanmove_core.document_import import import_document
from ..wanmove_core.document_sampling import sample_document, scale_document
from ..wanmove_core.draw import draw_paths
from ..wanmove_core.formats import coordinates_json
from ..wanmove_core.point_mask import draw_point_mask
from . import host

_MAX_IMPORT_BYTES = 64_000_000
_GREY = 96


def _size(name: str, tooltip: str) -> io.Int.Input:
    return io.Int.Input(name, optional=True, force_input=True, min=1, max=16384, tooltip=tooltip)


class WanMoveSplineEditor(io.ComfyNode):
    """Tracks, drawn by hand."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveSplineEditor",
            display_name="Motion Editor (Wan-Move)",
            category=host.CATEGORY,
            description="Draws motion: paths, anchors and regions with their own timing, over "
            "the start image. Press ? in the editor for its keys.",
            search_aliases=["SplineEditor", "draw tracks", "path animator", "trajectory"],
            has_intermediate_output=True,
            inputs=[
                io.String.Input(
                    "splines",
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
            ],
            outputs=[
                io.Tracks.Output("tracks", display_name="TRACKS", tooltip="The sampled tracks."),
                io.String.Output(
                    "coordinates",
                    display_name="coordinates",
                    tooltip="The same as text, as KJNodes and ComfyUI read it.",
                ),
                io.Mask.Output(
                    "mask", display_name="MASK", tooltip="Per frame, 1 at the visible points."
                ),
                io.Image.Output(
                    "preview", display_name="preview", tooltip="All paths over the image."
                ),
                io.Int.Output("length", display_name="length", tooltip="Number of frames."),
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
    def execute(
        cls, *, splines, mask_radius, image=None, width=None, height=None, length=None
    ) -> io.NodeOutput:
        for name, size in (("width", width), ("height", height), ("length", length)):
            if size is not None and size < 0:
                raise OptionError(
                    f"{name} must be 1 or more; got {size}. Leave it open for the drawing's."
                )
        with host.naming("splines"):
            drawing = parse_document(splines)
            drawing = scale_document(
                drawing,
                width=width or drawing.width,
                height=height or drawing.height,
                num_frames=length or drawing.num_frames,
            )
            tracks = sample_document(drawing)
        if image is not None:
            host.check_images(image, "image")
        size = (drawing.width, drawing.height)
        preview = draw_paths(_backdrop(image, size), tracks)
        return io.NodeOutput(
            host.tracks_to_host(tracks),
            coordinates_json(tracks),
            draw_point_mask(tracks, size, radius=mask_radius),
            host.to_image(preview[None]),
            tracks.num_frames,
            ui=None if image is None else {"wanmove_background": _saved_first_frame(image)},
        )


def _backdrop(image: torch.Tensor | None, size: tuple[int, int]) -> torch.Tensor:
    """The first frame at the drawing's size, or grey; uint8 RGB."""
    if image is None:
        return torch.full((size[1], size[0], 3), _GREY, dtype=torch.uint8)
    fitted = fit_image(image[:1], size, mode="stretch")
    return host.to_bytes((fitted[0].movedim(0, -1) + 1) / 2)


def _saved_first_frame(image: torch.Tensor) -> list[dict[str, str]]:
    """A temporary file that the editor shows; the workflow itself stays small."""
    return list(ui.PreviewImage(image[:1, ..., :3]).as_dict()["images"])


def add_routes(server) -> None:
    """Serve POST /wanmove/tracks. A body comes in, a document or file goes out; no paths.

    `?format=npy` (json, csv): the body is a document, the answer a file to save. Otherwise the
    body is a track file or SVG, and `width`, `height`, `frames` say what canvas to bring it to.
    """
    from aiohttp import web

    async def exchange(request: web.Request) -> web.Response:
        query = request.rel_url.query
        if (request.content_length or 0) > _MAX_IMPORT_BYTES:
            return web.json_response({"error": "The file must be at most 64 MB."}, status=413)
        body = await request.read()
        try:
            if "format" in query:
                kind = query["format"]
                if kind not in EXPORT_FORMATS:
                    return web.json_response({"error": "Unknown format."}, status=400)
                if len(body) > MAX_DOCUMENT_BYTES:
                    return web.json_response({"error": "The drawing is too large."}, status=413)
                name, data = await asyncio.to_thread(export_document, body.decode(), kind)
                headers = {"Content-Disposition": f'attachment; filename="{name}"'}
                return web.Response(
                    body=data, headers=headers, content_type="application/octet-stream"
                )
            size = (int(query.get("width", 832)), int(query.get("height", 480)))
            frames = int(query.get("frames", 81))
            name = query.get("name", "tracks")[:80]
            text = await asyncio.to_thread(
                import_document, body, name=name, size=size, num_frames=frames
            )
        except (WanMoveError, UnicodeDecodeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.Response(text=text, content_type="application/json")

    server.routes.post("/wanmove/tracks")(exchange)
