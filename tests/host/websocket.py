"""As much of RFC 6455 as listening to ComfyUI takes."""

import base64
import contextlib
import os
import socket
import struct
from collections.abc import Iterator

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class WebSocket:
    """A client connection to ws://127.0.0.1:port/path."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._socket.sendall(request.encode())
        self._stream = self._socket.makefile("rb")
        status = self._stream.readline()
        if b" 101 " not in status:
            raise ConnectionError(f"no websocket: {status!r}")
        while self._stream.readline().strip():
            pass
        self._socket.settimeout(None)

    def messages(self) -> Iterator[str | bytes]:
        """Yield whole messages until the connection ends."""
        parts: list[bytes] = []
        kind = TEXT
        while (frame := self._frame()) is not None:
            final, opcode, payload = frame
            if opcode == PING:
                self._send(PONG, payload)
            elif opcode == CLOSE:
                return
            elif opcode != PONG:
                kind = opcode or kind
                parts.append(payload)
                if final:
                    message = b"".join(parts)
                    parts = []
                    yield message.decode() if kind == TEXT else message

    def end(self) -> None:
        """End the connection, from any thread; `messages` returns."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection and free it."""
        self.end()
        self._stream.close()
        self._socket.close()

    def _frame(self) -> tuple[bool, int, bytes] | None:
        try:
            head = self._stream.read(2)
            if len(head) < 2:
                return None
            length = head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self._stream.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._stream.read(8))
            return bool(head[0] & 0x80), head[0] & 0x0F, self._stream.read(length)
        except (OSError, ValueError, struct.error):
            return None

    def _send(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked)
