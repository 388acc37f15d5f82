"""`exchange` in processes of their own: limited in time, two at once, the caller stays free.

A process starts with the first file, is kept for the next ones, and ends with its caller.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from ..errors import OptionError, TrackFormatError, WanMoveError
from .exchange import TooLargeError, exchange

AT_ONCE = 2
SECONDS = 30.0  # for one file
_START_SECONDS = 120.0  # importing torch from a cold disk
_IDLE_SECONDS = 300.0
_ROOT = Path(__file__).parents[2]
_CODE = (
    f"import sys; sys.path.insert(0, {str(_ROOT)!r}); "
    "from wanmove_core.formats.exchange_process import serve; serve()"
)
_ERRORS = {kind.__name__: kind for kind in (TooLargeError, OptionError, TrackFormatError)}

Answer = tuple[str | None, bytes]
T = TypeVar("T")


@cache
def shared_processes() -> "ExchangeProcesses":
    """The processes of this program."""
    return ExchangeProcesses()


class ExchangeProcesses:
    """Run `exchange` elsewhere.

    Args:
        seconds: after which a job's process is killed.
        code: Python that serves; for tests.
    """

    def __init__(self, *, seconds: float = SECONDS, code: str = _CODE) -> None:
        self._seconds, self._code = seconds, code
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="wanmove-exchange")
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._resting: threading.Timer | None = None
        atexit.register(self.close)

    def submit(self, body: bytes, query: Mapping[str, str]) -> "Future[Answer]":
        """Queue a job: `exchange(body, query)`, whose answer or error the future holds.

        Raises (the future): what `exchange` raises; TrackFormatError over the time limit.
        """
        return self._threads.submit(self._run, body, dict(query))

    def close(self) -> None:
        """End the processes that wait; the next job starts another."""
        with self._lock:
            idle, self._idle = self._idle, []
            if self._resting is not None:
                self._resting.cancel()
        for process in idle:
            process.end()

    def _run(self, body: bytes, query: dict[str, str]) -> Answer:
        with self._lock:
            process = self._idle.pop() if self._idle else None
        process = process or _Process(self._code)
        kept = False
        try:
            answer = process.ask(body, query, self._seconds)
            kept = True
            return answer
        except WanMoveError:
            kept = process.alive
            raise
        finally:
            self._put_back(process) if kept else process.end()

    def _put_back(self, process: "_Process") -> None:
        with self._lock:
            self._idle.append(process)
            if self._resting is not None:
                self._resting.cancel()
            self._resting = threading.Timer(_IDLE_SECONDS, self.close)
            self._resting.daemon = True
            self._resting.start()


class _Process:
    """One process that serves; not yet ready when it is made."""

    def __init__(self, code: str) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise OptionError(
                f"{sys.executable} must start to read the file apart; got: {reason}. "
                "Use Load Tracks or `wanmove tracks convert`."
            ) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._jobs = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        self.alive, self._ready = True, False

    def ask(self, body: bytes, query: dict[str, str], seconds: float) -> Answer:
        """One job; raises what it raised, or TrackFormatError when the process is gone."""
        if not self._ready:
            self._watched(_START_SECONDS, self._read_start)
            self._ready = True
        return self._watched(seconds, lambda: self._read_answer(body, query))

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        for pipe in (self._jobs, self._answers):
            with suppress(OSError):  # what was not sent goes nowhere
                pipe.close()
        self._process.wait()

    def _watched(self, seconds: float, job: Callable[[], T]) -> T:
        late = threading.Event()

        def kill() -> None:
            late.set()
            self._process.kill()

        watch = threading.Timer(seconds, kill)
        watch.daemon = True
        watch.start()
        try:
            return job()
        except (OSError, EOFError) as error:
            self.alive = False
            if late.is_set():
                raise TrackFormatError(
                    f"The file must be done within {seconds:g} s; got one that needs more. "
                    "Save fewer tracks or frames."
                ) from error
            raise TrackFormatError(
                "The file must be one that can be read; got one that ended its reader, as a lack "
                "of memory does. Save fewer tracks or frames."
            ) from error
        finally:
            watch.cancel()
            # A watch that is over now must not hit the next job.
            self.alive = self.alive and not late.is_set()

    def _read_start(self) -> None:
        if not self._answers.readline():
            raise EOFError

    def _read_answer(self, body: bytes, query: dict[str, str]) -> Answer:
        _send(self._jobs, {"query": query}, body)
        head, data = _receive(self._answers)
        if "error" in head:
            raise _ERRORS.get(head["kind"], TrackFormatError)(head["error"])
        return head["name"], data


def serve() -> None:
    """Answer jobs from stdin on stdout until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anybody prints is no answer
    answers.write(b"ready\n")
    answers.flush()
    with suppress(EOFError, OSError):  # the caller has gone
        while True:
            head, body = _receive(jobs)
            try:
                name, data = exchange(body, head["query"])
            except WanMoveError as error:
                _send(answers, {"error": str(error), "kind": type(error).__name__}, b"")
            else:
                _send(answers, {"name": name}, data)


def _send(pipe: BinaryIO, head: dict[str, Any], data: bytes) -> None:
    pipe.write(json.dumps({**head, "size": len(data)}).encode() + b"\n")
    pipe.write(data)
    pipe.flush()


def _receive(pipe: BinaryIO) -> tuple[dict[str, Any], bytes]:
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head = json.loads(line)
    data = pipe.read(head["size"])
    if len(data) < head["size"]:
        raise EOFError
    return head, data
