"""How an open page hears the news: the sending half of a WebSocket (RFC 6455).

Browsers keep six plain connections to one host, for all of their pages together: with an event
stream per page, six pages left none for Save. WebSockets are not counted among the six.
"""

import base64
import hashlib
import struct

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT = 0x81  # a whole message, as text
GOODBYE = b"\x88\x02\x03\xe8"  # the connection ends, and nothing is wrong


def accept(key: str) -> bytes:
    """Return the answer that makes a request with this `Sec-WebSocket-Key` a WebSocket."""
    digest = hashlib.sha1(key.encode("latin-1", "replace") + _MAGIC, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def text_frame(text: str) -> bytes:
    """Return a message to a page."""
    body = text.encode()
    size = len(body)
    if size < 126:
        return struct.pack("!BB", _TEXT, size) + body
    if size < 1 << 16:
        return struct.pack("!BBH", _TEXT, 126, size) + body
    return struct.pack("!BBQ", _TEXT, 127, size) + body
