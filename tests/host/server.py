"""A real ComfyUI server with this pack, on a loopback port, in a temporary folder."""

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websocket import WebSocket, WebSocketException, create_connection

PACK = Path(__file__).parents[2]
Prompt = dict[str, dict[str, Any]]


def find_host() -> tuple[Path, Path] | None:
    """The checkout (COMFYUI_PATH or ~/ComfyUI) and its interpreter (COMFYUI_PYTHON or its venv)."""
    path = Path(os.environ.get("COMFYUI_PATH", Path.home() / "ComfyUI"))
    given = os.environ.get("COMFYUI_PYTHON")
    options = [Path(given)] if given else [path / venv / "bin/python" for venv in ("venv", ".venv")]
    python = next((option for option in options if option.exists()), None)
    return (path, python) if python and (path / "main.py").exists() else None


def _frontend() -> list[str]:
    """Another frontend than the host's own: the folder `static` in COMFYUI_FRONTEND."""
    folder = os.environ.get("COMFYUI_FRONTEND")
    return ["--front-end-root", folder] if folder else []


@dataclass
class Run:
    """What became of one prompt."""

    prompt_id: str
    events: list[dict[str, Any]] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The events of one type."""
        return [event["data"] for event in self.events if event["type"] == kind]

    @property
    def executed(self) -> list[str]:
        """Ids of the nodes that ran, in order; cached ones are not among them."""
        return [data["node"] for data in self.of("executing") if data["node"] is not None]

    @property
    def error(self) -> dict[str, Any] | None:
        """The node error that ended the run."""
        errors = self.of("execution_error")
        return errors[0] if errors else None


class ComfyServer:
    """Start with `running`."""

    def __init__(self, base: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.base = base
        self._port = port
        self._process = process
        self._client = uuid.uuid4().hex

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def get(self, path: str) -> Any:
        """GET a JSON answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """POST JSON; returns status and answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def run(
        self,
        prompt: Prompt,
        *,
        on_event: Callable[[dict[str, Any]], None] | None = None,
        timeout: float = 200,
        extra_data: dict[str, Any] | None = None,
    ) -> Run:
        """Queue a prompt and listen until it ends.

        Raises:
            AssertionError: the server refuses the prompt; the message is its answer.
        """
        with self._listening() as socket_:
            body = {"prompt": prompt, "client_id": self._client, "extra_data": extra_data or {}}
            status, answer = self.post("/prompt", body)
            if status != 200:
                raise AssertionError(json.dumps(answer))
            run = Run(answer["prompt_id"])
            timer = threading.Timer(timeout, socket_.abort)
            timer.start()
            try:
                self._collect(socket_, run, on_event)
            finally:
                timer.cancel()
        history = self.get(f"/history/{run.prompt_id}")
        run.outputs = history[run.prompt_id]["outputs"]
        return run

    def _collect(
        self, socket_: WebSocket, run: Run, on_event: Callable[[dict[str, Any]], None] | None
    ) -> None:
        ends = {"execution_success", "execution_error", "execution_interrupted"}
        for message in _messages(socket_):
            if isinstance(message, bytes):
                run.previews.append(message)
                continue
            event = json.loads(message)
            event["data"] |= {"at": time.perf_counter(), "cpu": self.cpu_seconds()}
            if event["data"].get("prompt_id") != run.prompt_id:
                continue
            run.events.append(event)
            if on_event:
                on_event(event)
            if event["type"] in ends:
                self._wait_for_history(run.prompt_id)
                return
        raise AssertionError(f"the run did not end; log:\n{self.log()[-3000:]}")

    def _wait_for_history(self, prompt_id: str) -> None:
        # The last event comes a moment before the history entry.
        for _ in range(200):
            if prompt_id in self.get(f"/history/{prompt_id}"):
                return
            time.sleep(0.02)
        raise AssertionError("the prompt did not reach the history")

    @contextlib.contextmanager
    def _listening(self) -> Iterator[WebSocket]:
        address = f"ws://127.0.0.1:{self._port}/ws?clientId={self._client}"
        socket_ = create_connection(address, suppress_origin=True)
        try:
            yield socket_
        finally:
            socket_.shutdown()

    def cpu_seconds(self) -> float:
        """CPU time of all the server's threads so far; on Linux alone, elsewhere NaN."""
        try:
            threads = list(Path(f"/proc/{self._process.pid}/task").iterdir())
            ran = [(thread / "schedstat").read_text().split()[0] for thread in threads]
        except OSError:  # no such system, or a thread that has just ended
            return float("nan")
        return sum(map(int, ran)) / 1e9

    def log(self) -> str:
        """What the server printed so far."""
        return (self.base / "server.log").read_text(errors="replace")


@contextlib.contextmanager
def running(base: Path, *, full_width_vae: bool = False) -> Iterator[ComfyServer]:
    """Fill the folder, link the pack, write the checkpoints, start ComfyUI, and stop it after."""
    found = find_host()
    if found is None:
        raise FileNotFoundError("no ComfyUI")
    host, python = found
    for folder in ("custom_nodes", "models", "input", "output", "user", "temp"):
        (base / folder).mkdir()
    (base / "custom_nodes/wan-move").symlink_to(PACK)
    (base / "custom_nodes/wanmove-test-pack").symlink_to(PACK / "tests/host/stand_in_pack")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    script = PACK / "tests/host/make_checkpoints.py"
    command = [python, script, host, base / "models", *["full"] * full_width_vae]
    subprocess.run(command, check=True, cwd=host, env=environment, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (base / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(python, host / "main.py", "--cpu", "--port", str(port)),
                *("--base-directory", base, "--disable-api-nodes", "--disable-auto-launch"),
                *("--database-url", "sqlite:///:memory:", "--preview-method", "latent2rgb"),
                *_frontend(),
            ],
            cwd=host,
            env=environment,
            stdout=log,
            stderr=log,
        )
    server = ComfyServer(base, port, process)
    try:
        _wait_until_ready(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(server: ComfyServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            server.get("/system_stats")
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"ComfyUI did not start:\n{server.log()[-3000:]}")


def _messages(socket_: WebSocket) -> Iterator[str | bytes]:
    """Whole messages until the connection ends."""
    with contextlib.suppress(WebSocketException, OSError):
        while message := socket_.recv():
            yield message
