"""The page's server: for this machine alone, by a random token, until the page is closed."""

import json
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ..errors import MediaError, OptionError
from ..formats.exchange_process import shared_processes
from ..media.files import check_plain
from .generation import Generation
from .moving_tracks import moving_tracks
from .recall import recall_bytes
from .requests import LOOK_SECONDS, PAGE, OutdatedError, make_handler
from .session import DrawSession, Work

_GRACE_SECONDS = 3.0  # after the last page has gone; a reload is back by then
_LOADING_SECONDS = 30.0  # for a page to load and say that it is here
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".mp4": "video/mp4",
    ".json": "application/json",
}


def editor_folder(package: Path = Path(__file__).parent) -> Path:
    """Find the editor's folder: beside this file in a wheel, web/js/editor in a checkout.

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


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    # Two pages ask for a dozen files at once. The system lets one that finds the queue full wait
    # for a second, then for two, four and so on.
    request_queue_size = 128


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
        self._lock = threading.Lock()
        self._pages = 0
        self._loading: deque[float] = deque()  # until when each page that was asked for may come
        self._closing_at: float | None = None
        self.over = False
        try:
            self._http = _Http(("127.0.0.1", port), make_handler(self))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "not 0 to 65535"
            raise OptionError(f"--port must be free; got {port} ({reason}). Use 0.") from error
        self.host = f"127.0.0.1:{self._http.server_port}"
        self.url = f"http://{self.host}/{self.token}/"

    def __enter__(self) -> "DrawServer":
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over = True
        self._http.shutdown()
        self._http.server_close()

    def serve_until_closed(self) -> None:
        """Serve until no page is open and no job runs; then the whole drawing is on the disk."""
        while not self._is_over():
            time.sleep(LOOK_SECONDS)

    def _is_over(self) -> bool:
        now = time.monotonic()
        with self._lock:
            while self._loading and self._loading[0] < now:
                self._loading.popleft()
            gone = self._pages == 0 and not self._loading
            late = gone and self._closing_at is not None and self._closing_at < now
        return late and not self.generation.busy and self.session.kept

    def page_loads(self) -> None:
        """Note that a page was requested and will connect soon."""
        with self._lock:
            self._closing_at = time.monotonic()
            self._loading.append(self._closing_at + _LOADING_SECONDS)

    @contextmanager
    def page_is_here(self) -> Iterator[None]:
        """Count a page as open within a `with` block: while its connection lasts."""
        with self._lock:
            self._pages += 1
            if self._loading:
                self._loading.popleft()
        try:
            yield
        finally:
            with self._lock:
                self._pages -= 1
                self._closing_at = time.monotonic() + _GRACE_SECONDS

    def news(self) -> dict[str, Any]:
        """Return the state that every page shows, as JSON values."""
        session = self.session
        shared = {"revision": session.revision, "saved": session.saved}
        return {**self.generation.status(), **shared}

    def answer_get(self, path: str) -> tuple[str, bytes]:
        """Return the content type and body of a GET request. Raises FileNotFoundError."""
        if path == "image":
            return "image/png", self.session.image
        if path == "start":
            start = {**self.session.as_dict(), "plan": self.generation.plan()}
            return "application/json", json.dumps(start).encode()
        if path == "status":
            return "application/json", json.dumps(self.news()).encode()
        folder, _, name = path.partition("/")
        folders = {"editor": self._editor, "page": PAGE, "result": self.generation.folder}
        root = folders.get(folder)
        if root is None or not _is_inside(name, rooms=folder == "editor"):
            raise FileNotFoundError(path)
        kind = _TYPES.get(Path(name).suffix)
        if kind is None:
            raise FileNotFoundError(path)
        try:
            check_plain(root / name, "file", follow=False)
            return kind, (root / name).read_bytes()
        except (MediaError, OSError) as error:
            raise FileNotFoundError(path) from error

    def answer_post(self, path: str, query: dict[str, str], body: bytes) -> tuple[str, bytes]:
        """Return content type and body. Raises FileNotFoundError, OutdatedError, WanMoveError."""
        if path == "tracks":
            name, data = shared_processes().submit(body, query).result()
            return "application/json" if name is None else "application/octet-stream", data
        if path == "video":
            work = recall_bytes(body, query.get("name", "video")[:80])
            return "application/json", json.dumps(vars(work)).encode()
        if path == "gif":
            return "image/gif", moving_tracks(self.session.image, Work.parse(parse_body(body)))
        answer: dict[str, Any] = {}
        if path in ("keep", "save", "generate"):
            work = Work.parse(parse_body(body))
            if not self.session.take(work, parse_base(query)):
                raise OutdatedError
            if path != "keep":
                answer["files"] = [str(file) for file in self.session.save()]
            if path == "generate":
                self.generation.start(work.document, work.prompt, work.seed)
        elif path == "cancel":
            self.generation.cancel()
        elif path == "delete":
            self.generation.delete(query.get("video", ""))
        else:
            raise FileNotFoundError(path)
        return "application/json", json.dumps({**answer, **self.news()}).encode()


def parse_body(body: bytes) -> Any:
    """Read a page's JSON. Raises OptionError."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OptionError("The request must be JSON; got something else. Reload.") from error


def parse_base(query: dict[str, str]) -> int:
    """Read the revision that a page drew on. Raises OptionError."""
    text = query.get("base", "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise OptionError(f"base must be a revision; got {text[:40]!r}. Reload.")
    return int(text)


def _is_inside(path: str, *, rooms: bool) -> bool:
    """Whether `path` is the name of a file in a folder, or with `rooms` in a room of it."""
    return bool(re.fullmatch(r"(\w+/)?\w[\w.-]*" if rooms else r"\w[\w.-]*", path))
