"""The page's server: this machine only, behind a random token, until the page is closed."""

import json
import re
import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ..errors import OptionError, WanMoveError
from ..formats.from_document import EXPORT_FORMATS, export_document
from ..formats.to_document import import_document
from .generation import Generation
from .session import DrawSession

_PAGE = Path(__file__).with_name("page.html")
_MAX_BODY = 64_000_000
_GRACE_SECONDS = 3.0  # a reload says goodbye too, and is back by then
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".mp4": "video/mp4",
    ".json": "application/json",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'nonce-{nonce}'; frame-ancestors 'none'; form-action 'none'",
}


def editor_folder(package: Path = Path(__file__).parent) -> Path:
    """Where the editor is: in a wheel beside this file, in a checkout where ComfyUI finds it.

    Raises:
        OptionError: it is in neither place.
    """
    places = (package / "editor", package.parents[1] / "web" / "js" / "editor")
    found = next((place for place in places if (place / "editor.js").is_file()), None)
    if found is None:
        raise OptionError(
            f"the motion editor must be in {places[0]}; got no editor.js there. Install wan-move "
            "again, from a wheel or with pip install -e in a checkout."
        )
    return found


class DrawServer:
    """Use as a context manager.

    Args:
        session: the drawing.
        generation: the Generate button.
        port: 0 takes a free one.

    Raises:
        OptionError: the port is taken, or the editor is not installed.
    """

    def __init__(self, session: DrawSession, generation: Generation, *, port: int = 0) -> None:
        self._editor = editor_folder()
        self.session = session
        self.generation = generation
        self.token = secrets.token_urlsafe(24)
        self._closing_at: float | None = None
        try:
            self._http = ThreadingHTTPServer(("127.0.0.1", port), _make_handler(self))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "not 0 to 65535"
            raise OptionError(f"--port must be free; got {port} ({reason}). Use 0.") from error
        self._http.daemon_threads = True
        self.host = f"127.0.0.1:{self._http.server_port}"
        self.url = f"http://{self.host}/{self.token}/"

    def __enter__(self) -> "DrawServer":
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def serve_until_closed(self) -> None:
        """Return when the page has gone and no job runs."""
        while not self._is_over():
            time.sleep(0.2)

    def _is_over(self) -> bool:
        closing = self._closing_at
        return closing is not None and time.monotonic() > closing and not self.generation.busy

    def goodbye(self) -> None:
        """The page is closed or reloaded."""
        self._closing_at = time.monotonic() + _GRACE_SECONDS

    def hello(self) -> None:
        """The page is here."""
        self._closing_at = None

    def answer_get(self, path: str) -> tuple[str, bytes]:
        """Content type and body. Raises FileNotFoundError."""
        if path == "image":
            return "image/png", self.session.image
        if path == "start":
            return "application/json", self.session.document.encode()
        if path == "status":
            return "application/json", json.dumps(self.generation.status()).encode()
        folder, _, name = path.partition("/")
        root = {"editor": self._editor, "result": self.generation.folder}.get(folder)
        if root is None or not _is_inside(name, rooms=folder == "editor"):
            raise FileNotFoundError(path)
        kind = _TYPES.get(Path(name).suffix)
        if kind is None or not (root / name).is_file():
            raise FileNotFoundError(path)
        return kind, (root / name).read_bytes()

    def answer_post(self, path: str, query: dict[str, str], body: bytes) -> tuple[str, bytes]:
        """Content type and body. Raises FileNotFoundError, WanMoveError."""
        if path == "bye":
            self.goodbye()
            return "application/json", b"{}"
        if path == "save":
            files = [str(file) for file in self.session.save(body.decode())]
            return "application/json", json.dumps({"files": files}).encode()
        if path == "tracks":
            return self._exchange(query, body)
        if path == "generate":
            request = json.loads(body)
            seed = request.get("seed")
            self.session.save(str(request["document"]))
            self.generation.start(
                str(request["document"]),
                str(request.get("prompt", "")),
                int(seed) if isinstance(seed, int) else None,
            )
            return "application/json", json.dumps(self.generation.status()).encode()
        raise FileNotFoundError(path)

    def _exchange(self, query: dict[str, str], body: bytes) -> tuple[str, bytes]:
        kind = query.get("format")
        if kind is not None:
            if kind not in EXPORT_FORMATS:
                raise OptionError(
                    f"format must be one of {', '.join(EXPORT_FORMATS)}; got {kind!r}. Use npy."
                )
            return "application/octet-stream", export_document(body.decode(), kind)[1]
        size = (int(query["width"]), int(query["height"]))
        frames, name = int(query["frames"]), query.get("name", "tracks")[:80]
        text = import_document(body, name=name, size=size, num_frames=frames)
        return "application/json", text.encode()


def _is_inside(path: str, *, rooms: bool) -> bool:
    """Whether `path` is the name of a file in a folder, or with `rooms` in a room of it."""
    return bool(re.fullmatch(r"(\w+/)?\w[\w.-]*" if rooms else r"\w[\w.-]*", path))


def _make_handler(server: DrawServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self._path()
            if path is None:
                return self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")
            if path == "":
                server.hello()
                nonce = secrets.token_urlsafe(12)
                page = _PAGE.read_text(encoding="utf-8").replace("{nonce}", nonce)
                return self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode(), nonce)
            try:
                return self._send(HTTPStatus.OK, *server.answer_get(path))
            except FileNotFoundError:
                return self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")

        def do_POST(self) -> None:
            path, size = self._path(), self.headers.get("Content-Length", "")
            if path is None or not size.isdigit() or int(size) > _MAX_BODY:
                return self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")
            body = self.rfile.read(int(size))
            query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            try:
                return self._send(HTTPStatus.OK, *server.answer_post(path, query, body))
            except FileNotFoundError:
                return self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")
            except (WanMoveError, KeyError, TypeError, ValueError) as error:
                message = json.dumps({"error": str(error)}).encode()
                return self._send(HTTPStatus.BAD_REQUEST, "application/json", message)

        def _path(self) -> str | None:
            """The path behind the token; None for anyone who must not be here."""
            head, _, path = urlsplit(self.path).path.lstrip("/").partition("/")
            origin = self.headers.get("Origin", f"http://{server.host}")
            # A page elsewhere may send requests here under a name that it points at 127.0.0.1.
            ours = self.headers.get("Host") == server.host and origin == f"http://{server.host}"
            return path if ours and secrets.compare_digest(head, server.token) else None

        def _send(self, status: HTTPStatus, kind: str, body: bytes, nonce: str = "none") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in _HEADERS.items():
                self.send_header(name, value.replace("{nonce}", nonce))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_values: Any) -> None:
            """Requests are no news."""

    return Handler
