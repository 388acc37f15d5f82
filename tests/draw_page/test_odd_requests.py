"""Whatever comes in on the page's port, the server answers and goes on."""

import json
import socket
import sys
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.draw_page.asking import TEXT, ask, work
from wanmove_core.draw_page.server import DrawServer


@pytest.fixture
def failures(page):
    found = []
    page._http.handle_error = lambda *_: found.append(sys.exc_info()[1])
    return found


def send(page, head, body=b""):
    """The first line of the answer to a request byte by byte."""
    token = urlsplit(page.url).path.encode()
    lines = [head.replace(b"TOKEN", token), f"Host: {page.host}".encode(), b"", body]
    if b"\n" in head:
        first, _, more = head.replace(b"TOKEN", token).partition(b"\n")
        lines[0:2] = [first, lines[1], more]
    host, _, port = page.host.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"\r\n".join(lines))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    return answer.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (b"GET //[ HTTP/1.1", b"", b"404"),
        (b"GET /\xe9\xff/start HTTP/1.1", b"", b"404"),
        (b"GET TOKENresult/" + b"a" * 3000 + b".mp4 HTTP/1.1", b"", b"404"),
        (b"GET TOKENeditor/../../server.py HTTP/1.1", b"", b"404"),
        (b"GET TOKENresult/%2e%2e HTTP/1.1", b"", b"404"),
        (b"POST TOKENkeep?base=0 HTTP/1.1\nContent-Length: \xb2", b"", b"404"),
        (b"POST TOKENkeep?base=0 HTTP/1.1\nContent-Length: " + b"9" * 5000, b"", b"404"),
        (b"POST TOKENkeep?base=0 HTTP/1.1\nContent-Length: -1", b"", b"404"),
        (b"POST TOKENkeep?base=0 HTTP/1.1\nContent-Length: 50", b"{}", b"400"),
        (b"POST TOKENkeep?base=0 HTTP/1.1", b"", b"404"),
        (b"POST TOKENnothing HTTP/1.1\nContent-Length: 0", b"", b"404"),
        (b"BREW TOKEN HTTP/1.1", b"", b"501"),
    ],
)
def test_odd_paths_and_lengths_are_answered(page, failures, head, body, status):
    assert send(page, head, body).split(b" ")[1:2] == [status]
    assert failures == [] and ask(page, "status")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"3", b"null", b'"text"', b"{}", b"\xff\xfe", b"[" * 100_000, b"1e999",
        b'{"document": 3}', b'{"document": null, "prompt": []}', b'{"document": "\\ud800"}',
        b'{"document": {"tracks": []}, "seed": true}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["keep?base=0", "save?base=0", "gif"])
def test_json_of_another_kind_is_one_line_and_changes_nothing(page, failures, path, body):
    before = page.session.as_dict()
    status, answer, _ = ask(page, path, body)
    told = json.loads(answer)["error"]
    assert status == 400 and told.endswith(".") and told.isprintable() and len(told) <= 500
    assert failures == [] and page.session.as_dict() == before


@pytest.mark.parametrize("base", ["", "-1", "x", "9" * 5000, "%C2%B2", "1e3"])
def test_a_revision_that_is_none_is_one_line(page, failures, base):
    status, answer, _ = ask(page, f"keep?base={base}", work(document=TEXT))
    assert status == 400 and "base must be a revision" in json.loads(answer)["error"]
    assert failures == []


def test_results_that_are_links_are_not_served(page, tmp_path):
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    page.generation.folder.mkdir(parents=True, exist_ok=True)
    (page.generation.folder / "a.mp4").write_bytes(b"video")
    (page.generation.folder / "b.mp4").symlink_to(tmp_path / "secret.mp4")
    assert ask(page, "result/a.mp4")[:2] == (200, b"video")
    assert ask(page, "result/b.mp4")[0] == 404


def test_what_a_busy_program_has_not_accepted_yet_waits_in_line(page):
    idle = DrawServer(page.session, page.generation)  # listens, and accepts nothing
    host, _, port = idle.host.partition(":")
    with ExitStack() as stack:
        stack.callback(idle._http.server_close)
        for _ in range(24):
            # A full queue drops the request; the system asks again after a second.
            stack.enter_context(socket.create_connection((host, int(port)), timeout=0.5))
