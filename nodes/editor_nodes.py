"""The motion editor: its node, and the route that reads and writes track files for it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import torch
from comfy_api.latest import io, ui

from ..wanmove_core import OptionError, WanMoveError, fit_image
from ..wanmove_core.document import MAX_DOCUMENT_BYTES, MAX_FRAMES, MAX_SIDE, parse_document
from ..wanmove_core.document_export import EXPORT_FORMATS, export_document
from ..wanmove_core.document_import import import_document
from ..wanmove_core.document_sampling import sample_document, scale_document
from ..wanmove_core.draw import draw_paths
from ..wanmove_core.formats import coordinates_json
from ..wanmove_core.formats.checks import shown
from ..wanmove_core.formats.text import decode_text
from ..wanmove_core.point_mask import draw_point_mask
from . import host
from .checked import checked

_MAX_IMPORT_BYTES = 64_000_000
_GREY = 96


def _size(name: str, tooltip: str) -> io.Int.Input:
    return io.Int.Input(name, optional=True, force_input=True, min=0, max=16384, tooltip=tooltip)


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
    @checked
    def execute(
        cls, *, splines, mask_radius, image=None, width=None, height=None, length=None
    ) -> io.NodeOutput:
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
        try:
            body = await _read_body(request)
            name, data = await asyncio.to_thread(_exchange, body, request.rel_url.query)
        except web.RequestPayloadError:
            broken = "The file must arrive whole; got one cut short or damaged. Send it again."
            return web.json_response({"error": broken}, status=400)
        except WanMoveError as error:
            status = 413 if isinstance(error, _TooLargeError) else 400
            return web.json_response({"error": str(error)}, status=status)
        if name is None:
            return web.Response(body=data, content_type="application/json", charset="utf-8")
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=data, headers=headers, content_type="application/octet-stream")

    server.routes.post("/wanmove/tracks")(exchange)


class _TooLargeError(WanMoveError):
    """A body over its limit."""


async def _read_body(request: Any) -> bytes:
    """Read no more than the limit, also of a body that does not say how long it is."""
    body = bytearray()
    if (request.content_length or 0) <= _MAX_IMPORT_BYTES:
        async for part in request.content.iter_chunked(1 << 16):
            body += part
            if len(body) > _MAX_IMPORT_BYTES:
                break
        else:
            return bytes(body)
    raise _TooLargeError("The file must be at most 64 MB; got more. Save fewer tracks or frames.")


def _exchange(body: bytes, query: Mapping[str, str]) -> tuple[str | None, bytes]:
    """The answer to a body: the name of a file and its bytes, or None and a document."""
    if "format" in query:
        kind = query["format"]
        if kind not in EXPORT_FORMATS:
            raise OptionError(
                f"format must be one of {', '.join(EXPORT_FORMATS)}; got {shown(kind)}. Choose one."
            )
        if len(body) > MAX_DOCUMENT_BYTES:
            raise _TooLargeError("The drawing is too large. Import dense tracks from a file.")
        return export_document(decode_text(body, "The drawing"), kind)
    size = (_whole(query, "width", 832, MAX_SIDE), _whole(query, "height", 480, MAX_SIDE))
    name = "".join(filter(str.isprintable, query.get("name", "")))[:80] or "tracks"
    frames = _whole(query, "frames", 81, MAX_FRAMES)
    return None, import_document(body, name=name, size=size, num_frames=frames).encode()


def _whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    plain = text.isascii() and text.isdigit() and len(text) < 10
    if not plain or not 1 <= int(text) <= most:
        raise OptionError(
            f"{name} must be a whole number from 1 to {most}; got {shown(text)}. Correct it."
        )
    return int(text)
