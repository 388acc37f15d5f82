"""The route that reads and writes track files for the editor."""

import asyncio
from typing import Any

from ...wanmove_core import WanMoveError
from ...wanmove_core.formats.exchange import MAX_IMPORT_BYTES, TooLargeError
from ...wanmove_core.formats.exchange_process import shared_processes


def add_routes(server) -> None:
    """Serve POST /wanmove/tracks. A body comes in, a document or file goes out; no paths.

    `?format=npy` (json, csv): the body is a document, the answer a file to save. Otherwise the
    body is a track file or SVG, and `width`, `height`, `frames` say what canvas to bring it to.
    """
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        try:
            body = await _read_body(request)
            job = shared_processes().submit(body, request.rel_url.query)
            name, data = await asyncio.wrap_future(job)
        except web.RequestPayloadError:
            broken = "The file must arrive whole; got one cut short or damaged. Send it again."
            return web.json_response({"error": broken}, status=400)
        except WanMoveError as error:
            status = 413 if isinstance(error, TooLargeError) else 400
            return web.json_response({"error": str(error)}, status=status)
        if name is None:
            return web.Response(body=data, content_type="application/json", charset="utf-8")
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=data, headers=headers, content_type="application/octet-stream")

    server.routes.post("/wanmove/tracks")(answer)


async def _read_body(request: Any) -> bytes:
    """Read no more than the limit, also of a body that does not say how long it is."""
    body = bytearray()
    if (request.content_length or 0) <= MAX_IMPORT_BYTES:
        async for part in request.content.iter_chunked(1 << 16):
            body += part
            if len(body) > MAX_IMPORT_BYTES:
                break
        else:
            return bytes(body)
    raise TooLargeError("The file must be at most 64 MB; got more. Save fewer tracks or frames.")
