"""Requests of the page: who may ask, and what is sent back."""

import json
import secrets
import select
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ..errors import WanMoveError
from .live import GOODBYE, accept, text_frame

if TYPE_CHECKING:
    from .server import DrawServer

PAGE = Path(__file__).with_name("page")
LOOK_SECONDS = 0.2
_MAX_BODY = 64_000_000
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'nonce-{nonce}'; connect-src 'self' ws://{host}; frame-ancestors 'none'; "
    "form-action 'none'",
}


class OutdatedError(Exception):
    """Another page has changed the drawing first."""


def make_handler(server: "DrawServer") -> type[BaseHTTPRequestHandler]:
    """Make the class that handles the requests to one server."""

    class Handler(_Handler):
        page = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    page: "DrawServer"
    timeout = 60  # for a body that does not come

    def do_GET(self) -> None:
        path = self._path()
        if path is None:
            return self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")
        if path == "":
            self.page.page_loads()
            nonce = secrets.token_urlsafe(12)
            page = (PAGE / "page.html").read_text(encoding="utf-8").replace("{nonce}", nonce)
            return self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode(), nonce)
        if path == "live":
            return self._send_news()
        try:
            return self._send(HTTPStatus.OK, *self.page.answer_get(path))
        except FileNotFoundError:
            return self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")

    def do_POST(self) -> None:
        path, size = self._path(), self.headers.get("Content-Length", "")
        plain = size.isascii() and size.isdigit() and len(size) < 10
        if path is None or not plain or int(size) > _MAX_BODY:
            return self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")
        body = self.rfile.read(int(size))
        if len(body) < int(size):
            return self._send(HTTPStatus.BAD_REQUEST, "text/plain", b"")
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        try:
            return self._send(HTTPStatus.OK, *self.page.answer_post(path, query, body))
        except FileNotFoundError:
            return self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")
        except OutdatedError:
            theirs = json.dumps(self.page.session.as_dict()).encode()
            return self._send(HTTPStatus.CONFLICT, "application/json", theirs)
        except (WanMoveError, KeyError, TypeError, ValueError, AttributeError) as error:
            told = {"error": str(error), **self.page.news()}
            message = json.dumps(told).encode()
            return self._send(HTTPStatus.BAD_REQUEST, "application/json", message)

    def _send_news(self) -> None:
        """Tell what changes, until the page has gone."""
        key = self.headers.get("Sec-WebSocket-Key", "")
        if not key:
            self._send(HTTPStatus.UPGRADE_REQUIRED, "text/plain", b"")
            return
        last = ""
        with self.page.page_is_here(), suppress(OSError):
            self.wfile.write(accept(key))
            while not self.page.over:
                now = json.dumps(self.page.news())
                if now != last:
                    self.wfile.write(text_frame(now))
                last = now
                # A page says nothing but goodbye, and a connection that was cut can be read too.
                if select.select([self.connection], [], [], LOOK_SECONDS)[0]:
                    break
            self.wfile.write(GOODBYE)

    def _path(self) -> str | None:
        """The path behind the token; None for anyone who must not be here."""
        try:
            whole = urlsplit(self.path).path
        except ValueError:  # no address at all, as //[
            return None
        head, _, path = whole.lstrip("/").partition("/")
        origin = self.headers.get("Origin", f"http://{self.page.host}")
        # A page elsewhere may send requests here under a name that it points at 127.0.0.1.
        ours = self.headers.get("Host") == self.page.host and origin == f"http://{self.page.host}"
        known = secrets.compare_digest(head.encode("utf-8", "replace"), self.page.token.encode())
        return path if ours and known else None

    def _send(self, status: int, kind: str, body: bytes, nonce: str = "none") -> None:
        with suppress(ConnectionError):  # the page has gone meanwhile
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in _HEADERS.items():
                told = value.replace("{nonce}", nonce).replace("{host}", self.page.host)
                self.send_header(name, told)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_values: Any) -> None:
        """Requests are no news."""
