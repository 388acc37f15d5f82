"""The route that reads and writes track files for the editor."""

import asyncio
from collections.abc import Mapping
from typing import Any

from ...wanmove_core import OptionError, WanMoveError
from ...wanmove_core.document.schema import MAX_DOCUMENT_BYTES, MAX_FRAMES, MAX_SIDE
from ...wanmove_core.formats.checks import shown
from ...wanmove_core.formats.from_document import EXPORT_FORMATS, export_document
from ...wanmove_core.formats.text import decode_text
from ...wanmove_core.formats.to_document import import_document

_MAX_IMPORT_BYTES = 64_000_000


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
